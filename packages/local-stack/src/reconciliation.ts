import { alertsSent } from '@remesa/database/alert-deliveries'
import { listReports, type ReconciliationReport } from '@remesa/database/reconciliation-reports'
import type { BusinessDate } from '@remesa/domain/business-date'
import { FINDING_CATEGORIES, type FindingCategory } from '@remesa/domain/reconciliation'
import type { ReconciliationResult, ReconciliationSeverity } from '@remesa/domain/reconciliation-result'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { sql } from 'kysely'
import type { Stack } from './stack/stack.ts'
import { backlogOf, untilDone, type Watch, whatHolds } from './watch.ts'

/** Where a reconciliation stands, for whoever watches. */
export interface ReconciliationProgress {
  readonly phase: 'reconciliation'
  /** Read of Stripe. */
  readonly read: number
  /** The report is there. */
  readonly isCompared: boolean
  /** Alerts that are on their way. */
  readonly alerts: number
}

/** What a reconciliation came to, and who was told. */
export interface Reconciled {
  readonly result: ReconciliationResult
  readonly severity: ReconciliationSeverity
  readonly findings: Readonly<Record<FindingCategory, number>>
  /** Of this reconciliation. */
  readonly alertsSent: { readonly slack: number; readonly pagerduty: number }
}

type WatchedStack = Pick<Stack, 'database' | 'pubsub' | 'casualties'>

/**
 * Has a UTC day reconciled as an operator would, by the topic, and waits for the report and for people to be told of it.
 * @throws StuckError when it does not come
 */
export async function reconcileDay(
  stack: WatchedStack,
  day: BusinessDate,
  { onProgress, patienceMs }: Watch<ReconciliationProgress>,
): Promise<Reconciled> {
  const { database } = stack
  const before = await alertsSent(database)
  const asked = await databaseTime(stack)
  const window = windowOf(day)
  await database
    .transaction()
    .execute((tx) =>
      enqueue(tx, topics.billingReconciliation, [{ data: { startDate: window.startDate, endDate: window.endDate } }]),
    )
  const report = await untilReported(stack, { window, asked }, { onProgress, patienceMs })
  await untilTold(stack, { onProgress, patienceMs })
  const { result, severity } = report
  if (!result || !severity) throw new Error(`the finished report ${report.id} has no result`)
  const after = await alertsSent(database)
  return {
    result,
    severity,
    findings: await findingsOf(stack, report.id),
    alertsSent: { slack: after.slack - before.slack, pagerduty: after.pagerduty - before.pagerduty },
  }
}

interface Window {
  /** UTC days; the second does not belong to it. */
  readonly startDate: string
  readonly endDate: string
  readonly from: Date
  readonly to: Date
}

function windowOf(day: BusinessDate): Window {
  const endDate = Temporal.PlainDate.from(day).add({ days: 1 }).toString()
  return { startDate: day, endDate, from: new Date(`${day}T00:00:00Z`), to: new Date(`${endDate}T00:00:00Z`) }
}

/** @returns the first report of the window that is finished after it was asked for */
async function untilReported(
  stack: WatchedStack,
  { window, asked }: { window: Window; asked: Date },
  { onProgress, patienceMs }: Watch<ReconciliationProgress>,
): Promise<ReconciliationReport> {
  const { from, to } = window
  let report: ReconciliationReport | undefined
  await untilDone(stack, { patienceMs }, async () => {
    const read = await readSoFar(stack)
    onProgress({ phase: 'reconciliation', read, isCompared: false, alerts: 0 })
    const reports = await listReports(stack.database, { kind: 'billing', from, to, limit: 100 })
    report = reports.findLast(
      (one) => one.window.to.getTime() === to.getTime() && one.finishedAt !== null && one.finishedAt >= asked,
    )
    const running = reports.filter(({ status }) => status === 'running').length
    return {
      done: report !== undefined,
      moved: `${read} ${running}`,
      stuck: async () => [
        `no reconciliation of ${window.startDate} is finished; ${running} running, ${read} charges and refunds read`,
        `${await backlogOf(stack, [topics.billingReconciliation])} requests for one wait`,
        ...(await whatHolds(stack)),
      ],
    }
  })
  if (!report) throw new Error('done without a report')
  return report
}

/** Waits until nobody is left to be told of any reconciliation. */
async function untilTold(
  stack: WatchedStack,
  { onProgress, patienceMs }: Watch<ReconciliationProgress>,
): Promise<void> {
  await untilDone(stack, { patienceMs }, async () => {
    const { rows } = await sql<{ count: number; attempts: number; problem: string | null }>`
      select count(*)::int as count, coalesce(sum(attempts), 0)::int as attempts, min(last_problem) as problem
      from alert_deliveries where kind = 'billing_reconciliation' and status = 'pending'`.execute(stack.database)
    const [waiting = { count: 0, attempts: 0, problem: null }] = rows
    onProgress({ phase: 'reconciliation', read: 0, isCompared: true, alerts: waiting.count })
    return {
      done: waiting.count === 0,
      moved: `${waiting.count} ${waiting.attempts}`,
      stuck: async () => [
        `${waiting.count} alerts are not sent: ${waiting.problem ?? 'nobody has tried'}`,
        `${await backlogOf(stack, [topics.alertDelivery])} messages about alerts wait`,
        ...(await whatHolds(stack)),
      ],
    }
  })
}

async function databaseTime({ database }: Pick<Stack, 'database'>): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select now() as now`.execute(database)
  return rows[0]?.now ?? new Date()
}

async function readSoFar({ database }: Pick<Stack, 'database'>): Promise<number> {
  const { rows } = await sql<{ staged: number }>`
    select coalesce(sum(staged), 0)::int as staged from reconciliation_slices`.execute(database)
  return rows[0]?.staged ?? 0
}

async function findingsOf({ database }: Pick<Stack, 'database'>, reportId: string): Promise<Reconciled['findings']> {
  const rows = await database
    .selectFrom('reconciliation_findings')
    .select(['category', sql<number>`count(*)::int`.as('count')])
    .where('report_id', '=', reportId)
    .groupBy('category')
    .execute()
  const counts = new Map(rows.map(({ category, count }) => [category, count]))
  return Object.fromEntries(
    FINDING_CATEGORIES.map((category) => [category, counts.get(category) ?? 0]),
  ) as Reconciled['findings']
}
