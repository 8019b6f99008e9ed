import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { findDueJobs, listJobs } from '@remesa/database/admin-jobs'
import { type AuditRow, recordAudit } from '@remesa/database/audit'
import { verifyAuditLog } from '@remesa/database/audit-seals'
import type { Database } from '@remesa/database/connection'
import { createTestDatabase, type TestDatabase } from '@remesa/database/testing/test-database'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { sql } from 'kysely'
import { scheduledJobs } from '../src/jobs.ts'
import { type Job, makeJobsKnown, runDueJobs } from '../src/run-due-jobs.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

/** A scheduler with a clock that is set by hand; nothing of another one is left. */
async function aScheduler({ at, jobs }: { at: string; jobs?: (database: Database) => readonly Job[] }) {
  const { database } = world
  await sql`truncate admin_jobs, outbox`.execute(database)
  let now = new Date(at)
  const logged: object[] = []
  const logger = { info: () => {}, warn: () => {}, error: (about: unknown) => void logged.push(about as object) }
  const clock = () => now
  const theJobs = jobs?.(database) ?? scheduledJobs(CONFIG, { database, now: clock, logger })
  const parts = { database, jobs: theJobs, now: clock, nudge: () => {}, logger }
  await makeJobsKnown(parts)
  return {
    database,
    parts,
    logged,
    async runAt(instant: string) {
      now = new Date(instant)
      await runDueJobs(parts)
    },
    /** How often the payout scheduler was told to look. */
    async payoutRuns(): Promise<number> {
      const { rows } = await sql`select from outbox where topic = ${topics.payoutScheduler.name}`.execute(database)
      return rows.length
    },
    /** The business dates whose pay-day was started, in order. */
    async resets(): Promise<readonly string[]> {
      const { rows } = await sql<{ date: string }>`
        select data->>'businessDate' as date from outbox where topic = ${topics.paymentReset.name} order by id`.execute(
        database,
      )
      return rows.map(({ date }) => date)
    },
    job: async (name: string) => (await listJobs(database)).find((job) => job.name === name),
  }
}

const CONFIG = {
  PAYMENT_RESET_CRON: '0 6 * * *',
  PAYOUT_SCHEDULER_CRON: '*/5 * * * *',
  BALANCE_SWEEP_CRON: '*/5 * * * *',
  BALANCE_SWEEP_GRACE_MS: 600_000,
  PAY_DAY_STALLED_MS: 21_600_000,
  APPROVAL_LIFE_MS: 604_800_000,
  LATE_DOCUMENT_SWEEP_CRON: '0 9,13,17 * * *',
  AUDIT_SEAL_CRON: '* * * * *',
  BILLING_RECONCILIATION_CRON: '0 2 * * *',
  RAIL_RECONCILIATION_CRON: '30 2 * * *',
  HOUSEKEEPING_CRON: '30 3 * * *',
  BUSINESS_TIME_ZONE: 'America/Santiago',
}
const reset = (enqueueReset: Job['enqueue']): Job => ({
  name: 'payment-reset',
  schedule: '0 6 * * *',
  timeZone: 'America/Santiago',
  ...(enqueueReset && { enqueue: enqueueReset }),
})
const everyMinute = (name: string, work: () => Promise<void>): Job => ({
  name,
  schedule: '* * * * *',
  timeZone: 'UTC',
  work,
})

test('at six in Chile the pay-day of the day before is started, once', async () => {
  const scheduler = await aScheduler({ at: '2026-11-20T20:00:00Z' })
  await scheduler.runAt('2026-11-21T08:59:59.999Z')
  expect(await scheduler.resets()).toEqual([])
  await scheduler.runAt('2026-11-21T09:00:00Z')
  await scheduler.runAt('2026-11-21T09:00:01Z')
  await scheduler.runAt('2026-11-21T23:00:00Z')
  expect(await scheduler.resets()).toEqual(['2026-11-20'])
  expect(await scheduler.job('payment-reset')).toMatchObject({
    lastRunAt: new Date('2026-11-21T09:00:00Z'),
    nextRunAt: new Date('2026-11-22T09:00:00Z'),
    lastOutcome: 'succeeded',
    lastError: null,
  })
})

