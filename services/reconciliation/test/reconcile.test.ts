import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { listFindings } from '@remesa/database/reconciliation-findings'
import { findReport, listReports } from '@remesa/database/reconciliation-reports'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { sql } from 'kysely'
import { aService, at, chargeQuietly, customersOf, DAY, recordThem } from './billing.ts'

let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.stop())

const reports = () => listReports(world.database, { kind: 'billing', limit: 100 })

async function staged(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select (select count(*) from reconciliation_slices) + (select count(*) from reconciliation_staged_payments)
      + (select count(*) from reconciliation_staged_refunds) as count`.execute(world.database)
  return Number(rows[0]?.count)
}

async function told() {
  const { rows } = await sql<{ channel: string; action: string; payload: { told?: object } }>`
    select channel, action, payload from alert_deliveries order by position`.execute(world.database)
  return rows
}

test('a day on which both sides agree is a success, nobody is told, and nothing is left behind', async () => {
  const customers = customersOf(300)
  chargeQuietly(world, customers)
  await recordThem(world, customers)
  const { reconcile, lines } = aService(world)
  const result = await reconcile({ startDate: DAY })
  expect(result).toMatchObject({
    ...{ date: DAY, status: 'success', stripeTotal: '29785.00', databaseTotal: '29785.00', discrepancy: '0.00' },
    ...{ discrepancyPercentage: 0, missingInDatabase: [], missingInStripe: [], amountMismatches: [] },
    ...{ recommendations: [], grossOver: '0.00', grossUnder: '0.00', moneyAtRisk: '0.00' },
    byCurrency: [{ currency: 'USD', stripePayments: 300 }],
  })
  expect(await findReport(world.database, result.reportId)).toMatchObject({
    status: 'success',
    severity: 'none',
    result,
  })
  expect(await staged()).toBe(0)
  expect(await told()).toEqual([])
  expect(lines.map(({ level, text }) => `${level}: ${text}`)).toEqual([
    'info: Starting billing reconciliation',
    'info: Reconciliation completed',
  ])
  expect(lines[1]?.fields).toMatchObject({ status: 'success', discrepancy: '0.00', duration: expect.any(Number) })
})

test('what is planted is found, stored, logged and told, each currency on its own', async () => {
  const customers = customersOf(100)
  chargeQuietly(world, customers)
  await recordThem(world, customers)
  chargeQuietly(world, [
    { id: 'lost', seconds: 0 },
    { id: 'wrong', seconds: 5, amount: 777n },
    { id: 'pesos', seconds: 86_399, currency: 'CLP', amount: 5_000n },
    { id: 'tomorrow', seconds: 86_400 },
  ])
  await recordThem(world, [
    { id: 'wrong', seconds: 5, amount: 77_700n },
    { id: 'pesos', seconds: 86_399, currency: 'CLP', amount: 5_000n },
    { id: 'tomorrow', seconds: 86_399.999 },
    { id: 'invented', seconds: 100 },
  ])
  await recordThem(world, [{ id: 'by hand', seconds: 7 }], 'manual')
  const { reconcile, lines } = aService(world)
  const result = await reconcile({ startDate: DAY, endDate: '2026-11-13' })
  expect(result).toMatchObject({
    status: 'discrepancy_found',
    missingInDatabase: ['pi_lost'],
    missingInStripe: ['pi_by hand', 'pi_invented'],
    amountMismatches: [{ paymentId: 'pi_wrong', category: 'amount_mismatch', stripe: { amount: '7.77' } }],
    ...{ grossOver: '100.00', grossUnder: '969.23', moneyAtRisk: '1069.23', discrepancy: '-869.23' },
    byCurrency: [{ currency: 'USD' }, { currency: 'CLP', stripeTotal: '5000', discrepancy: '0' }],
  })
  const findings = await listFindings(world.database, { reportId: result.reportId, limit: 100 })
  expect(findings.map(({ category, paymentId }) => [paymentId, category])).toEqual([
    ['pi_lost', 'missing_in_database'],
    ['pi_wrong', 'amount_mismatch'],
    ['pi_by hand', 'missing_in_stripe'],
    ['pi_invented', 'missing_in_stripe'],
    ['pi_tomorrow', 'timing'],
  ])
  expect(result.recommendations.join('\n')).toMatch(/pi_wrong alone[\s\S]*factor of 10[\s\S]*recorded by hand/)
  expect(lines.at(-1)).toMatchObject({
    level: 'warn',
    text: 'Billing discrepancy detected',
    fields: { discrepancy: '-869.23', moneyAtRisk: '1069.23', percentage: 9.8077, severity: 'critical' },
  })
  expect((await told()).map(({ channel, action }) => `${channel} ${action}`)).toEqual([
    'slack post',
    'pagerduty trigger',
  ])
})

test('lost webhooks are named as a gap, and once they are synced the next run is a success', async () => {
  const customers = customersOf(400)
  chargeQuietly(world, customers)
  await recordThem(
    world,
    customers.filter(({ seconds }) => seconds < 36_000 || seconds >= 43_200),
  )
  const { reconcile, syncMissingPayments } = aService(world)
  const first = await reconcile({ startDate: DAY })
  expect(first.missingInDatabase).toHaveLength(33)
  expect(first.recommendations[0]).toMatch(/from 2026-11-12T10:0\d:\d\dZ to 2026-11-12T11:5\d:\d\dZ: 33 payments/)
  expect(await syncMissingPayments(first.missingInDatabase)).toEqual({ synced: first.missingInDatabase, failed: [] })
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'success', recommendations: [] })
})

test('two runs of one day at once find the same, and leave nothing behind', async () => {
  const customers = customersOf(200)
  chargeQuietly(world, customers)
  await recordThem(world, customers.slice(1))
  const { reconcile } = aService(world)
  const results = await Promise.all([1, 2, 3].map(() => reconcile({ startDate: DAY })))
  for (const result of results) expect(result).toMatchObject({ missingInDatabase: ['pi_c0'], missingInStripe: [] })
  expect(new Set(results.map(({ reportId }) => reportId)).size).toBe(3)
  expect(await staged()).toBe(0)
})

test('a writer in another time zone is found out, and what it shifted is missing nowhere', async () => {
  const customers = customersOf(1_200)
  chargeQuietly(world, customers)
  chargeQuietly(
    world,
    customersOf(200, 'next').map((one) => ({ ...one, seconds: 86_400 + one.seconds / 6 })),
  )
  await recordThem(
    world,
    customers.map((one) => ({ ...one, seconds: one.seconds - 14_400 })),
  )
  await recordThem(
    world,
    customersOf(200, 'next').map((one) => ({ ...one, seconds: 72_000 + one.seconds / 6 })),
  )
  const { reconcile } = aService(world)
  const result = await reconcile({ startDate: DAY })
  expect(result).toMatchObject({ status: 'success', missingInDatabase: [], missingInStripe: [] })
  expect(result.recommendations[0]).toMatch(/400 payments recorded exactly 4 h earlier than Stripe has them/)
})

test('without refunds a refund that we do not know of is nobody’s business', async () => {
  const customers = customersOf(50)
  chargeQuietly(world, customers)
  await recordThem(
    world,
    customers.map((one) => ({ ...one, refunded: 0n })),
  )
  const { reconcile } = aService(world)
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'discrepancy_found' })
  expect(await reconcile({ startDate: DAY, includeRefunds: false })).toMatchObject({
    status: 'success',
    stripeTotal: '5000.00',
  })
})

test('the daily run takes the UTC day before, whatever the hour', async () => {
  const { runDailyReconciliation } = aService(world, { now: () => new Date('2026-11-13T23:59:59.999Z') })
  expect(await runDailyReconciliation()).toMatchObject({ date: DAY, status: 'success' })
  const [report] = await reports()
  expect(report?.window).toEqual({ from: at(0), to: at(86_400) })
})

test('what cannot be asked is refused before anything is begun', async () => {
  const { reconcile } = aService(world)
  for (const asked of [
    { startDate: '2026-02-30' },
    { startDate: 'yesterday' },
    { startDate: DAY, endDate: DAY },
    { startDate: at(0.5) },
    { startDate: DAY, tolerancePercentage: Number.NaN },
    { startDate: '2999-11-12' },
  ]) {
    await expect(reconcile(asked)).rejects.toThrow(RangeError)
  }
  expect(await reports()).toEqual([])
})
