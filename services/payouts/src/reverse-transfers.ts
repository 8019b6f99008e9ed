import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import { type AnsweredReversal, type RecordedReversal, recordReversals } from '@remesa/database/reversal-answers'
import { claimReversals, type ReversalClaim, type ReversalClaimAnswer } from '@remesa/database/reversal-claims'
import type { PaymentPatience } from '@remesa/domain/payment-steps'
import { callEnd, type Rail } from '@remesa/domain/rail'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, retry, type Verdict } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import { callRail } from '@remesa/rails/call-rail'
import type { Logger } from '@remesa/service-kit/logger'
import type { ReversalMetrics } from './reversal-metrics.ts'

interface Parts {
  readonly database: Database
  /** The one that takes back: `stripe.reversals`. */
  readonly rail: Rail
  readonly patience: PaymentPatience
  /** How long a claim keeps other workers away; longer than a call can take. */
  readonly leaseMs: number
  readonly now: () => Date
  readonly random: () => number
  readonly metrics: ReversalMetrics
  readonly logger: Logger
}

/** Takes back what transfers moved: claim, call, record (design §5). Harmless when run twice, late, or beside itself. */
export function reverseTransfers(parts: Parts): BatchHandler<{ payoutReversalId: string }> {
  const record = recorder(parts)

  async function reverse(claim: ReversalClaim): Promise<Verdict> {
    try {
      // No transaction is open here, and the attempt with its key is committed: after a crash the same request goes out
      // again and is answered from Stripe's memory.
      const outcome = await callRail(parts.rail, claim.attempt, parts.now())
      if (!outcome) return retry(0, 'the lease ran out before the call')
      tell(parts, { claim, outcome }, await record({ claim, outcome }))
      return done
    } catch (error) {
      return { kind: 'threw', error } // one reversal's trouble leaves its neighbours alone
    }
  }

  return async (batch) => {
    const answers = new Map(await claim(parts, [...new Set(batch.map(({ data }) => data.payoutReversalId))]))
    return Promise.all(
      batch.map(async ({ data: { payoutReversalId } }): Promise<Verdict> => {
        const answer = answers.get(payoutReversalId)
        answers.delete(payoutReversalId) // a second message for it in this batch has nothing left to do
        if (answer?.kind === 'later') {
          return retry(Math.max(0, answer.at.getTime() - parts.now().getTime()), answer.why)
        }
        return answer?.kind === 'claimed' ? reverse(answer.claim) : done
      }),
    )
  }
}

function claim(
  { database, leaseMs, now }: Parts,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ReversalClaimAnswer>> {
  const at = now()
  const lease = { now: at, expiresAt: new Date(at.getTime() + leaseMs) }
  return database.transaction().execute((tx) => claimReversals(tx, ids, lease))
}

/** Records outcomes in groups as they come, with what follows from each in the same transaction. */
function recorder({ database, patience, now, random }: Parts) {
  return groupCommit<AnsweredReversal, RecordedReversal>({
    database,
    maximum: 100,
    write: async (tx, results) => {
      const { recorded, alerts } = await recordReversals(tx, results, { now: now(), patience, random })
      await enqueue(
        tx,
        topics.payoutReversal,
        recorded.flatMap(({ reversalId, retryAt }) =>
          retryAt ? [{ data: { payoutReversalId: reversalId }, deliverAt: retryAt }] : [],
        ),
      )
      await raiseAlerts(tx, alerts)
      return recorded
    },
  })
}

/** Once it is committed: what is undone and written again must not count twice. */
function tell({ metrics, logger }: Parts, { claim, outcome }: AnsweredReversal, { status }: RecordedReversal): void {
  const { reversalId: payoutReversalId, payoutId, attempt } = claim
  metrics.answered({ outcome: callEnd(outcome), status })
  const { status: httpStatus, ...facts } = outcome.facts
  logger.info(
    {
      payoutReversalId,
      payoutId,
      key: attempt.instruction.idempotencyKey,
      outcome: outcome.kind,
      ...('reason' in outcome && { reason: outcome.reason }),
      httpStatus,
      ...facts,
      status,
    },
    'reversal answered',
  )
}
