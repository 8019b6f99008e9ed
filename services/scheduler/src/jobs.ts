import { deleteAdminRequests } from '@remesa/database/admin-requests'
import { voidExpiredApprovals } from '@remesa/database/approval-expiry'
import { sealAuditLog } from '@remesa/database/audit-seals'
import {
  claimBalancesToQueue,
  findStalledPayDays,
  findUnopenedPayDays,
  type LeftBalance,
} from '@remesa/database/balance-sweep'
import type { Database } from '@remesa/database/connection'
import { closePassedAlerts } from '@remesa/database/passed-alerts'
import type { Schema } from '@remesa/database/schema'
import { deleteWebhookEvents } from '@remesa/database/webhook-events'
import { type BusinessDate, previousBusinessDate } from '@remesa/domain/business-date'
import { RECONCILED_BOOKS } from '@remesa/domain/rail-reconciliation'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { enqueue } from '@remesa/messaging/outbox'
import type { Logger } from '@remesa/service-kit/logger'
import type { Transaction } from 'kysely'
import type { Config } from './config.ts'
import { type Job, nextRun } from './run-due-jobs.ts'

type Schedules = Pick<
  Config,
  | 'PAYMENT_RESET_CRON'
  | 'PAYOUT_SCHEDULER_CRON'
  | 'BALANCE_SWEEP_CRON'
  | 'BALANCE_SWEEP_GRACE_MS'
  | 'PAY_DAY_STALLED_MS'
  | 'APPROVAL_LIFE_MS'
  | 'LATE_DOCUMENT_SWEEP_CRON'
  | 'AUDIT_SEAL_CRON'
  | 'BILLING_RECONCILIATION_CRON'
  | 'RAIL_RECONCILIATION_CRON'
  | 'HOUSEKEEPING_CRON'
  | 'BUSINESS_TIME_ZONE'
>

/** Providers repeat a callback for three days, and an older recording has a signature that has expired. */
const WEBHOOK_EVENTS_KEPT_DAYS = 30
/** Who asks again under a request key, does it within moments. */
const ADMIN_REQUESTS_KEPT_DAYS = 30
const DAY_MS = 86_400_000
/** Five business days, a weekend between them, and the day itself. */
const BANK_RETURN_DAYS = 8
/** A hold of a card may be captured for seven days, and most payments by bank are settled or refused within them. */
const BILLING_LOOKS_DAYS_LATER = [1, 2, 8]
/** Beyond it a pay-day that never began is no news. */
const LOOKED_BACK_MS = 7 * DAY_MS
/** Of each kind; what is left over is older than the rest at the next run. */
const SWEPT_AT_ONCE = 1_000

/**
 * Everything the clock starts. In production Cloud Scheduler may start what only sends a message: then switch the job
 * off.
 */
