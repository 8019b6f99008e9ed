import { column, minorUnits, rowsOf } from './csv-files.ts'

// The independent check: what should have happened, from the CSV files alone. It shares no rule, reader or arithmetic
// with the product, on purpose, so that a mistake made there is not made here again.

/** What should have become of one seller's balance in one country. */
export interface ExpectedPayment {
  readonly gscSellerId: string
  readonly country: string
  readonly currency: string
  /** Bills less invoices of the business date, minor units; may be negative. Of a document in another currency: undefined. */
  readonly amount: bigint | undefined
  readonly rail: 'fpay' | 'payoneer'
  /** At that rail; undefined when the seller has none. */
  readonly account: string | undefined
  /** `returned`: paid, then sent back by the bank. `payment_pending`: the payee must act before it can end. */
  readonly status: 'paid' | 'no_payment_due' | 'blocked' | 'failed' | 'returned' | 'payment_pending'
}

/** One line per enabled seller and enabled country, in the order of the files. */
export async function expectedPayments(directory: string, businessDate: string): Promise<readonly ExpectedPayment[]> {
  const openCountries = new Set<string>()
  for await (const row of rowsOf(directory, 'countries.csv')) {
    if (row.enabled === 'true') openCountries.add(column(row, 'id'))
  }
  const documents = new Map<string, { type: string; currency: string; amount: string }[]>()
  for await (const row of rowsOf(directory, 'documents.csv')) {
    // NetSuite has nothing open of a document over nothing.
    if (column(row, 'date') !== businessDate || !/[1-9]/.test(column(row, 'amount'))) continue
    const key = `${column(row, 'gsc_seller_id')} in ${column(row, 'country')}`
    const ofBalance = documents.get(key) ?? []
    ofBalance.push({
      type: column(row, 'document_type'),
      currency: column(row, 'currency'),
      amount: column(row, 'amount'),
    })
    documents.set(key, ofBalance)
  }

  const expected: ExpectedPayment[] = []
  for await (const seller of rowsOf(directory, 'sellers.csv')) {
    const gscSellerId = column(seller, 'gsc_seller_id')
    const rail = column(seller, 'operation_type') === 'local' ? 'fpay' : 'payoneer'
    const account = column(seller, rail === 'fpay' ? 'fpay_id' : 'payoneer_payee_id') || undefined
    for (const entry of column(seller, 'countries').split(';')) {
      const [country = '', currency = '', enabled] = entry.split(':')
      if (enabled !== 'true' || !openCountries.has(country)) continue
      const ofBalance = documents.get(`${gscSellerId} in ${country}`) ?? []
      const readable = ofBalance.every((document) => document.currency === currency)
      let amount = 0n
      if (readable)
        for (const document of ofBalance) amount += signOf(document.type) * minorUnits(document.amount, currency)
      const status = !readable ? 'blocked' : amount <= 0n ? 'no_payment_due' : endOfPayment(rail, account, currency)
      expected.push({ gscSellerId, country, currency, amount: readable ? amount : undefined, rail, account, status })
    }
  }
  return expected
}

/** What the banks should have paid out in all, per currency, minor units. */
export function totalsPaid(expected: readonly ExpectedPayment[]): ReadonlyMap<string, bigint> {
  const totals = new Map<string, bigint>()
  for (const { status, currency, amount = 0n } of expected) {
    if (status === 'paid') totals.set(currency, (totals.get(currency) ?? 0n) + amount)
  }
  return totals
}

/** The currencies FPay pays out in (the sandbox's README). */
const FPAY_CURRENCIES = ['CLP', 'PEN', 'COP', 'MXN', 'ARS', 'BRL', 'UYU', 'BOB', 'PYG', 'USD']

/** Test accounts that end otherwise than paid, as the sandbox's README lists them. */
const UNHAPPY_ENDS: Readonly<Record<string, ExpectedPayment['status']>> = {
  'FP-CLOSED': 'failed',
  'FP-BLOCKED': 'failed',
  'FP-HOLDER': 'failed',
  'FP-COMPLIANCE': 'failed',
  'FP-SANCTIONS': 'failed',
  'FP-NEWCODE': 'failed',
  'FP-UNKNOWN': 'failed',
  'FP-REVERSED': 'returned',
  'PY-CLOSED': 'failed',
  'PY-INACTIVE': 'failed',
  'PY-NEWCODE': 'failed',
  'PY-UNKNOWN': 'failed',
  'PY-PENDING': 'payment_pending',
}

function endOfPayment(rail: string, account: string | undefined, currency: string): ExpectedPayment['status'] {
  if (rail === 'payoneer' && currency !== 'USD') return 'blocked'
  if (account === undefined) return 'blocked'
  if (rail === 'fpay' && !FPAY_CURRENCIES.includes(currency)) return 'failed'
  return UNHAPPY_ENDS[account.split('-').slice(0, 2).join('-')] ?? 'paid'
}

const signOf = (documentType: string): bigint => (documentType === 'vendorBill' ? 1n : -1n)
