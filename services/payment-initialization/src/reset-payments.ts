import type { Database } from '@remesa/database/connection'
import { openRun } from '@remesa/database/pay-day-runs'
import { type BusinessDate, businessDate, previousBusinessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { type BatchHandler, done, eachMessage, reject, retry } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  readonly timeZone: string
  readonly now: () => Temporal.Instant
  readonly logger: Logger
}

const BUSY_RETRY_MS = 2_000

/** Payment reset: takes every seller's mark away, opens the run of the business date, queues its initialization. */
export function resetPayments({
  database,
  timeZone,
  now,
  logger,
}: Parts): BatchHandler<{ businessDate?: string | undefined }> {
  return eachMessage(async (data) => {
    const latest = previousBusinessDate(now(), timeZone)
    const date = data.businessDate ? businessDate(data.businessDate) : latest
    if (date > latest) return reject(`the business date ${date} is not over yet in ${timeZone}`)

    const opened = await openAndQueue(database, date)
    if (opened.kind === 'busy') {
      return retry(BUSY_RETRY_MS, `the run of ${opened.initializing.businessDate} is still being initialized`)
    }
    const { run, reopened, sellersReset } = opened
    logger.info({ ...run, reopened, sellersReset }, 'pay-day run opened')
    return done
  })
}

const openAndQueue = (database: Database, date: BusinessDate) =>
  database.transaction().execute(async (tx) => {
    const opened = await openRun(tx, date, 'payment-initialization')
    if (opened.kind === 'opened') {
      await enqueue(tx, topics.paymentInitialization, [{ data: { runId: opened.run.runId } }])
    }
    return opened
  })
