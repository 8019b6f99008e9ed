import { sealAuditLog } from '@remesa/database/audit-seals'
import type { Database } from '@remesa/database/connection'
import { previousBusinessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Config } from './config.ts'
import type { Job } from './run-due-jobs.ts'

/** Everything the clock starts. In production Cloud Scheduler may start the pay-day instead: then switch the job off. */
export function scheduledJobs(
  config: Pick<Config, 'PAYMENT_RESET_CRON' | 'AUDIT_SEAL_CRON' | 'BUSINESS_TIME_ZONE'>,
  database: Database,
): readonly Job[] {
  return [
    {
      name: 'payment-reset',
      schedule: config.PAYMENT_RESET_CRON,
      timeZone: config.BUSINESS_TIME_ZONE,
      // Each run pays the day before the one it fell due on, however late it starts: a retry after midnight must not
      // pay another day, and after an outage of days no day is left out.
      async enqueue(tx, dueTimes) {
        const dates = dueTimes.map((dueAt) => {
          const due = Temporal.Instant.fromEpochMilliseconds(dueAt.getTime())
          return previousBusinessDate(due, config.BUSINESS_TIME_ZONE)
        })
        await enqueue(
          tx,
          topics.paymentReset,
          [...new Set(dates)].map((businessDate) => ({ data: { businessDate } })),
        )
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
