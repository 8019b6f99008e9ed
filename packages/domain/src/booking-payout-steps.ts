import {
  amountsDue,
  type BookingFacts,
  type BookingPayoutStatus,
  type BookingRules,
  type Completion,
} from './booking-payout.ts'
import type { Currency } from './currency.ts'

/** A payout of the booking as it stands. */
export interface StandingPayout {
  readonly sequence: number
  readonly currency: Currency
  readonly status: BookingPayoutStatus
  /** Gross, minor units. */
  readonly amount: bigint
  /** Of the amount: taken back since, or being taken back. */
  readonly corrected: bigint
  readonly dueAt: Date
  readonly heldBy: 'disputes' | 'operator' | null
  readonly cancelledBy: 'rules' | 'operator' | null
  /** Disputes that an operator released it in spite of. */
  readonly overriddenDisputes: readonly string[]
  /** Of one in processing: whether its transfer may be with the rail already, and whether it is wanted back. */
  readonly transfer: { readonly isInFlight: boolean; readonly withdrawRequested: boolean } | null
}

/** What must change about a booking's payouts, in this order. `sequence` names the payout. */
export type BookingStep =
  | {
      readonly kind: 'schedule'
      readonly sequence: number
      readonly currency: Currency
      readonly amount: bigint
      readonly dueAt: Date
    }
  /** What is owed changed before it went. */
  | { readonly kind: 'adjust'; readonly sequence: number; readonly amount: bigint }
  | { readonly kind: 'cancel'; readonly sequence: number }
  | { readonly kind: 'hold'; readonly sequence: number; readonly disputes: readonly string[] }
  | { readonly kind: 'unhold'; readonly sequence: number }
  | { readonly kind: 'release'; readonly sequence: number }
  /** Its transfer is taken out of the queue, and the payout is scheduled again. */
  | { readonly kind: 'withdraw'; readonly sequence: number; readonly why: WithdrawReason }
  /** Its transfer may be paid already: no new attempt of it begins, and once it is answered the booking is looked at again. */
  | { readonly kind: 'request_withdrawal'; readonly sequence: number; readonly why: WithdrawReason }
  /** It is not wanted back any more. */
  | { readonly kind: 'let_go'; readonly sequence: number }
  /** So much of what was transferred is taken back. */
  | { readonly kind: 'correct'; readonly sequence: number; readonly amount: bigint }

export type WithdrawReason = 'dispute_open' | 'less_is_due'

/**
 * Decides what must change about a booking, from all that is known of it. Asked again after its steps were taken it has no
 * more, so that it may be asked at every event, late, repeated, or in another order.
 * @param now - by the clock of the booking rules
 */
export function bookingSteps(
  facts: BookingFacts,
  payouts: readonly StandingPayout[],
  now: Date,
  rules: BookingRules,
): readonly BookingStep[] {
  const { completion } = facts
  if (!completion) return []
  const booking: Looked = {
    completion,
    openDisputes: facts.disputes.flatMap(({ disputeId, refund }) => (refund ? [] : [disputeId])).toSorted(),
    isClosed: payouts.some(({ cancelledBy }) => cancelledBy === 'operator'),
    payouts: payouts.map((payout) => ({ ...payout })).toSorted((a, b) => a.sequence - b.sequence),
    firstDueAt: new Date(completion.completedAt.getTime() + rules.delayMs),
    now,
    steps: [],
  }
  const due = amountsDue(completion, facts, rules)
  for (const currency of new Set([...due.keys(), ...payouts.map((payout) => payout.currency)])) {
    const owed = due.get(currency) ?? 0n
    takeBack(booking, currency, owed)
    shareOut(booking, currency, owed)
  }
  for (const payout of booking.payouts) holdOrRelease(booking, payout)
  return booking.steps
}

type Draft = { -readonly [Key in keyof StandingPayout]: StandingPayout[Key] }

