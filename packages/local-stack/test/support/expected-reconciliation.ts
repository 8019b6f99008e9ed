import { column, majorUnits, minorUnits, type Row, rowsOf } from './csv-files.ts'

// The independent check of billing reconciliation: two maps, from the two CSV files alone. It shares no rule, reader or
// arithmetic with the product, on purpose.

export interface ExpectedFinding {
  readonly category: string
  readonly paymentId: string
}

/** Of one currency; amounts in major units. */
export interface ExpectedFigures {
  readonly currency: string
  readonly stripeTotal: string
  readonly databaseTotal: string
  readonly discrepancy: string
  readonly discrepancyPercentage: number
  readonly grossOver: string
  readonly grossUnder: string
  readonly moneyAtRisk: string
  readonly grossPercentage: number
  readonly stripePayments: number
  readonly missingInDatabase: number
  readonly missingInStripe: number
  readonly amountMismatches: number
  readonly duplicates: number
}

export interface ExpectedReconciliation {
  readonly findings: readonly ExpectedFinding[]
  /** US dollars first, then by code. */
  readonly byCurrency: readonly ExpectedFigures[]
  readonly severity: 'none' | 'warning' | 'critical'
}

/** One side of a payment, refunds made with it. */
interface Payment {
  readonly id: string
  readonly currency: string
  readonly amount: bigint
  readonly refunded: bigint
  readonly isOfTheDay: boolean
  readonly charges: number
}

/** @param day - in UTC */
export async function expectedReconciliation(directory: string, day: string): Promise<ExpectedReconciliation> {
  const charges: Payment[] = []
  for await (const row of rowsOf(directory, 'payments.csv')) charges.push(paymentOf(row, day))
  const recorded = new Map<string, Payment>()
  for await (const row of rowsOf(directory, 'recorded.csv'))
    recorded.set(column(row, 'payment_id'), paymentOf(row, day))

  // What was charged several times on the day is one payment of all of it.
  const atStripe = new Map<string, Payment>()
  for (const charge of charges) {
    const before = charge.isOfTheDay ? atStripe.get(charge.id) : undefined
    if (before?.isOfTheDay) {
      const [amount, refunded] = [before.amount + charge.amount, before.refunded + charge.refunded]
      atStripe.set(charge.id, { ...before, amount, refunded, charges: before.charges + 1 })
    } else if (charge.isOfTheDay || !atStripe.has(charge.id)) {
      atStripe.set(charge.id, charge)
    }
  }

  const books = new Map<string, Book>()
  const bookOf = (currency: string): Book => {
    const book = books.get(currency) ?? { stripe: 0n, payments: 0, over: 0n, under: 0n, categories: [] }
    books.set(currency, book)
    return book
  }
  const findings: ExpectedFinding[] = []
  const find = (category: string, { id, currency }: Payment): void => {
    findings.push({ category, paymentId: id })
    bookOf(currency).categories.push(category)
  }
  /** What Stripe has more, negative when it has less. */
  const differ = (currency: string, difference: bigint): void => {
    if (difference > 0n) bookOf(currency).over += difference
    else bookOf(currency).under -= difference
  }

  for (const stripe of atStripe.values()) {
    if (!stripe.isOfTheDay) continue
    const book = bookOf(stripe.currency)
    book.stripe += netOf(stripe)
    book.payments += 1
    const ours = recorded.get(stripe.id)
    if (!ours) {
      differ(stripe.currency, netOf(stripe))
      find('missing_in_database', stripe)
    } else if (ours.currency !== stripe.currency) {
      differ(stripe.currency, netOf(stripe))
      differ(ours.currency, -netOf(ours))
      find('currency_mismatch', stripe)
    } else {
      differ(stripe.currency, stripe.amount - ours.amount)
      differ(stripe.currency, ours.refunded - stripe.refunded)
      if (stripe.charges > 1) find('duplicate', stripe)
      else if (stripe.amount !== ours.amount) find('amount_mismatch', stripe)
      else if (stripe.refunded !== ours.refunded) find('refund_mismatch', stripe)
      else if (!ours.isOfTheDay) find('timing', stripe)
    }
  }
  for (const ours of recorded.values()) {
    const stripe = atStripe.get(ours.id)
    if (!ours.isOfTheDay || stripe?.isOfTheDay) continue
    if (stripe) {
      find('timing', stripe)
      continue
    }
    // The charge of pi_X is ch_X; whoever recorded both counts it twice.
    const payment = ours.id.replace(/^ch_/, 'pi_')
    const isTwice = payment !== ours.id && atStripe.has(payment) && recorded.has(payment)
    differ(ours.currency, -netOf(ours))
    find(isTwice ? 'duplicate' : 'missing_in_stripe', ours)
  }

  const currencies = ['USD', ...[...books.keys()].filter((currency) => currency !== 'USD').sort()]
  const worst = Math.max(...currencies.map((currency) => shareAtRisk(bookOf(currency))))
  return {
    findings,
    byCurrency: currencies.map((currency) => figuresOf(currency, bookOf(currency))),
    severity: worst > 0.05 ? 'critical' : worst > 0.01 ? 'warning' : 'none',
  }
}

interface Book {
  stripe: bigint
  payments: number
  over: bigint
  under: bigint
  readonly categories: string[]
}

function paymentOf(row: Row, day: string): Payment {
  const currency = column(row, 'currency')
  return {
    id: column(row, 'payment_id'),
    currency,
    amount: minorUnits(column(row, 'amount'), currency),
    refunded: minorUnits(column(row, 'refunded') || '0', currency),
    isOfTheDay: new Date(column(row, 'created')).toISOString().startsWith(day),
    charges: 1,
  }
}

const netOf = ({ amount, refunded }: Payment): bigint => amount - refunded

const ourTotal = ({ stripe, over, under }: Book): bigint => stripe - over + under

function shareAtRisk(book: Book): number {
  const atRisk = book.over + book.under
  return atRisk === 0n ? 0 : Math.abs(Number(atRisk) / Number(ourTotal(book)))
}

function figuresOf(currency: string, book: Book): ExpectedFigures {
  const { stripe, payments, over, under, categories } = book
  const ours = ourTotal(book)
  const major = (minor: bigint): string => majorUnits(minor, currency)
  const count = (...wanted: readonly string[]): number => categories.filter((one) => wanted.includes(one)).length
  return {
    currency,
    stripeTotal: major(stripe),
    databaseTotal: major(ours),
    discrepancy: major(stripe - ours),
    discrepancyPercentage: percentageOf(stripe - ours, ours),
    grossOver: major(over),
    grossUnder: major(under),
    moneyAtRisk: major(over + under),
    grossPercentage: percentageOf(over + under, ours),
    stripePayments: payments,
    missingInDatabase: count('missing_in_database'),
    missingInStripe: count('missing_in_stripe'),
    amountMismatches: count('amount_mismatch', 'refund_mismatch', 'currency_mismatch'),
    duplicates: count('duplicate'),
  }
}

/** To four decimals, rounded up; of nothing anything is all. */
function percentageOf(part: bigint, whole: bigint): number {
  if (whole === 0n) return part === 0n ? 0 : 100
  const [a, b] = [part, whole].map((one) => (one < 0n ? -one : one)) as [bigint, bigint]
  return Number((a * 1_000_000n) / b + ((a * 1_000_000n) % b === 0n ? 0n : 1n)) / 10_000
}
