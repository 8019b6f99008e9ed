import type { Money } from './money.ts'
import type { AttemptState } from './payment-steps.ts'

/** Whose books our payouts are held against. */
export const RECONCILED_BOOKS = ['stripe-transfers', 'fpay', 'payoneer', 'netsuite'] as const
export type ReconciledBooks = (typeof RECONCILED_BOOKS)[number]

/** A payment as the other side has it: a transfer, a bank payment, a vendor payment. */
export interface ProviderPayment {
  /** The other side's id. */
  readonly reference: string
  /** Our idempotency key, where the other side tells it. */
  readonly key: string | undefined
  /** What it pays: our id of the seller balance or payout transfer, where the other side tells it. */
  readonly payableId: string | undefined
  /** The rail's reference that it names as what it books: NetSuite's payments that were typed in by hand have no more. */
  readonly mentions?: string | undefined
  /** Minor units; undefined when it is no amount in a currency that we know. */
  readonly money: Money | undefined
  /** What of it came back, minor units of the same currency; all of it for one that the bank returned. */
  readonly takenBack: bigint
  readonly state: 'pending' | 'paid' | 'rejected'
  /** When it was made, by the other side's clock. */
  readonly at: Date
  /** When it last changed there, where the other side tells. */
  readonly changedAt?: Date | undefined
}

/** The same payment as we recorded it. */
export interface RecordedPayment {
  readonly state: AttemptState
  readonly money: Money
  /** What of it we know to have come back, minor units. */
  readonly takenBack: bigint
  /** When it was first asked for, or had to be booked. */
  readonly begunAt: Date
  /** When our record last changed. */
  readonly changedAt: Date
}

/**
 * `paid_not_recorded`: their money is out, or may yet go out, and our record says otherwise. `recorded_not_paid`: the
 * reverse. `duplicate`: a second payment of what is paid once. `timing`: the two will agree once what is under way has
 * ended; no mismatch.
 */
export type RailFindingCategory =
  | 'paid_not_recorded'
  | 'recorded_not_paid'
  | 'amount'
  | 'currency'
  | 'duplicate'
  | 'timing'

export interface RailVerdict {
  readonly category: RailFindingCategory
  /** Money may move twice, or a payee was told of money that is not coming: somebody must act before the next pay-day. */
  readonly urgent: boolean
}

/** What belongs together, as far as the two sides tell. At least one of the two is there. */
export interface PaymentPair {
  readonly provider: ProviderPayment | undefined
  readonly recorded: RecordedPayment | undefined
  /** The recorded payment is already paired with another payment of theirs. */
  readonly isSecond: boolean
}

/** When the other side's books were read, and how long the two may differ before it means something. */
export interface Reading {
  /** When reading began: what changed here since is no contradiction. */
  readonly readAt: Date
  /** Milliseconds for a payment to show there, and for its end to be heard of here. */
  readonly graceMs: number
}

/** Polling slows to once an hour, and recovery to once in ten minutes; twice that, and nothing ordinary is told. */
export const RAIL_GRACE_MS = 2 * 3_600_000

/** @returns undefined when the two agree, or when neither moved money */
export function judge({ provider, recorded, isSecond }: PaymentPair, reading: Reading): RailVerdict | undefined {
  const theirs = provider ? standingThere(provider) : 'missing'
  if (isSecond || !recorded) {
    if (theirs !== 'out' && theirs !== 'under_way') return undefined
    return { category: isSecond ? 'duplicate' : 'paid_not_recorded', urgent: true }
  }
  const byState = judgeStates(theirs, recorded, { ...reading, provider })
  if (byState?.urgent || !provider) return byState
  const byMoney =
    theirs === 'none' || standingHere(recorded) === 'none' ? undefined : judgeMoney(provider, recorded, reading)
  return byMoney ?? byState
}

type Standing = 'out' | 'under_way' | 'none'

/** What is out after all that came back. */
function standingThere({ state, money, takenBack }: ProviderPayment): Standing {
  if (state === 'rejected') return 'none'
  if (state === 'pending') return 'under_way'
  return money === undefined || money.amount > takenBack ? 'out' : 'none'
}

function standingHere({ state, money, takenBack }: RecordedPayment): Standing {
  switch (state) {
    case 'claimed':
    case 'postponed':
    case 'accepted':
      return 'under_way'
    case 'paid':
      return money.amount > takenBack ? 'out' : 'none'
    case 'declined':
    case 'reversed':
      return 'none'
  }
}

const TIMING: RailVerdict = { category: 'timing', urgent: false }

function judgeStates(
  theirs: Standing | 'missing',
  recorded: RecordedPayment,
  { readAt, graceMs, provider }: Reading & { readonly provider: ProviderPayment | undefined },
): RailVerdict | undefined {
  const ours = standingHere(recorded)
  const contradiction = contradictionOf(theirs, ours, recorded.state)
  if (!contradiction) return undefined
  if (recorded.changedAt >= readAt) return TIMING // it moved while they were read
  // Nobody has to have heard yet of what happened just now. That a payment we saw end did not, is nobody's delay.
  const since = provider ? later(provider.changedAt ?? provider.at, recorded.begunAt) : recorded.changedAt
  const isYoung = readAt.getTime() - since.getTime() < graceMs
  const mayBeDelay = theirs === 'missing' || ours === 'under_way' || (theirs === 'none' && provider?.state === 'paid')
  return contradiction.category === 'timing' || !isYoung || !mayBeDelay ? contradiction : TIMING
}

// A vendor payment has a day and no time, so that its own word may be much too early.
const later = (a: Date, b: Date): Date => (a > b ? a : b)

/** What each pair of standings would mean if both were settled. */
function contradictionOf(theirs: Standing | 'missing', ours: Standing, state: AttemptState): RailVerdict | undefined {
  if (theirs === ours) return undefined
  const isTheirs = theirs === 'out' || theirs === 'under_way'
  // Refused here and carried out there, or taken back here and standing there: a new generation would pay again.
  if (isTheirs && ours === 'none') return { category: 'paid_not_recorded', urgent: true }
  // The key is still ours, so nothing can go out twice; but nobody was told that it went out.
  if (theirs === 'out') return { category: 'paid_not_recorded', urgent: false }
  if (ours === 'out') return { category: 'recorded_not_paid', urgent: true }
  if (ours === 'none') return undefined
  if (state === 'accepted') return { category: 'recorded_not_paid', urgent: false }
  // In flight, and nothing there: the protocol's own matter. One that was refused is not expected there.
  return state === 'claimed' && theirs === 'missing' ? TIMING : undefined
}

function judgeMoney(
  provider: ProviderPayment,
  { money, takenBack, changedAt }: RecordedPayment,
  { readAt }: Reading,
): RailVerdict | undefined {
  if (!provider.money) return { category: 'amount', urgent: true }
  if (provider.money.currency !== money.currency) return { category: 'currency', urgent: true }
  if (provider.money.amount === money.amount) {
    if (provider.takenBack === takenBack) return undefined
    if (changedAt >= readAt) return TIMING // part of it is being taken back right now
  }
  // More out than we think has been lost until somebody fetches it; less is owed to a payee, who will say so.
  return { category: 'amount', urgent: provider.money.amount - provider.takenBack > money.amount - takenBack }
}
