import { type AnswerStep, afterAnswer, backoffMs, type Counted, type PaymentPatience, waitMs } from './payment-steps.ts'
import { isTurnedAway, type PaymentOutcome } from './rail.ts'

/**
 * The life of what is taken back from one transfer of a booking's payout (design §6.4). `refused`: the rail does not take
 * it back, ever, and the provider owes it to us.
 */
export type ReversalStatus = 'pending' | 'processing' | 'retryable' | 'reversed' | 'refused'

const NEXT: Readonly<Record<ReversalStatus, readonly ReversalStatus[]>> = {
  pending: ['processing'],
  processing: ['reversed', 'retryable', 'refused'],
  // Its end may come while it waits: the rail accepts under a key that it refused to another call for haste.
  retryable: ['processing', 'reversed', 'refused'],
  reversed: [],
  refused: [],
}

export const REVERSAL_STATUSES = Object.keys(NEXT) as readonly ReversalStatus[]

export const mayBecome = (from: ReversalStatus, to: ReversalStatus): boolean => NEXT[from].includes(to)

/** Nothing more happens to it, ever. */
export const isTerminal = (status: ReversalStatus): boolean => NEXT[status].length === 0

/** What follows from an answer for a reversal. `processing` moves nothing: it only waits, and perhaps alerts. */
export interface ReversalStep extends Omit<AnswerStep, 'standing' | 'counts'> {
  readonly status: ReversalStatus
  /** A refusal for a reason that passes: each makes the next wait longer. */
  readonly counts: 'nothing' | 'refusal'
}

/**
 * What the rail's answer makes of a reversal in `processing` and of its claimed attempt. It moves at once or not at all.
 *
 * A refusal is its end where the account no longer holds the money, too: waiting for it to hold money again would race the
 * account's bank, while the debt is kept back from the provider's next payouts for certain. The rail's own trouble, and
 * haste, never end it.
 * @param counted - its `attempts` are the refusals that were the rail's own trouble
 * @param patience - people are told of each `maxAttempts` such refusals
 * @param random - in [0, 1), spreads the retries
 */
export function afterReversal(
  outcome: PaymentOutcome,
  counted: Counted,
  patience: PaymentPatience,
  random: number,
): ReversalStep {
  switch (outcome.kind) {
    case 'accepted':
      return outcome.status.state === 'paid'
        ? { attempt: 'paid', status: 'reversed', counts: 'nothing' }
        : contradiction(patience)
    case 'declined_for_good':
      return REFUSED
    case 'declined_may_change':
      return outcome.reason === 'funds' ? REFUSED : triedAgain(outcome, counted, patience, random)
    case 'unknown': {
      const { standing: _, counts: __, ...step } = afterAnswer(outcome, counted, patience, random)
      return { ...step, status: 'processing', counts: 'nothing' }
    }
  }
}

const REFUSED: ReversalStep = { attempt: 'declined', status: 'refused', counts: 'nothing', alert: 'reversal_refused' }

/** No reversal is ever in another state than made. It may be, so its key stays, and a person compares the books. */
const contradiction = (patience: PaymentPatience): ReversalStep => ({
  attempt: 'claimed',
  status: 'processing',
  counts: 'nothing',
  retryAfterMs: patience.retry.maxMs,
  alert: 'payment_mismatch',
})

function triedAgain(
  outcome: PaymentOutcome & { kind: 'declined_may_change' },
  counted: Counted,
  patience: PaymentPatience,
  random: number,
): ReversalStep {
  const { reason, keyIsSpent, facts } = outcome
  const step = { attempt: keyIsSpent ? 'declined' : 'postponed', status: 'retryable' } as const
  if (reason !== 'rail_unavailable') {
    // Our own limiter turned it away and Stripe was not asked, so that no number of calls makes this wait longer.
    const calls = isTurnedAway(outcome) ? 1 : counted.calls
    return { ...step, counts: 'nothing', retryAfterMs: waitMs(facts, backoffMs(calls, patience.retry, random)) }
  }
  const refusals = counted.attempts + 1
  return {
    ...step,
    counts: 'refusal',
    retryAfterMs: waitMs(facts, backoffMs(refusals, patience.refused, random)),
    ...(refusals % patience.maxAttempts === 0 && { alert: 'rail_unavailable' }),
  }
}
