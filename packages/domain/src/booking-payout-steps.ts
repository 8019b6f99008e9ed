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

/** `was_wanted_back`: its try ended before anybody wanted it again; it is released anew, with tries of its own. */
export type WithdrawReason = 'dispute_open' | 'less_is_due' | 'booking_closed' | 'was_wanted_back'

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
  /** An operator has cancelled a payout of it: nothing more of it is paid. */
  readonly isClosed: boolean
  readonly payouts: Draft[]
  readonly firstDueAt: Date
  readonly now: Date
  readonly steps: BookingStep[]
}

const netOf = (payouts: readonly Draft[]): bigint =>
  payouts.reduce((total, { amount, corrected }) => total + amount - corrected, 0n)
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/**
 * What has gone, or is going, in spite of a dispute or beyond what is owed: newest first. What is queued comes back for
 * certain, so that what is in flight is asked for only where that is not enough.
 */
function takeBack(booking: Looked, currency: Currency, owed: bigint): void {
  const { payouts, openDisputes, isClosed, steps } = booking
  const gone = payouts.filter((payout) => payout.currency === currency && hasGone(payout)).toReversed()
  let excess = netOf(gone) - owed
  const going = gone.filter(({ status }) => status === 'processing')
  const why = (payout: Draft): WithdrawReason => {
    if (isClosed) return 'booking_closed'
    return blocking(payout, openDisputes).length > 0 ? 'dispute_open' : 'less_is_due'
  }
  const back = (payout: Draft): void => {
    excess -= payout.amount
    askBack(booking, payout, why(payout))
  }
  const [unwanted, wanted] = parted(going, (payout) => why(payout) !== 'less_is_due')
  for (const payout of unwanted) back(payout)
  const [flying, queued] = parted(wanted, ({ transfer }) => transfer?.isInFlight === true)
  for (const payout of queued) {
    if (excess > 0n) back(payout)
    else if (payout.transfer?.withdrawRequested) askBack(booking, payout, 'was_wanted_back')
  }
  for (const payout of flying) {
    if (excess > 0n) back(payout)
    else if (payout.transfer?.withdrawRequested) steps.push({ kind: 'let_go', sequence: payout.sequence })
  }
  // Only what is certainly gone is corrected: whatever is in flight may yet come back by itself.
  const transferred = gone.filter(({ status }) => status === 'transferred')
  let tooMuch = netOf(transferred) - owed
  for (const payout of transferred) {
    const amount = least(tooMuch, payout.amount - payout.corrected)
    if (amount <= 0n) continue
    steps.push({ kind: 'correct', sequence: payout.sequence, amount })
    payout.corrected += amount
    tooMuch -= amount
  }
}

function askBack({ steps }: Looked, payout: Draft, why: WithdrawReason): void {
  const { sequence, transfer } = payout
  if (!transfer?.isInFlight) {
    steps.push({ kind: 'withdraw', sequence, why })
    payout.status = 'scheduled'
  } else if (!transfer.withdrawRequested) steps.push({ kind: 'request_withdrawal', sequence, why })
}

/** What is owed beyond what has gone, among the payouts that have not: failed ones keep theirs, the newest gets the rest. */
function shareOut(booking: Looked, currency: Currency, owed: bigint): void {
  const { payouts, completion, isClosed, firstDueAt, now, steps } = booking
  const mine = payouts.filter((payout) => payout.currency === currency)
  if (isClosed) {
    for (const payout of mine) if (isWaiting(payout)) cancel(booking, payout)
    return
  }
  const gone = netOf(mine.filter(hasGone))
  let left = owed > gone ? owed - gone : 0n
  const open = mine.filter(({ status }) => status === 'scheduled' || status === 'on_hold')
  const waiting = [...mine.filter(({ status }) => status === 'failed'), ...open]
  for (const payout of waiting) {
    const amount = payout === open.at(-1) ? left : least(payout.amount, left)
    left -= amount
    if (amount !== payout.amount) steps.push({ kind: 'adjust', sequence: payout.sequence, amount })
    payout.amount = amount
    if (amount === 0n) cancel(booking, payout)
  }
  // A booking that owes nothing from the start says so, whatever order its events came in.
  const owesNothing = payouts.length === 0 && currency === completion.currency
  if (left === 0n && !owesNothing) return
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
const isWaiting = ({ status }: StandingPayout): boolean =>
  status === 'scheduled' || status === 'on_hold' || status === 'failed'

/** @returns those of which it is true, then the others, each in their order */
function parted<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): readonly [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))]
}

const blocking = ({ overriddenDisputes }: StandingPayout, openDisputes: readonly string[]): readonly string[] =>
  openDisputes.filter((dispute) => !overriddenDisputes.includes(dispute))
