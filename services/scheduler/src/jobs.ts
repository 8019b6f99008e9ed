import { sealAuditLog } from '@remesa/database/audit-seals'
import type { Database } from '@remesa/database/connection'
import { deleteWebhookEvents } from '@remesa/database/webhook-events'
import { previousBusinessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Config } from './config.ts'
import type { Job } from './run-due-jobs.ts'

type Schedules = Pick<
  Config,
  'PAYMENT_RESET_CRON' | 'PAYOUT_SCHEDULER_CRON' | 'AUDIT_SEAL_CRON' | 'HOUSEKEEPING_CRON' | 'BUSINESS_TIME_ZONE'
>

/** Providers repeat a callback for three days, and an older recording has a signature that has expired. */
const WEBHOOK_EVENTS_KEPT_DAYS = 30
const DAY_MS = 86_400_000

/**
 * Everything the clock starts. In production Cloud Scheduler may start what only sends a message: then switch the job
 * off.
 */
export function scheduledJobs(
  config: Schedules,
  { database, now }: { database: Database; now: () => Date },
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
      name: 'payout-scheduler',
      schedule: config.PAYOUT_SCHEDULER_CRON,
      timeZone: 'UTC',
      // However many runs were missed: one looks at all that was left behind.
      enqueue: (tx) => enqueue(tx, topics.payoutScheduler, [{ data: {} }]),
    },
    {
      name: 'audit-seal',
      schedule: config.AUDIT_SEAL_CRON,
      timeZone: 'UTC',
      async work() {
        await sealAuditLog(database)
      },
    },
    {
      name: 'housekeeping',
      schedule: config.HOUSEKEEPING_CRON,
      timeZone: 'UTC',
      async work() {
        await deleteWebhookEvents(database, { before: new Date(now().getTime() - WEBHOOK_EVENTS_KEPT_DAYS * DAY_MS) })
      },
    },
  ]
}
