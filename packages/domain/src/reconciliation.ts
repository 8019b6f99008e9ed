import type { Currency } from './currency.ts'
import type { Money } from './money.ts'

/** Half-open, in UTC: `from` belongs to it, `to` does not. Stripe counts whole seconds, so both are whole ones. */
export interface ReconciliationWindow {
  readonly from: Date
  readonly to: Date
}

/**
 * What a comparison found.
 * `missing_in_database`: Stripe has it, we do not. `missing_in_stripe`: the other way round. `amount_mismatch`,
 * `refund_mismatch`, `currency_mismatch`: both have it and disagree. `duplicate`: one payment was charged, or recorded,
 * more than once, or stands under the id of its charge and not under its own. `not_looked_up`: only the database has a
 * refund in the window, and Stripe was not asked about it, there being too many: it may be a mismatch, or timing.
 * `timing`: both have it and agree, but one puts it, or a refund of it, outside the window, or has not ended the refund
 * yet; that is worth knowing, and no discrepancy.
 */
export type FindingCategory = (typeof FINDING_CATEGORIES)[number]
export const FINDING_CATEGORIES = [
  'missing_in_database',
  'missing_in_stripe',
  'amount_mismatch',
  'refund_mismatch',
  'currency_mismatch',
  'duplicate',
  'not_looked_up',
  'timing',
] as const

/** How a payment came into the database. */
export type PaymentSource = 'webhook' | 'sync' | 'manual'

/** What one side says of a payment, or of a refund; minor units. */
export interface SideFacts {
  readonly currency: Currency
  readonly amount: bigint
  /** Of it, refunded until now. */
  readonly refunded: bigint
  readonly created: Date
}

/** A payment as Stripe has it. Several charges of one payment intent are one payment. */
export interface StripeSide extends SideFacts {
  /** By refunds made within the window. */
  readonly refundedInWindow: bigint
  /** Of `refundedInWindow`, by refunds that the database does not know by name. */
  readonly refundedUnknown: bigint
  /** By refunds made within the window that Stripe has not ended yet. They are in `refunded`, and not in `refundedInWindow`. */
  readonly refundedPending: bigint
  readonly isInWindow: boolean
  readonly charges: number
  /** Of the first of them. */
  readonly chargeId: string
}

/** A payment as the database has it. */
export interface DatabaseSide extends SideFacts {
  /** Of `refunded`, by refunds that Stripe has in the window, too, wherever they are recorded. */
  readonly refundedShared: bigint
  /** Of `refunded`, by refunds that are recorded as made within the window, and that Stripe does not have at all. */
  readonly refundedAlone: bigint
  /** Of `refundedAlone`, by refunds that Stripe was not asked about, there being too many. */
  readonly refundedNotLookedUp: bigint
  /** Of `refunded`, by all other refunds that are known by name: made outside the window, or still pending. */
  readonly refundedElsewhere: bigint
  /** Of `refundedElsewhere`, by refunds still pending on record that Stripe has ended, or never had. */
  readonly refundedPendingAlone: bigint
  readonly isInWindow: boolean
  readonly source: PaymentSource
  /** The payment under whose id the same charge is recorded, too. */
  readonly duplicateOf: string | null
  /** The id of its charge, when it is recorded under that and not under the payment's own. */
  readonly recordedAs: string | null
  /** False when Stripe was not asked about it, there being too many to ask about. */
  readonly isLookedUp: boolean
  readonly chargeId: string
}

/** One payment on both sides; at least one of them within the window. */
export interface PaymentPair {
  readonly paymentId: string
  readonly stripe: StripeSide | null
  readonly database: DatabaseSide | null
}

/** What one side says of a refund. */
export interface RefundSide {
  readonly currency: Currency
  readonly amount: bigint
  readonly created: Date
  readonly isInWindow: boolean
}

/** A refund within the window of a payment made before it; at least one side has it. */
export interface RefundPair {
  readonly refundId: string
  readonly paymentId: string
  readonly stripe: RefundSide | null
  readonly database: RefundSide | null
  /** Stripe has it, and has not ended it yet; then it is in no window of Stripe's. */
  readonly isPending: boolean
  /** False when only the database has it, and Stripe was not asked about it, there being too many to ask about. */
  readonly isLookedUp: boolean
  /** What the database knows to be refunded of the payment without knowing by which refund. */
  readonly unnamed: bigint
}

