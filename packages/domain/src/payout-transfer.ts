import { BOOKING_MAX_REFUSALS } from './booking-payout.ts'
import {
  type AnswerStep,
  afterAnswer,
  backoffMs,
  type Counted,
  type PaymentPatience,
  type Standing,
  waitMs,
} from './payment-steps.ts'
import { isTurnedAway, type PaymentOutcome } from './rail.ts'

/** The life of what one user is paid: a winner for a contest (design §6.3), or a provider for a booking (§6.4). */
export type TransferStatus =
  | 'awaiting_destination'
  | 'pending'
  | 'processing'
  | 'completed'
  | 'retryable'
  | 'failed_terminal'
  /** Taken back before it was claimed: its booking is in dispute, or no longer owes so much. */
  | 'withdrawn'

const NEXT: Readonly<Record<TransferStatus, readonly TransferStatus[]>> = {
  awaiting_destination: ['pending', 'withdrawn'], // the payee's account became able to receive
  pending: ['processing', 'awaiting_destination', 'withdrawn'],
  processing: ['completed', 'retryable', 'failed_terminal'],
  // Its end may come while it waits: the rail accepts under a key that it refused to another call.
  retryable: ['processing', 'awaiting_destination', 'completed', 'failed_terminal', 'withdrawn'],
  completed: [],
  failed_terminal: ['pending'], // two people, after the payee's details were mended; a contest's only
  withdrawn: [],
}

export const TRANSFER_STATUSES = Object.keys(NEXT) as readonly TransferStatus[]

export const mayBecome = (from: TransferStatus, to: TransferStatus): boolean => NEXT[from].includes(to)

/** Nothing more happens to it by itself: its job no longer waits for it. */
export const isTerminal = (status: TransferStatus): boolean => TERMINAL.has(status)
const TERMINAL: ReadonlySet<TransferStatus> = new Set(['completed', 'failed_terminal', 'withdrawn'])

/** What follows from an answer for a transfer. `processing` moves nothing: it only waits, and perhaps alerts. */
export interface TransferStep extends Omit<AnswerStep, 'standing'> {
  readonly status: TransferStatus
}

const STATUS_WHEN: Readonly<Record<Standing, TransferStatus>> = {
  open: 'processing',
  accepted: 'completed',
  again: 'retryable',
  awaiting_funds: 'retryable',
  failed: 'failed_terminal',
}

/**
 * The same for a transfer that ends after so many counted refusals, whatever their reason: the provider is told of by then,
 * and an operator's retry is a new transfer. What may be paid never ends like this, nor does what its booking wants back:
 * that waits to be withdrawn, and is released anew when somebody wants it paid again.
 */
export function afterBookingTransfer(
  outcome: PaymentOutcome,
  counted: Counted & { readonly isWantedBack: boolean },
  patience: PaymentPatience,
  random: number,
): TransferStep {
  const step = afterTransfer(outcome, counted, patience, random)
  const isLast = counted.attempts + counted.fundsRefusals + 1 >= BOOKING_MAX_REFUSALS
  if (step.status !== 'retryable' || step.counts === 'nothing' || !isLast) return step
  if (counted.isWantedBack) return { attempt: 'declined', status: 'retryable', counts: step.counts, retryAfterMs: 0 }
  return { attempt: 'declined', status: 'failed_terminal', counts: step.counts, alert: 'booking_payout_failed' }
}

/**
 * What a rail's answer makes of a transfer in `processing` and of its claimed attempt. Transfers move at once or not
 * at all: one that was made is paid, and has no state after that but reversed (facts: stripe §2).
 *
 * A transfer has no way back from its end by itself, so a reason of Stripe's or of ours that passes never ends one, however often
 * it is given: neither Stripe's own errors nor our want of funds.
 * @param counted - its `attempts` are the refusals that were Stripe's own trouble: each makes the next wait longer
 * @param patience - people are told of each `maxAttempts` such refusals
 * @param random - in [0, 1), spreads the retries
 */
export function afterTransfer(
  outcome: PaymentOutcome,
  counted: Counted,
  patience: PaymentPatience,
  random: number,
): TransferStep {
  if (outcome.kind === 'declined_may_change' && outcome.reason === 'funds') {
    const retryAfterMs = backoffMs(counted.fundsRefusals + 1, patience.funds, random)
    return { ...triedAgain(outcome), counts: 'funds_refusal', retryAfterMs, alert: 'insufficient_funds' }
  }
  if (outcome.kind === 'declined_may_change' && outcome.reason === 'rail_unavailable') {
    const refusals = counted.attempts + 1
    const retryAfterMs = waitMs(outcome.facts, backoffMs(refusals, patience.refused, random))
    const tellPeople = refusals % patience.maxAttempts === 0
    return {
      ...triedAgain(outcome),
      counts: 'attempt',
      retryAfterMs,
      ...(tellPeople && { alert: 'rail_unavailable' }),
    }
  }
  if (outcome.kind === 'declined_may_change' && isTurnedAway(outcome)) {
    // Our own limiter turned it away and Stripe was not asked, so that no number of calls makes this wait longer.
    const retryAfterMs = waitMs(outcome.facts, backoffMs(1, patience.retry, random))
    return { ...triedAgain(outcome), counts: 'nothing', retryAfterMs }
  }
  if (outcome.kind !== 'accepted') {
    const { standing, ...step } = afterAnswer(outcome, counted, patience, random)
    return { ...step, status: STATUS_WHEN[standing] }
  }
  switch (outcome.status.state) {
    case 'paid':
      return { attempt: 'paid', status: 'completed', counts: 'nothing' }
    case 'reversed':
      // A look-up found it, and somebody had taken it back by hand: they know why, and a person decides.
      return { attempt: 'reversed', status: 'failed_terminal', counts: 'nothing', alert: 'payment_reversed' }
    case 'pending':
    case 'rejected':
      // No transfer is ever in such a state. It may be paid, so its key stays, and a person compares the books.
      return {
        attempt: 'claimed',
        status: 'processing',
        counts: 'nothing',
        retryAfterMs: patience.retry.maxMs,
        alert: 'payment_mismatch',
      }
  }
}

const triedAgain = ({ keyIsSpent }: PaymentOutcome & { kind: 'declined_may_change' }) =>
  ({ attempt: keyIsSpent ? 'declined' : 'postponed', status: 'retryable' }) as const
