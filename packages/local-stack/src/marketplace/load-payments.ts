import type { Problems } from '@remesa/csv/problems'
import { earlierLines, type Reader, readAll, whole } from '@remesa/csv/rows'
import { type Row, readTable } from '@remesa/csv/table'
import { readAmount, readCurrency, readText } from '@remesa/csv/values'
import { currency as currencyOf, isCurrency } from '@remesa/domain/currency'
import { parseMajor } from '@remesa/domain/money'
import type { MarketplacePayment } from '@remesa/sandbox/marketplace'
import { toStripe } from '@remesa/stripe-client/stripe-amount'
import { momentOf } from '../moment.ts'
import { chargeIdOf } from './charges.ts'
import { readMoment } from './read-moment.ts'

const COLUMNS = ['payment_id', 'created', 'currency', 'amount', 'refunded', 'description'] as const
const PAYMENTS = { file: 'payments.csv', columns: COLUMNS } as const
const RECORDED = { file: 'recorded.csv', columns: COLUMNS } as const

type Column = (typeof COLUMNS)[number]

/**
 * Reads `payments.csv`, what Stripe has, and `recorded.csv`, what the database has of it. Both or neither: one alone
 * would make everything missing.
 * @param files - what is in the directory
 */
export async function readPayments(
  directory: string,
  files: readonly string[],
  problems: Problems,
): Promise<{ payments: MarketplacePayment[]; recorded: MarketplacePayment[] }> {
  if (![PAYMENTS, RECORDED].some(({ file }) => files.includes(file))) return { payments: [], recorded: [] }
  return {
    payments: readAll(await readTable(directory, PAYMENTS, problems), chargedReader()),
    recorded: readAll(await readTable(directory, RECORDED, problems), recordedReader()),
  }
}

/** What Stripe can have. A PaymentIntent may be there several times: it was charged so often. */
function chargedReader(): Reader<Column, MarketplacePayment> {
  const earlier = earlierLines()
  const charges = new Map<string, number>()
  return (row) => {
    const payment = readPayment(row)
    const paymentId = payment.paymentId && readStripeId(row)
    if (paymentId) {
      const nth = paymentId.startsWith('pi_') ? (charges.get(paymentId) ?? 0) + 1 : 1
      charges.set(paymentId, nth)
      const chargeId = chargeIdOf(paymentId, nth)
      const line = earlier(row, chargeId)
      if (line) row.refuse('payment_id', `expected each charge once, and line ${line} has ${chargeId}`)
    }
    const created = payment.created
    if (created && (momentOf(created)?.epochMilliseconds ?? 0) % 1_000 !== 0) {
      row.refuse('created', 'expected a whole second, since Stripe has no parts of one')
    }
    refuseUncharged(row, payment)
    return whole({ ...payment, paymentId })
  }
}

function recordedReader(): Reader<Column, MarketplacePayment> {
  const earlier = earlierLines()
  return (row) => {
    const payment = readPayment(row)
    const line = payment.paymentId && earlier(row, payment.paymentId)
    if (line) row.refuse('payment_id', `expected each payment once, and line ${line} has it`)
    return whole(payment)
  }
}

function readPayment(row: Row<Column>) {
  const currency = readCurrency(row, 'currency')
  const amountOf = (column: 'amount' | 'refunded', whyNot: string) =>
    readAmount(row, column, { currency, mayBeNegative: false, whyNot })
  return {
    paymentId: readText(row, 'payment_id', 200),
    created: readMoment(row, 'created'),
    currency,
    amount: amountOf('amount', 'since customers pay'),
    refunded: row.text('refunded') === '' ? '0' : amountOf('refunded', 'since it was given back'),
    description: row.text('description') === '' ? null : readText(row, 'description', 1_000),
  }
}

const readStripeId = (row: Row<Column>): string | undefined => {
  const text = row.text('payment_id')
  return /^[\w-]+$/.test(text) ? text : row.refuse('payment_id', 'expected letters, digits, _ and -, like pi_3PX2')
}

/** What Stripe would not have charged, or given back. */
function refuseUncharged(row: Row<Column>, { currency: code, amount, refunded }: ReturnType<typeof readPayment>): void {
  if (code === undefined || amount === undefined || refunded === undefined || !isCurrency(code)) return
  const currency = currencyOf(code)
  const [charged, given] = [parseMajor(amount, currency), parseMajor(refunded, currency)]
  const isPossible = (minorUnits: bigint): boolean => toStripe({ amount: minorUnits, currency }) !== undefined
  if (!isPossible(charged)) row.refuse('amount', `expected an amount above zero that Stripe can charge in ${code}`)
  else if (given > charged) row.refuse('refunded', `expected at most ${amount}, since Stripe gives no more back`)
  else if (given > 0n && !isPossible(given))
    row.refuse('refunded', `expected an amount that Stripe can move in ${code}`)
}