test('the nights of 23 and 25 hours are followed by one pay-day each, of the right day', async () => {
  const autumn = await aScheduler({ at: '2026-04-04T12:00:00Z' })
  for (const hour of ['09', '10', '11']) await autumn.runAt(`2026-04-05T${hour}:00:00Z`)
  expect(await autumn.resets()).toEqual(['2026-04-04'])

  const spring = await aScheduler({ at: '2026-09-05T12:00:00Z' })
  for (const hour of ['07', '08', '09', '10']) await spring.runAt(`2026-09-06T${hour}:00:00Z`)
  expect(await spring.resets()).toEqual(['2026-09-05'])
})

test('a run that was missed is made up for, once, and pays the day that it should have paid', async () => {
  const scheduler = await aScheduler({ at: '2026-11-20T20:00:00Z' })
  await scheduler.runAt('2026-11-22T03:30:00Z') // half past midnight in Chile, of the day after
  await scheduler.runAt('2026-11-22T03:30:01Z')
  expect(await scheduler.resets()).toEqual(['2026-11-20'])
})

test('after days without a scheduler no day’s pay-day is left out', async () => {
  const scheduler = await aScheduler({ at: '2026-11-16T12:00:00Z' })
  await scheduler.runAt('2026-11-20T15:00:00Z')
  await scheduler.runAt('2026-11-20T15:00:01Z')
  expect(await scheduler.resets()).toEqual(['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19'])
  expect(await scheduler.job('payment-reset')).toMatchObject({ nextRunAt: new Date('2026-11-21T09:00:00Z') })
})

test('at two UTC the day before is reconciled, again a day later and a week later; of an outage each day once', async () => {
  const scheduler = await aScheduler({ at: '2026-11-19T12:00:00Z' })
  await scheduler.runAt('2026-11-20T01:59:59.999Z')
  await scheduler.runAt('2026-11-20T02:00:00Z')
  await scheduler.runAt('2026-11-22T23:30:00Z')
  const { rows } = await sql<{ data: object }>`
    select data from outbox where topic = ${topics.billingReconciliation.name} order by id`.execute(scheduler.database)
  expect(rows.map(({ data }) => data)).toEqual([
    { startDate: '2026-11-19', endDate: '2026-11-20' },
    { startDate: '2026-11-18', endDate: '2026-11-19' },
    { startDate: '2026-11-12', endDate: '2026-11-13' },
    // Due on the 21st and on the 22nd, made up for together.
    { startDate: '2026-11-20', endDate: '2026-11-21' },
    { startDate: '2026-11-19', endDate: '2026-11-20' },
    { startDate: '2026-11-13', endDate: '2026-11-14' },
    { startDate: '2026-11-21', endDate: '2026-11-22' },
    { startDate: '2026-11-14', endDate: '2026-11-15' },
  ])
})

test('two schedulers at once start each run once', async () => {
  const scheduler = await aScheduler({ at: '2026-11-20T20:00:00Z' })
  const now = () => new Date('2026-11-21T09:00:00Z')
  await Promise.all([1, 2, 3, 4].map(() => runDueJobs({ ...scheduler.parts, now })))
  expect(await scheduler.resets()).toEqual(['2026-11-20'])
  expect(scheduler.logged).toEqual([])
})

test('a job that fails is noted, keeps its turn, and does not stop the others', async () => {
  const ran: string[] = []
  const scheduler = await aScheduler({
    at: '2026-11-20T10:00:00Z',
    jobs: () => [
      everyMinute('a-broken', async () => {
        throw new Error('no space left')
      }),
      everyMinute('b-sound', async () => void ran.push('sound')),
    ],
  })
  await scheduler.runAt('2026-11-20T10:01:00Z')
  expect(ran).toHaveLength(1)
  expect(await scheduler.job('a-broken')).toMatchObject({ lastOutcome: 'failed', lastError: 'no space left' })
  expect(await scheduler.job('b-sound')).toMatchObject({ lastOutcome: 'succeeded', lastError: null })
  expect(scheduler.logged).toEqual([expect.objectContaining({ job: 'a-broken', error: 'no space left' })])
  await scheduler.runAt('2026-11-20T10:02:00Z')
  expect(ran).toHaveLength(2)
})

