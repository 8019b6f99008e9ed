import type { BookingPayoutStatus } from '@remesa/domain/booking-payout'
import { previousBusinessDate } from '@remesa/domain/business-date'
import type { Currency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { RailName } from '@remesa/domain/rail'
import { isFinal, type SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql, type Transaction } from 'kysely'
import { countOpenAlerts, worstOpenAlerts } from './alert-reads.ts'
import type { Database } from './connection.ts'
import type { FinanceAlert } from './finance-alerts.ts'
import type { Schema } from './schema.ts'

// What operators see first: how far a business date's run has come, and what else moves on the day it runs.

export const STAGES = ['reset', 'initialization', 'retrieval', 'payment', 'confirmation', 'report'] as const

/** How far one step of a run has come, in balances; of reset in runs, of initialization in sellers. */
export interface Stage {
  readonly name: (typeof STAGES)[number]
  readonly waiting: number
  readonly done: number
  /** What waits for a person. */
  readonly failed: number
  /** Done in the last minute. */
  readonly perMinute: number
  /** How long the longest of those that wait has not moved; null when none waits. */
  readonly oldestSeconds: number | null
}

export interface Today {
  readonly businessDate: string
  readonly run: {
    readonly openedAt: Date
    readonly initializedAt: Date | null
    readonly state: 'running' | 'finished'
  } | null
  readonly stages: readonly Stage[]
  readonly balances: Partial<Record<SellerBalanceStatus, number>>
  /** What arrived: of the run, and by Stripe on the day it runs. */
  readonly paid: readonly { readonly rail: RailName; readonly money: Money; readonly count: number }[]
  /** Those of the day, and those that are still open. */
  readonly settlements: {
    readonly jobs: number
    readonly complete: number
    readonly rejected: number
    readonly transfers: Partial<Record<TransferStatus, number>>
  }
  readonly bookings: Partial<Record<BookingPayoutStatus, number>>
  /** Those that wait for a person, the worst first. */
  readonly alerts: readonly FinanceAlert[]
  /** All that wait for a person, shown or not. */
  readonly alertsWaiting: number
  readonly at: Date
}

export interface TodayWish {
  /** Default: the date of the run that was opened last, or the one that would be paid now. */
  readonly businessDate?: string
  readonly now: Date
  /** IANA, of the marketplace. */
  readonly timeZone: string
}

const SHOWN_ALERTS = 10
const MINUTE_MS = 60_000

/** All of it in one snapshot. */
export async function readToday(database: Database, wish: TodayWish): Promise<Today> {
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((tx) => todayOf(tx, wish))
}

async function todayOf(tx: Transaction<Schema>, { businessDate, now, timeZone }: TodayWish): Promise<Today> {
  const run = await runOf(tx, businessDate)
  const instant = Temporal.Instant.fromEpochMilliseconds(now.getTime())
  const date = businessDate ?? run?.business_date ?? previousBusinessDate(instant, timeZone)
  const balances = await countBalances(tx, date)
  const moving = await countMoving(tx, { date, now })
  const sellers = await countSellers(tx, run)
  const day = dayOfRun({ date, openedAt: run?.opened_at, timeZone })
  return {
    businessDate: date,
    run: run && {
      openedAt: run.opened_at,
      initializedAt: run.initialized_at,
      state: run.initialized_at && balances.every(({ status }) => isFinal(status)) ? 'finished' : 'running',
    },
    stages: stagesOf({ run, balances, moving, sellers, now }),
    balances: Object.fromEntries(balances.map(({ status, count }) => [status, count])),
    paid: [...(await paidToSellers(tx, date)), ...(await paidByStripe(tx, day))],
    settlements: await settlementsOf(tx, day),
    bookings: await bookingsOf(tx, day),
    alerts: await worstOpenAlerts(tx, { limit: SHOWN_ALERTS }),
    alertsWaiting: await countOpenAlerts(tx),
    at: now,
  }
}

interface RunRow {
  business_date: string
  opened_at: Date
  initialized_at: Date | null
}

async function runOf(tx: Transaction<Schema>, date: string | undefined): Promise<RunRow | null> {
  const { rows } = await sql<RunRow>`
    select business_date, opened_at, initialized_at from pay_day_runs
    where ${date === undefined ? sql`true` : sql`business_date = ${date}`}
    order by business_date desc limit 1`.execute(tx)
  return rows[0] ?? null
}

interface BalanceCounts {
  status: SellerBalanceStatus
  count: number
}

async function countBalances(tx: Transaction<Schema>, date: string): Promise<readonly BalanceCounts[]> {
  const { rows } = await sql<BalanceCounts>`
    select status, count(*)::int as count from seller_balances where business_date = ${date}
    group by status order by status`.execute(tx)
  return rows
}

/** Of the balances of one status that are not at rest. */
interface MovingCounts {
  status: SellerBalanceStatus
  /** Of those that failed or came back: refused before the rail had accepted them. */
  never_accepted: number
  /** Of those that are blocked: for what NetSuite's documents say. */
  unreadable: number
  unreported: number
  /** Of those: NetSuite or GSC refused to hear it. */
  report_failed: number
  oldest: Date
  oldest_unreported: Date | null
  retrieved_lately: number
  asked_lately: number
  ended_lately: number
  reported_lately: number
}

/**
 * One pass over those of the date's balances that are not at rest: paid, told to everybody, and not touched in the last
 * minute, as most are once a run is over. What moved in that minute is told by the notes of their jobs.
 */
async function countMoving(
  tx: Transaction<Schema>,
  { date, now }: { date: string; now: Date },
): Promise<readonly MovingCounts[]> {
  const since = new Date(now.getTime() - MINUTE_MS)
  const ranSince = (job: string) =>
    sql`b.updated_at > ${since} and (b.jobs->${sql.lit(job)}->>'lastExecution')::timestamptz > ${since}`
  const untold = sql`(b.erp_told_at is null or b.gsc_told_at is null)`
  const unreported = sql`b.status in ('paid', 'failed') and ${untold}`
  const failedToTell = (job: string) =>
    sql`(b.jobs->${sql.lit(job)}->>'finished')::boolean and not (b.jobs->${sql.lit(job)}->>'successful')::boolean`
  const { rows } = await sql<MovingCounts>`
    select b.status, min(b.updated_at) as oldest,
      count(*) filter (where b.status in ('failed', 'returned') and not exists (
        select from payment_attempts a where a.payable_type = 'seller_balance' and a.payable_id = b.id
          and a.accepted_at is not null))::int as never_accepted,
      count(*) filter (where b.blocked_reason in
        ('document_currency', 'documents_unreadable', 'document_in_other_balance'))::int as unreadable,
      count(*) filter (where ${unreported})::int as unreported,
      min(b.updated_at) filter (where ${unreported}) as oldest_unreported,
      count(*) filter (where ${unreported} and (${failedToTell('erp')} or ${failedToTell('gsc')}))::int as report_failed,
      count(*) filter (where ${ranSince('retrieval')} and b.status <> 'initialized')::int as retrieved_lately,
      count(*) filter (where ${ranSince('payment')} and b.status not in ('payable', 'paying', 'blocked'))::int as asked_lately,
      count(*) filter (where b.updated_at > ${since} and b.status in ('paid', 'failed', 'returned'))::int as ended_lately,
      count(*) filter (where b.erp_told_at > ${since} and b.gsc_told_at is not null)::int as reported_lately
    from seller_balances b
    where b.business_date = ${date} and (b.status <> 'paid' or ${untold} or b.updated_at > ${since} or b.erp_told_at > ${since})
    group by b.status`.execute(tx)
  return rows
}

interface SellerCounts {
  left: number
  done: number
}

async function countSellers(tx: Transaction<Schema>, run: RunRow | null): Promise<SellerCounts> {
  if (!run) return { left: 0, done: 0 }
  const { rows } = await sql<{ left: number; together: number }>`
    select (select count(*)::int from sellers where not day_balance_generated) as left,
      (select count(*)::int from sellers) as together`.execute(tx)
  const { left = 0, together = 0 } = rows[0] ?? {}
  // The marks are the newest run's: of one that is initialized, every seller had its balances.
  return run.initialized_at ? { left: 0, done: together } : { left, done: together - left }
}

const BEFORE_PAYMENT: ReadonlySet<SellerBalanceStatus> = new Set(['retrieved', 'payable', 'paying', 'awaiting_funds'])

function stagesOf({
  run,
  balances,
  moving,
  sellers,
  now,
}: {
  run: RunRow | null
  balances: readonly BalanceCounts[]
  moving: readonly MovingCounts[]
  sellers: SellerCounts
  now: Date
}): readonly Stage[] {
  const sum = (of: (counts: MovingCounts) => number): number => moving.reduce((all, one) => all + of(one), 0)
  const countOf = (isMeant: (status: SellerBalanceStatus) => boolean): number =>
    balances.reduce((all, { status, count }) => (isMeant(status) ? all + count : all), 0)
  const standing = (...statuses: readonly SellerBalanceStatus[]): number => countOf((one) => statuses.includes(one))
  const ageOf = (moments: readonly (Date | null)[]): number | null => {
    const times = moments.flatMap((moment) => (moment ? [moment.getTime()] : []))
    return times.length === 0 ? null : Math.max(0, Math.round((now.getTime() - Math.min(...times)) / 1_000))
  }
  const oldestOf = (isWaiting: (status: SellerBalanceStatus) => boolean): number | null =>
    ageOf(moving.map(({ status, oldest }) => (isWaiting(status) ? oldest : null)))

  const unreadable = sum((counts) => counts.unreadable)
  const neverAccepted = sum((counts) => counts.never_accepted)
  const waitingForPayment = countOf((status) => BEFORE_PAYMENT.has(status))
  const isInitializing = run !== null && run.initialized_at === null
  const initializationMinutes = run ? Math.max(1, minutesBetween(run.opened_at, run.initialized_at ?? now)) : 1
  return [
    { name: 'reset', waiting: 0, done: run ? 1 : 0, failed: 0, perMinute: 0, oldestSeconds: null },
    {
      name: 'initialization',
      waiting: sellers.left,
      done: sellers.done,
      failed: 0,
      perMinute: isInitializing ? Math.round(sellers.done / initializationMinutes) : 0,
      oldestSeconds: isInitializing && sellers.left > 0 ? ageOf([run.opened_at]) : null,
    },
    {
      name: 'retrieval',
      waiting: standing('initialized'),
      done: countOf((status) => status !== 'initialized') - unreadable,
      failed: unreadable,
      perMinute: sum((counts) => counts.retrieved_lately),
      oldestSeconds: oldestOf((status) => status === 'initialized'),
    },
    {
      name: 'payment',
      waiting: waitingForPayment,
      done: standing('payment_pending', 'paid', 'failed', 'returned') - neverAccepted,
      failed: standing('blocked') - unreadable + neverAccepted,
      perMinute: sum((counts) => counts.asked_lately),
      oldestSeconds: oldestOf((status) => BEFORE_PAYMENT.has(status)),
    },
    {
      name: 'confirmation',
      waiting: standing('payment_pending'),
      done: standing('paid'),
      failed: standing('failed', 'returned') - neverAccepted,
      perMinute: sum((counts) => counts.ended_lately),
      oldestSeconds: oldestOf((status) => status === 'payment_pending'),
    },
    {
      name: 'report',
      waiting: sum((counts) => counts.unreported - counts.report_failed),
      done: standing('paid', 'failed') - sum((counts) => counts.unreported),
      failed: sum((counts) => counts.report_failed),
      perMinute: sum((counts) => counts.reported_lately),
      oldestSeconds: ageOf(moving.map(({ oldest_unreported }) => oldest_unreported)),
    },
  ]
}

const minutesBetween = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / MINUTE_MS

interface Day {
  readonly from: Date
  readonly to: Date
}

/** The marketplace's calendar day on which a run is, or would be, paid: the one it was opened on, else the day after its date. */
function dayOfRun({ date, openedAt, timeZone }: { date: string; openedAt: Date | undefined; timeZone: string }): Day {
  const day = openedAt
    ? Temporal.Instant.fromEpochMilliseconds(openedAt.getTime()).toZonedDateTimeISO(timeZone).toPlainDate()
    : Temporal.PlainDate.from(date).add({ days: 1 })
  const startOf = (one: Temporal.PlainDate): Date => new Date(one.toZonedDateTime({ timeZone }).epochMilliseconds)
  return { from: startOf(day), to: startOf(day.add({ days: 1 })) }
}

async function paidToSellers(tx: Transaction<Schema>, date: string): Promise<Today['paid']> {
  const { rows } = await sql<PaidRow>`
    select a.rail, a.currency, sum(a.amount)::bigint as amount, count(*)::int as count
    from seller_balances b
    join payment_attempts a on a.payable_type = 'seller_balance' and a.payable_id = b.id and a.state = 'paid'
    where b.business_date = ${date} and b.status = 'paid'
    group by a.rail, a.currency order by a.rail, a.currency`.execute(tx)
  return rows.map(paidOf)
}

async function paidByStripe(tx: Transaction<Schema>, { from, to }: Day): Promise<Today['paid']> {
  const { rows } = await sql<PaidRow>`
    select a.rail, a.currency, sum(a.amount)::bigint as amount, count(*)::int as count
    from payment_attempts a
    where a.rail = 'stripe' and a.payable_type = 'payout_transfer' and a.state = 'paid'
      and coalesce(a.accepted_at, a.first_called_at) >= ${from} and coalesce(a.accepted_at, a.first_called_at) < ${to}
    group by a.rail, a.currency order by a.currency`.execute(tx)
  return rows.map(paidOf)
}

interface PaidRow {
  rail: RailName
  currency: Currency
  amount: bigint
  count: number
}

const paidOf = ({ rail, currency, amount, count }: PaidRow) => ({ rail, money: { amount, currency }, count })

async function settlementsOf(tx: Transaction<Schema>, { from, to }: Day): Promise<Today['settlements']> {
  const { rows } = await sql<{ jobs: number; complete: number; rejected: number }>`
    select count(*)::int as jobs, count(*) filter (where status = 'complete')::int as complete,
      (select count(*)::int from settlements where rejected_at >= ${from} and rejected_at < ${to}) as rejected
    from payout_jobs where status <> 'complete' or (completed_at >= ${from} and completed_at < ${to})`.execute(tx)
  const { rows: transfers } = await sql<{ status: TransferStatus; count: number }>`
    select status, count(*)::int as count from payout_transfers
    where payout_id is null and (status in ('awaiting_destination', 'pending', 'processing', 'retryable')
      or (status in ('completed', 'failed_terminal') and created_at >= ${from} and created_at < ${to}))
    group by status order by status`.execute(tx)
  const { jobs = 0, complete = 0, rejected = 0 } = rows[0] ?? {}
  return {
    jobs,
    complete,
    rejected,
    transfers: Object.fromEntries(transfers.map(({ status, count }) => [status, count])),
  }
}

async function bookingsOf(tx: Transaction<Schema>, { from, to }: Day): Promise<Today['bookings']> {
  const { rows } = await sql<{ status: BookingPayoutStatus; count: number }>`
    select status, count(*)::int as count from payouts
    where status in ('scheduled', 'on_hold', 'processing', 'failed')
      or (status in ('transferred', 'cancelled') and updated_at >= ${from} and updated_at < ${to})
    group by status order by status`.execute(tx)
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}
