import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import { type AnsweredReversal, type RecordedReversal, recordReversals } from '@remesa/database/reversal-answers'
import { claimReversals, type ReversalClaimAnswer } from '@remesa/database/reversal-claims'
import type { PaymentPatience } from '@remesa/domain/payment-steps'
import { callEnd, type Rail } from '@remesa/domain/rail'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import type { BatchHandler } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { Logger } from '@remesa/service-kit/logger'
import { claimCallRecord } from './claim-call-record.ts'
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
  return claimCallRecord({
    idOf: ({ payoutReversalId }) => payoutReversalId,
    claim: (ids) => claim(parts, ids),
    rail: parts.rail,
    record: async (claim, outcome) => tell(parts, { claim, outcome }, await record({ claim, outcome })),
    now: parts.now,
  })
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
