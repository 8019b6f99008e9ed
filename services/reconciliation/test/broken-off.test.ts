import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { insertFindings, listFindings } from '@remesa/database/reconciliation-findings'
import { findReport, listReports } from '@remesa/database/reconciliation-reports'
import { startRun } from '@remesa/database/reconciliation-runs'
import { currency } from '@remesa/domain/currency'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import type { Message } from '@remesa/messaging/handler'
import type { StripeReads } from '@remesa/stripe-client/stripe-reads'
import { sql } from 'kysely'
import { reconcileOnRequest } from '../src/reconcile-on-request.ts'
import { aService, at, chargeQuietly, customersOf, DAY, recordThem } from './billing.ts'

let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.stop())

/** So many that one slice of time has two dozen pages. */
const BUSY = customersOf(2_500, 'busy').map((one, index) => ({ ...one, seconds: 600 + (index % 600), refunded: 0n }))

/** Counts pages of charges; after so many of them something happens. */
function counting(happensAfter: number, happens: () => void) {
  const counts = { pages: 0 }
  const wrap = (reads: StripeReads): StripeReads => ({
    ...reads,
    async *listCharges(range) {
      for await (const page of reads.listCharges(range)) {
        counts.pages += 1
        if (counts.pages === happensAfter) happens()
        yield page
      }
    },
  })
  return { counts, wrap }
}

const breakStripe = () =>
  world.sandbox.stripe.faults.script({ kind: 'error-before', route: 'GET /v1/charges', times: 10_000 })
const mendStripe = () => world.sandbox.stripe.faults.set({ rates: {} })

test('Stripe fails half-way: the report says so, nothing is called missing, and a later run goes on where it stopped', async () => {
  chargeQuietly(world, BUSY)
  await recordThem(world, BUSY)
  const { counts, wrap } = counting(15, breakStripe)
  const { reconcile, lines } = aService(world, { wrap, slicesAtOnce: 1 })
  const result = await reconcile({ startDate: DAY })
  expect(result).toMatchObject({
    ...{ status: 'error', stripeTotal: '0.00', databaseTotal: '0.00', discrepancy: '0.00' },
    ...{ missingInDatabase: [], missingInStripe: [], amountMismatches: [] },
  })
  expect(result.recommendations[0]).toContain('stripe, list charges')
  const [report] = await listReports(world.database, { kind: 'billing', limit: 10 })
  expect(report).toMatchObject({
    id: result.reportId,
    status: 'error',
    error: expect.stringContaining('stripe, list charges'),
  })
  const { rows } = await sql`select channel, action from alert_deliveries order by position`.execute(world.database)
  expect(rows).toEqual([
    { channel: 'slack', action: 'post' },
    { channel: 'pagerduty', action: 'trigger' },
  ])
  expect(lines.at(-1)).toMatchObject({ text: 'Reconciliation completed', fields: { status: 'error' } })

  mendStripe()
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'success', stripeTotal: '250000.00' })
  expect(lines.find(({ fields }) => 'isResumed' in fields && fields.isResumed)).toBeDefined()
  expect(counts.pages).toBeLessThanOrEqual(26)
})

test('pages that fail now and then are asked for again, and nothing is lost or counted twice', async () => {
  chargeQuietly(world, BUSY)
  await recordThem(world, BUSY)
  world.sandbox.stripe.faults.set({ rates: { 'error-before': 0.3, 'garbage-before': 0.2, 'lost-response': 0.2 } })
  const { reconcile } = aService(world)
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'success', stripeTotal: '250000.00' })
})

test('a run whose worker is stopped is gone on with by the next one, under the same report', async () => {
  chargeQuietly(world, BUSY)
  await recordThem(world, BUSY)
  let stopped: Promise<void> | undefined
  const { counts, wrap } = counting(15, () => {
    stopped = first.stop()
  })
  const first = aService(world, { wrap, slicesAtOnce: 1 })
  await expect(first.reconcile({ startDate: DAY })).rejects.toThrow('the service stops')
  await stopped
  const [left] = await listReports(world.database, { kind: 'billing', limit: 10 })
  expect(left).toMatchObject({ status: 'running' })
  const result = await aService(world, { wrap }).reconcile({ startDate: DAY })
  expect(result).toMatchObject({ status: 'success', reportId: left?.id })
  expect(counts.pages).toBeLessThanOrEqual(26)
})

test('a database that loses what was read makes an error of it, and the next run reads anew', async () => {
  chargeQuietly(world, BUSY)
  await recordThem(world, BUSY)
  const { counts, wrap } = counting(12, () => {
    void sql`truncate reconciliation_slices, reconciliation_staged_payments, reconciliation_staged_refunds`.execute(
      world.database,
    )
  })
  const { reconcile } = aService(world, { wrap, slicesAtOnce: 1 })
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'error', missingInStripe: [] })
  const before = counts.pages
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'success', stripeTotal: '250000.00' })
  expect(counts.pages - before).toBeGreaterThanOrEqual(25)
})

test('a worker that was too slow to keep its run writes nothing more', async () => {
  chargeQuietly(world, BUSY)
  await recordThem(world, BUSY)
  const { wrap } = counting(5, () => {
    void sql`update reconciliation_reports set lease_token = gen_random_uuid()`.execute(world.database)
  })
  const { reconcile } = aService(world, { wrap, leaseMs: 40 })
  await expect(reconcile({ startDate: DAY })).rejects.toThrow('taken over')
  const [report] = await listReports(world.database, { kind: 'billing', limit: 10 })
  expect(report).toMatchObject({ status: 'running', result: null })
})

