import { billAmount, type Draft, type DraftBalance, draftBalance, owed, sum } from './draft.ts'

/** One of the things that happen in a marketplace. */
export interface Case {
  /** Whom it happens to: a seller that is paid through FPay, or through Payoneer. */
  readonly to: 'local' | 'international'
  /** At most so many sellers, for what takes long. */
  readonly atMost?: number
  /** @param occurrence - how many sellers had it before, for cases with varieties */
  readonly change: (draft: Draft, occurrence: number) => void
}

/** Refused for good and refused once: the words of the sandbox's test accounts. */
const FPAY_REFUSALS = ['CLOSED', 'HOLDER', 'UNKNOWN', 'COMPLIANCE', 'BLOCKED', 'NEWCODE', 'SANCTIONS']
const FPAY_DELAYS = ['NOFUNDS', 'BUSY', 'LIMIT']
const PAYONEER_REFUSALS = ['CLOSED', 'INACTIVE', 'UNKNOWN', 'NEWCODE']

/**
 * Every case of a pay-day, the telling ones first: a small marketplace has the first few. Each happens to one seller
 * in a hundred.
 */
export const CASES: readonly Case[] = [
  { to: 'local', change: (draft) => bankAt(draft, null) },
  { to: 'local', change: (draft, occurrence) => bankAt(draft, oneOf(FPAY_REFUSALS, occurrence)) },
  { to: 'international', change: () => {} },
  { to: 'local', change: everyBalance(isOverdrawn) },
  { to: 'local', change: everyBalance(hasForeignDocument) },
  { to: 'local', change: (draft, occurrence) => bankAt(draft, oneOf(FPAY_DELAYS, occurrence)) },
  {
    to: 'local',
    change: everyBalance((balance) => {
      balance.closing = 'missing'
    }),
  },
  { to: 'international', change: (draft, occurrence) => bankAt(draft, oneOf(PAYONEER_REFUSALS, occurrence)) },
  { to: 'local', change: everyBalance(differsFromClosing) },
  { to: 'local', change: everyBalance(hasNoDocuments) },
  { to: 'local', change: sellsInTwoCountries },
  { to: 'local', change: isDisabled },
  { to: 'local', change: sellsInDisabledCountry },
  { to: 'international', change: (draft) => bankAt(draft, null) },
  { to: 'local', change: everyBalance(isEven) },
  { to: 'international', change: (draft) => bankAt(draft, 'NOFUNDS') },
  { to: 'local', atMost: 4, change: (draft) => bankAt(draft, 'SLOW') },
  { to: 'local', change: everyBalance(hasDocumentsOfOtherDays) },
  { to: 'local', change: everyBalance(hasOnlyDocumentsOfOtherDays) },
  {
    to: 'local',
    change: (draft) => {
      draft.seller.type = '1P'
    },
  },
  { to: 'local', change: writesPesosWithDecimals },
  { to: 'local', change: isDisabledInOneOfTwoCountries },
  { to: 'local', change: sellsInDisabledCountryToo },
  { to: 'international', change: sellsInTwoCountries },
  { to: 'local', change: isPaidInDollars },
  { to: 'international', change: isOwedInPesos },
  { to: 'local', change: everyBalance(isOwedOneUnit) },
  { to: 'local', change: everyBalance(isOwedMuch) },
  { to: 'local', change: everyBalance(hasDocumentsInOtherCountry) },
  { to: 'local', change: everyBalance(isClosedWithoutDocuments) },
  { to: 'international', atMost: 2, change: (draft) => bankAt(draft, 'SLOW') },
  { to: 'international', change: everyBalance(isOverdrawn) },
]

/** @param account - the test account's word, e.g. `CLOSED`; null for a seller without bank id */
function bankAt({ seller, number }: Draft, account: string | null): void {
  const digits = String(number).padStart(6, '0')
  if (seller.operationType === 'local') seller.fpayId = account && `FP-${account}-${digits}`
  else seller.payoneerPayeeId = account && `PY-${account}-${digits}`
}

const oneOf = (words: readonly string[], occurrence: number): string => words[occurrence % words.length] ?? ''

function everyBalance(change: (balance: DraftBalance, draft: Draft) => void): Case['change'] {
  return (draft) => {
    for (const balance of draft.balances) change(balance, draft)
  }
}

function hasNoDocuments(balance: DraftBalance): void {
  Object.assign(balance, { bills: [], invoices: [], closing: 'missing' })
}

