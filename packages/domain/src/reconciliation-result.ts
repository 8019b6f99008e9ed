import type { Currency } from './currency.ts'
import type { FindingCategory } from './reconciliation.ts'

export type ReconciliationStatus = 'success' | 'discrepancy_found' | 'error'

/**
 * Who is to hear of it, by the worse of the net and the gross percentage: `none` within the tolerance, whatever was found;
 * `critical` above 5 %, whatever the tolerance; `warning` in between, 5 % included.
 */
export type ReconciliationSeverity = 'none' | 'warning' | 'critical'

/** A payment that both sides have and disagree about; amounts as decimal strings of major units. */
export interface Mismatch {
  readonly paymentId: string
  readonly refundId?: string
  readonly category: FindingCategory
  readonly stripe: MismatchSide | null
  readonly database: MismatchSide | null
}

export interface MismatchSide {
  readonly currency: string
  readonly amount: string
  readonly refunded: string
}

/** The figures of one currency; amounts as decimal strings of its major units, percentages of the database's total. */
export interface CurrencyFigures {
  readonly currency: Currency
  readonly stripeTotal: string
  readonly databaseTotal: string
  /** Stripe's total less the database's. */
  readonly discrepancy: string
  readonly discrepancyPercentage: number
  /** What Stripe has more, payment by payment, and what the database has more: they do not cancel out. */
  readonly grossOver: string
  readonly grossUnder: string
  /** Both of them together. */
  readonly moneyAtRisk: string
  readonly grossPercentage: number
  /** How many payments Stripe has in the window. */
  readonly stripePayments: number
  readonly missingInDatabase: number
  readonly missingInStripe: number
  /** Amount, refund and currency. */
  readonly amountMismatches: number
  readonly duplicates: number
}

/**
 * A billing reconciliation (design §6.5). The totals at the top are those of the reporting currency alone, in its major
 * units: amounts of other currencies are never added in. `byCurrency` has them all, the reporting currency first; status
 * and severity follow the currency that is worst off.
 */
export interface ReconciliationResult {
  /** The UTC day, `2026-11-20`; of several days the interval, its end excluded: `2026-11-01/2026-11-08`. */
  readonly date: string
  readonly stripeTotal: string
  readonly databaseTotal: string
  readonly discrepancy: string
  readonly discrepancyPercentage: number
  /** Payment ids, at most {@link LISTED}; the findings of the report have them all. */
  readonly missingInDatabase: readonly string[]
  readonly missingInStripe: readonly string[]
  readonly amountMismatches: readonly Mismatch[]
  /** `error`: not everything could be read, so nothing was compared; figures are zero and lists empty. */
  readonly status: ReconciliationStatus
  /** What to do, the most valuable first. */
  readonly recommendations: readonly string[]
  readonly grossOver: string
  readonly grossUnder: string
  readonly moneyAtRisk: string
  readonly byCurrency: readonly CurrencyFigures[]
  readonly reportId: string
}

/** Findings that a copy from Stripe can mend: whatever Stripe has. */
export const SYNCED_CATEGORIES = [
  'missing_in_database',
  'amount_mismatch',
  'refund_mismatch',
  'currency_mismatch',
  'duplicate',
  'not_looked_up',
  'timing',
] as const satisfies readonly FindingCategory[]

/** Ids that one request may name. */
export const SYNCED_AT_ONCE = 500

/** A million missing payments are no list that anybody reads, and would not fit into a message. */
export const LISTED = 10_000