export function scheduledJobs(
  config: Schedules,
  { database, now, logger }: { database: Database; now: () => Date; logger: Pick<Logger, 'warn'> },
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
      name: 'balance-sweep',
      schedule: config.BALANCE_SWEEP_CRON,
      timeZone: 'UTC',
      async enqueue(tx) {
        const left = await claimBalancesToQueue(tx, {
          now: now(),
          graceMs: config.BALANCE_SWEEP_GRACE_MS,
          limit: SWEPT_AT_ONCE,
        })
        await queueAgain(tx, left)
        await raiseAlerts(tx, await findUnopenedPayDays(tx, payDaysDue(config, now())))
        await raiseAlerts(tx, await findStalledPayDays(tx, { now: now(), stalledMs: config.PAY_DAY_STALLED_MS }))
        await closePassedAlerts(tx, now())
        await voidExpiredApprovals(tx, { now: now(), lifeMs: config.APPROVAL_LIFE_MS })
        const counts = Map.groupBy(left, ({ due }) => due)
        for (const [due, { length: balances }] of counts) {
          logger.warn({ due, balances }, 'balances that were left behind are queued again')
        }
      },
    },
    {
      name: 'late-document-sweep',
      schedule: config.LATE_DOCUMENT_SWEEP_CRON,
      timeZone: config.BUSINESS_TIME_ZONE,
      // However many runs were missed: one asks for all that changed since the last that came to its end.
      enqueue: (tx) => enqueue(tx, topics.lateDocumentSweep, [{ data: {} }]),
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
      name: 'billing-reconciliation',
      schedule: config.BILLING_RECONCILIATION_CRON,
      timeZone: 'UTC',
      // Each run names its days by when it fell due: a retry after midnight must not take others, and after an outage of
      // days none is left out. Each day comes again: Stripe lists some things late (facts: stripe §7), and what is
      // captured, paid or refused later keeps the time at which it was made.
      async enqueue(tx, dueTimes) {
        const dates = new Set(dueTimes.flatMap((dueAt) => BILLING_LOOKS_DAYS_LATER.map((days) => utcDay(dueAt, -days))))
        await enqueue(
          tx,
          topics.billingReconciliation,
          Array.from(dates, (startDate) => ({ data: { startDate, endDate: utcDay(new Date(startDate), 1) } })),
        )
      },
    },
    {
      name: 'rail-reconciliation',
      schedule: config.RAIL_RECONCILIATION_CRON,
      timeZone: 'UTC',
      // Each day twice: the morning after, and once no bank sends its payments back any more (facts: marketplace §4.2).
      async enqueue(tx, dueTimes) {
        const dates = new Set(dueTimes.flatMap((dueAt) => [utcDay(dueAt, -1), utcDay(dueAt, -BANK_RETURN_DAYS)]))
        const days = [...dates].map((startDate) => ({ startDate, endDate: utcDay(new Date(startDate), 1) }))
        await enqueue(
          tx,
          topics.railReconciliation,
          days.flatMap((day) => RECONCILED_BOOKS.map((books) => ({ data: { books, ...day } }))),
        )
      },
    },
    {
      name: 'housekeeping',
      schedule: config.HOUSEKEEPING_CRON,
      timeZone: 'UTC',
      async work() {
        const daysAgo = (days: number) => ({ before: new Date(now().getTime() - days * DAY_MS) })
        await deleteWebhookEvents(database, daysAgo(WEBHOOK_EVENTS_KEPT_DAYS))
        await deleteAdminRequests(database, daysAgo(ADMIN_REQUESTS_KEPT_DAYS))
      },
    },
  ]
}

/** The pay-days that should have begun within the last week, and long enough ago to be told of. */
function payDaysDue(config: Schedules, now: Date): readonly { date: BusinessDate; at: Date }[] {
  const reset = { schedule: config.PAYMENT_RESET_CRON, timeZone: config.BUSINESS_TIME_ZONE }
  const until = now.getTime() - config.PAY_DAY_STALLED_MS
  const due = new Map<BusinessDate, Date>()
  for (let at = nextRun(reset, new Date(until - LOOKED_BACK_MS)); at.getTime() <= until; at = nextRun(reset, at)) {
    due.set(previousBusinessDate(Temporal.Instant.fromEpochMilliseconds(at.getTime()), reset.timeZone), at)
  }
  return [...due].map(([date, at]) => ({ date, at }))
}

async function queueAgain(tx: Transaction<Schema>, left: readonly LeftBalance[]): Promise<void> {
  const of = (due: LeftBalance['due']) => left.filter((balance) => balance.due === due)
  const about = ({ sellerBalanceId }: LeftBalance) => ({ data: { sellerBalanceId } })
  await enqueue(tx, topics.balanceDataRetrieval, of('retrieval').map(about))
  await enqueue(tx, topics.paySellerBalance, of('payment').map(about))
  await enqueue(tx, topics.checkFpayPaymentStatus, [
    // Named by its number, so that it starts no second row of looks beside its own message, should that come yet.
    ...of('look').map(({ sellerBalanceId, statusChecks }) => ({ data: { sellerBalanceId, look: statusChecks } })),
    ...of('report').map(about),
  ])
}

const utcDay = (at: Date, days: number): string => new Date(at.getTime() + days * DAY_MS).toISOString().slice(0, 10)