/** GSC says that something is owed, and NetSuite knows of nothing. */
function isClosedWithoutDocuments(balance: DraftBalance): void {
  Object.assign(balance, { closing: owed(balance), bills: [], invoices: [] })
}

function isOverdrawn(balance: DraftBalance, { random }: Draft): void {
  balance.invoices.push(sum(balance.bills) + billAmount(random, balance.currency))
}

function isEven(balance: DraftBalance): void {
  balance.invoices = [sum(balance.bills)]
}

function differsFromClosing(balance: DraftBalance, { random }: Draft): void {
  balance.closing = owed(balance) + billAmount(random, balance.currency)
}

function hasForeignDocument(balance: DraftBalance, { random }: Draft): void {
  const currency = balance.currency === 'USD' ? 'CLP' : 'USD'
  balance.strays.push(stray(balance, { currency, amount: billAmount(random, currency) }))
}

function hasDocumentsOfOtherDays(balance: DraftBalance, { random }: Draft): void {
  for (const daysLater of [-1, 1]) {
    balance.strays.push(stray(balance, { daysLater, amount: billAmount(random, balance.currency) }))
  }
}

function hasOnlyDocumentsOfOtherDays(balance: DraftBalance, draft: Draft): void {
  hasDocumentsOfOtherDays(balance, draft)
  hasNoDocuments(balance)
}

/** NetSuite books something for a country where the seller does not sell. */
function hasDocumentsInOtherCountry(balance: DraftBalance, { random }: Draft): void {
  const { country, currency } = otherCountry(balance)
  balance.strays.push(stray(balance, { country, currency, amount: billAmount(random, currency) }))
}

const stray = (
  { country, currency }: DraftBalance,
  what: { amount: bigint; country?: string; currency?: string; daysLater?: number },
) => ({ documentType: 'vendorBill' as const, country, currency, daysLater: 0, ...what })

function isOwedOneUnit(balance: DraftBalance): void {
  const unit = balance.currency === 'COP' ? 100n : 1n
  Object.assign(balance, { bills: [500n * unit], invoices: [499n * unit] })
}

/** More than a 32-bit number holds, several times. */
function isOwedMuch(balance: DraftBalance): void {
  balance.bills.push(98_765_432_100n)
}

function writesPesosWithDecimals(draft: Draft): void {
  sellsOnlyIn(draft, [{ country: 'cl', currency: 'CLP', enabled: true }])
  for (const balance of draft.balances) balance.writesZeroDecimals = true
}

function isPaidInDollars(draft: Draft): void {
  sellsOnlyIn(draft, [{ country: 'pe', currency: 'USD', enabled: true }])
}

/** Payoneer pays dollars only, so this seller waits for a person. */
function isOwedInPesos(draft: Draft): void {
  sellsOnlyIn(draft, [{ country: 'cl', currency: 'CLP', enabled: true }])
}

function sellsInTwoCountries(draft: Draft): void {
  addCountry(draft, { ...secondCountry(draft), enabled: true })
}

function isDisabled({ seller }: Draft): void {
  seller.countries = seller.countries.map((country) => ({ ...country, enabled: false }))
}

function isDisabledInOneOfTwoCountries(draft: Draft): void {
  addCountry(draft, { ...secondCountry(draft), enabled: false })
}

function sellsInDisabledCountry(draft: Draft): void {
  sellsOnlyIn(draft, [{ country: 'uy', currency: 'UYU', enabled: true }])
}

function sellsInDisabledCountryToo(draft: Draft): void {
  addCountry(draft, { country: 'mx', currency: 'MXN', enabled: true })
}

type SellerCountry = Draft['seller']['countries'][number]

const otherCountry = ({ country }: { country: string }): { country: string; currency: string } =>
  country === 'pe' ? { country: 'cl', currency: 'CLP' } : { country: 'pe', currency: 'PEN' }

function secondCountry({ seller }: Draft): { country: string; currency: string } {
  const other = otherCountry({ country: seller.countries[0]?.country ?? '' })
  return seller.operationType === 'international' ? { ...other, currency: 'USD' } : other
}

function addCountry(draft: Draft, country: SellerCountry): void {
  draft.seller.countries = [...draft.seller.countries, country]
  draft.balances.push(draftBalance(draft.random, country))
}

function sellsOnlyIn(draft: Draft, countries: readonly SellerCountry[]): void {
  draft.seller.countries = [...countries]
  draft.balances = countries.map((country) => draftBalance(draft.random, country))
}
