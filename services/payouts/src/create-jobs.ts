import type { Database } from '@remesa/database/connection'
import { createPayoutJobs, type SettlementAnswer } from '@remesa/database/settlement-payouts'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, reject, retry, type Verdict } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  /** First wait for a settlement that is not there yet, or not whole; each is twice the one before. */
  readonly lookAgainMs: number
  readonly now: () => Date
  readonly logger: Logger
}

/** A message may overtake the settlement it tells of, its status or its winners; after so many looks what is there counts. */
const LOOKS = 6

/** Turns completed settlements into payout jobs, one each however often it is told of one, and has their transfers paid. */
export function createJobs({ database, lookAgainMs, now, logger }: Parts): BatchHandler<{ settlementId: string }> {
  return async (batch) => {
    const answers = await createAndQueue(
      batch.map(({ data }) => data.settlementId),
      new Set(batch.flatMap(({ data, retries }) => (retries < LOOKS ? [data.settlementId] : []))),
    )
    for (const [settlementId, answer] of answers) {
      const { kind } = answer
      if (kind === 'rejected') {
        logger.warn({ settlementId, ...answer.problem }, 'settlement rejected: nobody of it is paid')
      } else if (kind !== 'not_yet')
        logger.info({ settlementId, jobId: answer.jobId, created: kind === 'created' }, 'payout job')
    }
    return batch.map(({ data: { settlementId }, retries }): Verdict => {
      const answer = answers.get(settlementId)
      if (answer?.kind === 'not_yet') return retry(lookAgainMs * 2 ** Math.min(retries, LOOKS), answer.problem.found)
      if (answer) return done
      if (retries < LOOKS) return retry(lookAgainMs * 2 ** retries, 'the settlement is not there yet')
      return reject(`there is no settlement ${settlementId}`)
    })
  }

  function createAndQueue(
    settlementIds: readonly string[],
    mayBeUnfinished: ReadonlySet<string>,
  ): Promise<ReadonlyMap<string, SettlementAnswer>> {
    return database.transaction().execute(async (tx) => {
      const { answers, alerts } = await createPayoutJobs(tx, [...new Set(settlementIds)], now(), mayBeUnfinished)
      await enqueue(
        tx,
        topics.payoutTransfer,
        [...answers.values()].flatMap((answer) =>
          answer.kind === 'created'
            ? answer.transferIds.map((payoutTransferId) => ({ data: { payoutTransferId } }))
            : [],
        ),
      )
      await raiseAlerts(tx, alerts)
      return answers
    })
  }
}
