import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import { failedResult } from '@remesa/domain/reconciliation-figures'
import { sql } from 'kysely'
import { decideFinding, insertFindings, listFindings } from '../src/reconciliation-findings.ts'
import { findReport, listReports } from '../src/reconciliation-reports.ts'
import { findAbandoned, finishRun, type Run, renewRun, startRun } from '../src/reconciliation-runs.ts'
import { findUnread, planSlices, storePage } from '../src/reconciliation-staging.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { DAY, emptyBooks, record } from './reconciliation-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
beforeEach(async () => {
  await sql`truncate reconciliation_reports, reconciliation_findings, reconciliation_slices,
    reconciliation_staged_payments, reconciliation_staged_refunds cascade`.execute(world.database)
})
afterAll(() => world.drop())

const REQUEST = { kind: 'billing', window: DAY, includeRefunds: true, tolerancePercentage: 1, reportingCurrency: 'USD' }
const start = (leaseMs = 60_000, request = REQUEST): Promise<Run> =>
  inTransaction(world, (tx) => startRun(tx, request, { leaseMs }))
const result = (run: Run) => failedResult({ ...run, reportingCurrency: currency('USD'), recommendations: ['again'] })
const fail = (run: Run): Promise<boolean> =>
  inTransaction(world, (tx) =>
    finishRun(tx, run, { result: result(run), severity: 'critical', error: 'no answer', keepsReading: true }),
  )
const succeed = (run: Run): Promise<boolean> =>
  inTransaction(world, (tx) =>
    finishRun(tx, run, {
      result: { ...result(run), status: 'success' },
      severity: 'none',
      error: null,
      keepsReading: false,
    }),
  )
const slices = async (readingId: string): Promise<number> =>
  (await planSlices(world.database, readingId, [{ kind: 'charges', number: 0, ...DAY }])).length
const staged = async (): Promise<number> =>
  (await world.database.selectFrom('reconciliation_slices').selectAll().execute()).length

test('two runs at once each have a report and a reading of their own', async () => {
  const [one, other] = await Promise.all([start(), start()])
  expect(one.reportId).not.toBe(other.reportId)
  expect(one.readingId).not.toBe(other.readingId)
  expect([one.isResumed, other.isResumed]).toEqual([false, false])
})

test('a run whose lease has ended is taken over by one alone, under its report, and its old worker writes nothing more', async () => {
  const dead = await start(0)
  const [one, other] = await Promise.all([start(), start()])
  const heir = [one, other].filter(({ isResumed }) => isResumed)
  expect(heir).toMatchObject([{ reportId: dead.reportId, readingId: dead.readingId }])
  expect(await renewRun(world.database, dead, { leaseMs: 60_000 })).toBe(false)
  expect(await succeed(dead)).toBe(false)
  expect(heir[0] && (await succeed(heir[0]))).toBe(true)
})

test('a run of another window, or other options, is not taken over', async () => {
  const dead = await start(0)
  const tomorrow = { from: DAY.to, to: new Date(DAY.to.getTime() + 86_400_000) }
  expect((await start(60_000, { ...REQUEST, window: tomorrow })).readingId).not.toBe(dead.readingId)
  expect((await start(60_000, { ...REQUEST, includeRefunds: false })).readingId).not.toBe(dead.readingId)
})

test('what a failed run had read is gone on with once, and only for two hours', async () => {
  const failed = await start()
  await slices(failed.readingId)
  expect(await fail(failed)).toBe(true)
  const [one, other] = await Promise.all([start(), start()])
  expect([one, other].map(({ readingId }) => readingId === failed.readingId).sort()).toEqual([false, true])
  expect(await findReport(world.database, failed.reportId)).toMatchObject({ status: 'error', error: 'no answer' })

  const heir = one.isResumed ? one : other
  await fail(heir)
  await sql`update reconciliation_reports set reading_since = now() - interval '121 minutes'
    where reading_id is not null`.execute(world.database)
  expect((await start()).isResumed).toBe(false)
  expect(await staged()).toBe(0)
})

test('what was read before the window was over is not gone on with, be its run dead or failed', async () => {
  const dead = await start(0)
  const failed = await start()
  await fail(failed)
  await sql`update reconciliation_reports set reading_since = window_to - interval '1 second',
    lease_expires_at = case when status = 'running' then now() end`.execute(world.database)
  const old = [dead.readingId, failed.readingId]
  for (const run of [await start(), await start()]) expect(old).not.toContain(run.readingId)
})

test('a run that succeeded leaves its report and nothing that was read', async () => {
  const run = await start()
  await slices(run.readingId)
  expect(await succeed(run)).toBe(true)
  expect(await staged()).toBe(0)
  expect(await listReports(world.database, { kind: 'billing', limit: 5 })).toMatchObject([
    { id: run.reportId, status: 'success', severity: 'none', error: null, tolerancePercentage: 1, window: DAY },
  ])
})