test('a message reconciles the day that it names; one that cannot be read from Stripe is asked for again', async () => {
  const now = () => new Date('2026-11-13T02:00:00Z')
  const service = aService(world, { now })
  const handle = reconcileOnRequest({ service, againAfterMs: 1_000, now })
  expect(await world.deliver(handle, { startDate: '2026-11-11', endDate: '2026-11-13' })).toEqual([{ kind: 'done' }])
  expect(await world.deliver(handle, {})).toEqual([{ kind: 'done' }])
  const reports = await listReports(world.database, { kind: 'billing', limit: 10 })
  expect(reports.map(({ result }) => result?.date).sort()).toEqual(['2026-11-11/2026-11-13', DAY])
  expect(await world.deliver(handle, { startDate: DAY, endDate: DAY })).toMatchObject([{ kind: 'reject' }])
  expect(await world.deliver(handle, { endDate: DAY })).toMatchObject([{ kind: 'reject' }])
  breakStripe()
  expect(await world.deliver(handle, { startDate: DAY })).toMatchObject([{ kind: 'retry', afterMs: 1_000 }])
})

test('a failed run that is tried again wakes nobody; the last one does, and a later success lets people sleep', async () => {
  const now = () => new Date('2026-11-13T02:00:00Z')
  const handle = reconcileOnRequest({ service: aService(world, { now }), againAfterMs: 1_000, now })
  const told = async () => {
    const { rows } = await sql<{ channel: string; action: string; again: boolean }>`
      select channel, action, (payload #>> '{told,isTriedAgain}')::boolean as again from alert_deliveries
      order by position`.execute(world.database)
    return rows.map(({ channel, action, again }) => `${channel} ${action}${again ? ', tried again' : ''}`)
  }
  breakStripe()
  const again = Array.from({ length: 4 }, () => 'slack post, tried again')
  for (let retries = 0; retries < 4; retries += 1) {
    const [verdict] = await world.deliver(handle, asked({ startDate: DAY }, retries))
    expect(verdict).toMatchObject({ kind: 'retry', afterMs: 1_000 * 2 ** retries })
  }
  expect(await told()).toEqual(again)
  expect(await world.deliver(handle, asked({}, 4))).toEqual([{ kind: 'done' }])
  expect(await told()).toEqual([...again, 'slack post', 'pagerduty trigger'])
  mendStripe()
  expect(await world.deliver(handle, asked({ startDate: DAY }, 0))).toEqual([{ kind: 'done' }])
  expect((await told()).at(-1)).toBe('pagerduty resolve')
})

/** A message that handlers have asked for again so often. */
const asked = <Data extends object>(data: Data, retries: number): Message<Data> => ({
  ...{ id: '1', data, attributes: {}, orderingKey: '', deliveryAttempt: 1, retries },
})

test('a day that is not over, or only just, is not compared: soon it is, later it is refused with the time to ask again', async () => {
  let now = new Date('2026-11-13T01:59:59.500Z')
  const handle = reconcileOnRequest({
    service: aService(world, { now: () => now }),
    ...{ againAfterMs: 1_000, now: () => now },
  })
  expect(await world.deliver(handle, {})).toMatchObject([{ kind: 'retry', afterMs: 1_000 }])
  now = new Date('2026-11-12T12:00:00Z')
  expect(await world.deliver(handle, { startDate: DAY })).toMatchObject([
    { kind: 'reject', reason: expect.stringContaining('ask again from 2026-11-13T02:00:00.000Z on') },
  ])
  expect(await listReports(world.database, { kind: 'billing', limit: 10 })).toEqual([])
  now = new Date('2026-11-13T02:00:00Z')
  expect(await world.deliver(handle, {})).toEqual([{ kind: 'done' }])
})

test('a run that nobody goes on with ends with an error that people are told of, and without findings', async () => {
  const { database } = world
  const request = { kind: 'billing', window: { from: at(-86_400), to: at(0) }, includeRefunds: true }
  const run = await database
    .transaction()
    .execute((tx) => startRun(tx, { ...request, tolerancePercentage: 1, reportingCurrency: 'USD' }, { leaseMs: 0 }))
  const payment = { currency: currency('USD'), amount: 1n, refunded: 0n, created: at(-1) }
  await database.transaction().execute((tx) =>
    insertFindings(tx, run.reportId, [
      {
        ...{ category: 'missing_in_stripe', paymentId: 'pi_1', refundId: null, stripe: null, database: payment },
        ...{ over: null, under: null, source: null },
      },
    ]),
  )
  await sql`update reconciliation_reports set lease_expires_at = now() - interval '3 hours'`.execute(database)
  const { reconcile } = aService(world)
  await Promise.all([reconcile({ startDate: DAY }), reconcile({ startDate: DAY })])
  expect(await findReport(database, run.reportId)).toMatchObject({ status: 'error', error: 'its worker died' })
  expect(await listFindings(database, { reportId: run.reportId, limit: 10 })).toEqual([])
  const { rows } = await sql`select channel, action from alert_deliveries order by position`.execute(database)
  expect(rows).toEqual([
    { channel: 'slack', action: 'post' },
    { channel: 'pagerduty', action: 'trigger' },
  ])
})