test('a run whose messages could not be put on their way is still due, and does not stop the others', async () => {
  let fails = true
  const ran: string[] = []
  const scheduler = await aScheduler({
    at: '2026-11-20T20:00:00Z',
    jobs: () => [
      reset(async (tx) => {
        await enqueue(tx, topics.paymentReset, [{ data: { businessDate: fails ? 'nonsense' : '2026-11-20' } }])
      }),
      {
        ...everyMinute('z-sound', async () => void ran.push('sound')),
        schedule: '0 7 * * *',
        timeZone: 'America/Santiago',
      },
    ],
  })
  await scheduler.runAt('2026-11-21T10:00:00Z')
  expect(ran).toHaveLength(1)
  expect(scheduler.logged).toEqual([expect.objectContaining({ job: 'payment-reset', err: expect.any(Error) })])
  fails = false
  await scheduler.runAt('2026-11-21T10:00:01Z')
  expect(await scheduler.resets()).toEqual(['2026-11-20'])
})

test('every five minutes the payout scheduler is told to look; after an outage once, for one look finds all', async () => {
  const scheduler = await aScheduler({ at: '2026-11-20T10:01:00Z' })
  await scheduler.runAt('2026-11-20T10:04:59Z')
  expect(await scheduler.payoutRuns()).toBe(0)
  await scheduler.runAt('2026-11-20T10:05:00Z')
  await scheduler.runAt('2026-11-20T10:05:01Z')
  expect(await scheduler.payoutRuns()).toBe(1)
  await scheduler.runAt('2026-11-20T13:00:00Z')
  expect(await scheduler.payoutRuns()).toBe(2)
  expect(await scheduler.job('payout-scheduler')).toMatchObject({
    lastRunAt: new Date('2026-11-20T13:00:00Z'),
    nextRunAt: new Date('2026-11-20T13:05:00Z'),
    lastOutcome: 'succeeded',
    lastDurationMs: expect.any(Number),
  })
})

test('once a day callbacks and answers to operators of more than thirty days ago are forgotten, and no younger ones', async () => {
  const scheduler = await aScheduler({ at: '2026-11-20T20:00:00Z' })
  await sql`truncate webhook_events, admin_requests`.execute(scheduler.database)
  await sql`
    insert into admin_requests (actor, key, digest, status, answer, answered_at)
    select 'operator:olga', key, repeat('0', 64), 200, '{}', at::timestamptz
    from (values ('old', '2026-10-22T03:29:59Z'), ('young', '2026-10-22T03:30:00Z')) as r(key, at)`.execute(
    scheduler.database,
  )
  await sql`
    insert into webhook_events (provider, event_id, received_at)
    values ('stripe', 'old', '2026-10-22T03:29:59Z'), ('stripe', 'young', '2026-10-22T03:30:00Z')`.execute(
    scheduler.database,
  )
  await scheduler.runAt('2026-11-21T03:30:00Z')
  const { rows } = await sql`select event_id from webhook_events`.execute(scheduler.database)
  expect(rows).toEqual([{ event_id: 'young' }])
  const { rows: requests } = await sql`select key from admin_requests`.execute(scheduler.database)
  expect(requests).toEqual([{ key: 'young' }])
})

test('a job that is switched off is not started', async () => {
  const scheduler = await aScheduler({ at: '2026-11-20T20:00:00Z' })
  await sql`update admin_jobs set enabled = false where name = 'payment-reset'`.execute(scheduler.database)
  await scheduler.runAt('2026-11-21T09:00:00Z')
  expect(await scheduler.resets()).toEqual([])
  expect(await scheduler.job('payment-reset')).toMatchObject({ enabled: false, lastRunAt: null })
})