test('a run that nobody went on with for hours is known as abandoned', async () => {
  const run = await start()
  expect(await findAbandoned(world.database, 'billing')).toEqual([])
  await sql`update reconciliation_reports set lease_expires_at = now() - interval '3 hours'`.execute(world.database)
  expect(await findAbandoned(world.database, 'billing')).toMatchObject([{ reportId: run.reportId, window: DAY }])
})

test('a page is stored once, where its slice stands, and a slice is planned once', async () => {
  const { database } = world
  const { readingId } = await start()
  await slices(readingId)
  const [slice] = await planSlices(database, readingId, [
    { kind: 'charges', number: 0, ...DAY },
    { kind: 'charges', number: 1, ...DAY },
  ])
  const charge = { chargeId: 'ch_1', paymentId: 'pi_1', currency: 'USD', amount: 5n, refunded: 0n, created: DAY.from }
  const page = { readingId, slice: { kind: 'charges', number: 0 } as const, isLast: false, charges: [charge] }
  expect(slice).toMatchObject({ number: 0, after: null, done: false })
  await storePage(database, { ...page, from: null, to: 'ch_1' })
  for (const from of [null, 'ch_9']) {
    await expect(storePage(database, { ...page, from, to: 'ch_1' })).rejects.toThrow('not where its reader left it')
  }
  await storePage(database, { ...page, charges: [], from: 'ch_1', to: 'ch_1', isLast: true })
  await expect(storePage(database, { ...page, from: 'ch_1', to: 'ch_2' })).rejects.toThrow('not where')
  const rows = await database.selectFrom('reconciliation_staged_payments').selectAll().execute()
  expect(rows).toMatchObject([{ payment_id: 'pi_1', amount: 5n, charges: 1 }])
})

test('what the database alone has in the window is found, edges to the millisecond', async () => {
  const { database } = world
  const at = (ms: number) => new Date(DAY.from.getTime() + ms)
  const row = (paymentId: string, created: Date) => {
    return {
      paymentId,
      chargeId: paymentId,
      currency: 'USD',
      amount: 1n,
      refunded: 0n,
      created,
      source: 'webhook' as const,
    }
  }
  const recorded = [
    row('pi_before', at(-1)),
    row('pi_first', at(0)),
    row('pi_last', at(86_399_999)),
    row('cash-7', at(7)),
    row('pi_after', DAY.to),
  ]
  await record(database, { ...emptyBooks(), recorded })
  const { readingId } = await start()
  expect(await findUnread(database, { readingId, window: DAY, after: null, limit: 10 })).toEqual([
    'pi_first',
    'pi_last',
  ])
  expect(await findUnread(database, { readingId, window: DAY, after: null, limit: 1 })).toEqual(['pi_first'])
  expect(await findUnread(database, { readingId, window: DAY, after: 'pi_first', limit: 10 })).toEqual(['pi_last'])
})

test('a finding is assigned and resolved with a note, and both are audited', async () => {
  const { reportId } = await start()
  const side = { currency: currency('USD'), amount: 9_007_199_254_740_993n, refunded: 0n, created: DAY.from }
  const over = { amount: side.amount, currency: side.currency }
  const finding = { category: 'missing_in_database', paymentId: 'pi_1', refundId: null, stripe: side } as const
  await inTransaction(world, (tx) =>
    insertFindings(tx, reportId, [{ ...finding, database: null, over, under: null, source: null }]),
  )
  const [stored] = await listFindings(world.database, { reportId, limit: 10 })
  expect(stored).toMatchObject({ ...finding, over, status: 'open' })
  const id = stored?.id ?? 0n
  const decide = (decision: { note: string; assignee: string | null }) =>
    inTransaction(world, (tx) => decideFinding(tx, { id, actor: 'operator:ana', ...decision }))
  expect(await decide({ note: 'look', assignee: 'eva' })).toMatchObject({ status: 'assigned', assignee: 'eva' })
  expect(await decide({ note: 'synced', assignee: null })).toMatchObject({ status: 'resolved', note: 'synced' })
  expect(await listFindings(world.database, { reportId, status: 'open', limit: 10 })).toEqual([])
  const audited = await world.database
    .selectFrom('audit_log')
    .select(['action', 'reason', 'actor'])
    .orderBy('id')
    .execute()
  expect(audited).toEqual([
    { action: 'reconciliation_finding.assigned', reason: 'look', actor: 'operator:ana' },
    { action: 'reconciliation_finding.resolved', reason: 'synced', actor: 'operator:ana' },
  ])
})
