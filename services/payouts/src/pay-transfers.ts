import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import { type AnsweredTransfer, recordTransfers } from '@remesa/database/transfer-answers'
import { claimTransfers, type TransferClaimAnswer } from '@remesa/database/transfer-claims'
import type { PaymentPatience } from '@remesa/domain/payment-steps'
import type { TransferStatus } from '@remesa/domain/payout-transfer'
import { callEnd, type Rail } from '@remesa/domain/rail'
import type { DestinationPolicy } from '@remesa/domain/stripe-account'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import type { BatchHandler } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { Logger } from '@remesa/service-kit/logger'
import { claimCallRecord } from './claim-call-record.ts'
import type { PayoutMetrics } from './payout-metrics.ts'
import type { DestinationVerifier } from './verify-destinations.ts'

interface Parts {
  readonly database: Database
  readonly rail: Rail
  /** Reads accounts that Stripe has not told us of, and releases what waits for them. */
  readonly verifier: Pick<DestinationVerifier, 'ask'>
  readonly policy: DestinationPolicy
  readonly patience: PaymentPatience
  /** How long a claim keeps other workers away; longer than a call can take. */
  readonly leaseMs: number
  readonly now: () => Date
  readonly random: () => number
  readonly metrics: PayoutMetrics
  readonly logger: Logger
}

/** Pays payout transfers: claim, call, record (design §5). Harmless when run twice, late, or beside itself. */
export function payTransfers(parts: Parts): BatchHandler<{ payoutTransferId: string }> {
  const record = recorder(parts)
  return claimCallRecord({
    idOf: ({ payoutTransferId }) => payoutTransferId,
    async claim(ids) {
      const answers = await claim(parts, ids)
      if ([...answers.values()].some(isUnverified)) parts.verifier.ask()
      return answers
    },
    rail: parts.rail,
    record: async (claim, outcome) => tell(parts, { claim, outcome }, await record({ claim, outcome })),
    now: parts.now,
  })
}

const isUnverified = (answer: TransferClaimAnswer): boolean =>
  answer.kind === 'held' && answer.reason === 'account_unverified'

async function claim(
  { database, leaseMs, policy, now, logger }: Parts,
  ids: readonly string[],
): Promise<ReadonlyMap<string, TransferClaimAnswer>> {
  const at = now()
  const answers = await database.transaction().execute(async (tx) => {
    const lease = { now: at, expiresAt: new Date(at.getTime() + leaseMs) }
    const { answers, alerts } = await claimTransfers(tx, ids, { lease, policy })
    await enqueue(
      tx,
      topics.bookingPayout,
      [...answers.values()].flatMap((answer) =>
        answer.kind === 'wanted_back' ? [{ data: { bookingId: answer.bookingId } }] : [],
      ),
    )
    await raiseAlerts(tx, alerts)
    return answers
  })
  for (const [payoutTransferId, answer] of answers) {
    if (answer.kind === 'held') {
      logger.info({ payoutTransferId, reason: answer.reason }, 'transfer waits for its destination')
    }
  }
  return answers
}

/** What became of an answer, and when that was written down. */
interface Recorded {
  readonly status: TransferStatus | null
  readonly at: Date
}

/** Records outcomes in groups as they come, with what follows from each in the same transaction. */
function recorder({ database, patience, now, random, logger }: Parts) {
  return groupCommit<AnsweredTransfer, Recorded>({
    database,
    maximum: 100,
    write: async (tx, results) => {
      const at = now()
      const { recorded, completedJobs, bookingIds, alerts } = await recordTransfers(tx, results, {
        now: at,
        patience,
        random,
      })
      await enqueue(
        tx,
        topics.payoutTransfer,
        recorded.flatMap(({ transferId, retryAt }) =>
          retryAt ? [{ data: { payoutTransferId: transferId }, deliverAt: retryAt }] : [],
        ),
      )
      await enqueue(
        tx,
        topics.bookingPayout,
        bookingIds.map((bookingId) => ({ data: { bookingId } })),
      )
      await raiseAlerts(tx, alerts)
      for (const jobId of completedJobs) logger.info({ jobId }, 'payout job completes')
      return results.map((_, index) => ({ status: recorded[index]?.status ?? null, at }))
    },
  })
}

/** Once it is committed: what is undone and written again must not count twice. */
function tell({ metrics, logger }: Parts, { claim, outcome }: AnsweredTransfer, { status, at }: Recorded): void {
  const { transferId: payoutTransferId, owner, tryNumber, owedSince, attempt } = claim
  metrics.answered({ outcome: callEnd(outcome), status, owner: owner.kind, tryNumber, owedSince, at })
  const { status: httpStatus, ...facts } = outcome.facts
  logger.info(
    {
      payoutTransferId,
      key: attempt.instruction.idempotencyKey,
      outcome: outcome.kind,
      ...('reason' in outcome && { reason: outcome.reason }),
      httpStatus,
      ...facts,
      status,
    },
    'transfer answered',
  )
}
