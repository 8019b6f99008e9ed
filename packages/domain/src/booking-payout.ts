import { type Currency, transferUnitOf } from './currency.ts'
import type { Money } from './money.ts'

/** The life of what a provider is paid for a booking (design §6.4). */
export type BookingPayoutStatus = 'scheduled' | 'on_hold' | 'processing' | 'transferred' | 'failed' | 'cancelled'

const NEXT: Readonly<Record<BookingPayoutStatus, readonly BookingPayoutStatus[]>> = {
  // Straight to transferred where all of it is kept back against what the provider owes us.
  scheduled: ['on_hold', 'processing', 'transferred', 'cancelled'],
  on_hold: ['scheduled', 'cancelled'],
  // Back again while nobody has claimed its transfer: withdrawn.
  processing: ['transferred', 'failed', 'scheduled'],
  transferred: [],
  failed: ['scheduled', 'cancelled'],
  cancelled: [],
}

export const BOOKING_PAYOUT_STATUSES = Object.keys(NEXT) as readonly BookingPayoutStatus[]

export const mayBecome = (from: BookingPayoutStatus, to: BookingPayoutStatus): boolean => NEXT[from].includes(to)

/** Delays in milliseconds. */
export interface BookingRules {
  /** From a booking's completion to its payout: the time in which a customer disputes it. */
  readonly delayMs: number
  /** How long after its completion a tip still belongs to a booking. */
  readonly tipWindowMs: number
}

const HOUR_MS = 3_600_000

export const BOOKING_RULES: BookingRules = { delayMs: 48 * HOUR_MS, tipWindowMs: 24 * HOUR_MS }

/** Refusals after which a booking's transfer has failed, whatever the reason. */
export const BOOKING_MAX_REFUSALS = 3

/** What people read on a payout that waits for a dispute. */
export const DISPUTE_OPEN = 'Dispute Open'

export type TipStatus = 'paid' | 'failed' | 'refunded'

export interface Completion {
  readonly providerId: string
  readonly currency: Currency
  /** Minor units, zero or more. */
  readonly providerShare: bigint
  readonly completedAt: Date
}

export interface Tip {
  readonly tipId: string
  readonly money: Money
  readonly addedAt: Date
  /** Of the customer's payment: one that failed counts once it is told to be paid. */
  readonly status: TipStatus
}

export interface Dispute {
  readonly disputeId: string
  /** What the customer gets back, zero for nothing; null while it is open. */
  readonly refund: Money | null
}

/** All that was told of a booking, in whatever order. */
export interface BookingFacts {
  /** Null until it is completed. */
  readonly completion: Completion | null
  readonly tips: readonly Tip[]
  readonly disputes: readonly Dispute[]
}

/** Whether a tip is the provider's: it was paid, and added no later than the window after the booking's completion. */
export const tipCounts = (
  { status, addedAt }: Tip,
  { completedAt }: Completion,
  { tipWindowMs }: BookingRules,
): boolean => status === 'paid' && addedAt.getTime() <= completedAt.getTime() + tipWindowMs

/**
 * What the provider of a completed booking gets for it in all: share and tips, less the refunds of its disputes. Money of
 * one currency never pays for another's.
 * @returns minor units by currency, never below zero; the booking's own currency is always there
 */
export function amountsDue(
  completion: Completion,
  { tips, disputes }: Pick<BookingFacts, 'tips' | 'disputes'>,
  rules: BookingRules,
): ReadonlyMap<Currency, bigint> {
  const due = new Map([[completion.currency, completion.providerShare]])
  const add = ({ amount, currency }: Money): void => void due.set(currency, (due.get(currency) ?? 0n) + amount)
  for (const tip of tips) if (tipCounts(tip, completion, rules)) add(tip.money)
  for (const { refund } of disputes) if (refund) add({ ...refund, amount: -refund.amount })
  return new Map([...due].map(([currency, amount]) => [currency, amount > 0n ? amount : 0n]))
}

/**
 * How much of a payout is kept back against what its provider owes us: what is left of it can be sent.
 * @param outstanding - what the provider owes, minor units, zero or more
 * @param percent - of the payout at most, a whole number from 0 to 100
 * @returns minor units, rounded down to what leaves whole units of a transfer
 */
export function setOffOf({ amount: gross, currency }: Money, outstanding: bigint, percent: number): bigint {
  if (!Number.isInteger(percent) || percent < 0 || percent > 100) throw new RangeError(`${percent} is no percentage`)
  const most = (gross * BigInt(percent)) / 100n
  const kept = outstanding < most ? outstanding : most
  const unit = transferUnitOf(currency)
  const uneven = (gross - kept) % unit
  const even = uneven === 0n ? kept : kept - (unit - uneven)
  return even > 0n ? even : 0n
}

/** What an operator may do to a payout. */
export type BookingOverride = 'force_release' | 'hold' | 'resume' | 'cancel' | 'retry'

const OVERRIDABLE: Readonly<Record<BookingOverride, readonly BookingPayoutStatus[]>> = {
  force_release: ['scheduled', 'on_hold'],
  hold: ['scheduled', 'on_hold', 'processing'],
  resume: ['on_hold'],
  cancel: ['scheduled', 'on_hold', 'failed', 'processing'],
  retry: ['failed'],
}

/**
 * Whether an operator may do this to a payout that stands there; one in `processing` only before its transfer is claimed, and
 * one on hold is resumed only where an operator holds it.
 */
export const mayOverride = (action: BookingOverride, status: BookingPayoutStatus): boolean =>
  OVERRIDABLE[action].includes(status)