/** What is known, and the payouts as the steps so far leave them. */
interface Looked {
  readonly completion: Completion
  readonly openDisputes: readonly string[]
  /** An operator has cancelled a payout of it: nothing more is paid by itself. */
  readonly isClosed: boolean
  readonly payouts: Draft[]
  readonly firstDueAt: Date
  readonly now: Date
  readonly steps: BookingStep[]
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/** What has gone, or is going, in spite of a dispute or beyond what is owed: newest first. */
function takeBack({ payouts, openDisputes, steps }: Looked, currency: Currency, owed: bigint): void {
  const gone = payouts.filter((payout) => payout.currency === currency && hasGone(payout)).toReversed()
  let excess = sum(gone.map(({ amount, corrected }) => amount - corrected)) - owed
  for (const payout of gone) {
    const { sequence, transfer } = payout
    if (payout.status !== 'processing') continue
    const isDisputed = blocking(payout, openDisputes).length > 0
    if (!isDisputed && excess <= 0n) {
      if (transfer?.withdrawRequested) steps.push({ kind: 'let_go', sequence })
      continue
    }
    const why = isDisputed ? 'dispute_open' : 'less_is_due'
    excess -= payout.amount
    if (!transfer?.isInFlight) {
      steps.push({ kind: 'withdraw', sequence, why })
      payout.status = 'scheduled'
    } else if (!transfer.withdrawRequested) steps.push({ kind: 'request_withdrawal', sequence, why })
  }
  // Only what is certainly gone is corrected: whatever is in flight may yet come back by itself.
  const transferred = gone.filter(({ status }) => status === 'transferred')
  let tooMuch = sum(transferred.map(({ amount, corrected }) => amount - corrected)) - owed
  for (const payout of transferred) {
    const amount = least(tooMuch, payout.amount - payout.corrected)
    if (amount <= 0n) continue
    steps.push({ kind: 'correct', sequence: payout.sequence, amount })
    payout.corrected += amount
    tooMuch -= amount
  }
}

/** What is owed beyond what has gone, among the payouts that have not: failed ones keep theirs, the newest gets the rest. */
function shareOut(booking: Looked, currency: Currency, owed: bigint): void {
  const { payouts, completion, isClosed, firstDueAt, now, steps } = booking
  const mine = payouts.filter((payout) => payout.currency === currency)
  const gone = sum(mine.filter(hasGone).map(({ amount, corrected }) => amount - corrected))
  let left = owed > gone ? owed - gone : 0n
  const open = mine.filter(({ status }) => status === 'scheduled' || status === 'on_hold')
  const waiting = [...mine.filter(({ status }) => status === 'failed'), ...open]
  for (const payout of waiting) {
    const getsTheRest = payout === open.at(-1) && !isClosed
    const amount = getsTheRest ? left : least(payout.amount, left)
    left -= amount
    if (amount !== payout.amount) steps.push({ kind: 'adjust', sequence: payout.sequence, amount })
    payout.amount = amount
    if (amount === 0n) cancel(booking, payout)
  }
  // A booking that owes nothing from the start says so, whatever order its events came in.
  const owesNothing = payouts.length === 0 && currency === completion.currency
  if (isClosed || (left === 0n && !owesNothing)) return
  const sequence = Math.max(0, ...payouts.map((payout) => payout.sequence)) + 1
  const dueAt = new Date(Math.max(firstDueAt.getTime(), now.getTime()))
  const scheduled: Draft = {
    ...{
      sequence,
      currency,
      status: 'scheduled',
      amount: left,
      corrected: 0n,
      dueAt: sequence === 1 ? firstDueAt : dueAt,
    },
    ...{ heldBy: null, cancelledBy: null, overriddenDisputes: [], transfer: null },
  }
  payouts.push(scheduled)
  steps.push({ kind: 'schedule', sequence, currency, amount: left, dueAt: scheduled.dueAt })
  if (left === 0n) cancel(booking, scheduled)
}

function cancel({ steps }: Looked, payout: Draft): void {
  steps.push({ kind: 'cancel', sequence: payout.sequence })
  payout.status = 'cancelled'
}

function holdOrRelease({ openDisputes, now, steps }: Looked, payout: Draft): void {
  const { sequence, status, heldBy } = payout
  if ((status !== 'scheduled' && status !== 'on_hold') || heldBy === 'operator') return
  const disputes = blocking(payout, openDisputes)
  if (disputes.length > 0) {
    if (status === 'scheduled') steps.push({ kind: 'hold', sequence, disputes })
    return
  }
  if (status === 'on_hold') steps.push({ kind: 'unhold', sequence })
  if (payout.dueAt <= now) steps.push({ kind: 'release', sequence })
}

const hasGone = ({ status }: StandingPayout): boolean => status === 'processing' || status === 'transferred'

const blocking = ({ overriddenDisputes }: StandingPayout, openDisputes: readonly string[]): readonly string[] =>
  openDisputes.filter((dispute) => !overriddenDisputes.includes(dispute))
