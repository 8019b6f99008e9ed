import type { Currency } from './currency.ts'
import { formatMajor, type Money } from './money.ts'
import type { Finding, FindingCategory, ReconciliationWindow, SideFacts } from './reconciliation.ts'
import {
  type CurrencyFigures,
  LISTED,
  type Mismatch,
  type MismatchSide,
  type ReconciliationResult,
  type ReconciliationSeverity,
  type ReconciliationStatus,
} from './reconciliation-result.ts'

/** What Stripe has in a window, in minor units; `total` is less its refunds where they are included. */
export interface CurrencyTotal {
  readonly currency: Currency
  readonly total: bigint
  readonly payments: number
}

/** The sums of one currency's findings, minor units. */
export interface CurrencyTally {
  over: bigint
  under: bigint
  readonly counts: Map<FindingCategory, number>
}

/** What findings come to. Its size does not grow with their number. */
export interface Tally {
  readonly byCurrency: ReadonlyMap<Currency, CurrencyTally>
  readonly missingInDatabase: readonly string[]
  readonly missingInStripe: readonly string[]
  readonly mismatches: readonly Mismatch[]
  add(finding: Finding): void
  /** How many there are, in all currencies. */
  count(category: FindingCategory): number
}

export function createTally(): Tally {
  const byCurrency = new Map<Currency, CurrencyTally>()
  const counts = new Map<FindingCategory, number>()
  const missingInDatabase: string[] = []
  const missingInStripe: string[] = []
  const mismatches: Mismatch[] = []
  const of = (currency: Currency): CurrencyTally => {
    const known = byCurrency.get(currency)
    if (known) return known
    const fresh: CurrencyTally = { over: 0n, under: 0n, counts: new Map() }
    byCurrency.set(currency, fresh)
    return fresh
  }
  return {
    byCurrency,
    missingInDatabase,
    missingInStripe,
    mismatches,
    add(finding) {
      const { category, over, under } = finding
      if (over) of(over.currency).over += over.amount
      if (under) of(under.currency).under += under.amount
      const currency = currencyOf(finding)
      if (currency) countUp(of(currency).counts, category)
      countUp(counts, category)
      if (category === 'missing_in_database' && missingInDatabase.length < LISTED) {
        missingInDatabase.push(finding.paymentId)
      } else if (category === 'missing_in_stripe' && missingInStripe.length < LISTED) {
        missingInStripe.push(finding.paymentId)
      } else if (isMismatch(category) && mismatches.length < LISTED) {
        mismatches.push(mismatchOf(finding))
      }
    },
    count: (category) => counts.get(category) ?? 0,
  }
}

/** @param tally - of all the findings of the window */
export function resultOf({
  reportId,
  window,
  stripeTotals,
  tally,
  reportingCurrency,
  tolerancePercentage,
  recommendations,
}: {
  readonly reportId: string
  readonly window: ReconciliationWindow
  readonly stripeTotals: readonly CurrencyTotal[]
  readonly tally: Tally
  readonly reportingCurrency: Currency
  readonly tolerancePercentage: number
  readonly recommendations: readonly string[]
}): { result: ReconciliationResult; severity: ReconciliationSeverity; worstPercentage: number } {
  const totals = new Map(stripeTotals.map((total) => [total.currency, total]))
  const others = [...new Set([...totals.keys(), ...tally.byCurrency.keys()])]
    .filter((currency) => currency !== reportingCurrency)
    .sort()
  const sums = [reportingCurrency, ...others].map((currency) =>
    sumsOf(currency, totals.get(currency), tally.byCurrency.get(currency)),
  )
  const isAbove = (percentage: number): boolean =>
    sums.some(({ atRisk, database }) => exceeds(atRisk, database, percentage))
  const isQuiet = DISCREPANCIES.every((category) => tally.count(category) === 0)
  // The tolerance says who is told, never whether the books agree; and no tolerance lets people sleep above five per cent.
  const severity = isAbove(CRITICAL_PERCENTAGE) ? 'critical' : isAbove(tolerancePercentage) ? 'warning' : 'none'
  const byCurrency = sums.map(figuresOf)
  return {
    severity,
    worstPercentage: Math.max(0, ...sums.map(({ atRisk, database }) => percentageOf(atRisk, database))),
    result: {
      ...headOf(reportId, window, byCurrency),
      missingInDatabase: tally.missingInDatabase,
      missingInStripe: tally.missingInStripe,
      amountMismatches: tally.mismatches,
      status: isQuiet && severity === 'none' ? 'success' : 'discrepancy_found',
      recommendations,
    },
  }
}

/** Of a run that could not read everything: it says nothing about money, so that nothing is taken for missing. */
export function failedResult({
  reportId,
  window,
  reportingCurrency,
  recommendations,
}: {
  readonly reportId: string
  readonly window: ReconciliationWindow
  readonly reportingCurrency: Currency
  readonly recommendations: readonly string[]
}): ReconciliationResult {
  return {
    ...headOf(reportId, window, [figuresOf(sumsOf(reportingCurrency, undefined, undefined))]),
    missingInDatabase: [],
    missingInStripe: [],
    amountMismatches: [],
    status: 'error' satisfies ReconciliationStatus,
    recommendations,
  }
}

/** Above it people are woken; exactly so much is a warning (facts: alerts §2). */
export const CRITICAL_PERCENTAGE = 5