test('a changed schedule holds from the next start on, and a restart alone changes nothing', async () => {
  const { database, parts, job } = await aScheduler({ at: '2026-11-20T20:00:00Z' })
  const later = { ...parts, now: () => new Date('2026-11-21T09:30:00Z') }
  await makeJobsKnown(later)
  expect((await findDueJobs(database, later.now())).map(({ name }) => name)).toContain('payment-reset')

  await makeJobsKnown({ ...later, jobs: scheduledJobs({ ...CONFIG, PAYMENT_RESET_CRON: '30 7 * * *' }, later) })
  expect(await job('payment-reset')).toMatchObject({
    schedule: '30 7 * * *',
    nextRunAt: new Date('2026-11-21T10:30:00Z'),
  })
})

test('a job of another version of the scheduler is left to it', async () => {
  const { parts, database } = await aScheduler({ at: '2026-11-20T20:00:00Z' })
  const now = () => new Date('2026-11-22T00:00:00Z')
  await runDueJobs({ ...parts, now, jobs: parts.jobs.filter(({ name }) => name !== 'payment-reset') })
  expect((await findDueJobs(database, now())).map(({ name }) => name)).toEqual(['payment-reset'])
})

test('the audit log gets sealed', async () => {
  const scheduler = await aScheduler({ at: '2026-11-20T20:00:00Z' })
  const row: AuditRow = { actor: 'test', action: 'seller.created', subject: { type: 'seller', id: '1' } }
  await scheduler.database.transaction().execute((tx) => recordAudit(tx, [row, row]))
  // Rows younger than an open transaction anywhere on the server, of another test's database even, wait for the next minute.
  const deadline = performance.now() + 15_000
  for (let minute = 1; (await verifyAuditLog(scheduler.database)).unsealedRows > 0; minute += 1) {
    await scheduler.runAt(new Date(Date.parse('2026-11-20T20:00:00Z') + minute * 60_000).toISOString())
    if (performance.now() > deadline) break
  }
  expect(await verifyAuditLog(scheduler.database)).toMatchObject({ sealedRows: 2, unsealedRows: 0, problems: [] })
})

test('balances that were left behind are queued again, and a pay-day that stalls is told, once', async () => {
  const scheduler = await aScheduler({ at: '2026-11-21T08:00:00Z' })
  const { database } = scheduler
  await sql`insert into countries (id, name, currency, enabled) values ('cl', 'Chile', 'CLP', true)`.execute(database)
  const balances = await sql<{ id: string; status: string }>`
    with run as (
      insert into pay_day_runs (business_date, opened_at, initialized_at)
      values ('2026-11-20', '2026-11-21T09:00:00Z', '2026-11-21T09:00:00Z') returning id
    ), sellers as (
      insert into sellers (gsc_seller_id, legal_name, tax_id, operation_type, type, status)
      select s, 's', '76192083-9', 'local', '3P', 'active'
      from unnest('{initialized,payable,payment_pending,paid}'::text[]) s returning id, gsc_seller_id
    )
    insert into seller_balances (run_id, seller_id, country, business_date, currency, status, amount_owed, status_checks,
      created_at, updated_at)
    select run.id, sellers.id, 'cl', '2026-11-20', 'CLP', gsc_seller_id,
      case gsc_seller_id when 'initialized' then null else 5 end, 2, '2026-11-21T09:00:00Z', '2026-11-21T09:00:00Z'
    from run, sellers returning id, status`.execute(database)
  const idOf = (status: string) => balances.rows.find((row) => row.status === status)?.id
  const queued = async () =>
    (
      await sql<{ topic: string; data: object }>`
      select topic, data from outbox
      where topic not in (${topics.paymentReset.name}, ${topics.payoutScheduler.name}, ${topics.lateDocumentSweep.name})
      order by id`.execute(database)
    ).rows
  await scheduler.runAt('2026-11-21T09:05:00Z')
  expect(await queued()).toEqual([])
  await scheduler.runAt('2026-11-21T15:00:00Z')
  const all = [
    { topic: topics.balanceDataRetrieval.name, data: { sellerBalanceId: idOf('initialized') } },
    { topic: topics.paySellerBalance.name, data: { sellerBalanceId: idOf('payable') } },
    { topic: topics.checkFpayPaymentStatus.name, data: { sellerBalanceId: idOf('payment_pending'), look: 2 } },
    { topic: topics.checkFpayPaymentStatus.name, data: { sellerBalanceId: idOf('paid') } },
    { topic: topics.financeAlert.name, data: expect.anything() },
  ]
  expect(await queued()).toEqual(all)
  await scheduler.runAt('2026-11-21T15:05:00Z')
  expect(await queued()).toEqual(all)
  const { rows } = await sql`select kind, details, times from finance_alerts`.execute(database)
  expect(rows).toEqual([
    { kind: 'pay_day_stalled', details: { initialized: true, open: { initialized: 1, payable: 1 } }, times: 1 },
  ])
})

