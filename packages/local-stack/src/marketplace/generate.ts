import type { BusinessDate } from '@remesa/domain/business-date'
import { currency as currencyOf } from '@remesa/domain/currency'
import { formatMajor } from '@remesa/domain/money'
import type { Marketplace, MarketplaceClosing, MarketplaceDocument } from '@remesa/sandbox/marketplace'
import { generateBookings } from './bookings.ts'
import { CASES, type Case } from './cases.ts'
import { type Draft, type DraftBalance, daysAfter, draftBalance, owed } from './draft.ts'
import { foreignName, foreignTaxId, localName, localTaxId } from './identities.ts'
import { generatePayments } from './payments.ts'
import { createRandom, type Random } from './random.ts'
import { generateSettlements } from './settlements.ts'

/**
 * Makes up a marketplace with every case of a pay-day in it, each of them once among the first 60 sellers and in about
 * one seller of a hundred beyond. A seller depends on the seed and its number alone: the same seed gives the same
 * sellers, fewer of them are the first of more, and another business date changes the dates only.
 * @param options.sellers - how many, from 1 to 100,000
 * @param options.settlements - of contests, default none
 * @param options.bookings - default none; those that there are lie around `now`
 * @param options.payments - of customers, default none; those that there are lie on the business date, in UTC
 */
export function generateMarketplace(options: {
  sellers: number
  settlements?: number
  bookings?: { count: number; now: Temporal.Instant }
  payments?: number
  businessDate: BusinessDate
  seed?: number
}): Marketplace {
  const { sellers, settlements = 0, bookings = NO_BOOKINGS, payments = 0, businessDate, seed = 1 } = options
  const marketplace: Marketplace = {
    countries: structuredClone(COUNTRIES),
    sellers: [],
    documents: [],
    closings: [],
    ...generateSettlements({ settlements, seed }),
    ...generateBookings({ ...bookings, seed }),
    ...generatePayments({ count: payments, day: businessDate, seed }),
  }
  let number = 0
  for (let block = 0; number < sellers; block++) {
    for (const special of casesOfBlock(block, seed)) {
      if (number === sellers) break
      number++
      const draft = draftSeller(createRandom(seed, number), number, special)
      special?.change(draft, block)
      writeDown(marketplace, draft, businessDate)
    }
  }
  return marketplace
}

const NO_BOOKINGS = { count: 0, now: Temporal.Instant.fromEpochMilliseconds(0) }

const COUNTRIES = [
  { id: 'cl', name: 'Chile', currency: 'CLP', enabled: true },
  { id: 'pe', name: 'Perú', currency: 'PEN', enabled: true },
  { id: 'co', name: 'Colombia', currency: 'COP', enabled: true },
  { id: 'mx', name: 'México', currency: 'MXN', enabled: false },
  { id: 'uy', name: 'Uruguay', currency: 'UYU', enabled: false },
]

const FIRST_BLOCK = 60
const BLOCK = 100

/** Which case each seller of a block has, undefined for those that are simply paid. Each block has every case once. */
function casesOfBlock(block: number, seed: number): (Case | undefined)[] {
  const cases = CASES.filter(({ atMost = Number.POSITIVE_INFINITY }) => block < atMost)
  if (block === 0) {
    // Two special ones after each ordinary one, so that a marketplace of a dozen has the most telling cases.
    return Array.from({ length: FIRST_BLOCK }, (_, at) => (at % 3 === 0 ? undefined : cases[at - Math.ceil(at / 3)]))
  }
  const places = Array.from({ length: BLOCK }, (_, at) => cases[at])
  const random = createRandom(seed, block, BLOCK)
  for (let last = places.length - 1; last > 0; last--) {
    const other = random.whole(0, last)
    ;[places[last], places[other]] = [places[other], places[last]]
  }
  return places
}

/** A seller that is simply paid: in two countries now and then, where nothing special is to happen. */
function draftSeller(random: Random, number: number, special: Case | undefined): Draft {
  const international = special ? special.to === 'international' : random.chance(0.1)
  const first = random.pick(SELLING_COUNTRIES)
  const countries = [first]
  if (!special && random.chance(0.16)) countries.push(first.country === 'cl' ? PERU : CHILE)
  const account = String(number).padStart(6, '0')
  const seller: Draft['seller'] = {
    gscSellerId: `SC${account}`,
    legalName: '',
    taxId: '',
    operationType: international ? 'international' : 'local',
    type: !special && random.chance(0.08) ? '1P' : '3P',
    fpayId: international ? null : `FP-${account}`,
    payoneerPayeeId: international ? `PY-${account}` : null,
    countries: countries.map(({ country, currency }) => ({
      country,
      currency: international ? 'USD' : currency,
      enabled: true,
    })),
  }
  const balances = seller.countries.map((country) => draftBalance(random, country))
  return { random, number, seller, balances }
}

const CHILE = { country: 'cl', currency: 'CLP' }
const PERU = { country: 'pe', currency: 'PEN' }
const COLOMBIA = { country: 'co', currency: 'COP' }
const SELLING_COUNTRIES = [CHILE, CHILE, CHILE, CHILE, CHILE, PERU, PERU, PERU, COLOMBIA, COLOMBIA] as const

function writeDown(marketplace: Marketplace, draft: Draft, businessDate: BusinessDate): void {
  const { random, number, seller } = draft
  const country = seller.countries[0]?.country ?? ''
  const local = seller.operationType === 'local'
  marketplace.sellers.push({
    ...seller,
    legalName: local ? localName(random, country) : foreignName(random),
    taxId: local ? localTaxId(random, { country, sellerNumber: number }) : foreignTaxId(random),
  })
  let documents = 0
  for (const balance of draft.balances) {
    for (const document of documentsOf(balance, businessDate)) {
      documents++
      const prefix = document.documentType === 'vendorBill' ? 'FC' : 'NC'
      const tranId = `${prefix}-${seller.gscSellerId}-${documents}`
      marketplace.documents.push({ ...document, tranId, gscSellerId: seller.gscSellerId })
    }
    const closing = closingOf(balance, businessDate)
    if (closing)
      marketplace.closings.push({
        ...closing,
        gscSellerId: seller.gscSellerId,
        settlementId: `ST-${businessDate}-${seller.gscSellerId}-${balance.country}`,
      })
  }
}

function documentsOf(
  balance: DraftBalance,
  businessDate: BusinessDate,
): Omit<MarketplaceDocument, 'tranId' | 'gscSellerId'>[] {
  const { country, currency, bills, invoices, strays } = balance
  const ofType = (documentType: MarketplaceDocument['documentType'], amounts: readonly bigint[]) =>
    amounts.map((amount) => ({ documentType, country, currency, amount, daysLater: 0 }))
  return [...ofType('vendorBill', bills), ...ofType('invoice', invoices), ...strays].map(
    ({ amount, daysLater, ...document }) => ({
      ...document,
      date: daysLater === 0 ? businessDate : daysAfter(businessDate, daysLater),
      amount: formatMajor(amount, currencyOf(document.currency)) + (balance.writesZeroDecimals ? '.00' : ''),
    }),
  )
}

function closingOf(
  balance: DraftBalance,
  date: BusinessDate,
): Omit<MarketplaceClosing, 'settlementId' | 'gscSellerId'> | undefined {
  const { country, currency, closing } = balance
  if (closing === 'missing') return undefined
  const amount = closing === 'same' ? owed(balance) : closing
  return { country, date, currency, amount: formatMajor(amount, currencyOf(currency)) }
}
