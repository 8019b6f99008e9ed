import { reversalKey } from '@remesa/domain/idempotency-key'
import type { PaymentPatience } from '@remesa/domain/payment-steps'
import { afterReversal, isTerminal, type ReversalStatus, type ReversalStep } from '@remesa/domain/payout-reversal'
import { isTurnedAway, type PaymentOutcome } from '@remesa/domain/rail'
import type { Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import { recordEntries } from './ledger.ts'
import { recordAnswers } from './payment-attempts.ts'
import {
  lockReversals,
  moveReversals,
  type PayoutReversal,
  receivableAudit,
  receivableEntry,
  reversedEntry,
} from './payout-reversals.ts'
import { oneOfEachAttempt, pauseRails, railPausedKey, resumeRails, unexplainedAcceptances } from './rail-answers.ts'
import type { ReversalClaim } from './reversal-claims.ts'
import type { Schema } from './schema.ts'

// The last of claim, call, record (design §5) for payout reversals.

/** What the rail answered to a claim. */
export interface AnsweredReversal {
  readonly claim: ReversalClaim
  readonly outcome: PaymentOutcome
}

/** What follows from a recorded answer, for the worker to put on its way in the same transaction. */
export interface RecordedReversal {
  readonly reversalId: string
  /** What the answer makes of the reversal; null when another call with the key told its end before. */
  readonly status: ReversalStatus | null
  /** Try again then; null when nothing more happens by itself. */
  readonly retryAt: Date | null
}

/**
 * Records what the rail answered: attempt, reversal, ledger, audit, all or nothing. What is refused the provider owes us
 * from then on.
 * @param options.random - in [0, 1), spreads the retries
 * @returns `recorded` in the order of the results, and the alerts to raise in the same transaction
 * @throws when a reversal does not stand where its attempt says it must: a bug of ours, and nothing is recorded
 */
export async function recordReversals(
  tx: Transaction<Schema>,
  results: readonly AnsweredReversal[],
  options: { now: Date; patience: PaymentPatience; random: () => number },
): Promise<{ recorded: readonly RecordedReversal[]; alerts: readonly NewAlert[] }> {
  const { now, patience } = options
  const rows = await lockReversals(
    tx,
    results.map(({ claim }) => claim.reversalId),
  )
  const planned = results.map(({ claim, outcome }): PlannedAnswer => {
    const reversal = rows.get(claim.reversalId)
    if (!reversal) throw new Error(`payout reversal ${claim.reversalId} was claimed and is gone`)
    const step = afterReversal(outcome, claim.counted, patience, options.random())
    const retryAt = step.retryAfterMs === undefined ? null : new Date(now.getTime() + step.retryAfterMs)
    return { claim, outcome, step, retryAt, reversal }
  })
  const chosen = oneOfEachAttempt(planned)
  const movedIds = await recordAnswers(tx, [...chosen].map(answerOf), now)
  const applied = planned.filter((plan) => chosen.has(plan) && movedIds.has(plan.claim.attempt.attemptId))
  const isApplied = new Set(applied)

  await moveReversals(tx, applied.map(moveOf), now)
  await resumeRails(tx, applied, now)
  await pauseRails(tx, new Map(applied.flatMap((plan) => pauseOf(plan, now))))
  const settled = applied.filter(({ step }) => isTerminal(step.status)).flatMap(settledKeys)
  await resolveAlerts(tx, { dedupKeys: settled, note: 'The rail has told how it ended.' })
  await recordEntries(tx, applied.flatMap(entryOf))
  await recordAudit(tx, applied.flatMap(auditOf))
  const contradictions = await unexplainedAcceptances(
    tx,
    planned.filter((plan) => !isApplied.has(plan)),
  )
  return {
    recorded: planned.map((plan) => ({
      reversalId: plan.claim.reversalId,
      status: isApplied.has(plan) ? plan.step.status : null,
      retryAt: isApplied.has(plan) ? plan.retryAt : null,
    })),
    alerts: [
      ...applied.flatMap(alertOf),
      ...contradictions.map(({ answer, reference, recorded }) =>
        alertAbout(answer, 'payment_mismatch', { reference, recorded }),
      ),
    ],
  }
}

const ACTOR = 'payouts'

interface PlannedAnswer extends AnsweredReversal {
  readonly step: ReversalStep
  readonly retryAt: Date | null
  /** As it stood before this answer. */
  readonly reversal: PayoutReversal
}

const answerOf = ({ claim, outcome, step, retryAt }: PlannedAnswer) => ({
  attempt: claim.attempt,
  state: step.attempt,
  retryAt,
  reference: outcome.kind === 'accepted' ? outcome.reference : null,
  refusalReason: refusalOf(outcome),
  facts: outcome.facts,
  settledAt: outcome.kind === 'accepted' && outcome.status.state === 'paid' ? outcome.status.paidAt : null,
})

const moveOf = ({ claim, outcome, step, retryAt, reversal }: PlannedAnswer) => ({
  reversalId: claim.reversalId,
  from: reversal.status,
  to: step.status,
  tries: triesOf(claim, outcome, reversal),
  isRefusal: step.counts === 'refusal',
  dueAt: retryAt,
  reason: step.status === 'processing' ? null : refusalOf(outcome),
  reference: outcome.kind === 'accepted' && step.status === 'reversed' ? outcome.reference : null,
})

/** What an answer adds to the tries that were counted when they began. */
function triesOf({ isNewTry }: ReversalClaim, outcome: PaymentOutcome, { status }: PayoutReversal): -1 | 0 | 1 {
  // An acceptance may come after the refusal of another call with its key put the reversal back. It is a fact all the
  // same, and a try of its own, which was not counted.
  if (status === 'retryable') return 1
  return isNewTry && isTurnedAway(outcome) ? -1 : 0
}

const pauseOf = ({ claim, step: { pauseRailMs } }: PlannedAnswer, now: Date) =>
  pauseRailMs ? [[claim.attempt.rail, new Date(now.getTime() + pauseRailMs)] as const] : []

function entryOf({ reversal, step }: PlannedAnswer) {
  if (step.status === 'reversed') return [reversedEntry(reversal)]
  return step.status === 'refused' ? [receivableEntry(reversal)] : []
}

/** Of the reversal whatever was answered, of its payout what became of the money. */
function auditOf({ claim, outcome, step, reversal }: PlannedAnswer): readonly AuditRow[] {
  const reason = refusalOf(outcome)
  const { reversalId, payoutId, money } = reversal
  const reference = outcome.kind === 'accepted' ? outcome.reference : undefined
  const answer: AuditRow = {
    actor: ACTOR,
    action: `payout_reversal.${outcome.kind}`,
    subject: { type: 'payout_reversal', id: reversalId },
    reason,
    before: { status: reversal.status },
    after: { status: step.status, key: claim.attempt.instruction.idempotencyKey, ...(reference && { reference }) },
  }
  if (step.status === 'refused') return [answer, receivableAudit(reversal, reason ?? 'refused')]
  if (step.status !== 'reversed') return [answer]
  const subject = { type: 'payout', id: payoutId }
  return [answer, { actor: ACTOR, action: 'payout.reversal_made', subject, after: { reversalId, reference, ...money } }]
}

const alertOf = (plan: PlannedAnswer): readonly NewAlert[] =>
  plan.step.alert
    ? [
        alertAbout(plan, plan.step.alert, {
          outcome: plan.outcome.kind,
          refusal: refusalOf(plan.outcome),
          ...plan.outcome.facts,
        }),
      ]
    : []

function alertAbout({ claim }: AnsweredReversal, kind: NewAlert['kind'], details: object): NewAlert {
  const { rail, instruction } = claim.attempt
  const { amount, currency } = instruction.money
  const isRails = kind === 'rail_paused' || kind === 'rail_unavailable'
  return {
    kind,
    dedupKey: alertKey(kind, claim),
    subject: isRails ? { type: 'rail', id: rail } : { type: 'payout', id: claim.payoutId },
    businessDate: null,
    details: {
      rail,
      reversalId: claim.reversalId,
      providerId: claim.providerId,
      transfer: instruction.destination,
      amount: amount.toString(),
      currency,
      ...details,
    },
  }
}

/** Names the matter: what concerns everybody at once is one, not one per reversal. */
function alertKey(kind: string, { reversalId, attempt: { rail } }: ReversalClaim): string {
  if (kind === 'rail_paused') return railPausedKey(rail)
  return kind === 'rail_unavailable' ? `${kind}:${rail}` : `${kind}:${reversalKey(reversalId, 1)}`
}

/** What is no question any more once it has ended. */
const settledKeys = ({ claim, step }: PlannedAnswer): readonly string[] =>
  ['payment_unknown', 'payment_mismatch', ...(step.status === 'reversed' ? ['rail_unavailable'] : [])].map((kind) =>
    alertKey(kind, claim),
  )

function refusalOf(outcome: PaymentOutcome): string | null {
  if (outcome.kind !== 'accepted') return outcome.reason
  return outcome.status.state === 'paid' ? null : outcome.status.state
}