/** Something that is not the same on both sides. */
export interface Finding {
  readonly category: FindingCategory
  readonly paymentId: string
  /** Set when it is about one refund of a payment made before the window. */
  readonly refundId: string | null
  readonly stripe: SideFacts | null
  readonly database: SideFacts | null
  /** What Stripe has more than the database: positive, or null. */
  readonly over: Money | null
  /** What the database has more than Stripe: positive, or null. */
  readonly under: Money | null
  readonly source: PaymentSource | null
  /** It is not in Stripe's lists of the window, and Stripe was not asked about it by its id. */
  readonly isNotLookedUp?: boolean
  /**
   * Whose refund is not final: one that Stripe has not ended yet, or one that only the record still calls pending.
   */
  readonly pendingRefund?: 'at_stripe' | 'on_record'
}

/**
 * Compares one payment. Stripe's time decides in which window a payment is counted, as long as Stripe knows it.
 * @returns undefined when both sides agree
 */
export function comparePayment({ paymentId, stripe, database }: PaymentPair): Finding | undefined {
  const finding = (category: FindingCategory, { over, under }: Difference): Finding => ({
    category,
    paymentId: database?.recordedAs ?? paymentId,
    refundId: null,
    stripe: stripe && factsOf(stripe),
    database: database && factsOf(database),
    over,
    under,
    source: database?.source ?? null,
  })
  if (!stripe) {
    if (!database) return undefined
    const held = moneyOf(database.currency, database.amount - refundsHere(database))
    const category = database.duplicateOf === null ? 'missing_in_stripe' : 'duplicate'
    const missing = finding(category, differenceOf([{ ...held, amount: -held.amount }]))
    return category === 'duplicate' || database.isLookedUp ? missing : { ...missing, isNotLookedUp: true }
  }
  if (!stripe.isInWindow) {
    if (database?.isInWindow !== true) return undefined
    return finding('timing', NO_DIFFERENCE)
  }
  const charged = moneyOf(stripe.currency, stripe.amount)
  const given = moneyOf(stripe.currency, -stripe.refundedInWindow)
  if (!database) return finding('missing_in_database', differenceOf([addOf(charged, given)]))
  // Recorded by another charge, of another window: this one was made besides, and is not on record.
  const isCharge = /^(ch|py)_/.test(database.chargeId)
  if (!database.isInWindow && isCharge && stripe.chargeId !== database.chargeId) {
    return finding('duplicate', differenceOf([addOf(charged, given)]))
  }
  const refunded = refundedInWindow({ stripe, database })
  if (stripe.currency !== database.currency) {
    const recorded = moneyOf(database.currency, refunded - database.amount)
    return finding('currency_mismatch', differenceOf([addOf(charged, given), recorded]))
  }
  const amounts = moneyOf(stripe.currency, stripe.amount - database.amount)
  const refunds = moneyOf(stripe.currency, refunded - stripe.refundedInWindow)
  const difference = differenceOf([amounts, refunds])
  if (stripe.charges > 1 || database.recordedAs !== null) return finding('duplicate', difference)
  if (amounts.amount !== 0n) return finding('amount_mismatch', difference)
  // What nobody asked about may belong to another day, as long as Stripe has given back no less in all.
  const mayBeLate = refunds.amount <= database.refundedNotLookedUp && database.refunded <= stripe.refunded
  if (refunds.amount > 0n && mayBeLate) {
    return { ...finding('not_looked_up', difference), isNotLookedUp: true }
  }
  if (refunds.amount !== 0n) return finding('refund_mismatch', difference)
  const isLate = stripe.refunded !== database.refunded
  if (!isLate && database.isInWindow) return undefined
  const timing = finding('timing', NO_DIFFERENCE)
  if (isLate && database.refundedPendingAlone > 0n) return { ...timing, pendingRefund: 'on_record' }
  return isLate && stripe.refundedPending > 0n ? { ...timing, pendingRefund: 'at_stripe' } : timing
}