test('a reset whose message was lost is told when its pay-day should long have begun', async () => {
  const scheduler = await aScheduler({ at: '2026-11-16T12:00:00Z' })
  const { database } = scheduler
  await sql`truncate pay_day_runs, finance_alerts cascade`.execute(database)
  const told = async () =>
    (
      await sql<{ business_date: string; status: string }>`
      select business_date, status from finance_alerts order by business_date`.execute(database)
    ).rows
  await scheduler.runAt('2026-11-18T14:55:00Z') // nobody has ever paid: a system that is being set up
  expect(await told()).toEqual([])
  await sql`
    insert into pay_day_runs (business_date, opened_at, initialized_at)
    select at - interval '1 day', at, at from unnest('{2026-11-17T09:00:00Z,2026-11-19T09:00:00Z}'::timestamptz[]) at`.execute(
    database,
  )
  await scheduler.runAt('2026-11-20T14:55:00Z') // of the 19th: six in Chile, and not yet six hours after it
  expect(await told()).toEqual([{ business_date: '2026-11-17', status: 'open' }])
  await scheduler.runAt('2026-11-20T15:00:00Z')
  await scheduler.runAt('2026-11-20T15:05:00Z')
  expect(await told()).toEqual(['2026-11-17', '2026-11-19'].map((business_date) => ({ business_date, status: 'open' })))
  await sql`insert into pay_day_runs (business_date, initialized_at) values ('2026-11-19', now())`.execute(database)
  await scheduler.runAt('2026-11-20T15:10:00Z')
  expect((await told())[1]).toEqual({ business_date: '2026-11-19', status: 'resolved' })
})

test('three times a day by the clock in Chile NetSuite is to be asked for late documents; after an outage once', async () => {
  const scheduler = await aScheduler({ at: '2026-11-20T22:00:00Z' })
  const sweeps = async () =>
    (await sql`select from outbox where topic = ${topics.lateDocumentSweep.name}`.execute(scheduler.database)).rows
      .length
  await scheduler.runAt('2026-11-21T11:59:59Z')
  expect(await sweeps()).toBe(0)
  await scheduler.runAt('2026-11-21T12:00:00Z')
  await scheduler.runAt('2026-11-21T12:00:01Z')
  expect(await sweeps()).toBe(1)
  await scheduler.runAt('2026-11-23T11:00:00Z')
  expect(await sweeps()).toBe(2)
})

test('every rail, and NetSuite, is held against ours for the day before and for the one of which nothing comes back any more', async () => {
  const scheduler = await aScheduler({ at: '2026-11-21T01:00:00Z' })
  await scheduler.runAt('2026-11-21T02:30:00Z')
  const { rows } = await sql<{ data: object }>`
    select data from outbox where topic = ${topics.railReconciliation.name} order by id`.execute(scheduler.database)
  const of = (startDate: string, endDate: string) =>
    ['stripe-transfers', 'fpay', 'payoneer', 'netsuite'].map((books) => ({ books, startDate, endDate }))
  expect(rows.map(({ data }) => data)).toEqual([...of('2026-11-20', '2026-11-21'), ...of('2026-11-13', '2026-11-14')])
})
