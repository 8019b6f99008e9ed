import { readdir } from 'node:fs/promises'
import { type AccountOwners, createAccountOwners } from '@remesa/csv/account-owners'
import { createProblems, type Problems, shownValue } from '@remesa/csv/problems'
import { earlierLines, isIn, type Reader, readAll, whole } from '@remesa/csv/rows'
import { readSettlementFiles } from '@remesa/csv/settlement-files'
import { type Row, readTable } from '@remesa/csv/table'
import { readAccount, readAmount, readCurrency, readDate, readFlag, readOneOf, readText } from '@remesa/csv/values'
import { isCurrency } from '@remesa/domain/currency'
import { maskTaxId, taxIdProblem } from '@remesa/domain/tax-id'
import { isAccountNumber } from '@remesa/sandbox/fpay-accounts'
import type {
  Marketplace,
  MarketplaceClosing,
  MarketplaceCountry,
  MarketplaceDocument,
  MarketplaceSeller,
} from '@remesa/sandbox/marketplace'
import { isPayeeId } from '@remesa/sandbox/payoneer-codes'
import { readBookings } from './load-bookings.ts'
import { readPayments } from './load-payments.ts'

export type LoadedMarketplace =
  | { readonly marketplace: Marketplace }
  /** One line each, file, line and column first; at most 20, then how many more. */
  | { readonly problems: readonly string[] }

const COUNTRIES = { file: 'countries.csv', columns: ['id', 'name', 'currency', 'enabled'] } as const
const SELLERS = {
  file: 'sellers.csv',
  columns: [
    ...(['gsc_seller_id', 'legal_name', 'tax_id', 'operation_type', 'type'] as const),
    ...(['fpay_id', 'payoneer_payee_id', 'countries'] as const),
  ],
} as const
const DOCUMENTS = {
  file: 'documents.csv',
  columns: ['document_type', 'tran_id', 'gsc_seller_id', 'country', 'date', 'currency', 'amount'],
} as const
const CLOSINGS = {
  file: 'closings.csv',
  columns: ['settlement_id', 'gsc_seller_id', 'country', 'date', 'currency', 'amount'],
} as const

/**
 * Reads a marketplace from `countries.csv`, `sellers.csv`, `documents.csv` and `closings.csv`, with settlements,
 * bookings and customers' payments where their files are there, and checks all that can be known to be wrong before anything is started. A
 * document in another currency than its seller is paid in is not: such things happen, and the product must cope.
 */
export async function loadMarketplace(directory: string): Promise<LoadedMarketplace> {
  const problems = createProblems()
  let files: readonly string[]
  try {
    files = await readdir(directory)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return { problems: [`${directory}: expected a directory with ${COUNTRIES.file}, ${SELLERS.file}, … (${code})`] }
  }
  const countries = await readTable(directory, COUNTRIES, problems)
  const sellers = await readTable(directory, SELLERS, problems)
  const documents = await readTable(directory, DOCUMENTS, problems)
  const closings = await readTable(directory, CLOSINGS, problems)
  if (sellers.isComplete && sellers.rows.length === 0) problems.add(SELLERS.file, 'expected at least one seller')

  const known: Known = {
    isCountry: isIn(countries, 'id'),
    isSeller: isIn(sellers, 'gsc_seller_id'),
  }
  const owners = createAccountOwners()
  const marketplace = {
    countries: readAll(countries, countryReader()),
    sellers: readAll(sellers, sellerReader(known)),
    documents: readAll(documents, documentReader(known)),
    closings: readAll(closings, closingReader(known)),
    ...(await readSettlements(directory, files, { problems, owners })),
    ...(await readBookings(directory, files, { problems, owners })),
    ...(await readPayments(directory, files, problems)),
  }
  const lines = problems.lines()
  return lines.length > 0 ? { problems: lines } : { marketplace }
}

const CONTESTS = { settlements: 'settlements.csv', winners: 'winners.csv' } as const

/** A marketplace with neither file has no settlements. */
async function readSettlements(
  directory: string,
  files: readonly string[],
  parts: { problems: Problems; owners: AccountOwners },
): ReturnType<typeof readSettlementFiles> {
  if (!Object.values(CONTESTS).some((file) => files.includes(file))) return { settlements: [], winners: [] }
  return readSettlementFiles(directory, CONTESTS, parts)
}

/**
 * For whoever asks for a date on which nothing happened: which date to ask for.
 * @returns undefined when the marketplace has documents of that date, or none at all
 */
export function dateAdvice({ documents }: Pick<Marketplace, 'documents'>, businessDate: string): string | undefined {
  const dates = new Set(documents.map(({ date }) => date))
  const latest = [...dates].sort().at(-1)
  if (latest === undefined || dates.has(businessDate)) return undefined
  return `no document is of ${businessDate}; the latest are of ${latest}: --date ${latest}`
}

/**
 * The same for customers' payments, which are reconciled for the UTC day of that date.
 * @returns undefined when Stripe or the database has payments of that day, or there are none at all
 */
export function paymentsAdvice(
  { payments = [], recorded = [] }: Pick<Marketplace, 'payments' | 'recorded'>,
  day: string,
): string | undefined {
  let latest = ''
  for (const { created } of [...payments, ...recorded]) {
    const date = new Date(created).toISOString().slice(0, 10)
    if (date === day) return undefined
    if (date > latest) latest = date
  }
  return latest === '' ? undefined : `no payment is of ${day} in UTC; the latest are of ${latest}: --date ${latest}`
}