/**
 * What the database says was refunded of a payment within the window. A refund that it knows by name counts where it
 * is, and explains no other one. What it knows to be refunded without knowing by which refund explains first what
 * Stripe has in the window, then what Stripe has outside it; the rest has no refund behind it.
 */
export function refundedInWindow({
  stripe,
  database,
}: {
  stripe: Pick<StripeSide, 'refunded' | 'refundedInWindow' | 'refundedUnknown'>
  database: Pick<DatabaseSide, 'refunded' | 'refundedShared' | 'refundedAlone' | 'refundedElsewhere'>
}): bigint {
  if (database.refunded === stripe.refunded) return stripe.refundedInWindow
  const { refundedShared: shared, refundedAlone: alone, refundedElsewhere: elsewhere } = database
  const unnamed = atLeastZero(database.refunded - shared - alone - elsewhere)
  const explained = smaller(unnamed, stripe.refundedUnknown)
  const unnamedOutside = atLeastZero(stripe.refunded - stripe.refundedInWindow - elsewhere)
  return shared + alone + explained + atLeastZero(unnamed - explained - unnamedOutside)
}

/** Compares one refund of a payment that was made before the window. @returns undefined when both sides agree */
export function compareRefund(pair: RefundPair): Finding | undefined {
  const { refundId, paymentId, stripe, database, unnamed } = pair
  const facts = (side: RefundSide | null): SideFacts | null =>
    side && { currency: side.currency, amount: 0n, refunded: side.amount, created: side.created }
  const finding = (category: FindingCategory, { over, under }: Difference): Finding => ({
    category,
    paymentId,
    refundId,
    stripe: facts(stripe),
    database: facts(database),
    over,
    under,
    source: null,
  })
  if (!stripe?.isInWindow) {
    if (!database?.isInWindow) return undefined
    if (stripe) {
      const timing = finding('timing', NO_DIFFERENCE)
      return pair.isPending ? { ...timing, pendingRefund: 'at_stripe' } : timing
    }
    const alone = differenceOf([moneyOf(database.currency, database.amount)])
    if (!pair.isLookedUp) return { ...finding('not_looked_up', alone), isNotLookedUp: true }
    return finding('refund_mismatch', alone)
  }
  if (!database) {
    if (unnamed >= stripe.amount) return undefined
    return finding('refund_mismatch', differenceOf([moneyOf(stripe.currency, -stripe.amount)]))
  }
  const given = moneyOf(stripe.currency, -stripe.amount)
  const recorded = moneyOf(database.currency, database.amount)
  if (stripe.currency !== database.currency) return finding('currency_mismatch', differenceOf([given, recorded]))
  if (stripe.amount !== database.amount) return finding('refund_mismatch', differenceOf([addOf(given, recorded)]))
  return database.isInWindow ? undefined : finding('timing', NO_DIFFERENCE)
}

type Difference = Pick<Finding, 'over' | 'under'>
const NO_DIFFERENCE: Difference = { over: null, under: null }

/** What is positive is over, what is negative is under; parts of opposite sign do not cancel out. */
function differenceOf(parts: readonly Money[]): Difference {
  const sum = (some: readonly Money[]): Money | null =>
    some.reduce<Money | null>((all, one) => (all ? addOf(all, one) : one), null)
  return {
    over: sum(parts.filter(({ amount }) => amount > 0n)),
    under: sum(parts.filter(({ amount }) => amount < 0n).map((part) => moneyOf(part.currency, -part.amount))),
  }
}

const refundsHere = ({ refunded, refundedElsewhere }: DatabaseSide): bigint => atLeastZero(refunded - refundedElsewhere)

const atLeastZero = (amount: bigint): bigint => (amount > 0n ? amount : 0n)
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const moneyOf = (currency: Currency, amount: bigint): Money => ({ currency, amount })
const addOf = (a: Money, b: Money): Money => moneyOf(a.currency, a.amount + b.amount)
const factsOf = ({ currency, amount, refunded, created }: SideFacts): SideFacts => ({
  currency,
  amount,
  refunded,
  created,
})
