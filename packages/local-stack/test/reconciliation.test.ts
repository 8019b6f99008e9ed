import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { recordPayments } from '@remesa/database/payments'
import { type BusinessDate, businessDate } from '@remesa/domain/business-date'
import { currency } from '@remesa/domain/currency'
import type { Marketplace, MarketplacePayment } from '@remesa/sandbox/marketplace'
import { sql } from 'kysely'
import { recordCustomerPayments } from '../src/customer-payments.ts'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { reconcileDay } from '../src/reconciliation.ts'
import type { Stack } from '../src/stack/stack.ts'
import { summarize } from '../src/summary.ts'
import { syncedByAnOperator } from './support/billing-operator.ts'
import { type ExpectedReconciliation, expectedReconciliation } from './support/expected-reconciliation.ts'
import { aStack } from './support/stacks.ts'
import { withFiles } from './support/write-marketplace.ts'

// Billing reconciliation with every process that takes part: webhooks records what Stripe tells, reconciliation compares,
// finance-alerts tells people. Each test has a day of its own.

const WATCH = { patienceMs: 60_000, onProgress: () => {} }

const stops: (() => Promise<unknown>)[] = []
let stack: Stack
beforeAll(async () => {
  stack = await aStack({ services: ['webhooks', 'reconciliation', 'finance-alerts'] }, stops)
}, 200_000)
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

test('every discrepancy between two files is found, and nothing else, to the last cent', async () => {
  const day = businessDate('2026-11-11')
  const marketplace = generateMarketplace({ sellers: 1, payments: 400, businessDate: day, seed: 3 })
  const expected = await expectedOf(marketplace, day)
  const counts = countsOf(expected)
  expect(Object.keys(counts)).toHaveLength(7) // something of every category that files can plant

  await recordCustomerPayments(stack, marketplace, WATCH)
  expect(await heardByWebhooks()).toBeGreaterThan(350)
  const reconciled = await reconcileDay(stack, day, WATCH)
  const { reconciliation, findings } = await summarize(stack, {
    ...{ businessDate: day, sellers: 0, settlements: [], bookings: [], reconciled, memory: {} },
    seconds: { setup: 0, profileSync: 0, payDay: 0, settlements: 0, bookings: 0, reconciliation: 0 },
  })

  expect(await foundIn(reconciled.result.reportId)).toEqual(linesOf(expected))
  expect(findings).toEqual({ ...counts, not_looked_up: 0 }) // so few that Stripe was asked about each
  const [dollars] = expected.byCurrency
  expect(reconciliation).toMatchObject({
    ...{ date: day, status: 'discrepancy_found', byCurrency: expected.byCurrency },
    ...{ stripeTotal: dollars?.stripeTotal, databaseTotal: dollars?.databaseTotal },
    ...{ discrepancy: dollars?.discrepancy, discrepancyPercentage: dollars?.discrepancyPercentage },
    ...{ grossOver: dollars?.grossOver, grossUnder: dollars?.grossUnder, moneyAtRisk: dollars?.moneyAtRisk },
  })
  expect(reconciliation?.missingInDatabase.toSorted()).toEqual(idsOf(expected, 'missing_in_database'))
  expect(reconciliation?.missingInStripe.toSorted()).toEqual(idsOf(expected, 'missing_in_stripe'))
  const mismatches = ['amount_mismatch', 'refund_mismatch', 'currency_mismatch'].flatMap((one) => idsOf(expected, one))
  expect(reconciliation?.amountMismatches.map(({ paymentId }) => paymentId).sort()).toEqual(mismatches.sort())
  expect(reconciled.severity).toBe(expected.severity)
}, 120_000)

test.each([
  { day: '2026-11-12', lost: 0, severity: 'none', slack: [], incidents: 0 },
  { day: '2026-11-13', lost: 2, severity: 'warning', slack: ['#FFA500'], incidents: 0 },
  { day: '2026-11-14', lost: 9, severity: 'critical', slack: ['#FF0000'], incidents: 1 },
])(
  'when $lost of 100 webhooks were lost it is $severity: Slack shows $slack, PagerDuty has $incidents incidents',
  async (asked) => {
    const payments = paymentsOf(asked.day, 100)
    const before = await slackColours()
    await recordCustomerPayments(stack, { payments, recorded: payments.slice(asked.lost) }, WATCH)
    const { result, severity, alertsSent } = await reconcileDay(stack, businessDate(asked.day), WATCH)

    expect(severity).toBe(asked.severity)
    expect(result.status).toBe(asked.lost === 0 ? 'success' : 'discrepancy_found')
    expect((await slackColours()).slice(before.length)).toEqual(asked.slack)
    expect(await incidentsOf(asked.day)).toEqual(Array(asked.incidents).fill('triggered'))
    expect(alertsSent).toEqual({ slack: asked.slack.length, pagerduty: asked.incidents })
  },
  60_000,
)