/** Whether something is there to refer to; true for everything when its file could not be read to the end. */
interface Known {
  readonly isCountry: (id: string) => boolean
  readonly isSeller: (gscSellerId: string) => boolean
}

function countryReader(): Reader<(typeof COUNTRIES.columns)[number], MarketplaceCountry> {
  const earlier = earlierLines()
  return (row) => {
    const id = row.text('id')
    const line = earlier(row, id)
    if (!/^[a-z]{2}$/.test(id)) row.refuse('id', 'expected two lower-case letters like cl')
    else if (line) row.refuse('id', `expected each country once, and line ${line} has it`)
    return whole({
      id,
      name: readText(row, 'name', 100),
      currency: readCurrency(row, 'currency'),
      enabled: readFlag(row, 'enabled'),
    })
  }
}

function sellerReader(known: Known): Reader<SellerColumn, MarketplaceSeller> {
  const earlier = earlierLines()
  return (row) => {
    const gscSellerId = readText(row, 'gsc_seller_id', 200)
    const line = gscSellerId && earlier(row, gscSellerId)
    if (line) row.refuse('gsc_seller_id', `expected each seller once, and line ${line} has it`)
    const operationType = readOneOf(row, 'operation_type', ['local', 'international'])
    const countries = readSellerCountries(row, known)
    const taxId = readText(row, 'tax_id', 20) // NetSuite keeps no longer one
    const problem = taxId && operationType && countries && taxIdProblem({ operationType, countries }, taxId)
    if (problem) row.refuse('tax_id', problem, maskTaxId(taxId))
    return whole({
      gscSellerId,
      legalName: readText(row, 'legal_name', 200),
      taxId,
      operationType,
      type: readOneOf(row, 'type', ['1P', '3P']),
      fpayId: readAccount(row, 'fpay_id', { form: accountForm('FP-'), isWellFormed: isAccountNumber }),
      payoneerPayeeId: readAccount(row, 'payoneer_payee_id', { form: accountForm('PY-'), isWellFormed: isPayeeId }),
      countries,
    })
  }
}

const accountForm = (prefix: string): string => `${prefix} and letters, digits or dashes, at most 40 characters`

type SellerColumn = (typeof SELLERS.columns)[number]

/** `cl:CLP:true;pe:USD:false`. Only the first thing wrong is told: what follows may be wrong because of it. */
function readSellerCountries(row: Row<SellerColumn>, known: Known): MarketplaceSeller['countries'] | undefined {
  const countries: MarketplaceSeller['countries'] = []
  for (const entry of row.text('countries').split(';')) {
    const [, country, currency, enabled] = /^([a-z]{2}):([A-Z]{3}):(true|false)$/.exec(entry) ?? []
    const refuse = (expected: string) => row.refuse('countries', expected, shownValue(entry))
    if (country === undefined || currency === undefined) return refuse('expected entries like cl:CLP:true;pe:USD:false')
    if (!known.isCountry(country)) return refuse(`expected countries of ${COUNTRIES.file}`)
    if (!isCurrency(currency)) return refuse('expected payable ISO 4217 currencies like CLP')
    if (countries.some((other) => other.country === country)) return refuse('expected each country once')
    countries.push({ country, currency, enabled: enabled === 'true' })
  }
  return countries
}

function documentReader(known: Known): Reader<(typeof DOCUMENTS.columns)[number], MarketplaceDocument> {
  const earlier = earlierLines()
  return (row) => {
    const documentType = readOneOf(row, 'document_type', ['vendorBill', 'invoice'])
    const tranId = readText(row, 'tran_id', 45) // NetSuite's limit
    const line = tranId && earlier(row, `${documentType} ${tranId}`)
    if (line) row.refuse('tran_id', `expected each ${documentType} once, and line ${line} has it`)
    const owed = readOwed(row, known, { mayBeNegative: false })
    return whole({ documentType, tranId, ...owed })
  }
}

function closingReader(known: Known): Reader<(typeof CLOSINGS.columns)[number], MarketplaceClosing> {
  const earlierId = earlierLines()
  const earlierClosing = earlierLines()
  return (row) => {
    const settlementId = readText(row, 'settlement_id', 200)
    const line = settlementId && earlierId(row, settlementId)
    if (line) row.refuse('settlement_id', `expected each settlement once, and line ${line} has it`)
    const owed = readOwed(row, known, { mayBeNegative: true })
    const { gscSellerId, country, date } = owed
    const other = date && earlierClosing(row, `${country} ${date} ${gscSellerId}`)
    if (other) {
      row.refuse('gsc_seller_id', `expected one closing per seller, country and date, and line ${other} has one`)
    }
    return whole({ settlementId, ...owed })
  }
}

/** What documents and closings have in common: who is owed what, where and for which day. */
function readOwed(
  row: Row<'gsc_seller_id' | 'country' | 'date' | 'currency' | 'amount'>,
  known: Known,
  { mayBeNegative }: { mayBeNegative: boolean },
) {
  const gscSellerId = row.text('gsc_seller_id')
  const country = row.text('country')
  const currency = readCurrency(row, 'currency')
  return {
    gscSellerId: known.isSeller(gscSellerId)
      ? gscSellerId
      : row.refuse('gsc_seller_id', `expected a seller of ${SELLERS.file}`),
    country: known.isCountry(country) ? country : row.refuse('country', `expected a country of ${COUNTRIES.file}`),
    date: readDate(row, 'date'),
    currency,
    amount: readAmount(row, 'amount', { currency, mayBeNegative }),
  }
}
