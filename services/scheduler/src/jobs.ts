import { sealAuditLog } from '@remesa/database/audit-seals'
import type { Database } from '@remesa/database/connection'
import { previousBusinessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Config } from './config.ts'
import type { Job } from './run-due-jobs.ts'

/** Everything the clock starts. In production Cloud Scheduler may start the pay-day instead: then switch the job off. */
export function scheduledJobs(config: Config, database: Database): readonly Job[] {
  return [
    {
      name: 'payment-reset',
      schedule: config.PAYMENT_RESET_CRON,
      timeZone: config.BUSINESS_TIME_ZONE,
      // The date is settled once, by when the run fell due: a retry after midnight must not pay another day.
      async enqueue(tx, dueAt) {
        const due = Temporal.Instant.fromEpochMilliseconds(dueAt.getTime())
        const businessDate = previousBusinessDate(due, config.BUSINESS_TIME_ZONE)
        await enqueue(tx, topics.paymentReset, [{ data: { businessDate } }])
      },
    },
    {
      name: 'audit-seal',
      schedule: config.AUDIT_SEAL_CRON,
      timeZone: 'UTC',
      async work() {
        await sealAuditLog(database)
      },
    },
  ]
}