test('what lost webhooks left out is copied by an operator; the next run of the day is a success, and the incident is over', async () => {
  const day = businessDate('2026-11-15')
  const [lost, heard] = [paymentsOf(day, 20, 'lost'), paymentsOf(day, 80, 'heard')]
  const ids = lost.map(({ paymentId }) => paymentId)
  await stack.sandbox.control('stripe', 'loseWebhooks', { paymentIds: ids })
  await stack.sandbox.control('stripe', 'loadPayments', { payments: lost }) // told of aloud, and never heard
  await recordCustomerPayments(stack, { payments: heard, recorded: heard }, WATCH)

  const { result: first, alertsSent } = await reconcileDay(stack, day, WATCH)
  expect(first).toMatchObject({ status: 'discrepancy_found', missingInStripe: [], amountMismatches: [] })
  expect(first.missingInDatabase.toSorted()).toEqual(ids)
  expect(alertsSent).toEqual({ slack: 1, pagerduty: 1 })
  expect(await incidentsOf(day)).toEqual(['triggered'])

  const colours = await slackColours()
  expect(await syncedByAnOperator(stack, first.missingInDatabase)).toEqual({
    synced: first.missingInDatabase,
    failed: [],
  })
  const second = await reconcileDay(stack, day, WATCH)
  expect(second.result).toMatchObject({
    ...{ status: 'success', discrepancy: '0.00', moneyAtRisk: '0.00', recommendations: [] },
    stripeTotal: first.stripeTotal,
  })
  expect(second.alertsSent).toEqual({ slack: 0, pagerduty: 0 })
  expect(await incidentsOf(day)).toEqual(['resolved'])
  expect(await slackColours()).toEqual(colours)
}, 60_000)

test('what a database that was kept has of an earlier Stripe is forgotten, and the day is as its files say', async () => {
  const [day, asOf] = [businessDate('2026-11-16'), new Date()]
  const payments = paymentsOf(day, 20)
  const money = { amount: 30_00n, currency: currency('USD') }
  const refunds = payments.map(({ paymentId, created }) => ({
    ...{ refundId: `re_earlier_${paymentId}`, paymentId, money, status: 'succeeded' as const },
    ...{ created: new Date(created), asOf },
  }))
  await stack.database.transaction().execute((tx) => recordPayments(tx, { refunds }))
  await recordCustomerPayments({ ...stack, databaseIsFresh: false }, { payments, recorded: payments }, WATCH)
  expect((await reconcileDay(stack, day, WATCH)).result.status).toBe('success')
}, 60_000)

/** One a minute from midnight on; of every tenth a part was given back. */
const paymentsOf = (day: string, count: number, prefix = 'paid'): MarketplacePayment[] =>
  Array.from({ length: count }, (_, number) => ({
    paymentId: `pi_${prefix}${day.replaceAll('-', '')}${String(number).padStart(3, '0')}`,
    created: new Date(Date.parse(`${day}T00:00:00Z`) + number * 60_000).toISOString(),
    ...{ currency: 'USD', amount: '100.00', refunded: number % 10 === 9 ? '30.00' : '0.00', description: null },
  }))

const expectedOf = (marketplace: Marketplace, day: BusinessDate): Promise<ExpectedReconciliation> =>
  withFiles(marketplace, (directory) => expectedReconciliation(directory, day))

const idsOf = ({ findings }: ExpectedReconciliation, wanted: string): readonly string[] =>
  findings
    .filter(({ category }) => category === wanted)
    .map(({ paymentId }) => paymentId)
    .sort()

const linesOf = ({ findings }: ExpectedReconciliation): readonly string[] =>
  findings.map(({ category, paymentId }) => `${category} ${paymentId}`).sort()

const countsOf = ({ findings }: ExpectedReconciliation): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...Map.groupBy(findings, ({ category }) => category)].map(([category, those]) => [category, those.length]),
  )

async function foundIn(reportId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ line: string }>`
    select category || ' ' || payment_id as line from reconciliation_findings where report_id = ${reportId}`.execute(
    stack.database,
  )
  return rows.map(({ line }) => line).sort()
}

/** Events come now, and what is written down is dated as the payment is. */
async function heardByWebhooks(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from payments where last_event_at > now() - interval '1 hour'`.execute(stack.database)
  return rows[0]?.count ?? 0
}

/** Of the messages in the channel, in the order of their coming. */
async function slackColours(): Promise<readonly string[]> {
  const messages = (await stack.sandbox.control('slack', 'messages')) as {
    payload: { attachments?: { color: string }[] }
  }[]
  return messages.flatMap(({ payload }) => payload.attachments?.map(({ color }) => color) ?? [])
}

/** How the day's incidents stand at PagerDuty. */
async function incidentsOf(day: string): Promise<readonly string[]> {
  const incidents = (await stack.sandbox.control('pagerduty', 'incidents')) as { dedupKey: string; status: string }[]
  return incidents
    .filter(({ dedupKey }) => dedupKey === `billing-recon:local:platform:${day}`)
    .map(({ status }) => status)
}