/** Everything but timing is missing or mismatched. */
const DISCREPANCIES = [
  'missing_in_database',
  'missing_in_stripe',
  'amount_mismatch',
  'refund_mismatch',
  'currency_mismatch',
  'duplicate',
  'not_looked_up',
] as const satisfies readonly FindingCategory[]

const isMismatch = (category: FindingCategory): boolean => category.endsWith('_mismatch')

/** The currency in which a finding is counted: Stripe's, where Stripe has it. */
export const currencyOf = ({ stripe, database }: Pick<Finding, 'stripe' | 'database'>): Currency | undefined =>
  (stripe ?? database)?.currency

interface Sums {
  readonly currency: Currency
  readonly stripe: bigint
  readonly database: bigint
  readonly over: bigint
  readonly under: bigint
  /** Never less than the net difference: whatever is judged by the worse of the two is judged by this. */
  readonly atRisk: bigint
  readonly payments: number
  readonly count: (category: FindingCategory) => number
}

function sumsOf(currency: Currency, total: CurrencyTotal | undefined, tally: CurrencyTally | undefined): Sums {
  const { over = 0n, under = 0n } = tally ?? {}
  const stripe = total?.total ?? 0n
  const net = over - under
  const atRisk = over + under
  return {
    currency,
    stripe,
    database: stripe - net,
    over,
    under,
    atRisk,
    payments: total?.payments ?? 0,
    count: (category) => tally?.counts.get(category) ?? 0,
  }
}

function figuresOf({ currency, stripe, database, over, under, atRisk, payments, count }: Sums): CurrencyFigures {
  const major = (amount: bigint): string => formatMajor(amount, currency)
  return {
    currency,
    stripeTotal: major(stripe),
    databaseTotal: major(database),
    discrepancy: major(stripe - database),
    discrepancyPercentage: percentageOf(stripe - database, database),
    grossOver: major(over),
    grossUnder: major(under),
    moneyAtRisk: major(atRisk),
    grossPercentage: percentageOf(atRisk, database),
    stripePayments: payments,
    missingInDatabase: count('missing_in_database'),
    missingInStripe: count('missing_in_stripe'),
    amountMismatches: count('amount_mismatch') + count('refund_mismatch') + count('currency_mismatch'),
    duplicates: count('duplicate'),
  }
}

function headOf(reportId: string, window: ReconciliationWindow, byCurrency: readonly CurrencyFigures[]) {
  const [reporting] = byCurrency
  if (!reporting) throw new Error('a result has the figures of its reporting currency')
  const { stripeTotal, databaseTotal, discrepancy, discrepancyPercentage, grossOver, grossUnder, moneyAtRisk } =
    reporting
  return {
    ...{ reportId, date: dateOf(window), stripeTotal, databaseTotal, discrepancy, discrepancyPercentage },
    ...{ grossOver, grossUnder, moneyAtRisk, byCurrency },
  }
}

/** `2026-11-20` for a UTC day, `2026-11-01/2026-11-08` for whole days, else the interval of its instants. */
export function dateOf({ from, to }: ReconciliationWindow): string {
  const isMidnight = (at: Date): boolean => at.getTime() % DAY_MS === 0
  if (!isMidnight(from) || !isMidnight(to)) return `${from.toISOString()}/${to.toISOString()}`
  const day = (at: Date): string => at.toISOString().slice(0, 10)
  return to.getTime() - from.getTime() === DAY_MS ? day(from) : `${day(from)}/${day(to)}`
}

const DAY_MS = 86_400_000

/**
 * A difference in per cent of the database's total, for people: four decimals, rounded up, so that what is above a limit
 * never reads as the limit itself. 100 when the total is zero and the difference is not, 0 when both are.
 */
export function percentageOf(difference: bigint, total: bigint): number {
  if (total === 0n) return difference === 0n ? 0 : 100
  const whole = absolute(total)
  return Number((absolute(difference) * 1_000_000n + whole - 1n) / whole) / 10_000
}

/** Exactly, whatever {@link percentageOf} rounds: is the difference above so many per cent of the total? */
export function exceeds(difference: bigint, total: bigint, percentage: number): boolean {
  if (total === 0n) return difference !== 0n && percentage < 100
  return absolute(difference) * 100n * MILLION > absolute(total) * BigInt(Math.round(percentage * Number(MILLION)))
}

/** A tolerance has at most six decimals. */
const MILLION = 1_000_000n

const absolute = (amount: bigint): bigint => (amount < 0n ? -amount : amount)

function mismatchOf({ paymentId, refundId, category, stripe, database }: Finding): Mismatch {
  return {
    paymentId,
    ...(refundId !== null && { refundId }),
    category,
    stripe: stripe && mismatchSide(stripe),
    database: database && mismatchSide(database),
  }
}

const mismatchSide = ({ currency, amount, refunded }: SideFacts): MismatchSide => ({
  currency,
  amount: formatMajor(amount, currency),
  refunded: formatMajor(refunded, currency),
})

function countUp(counts: Map<FindingCategory, number>, category: FindingCategory): void {
  counts.set(category, (counts.get(category) ?? 0) + 1)
}

/** A sum as people read it: `USD 12.50`. */
export const textOf = ({ amount, currency }: Money): string => `${currency} ${formatMajor(amount, currency)}`
