import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { AlertMatter } from '@remesa/domain/alert-matter'
import type { AlertStep } from '@remesa/domain/reconciliation-alert'
import {
  alertsSent,
  claimDelivery,
  endDelivery,
  insertDeliveriesOnce,
  lockIncident,
  releaseDelivery,
} from '../src/alert-deliveries.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const aDay = (): AlertMatter => ({
  kind: 'billing_reconciliation',
  told: {
    reportId: randomUUID(),
    day: '2026-11-19',
    account: randomUUID(),
    window: { from: '2026-11-19T00:00:00Z', to: '2026-11-20T00:00:00Z' },
    status: 'discrepancy_found',
    severity: 'critical',
    percentage: 6.2,
    stripeTotal: { amount: '10620.00', currency: 'USD' },
    databaseTotal: { amount: '10000.00', currency: 'USD' },
    discrepancy: { amount: '620.00', currency: 'USD' },
    byCurrency: [],
    missingInDatabase: ['pi_1'],
    missingInStripe: [],
    amountMismatches: 0,
    recommendations: [],
  },
})
const POST: AlertStep = { channel: 'slack', action: 'post' }
const TRIGGER: AlertStep = { channel: 'pagerduty', action: 'trigger' }
const RESOLVE: AlertStep = { channel: 'pagerduty', action: 'resolve' }

/** @returns the ids of new deliveries, in the order of the steps */
const store = (matter: AlertMatter, steps: readonly AlertStep[], report: string = randomUUID()) =>
  inTransaction(world, async (tx) => {
    await lockIncident(tx, matter)
    return (await insertDeliveriesOnce(tx, { matter, report, steps })).map(({ id }) => id)
  })
const isOpen = (matter: AlertMatter) => inTransaction(world, async (tx) => (await lockIncident(tx, matter)).isOpen)
const claim = (id: string | undefined, leaseMs = 60_000) => claimDelivery(world.database, { id: id ?? '', leaseMs })
async function claimed(id: string | undefined, leaseMs?: number) {
  const claiming = await claim(id, leaseMs)
  if (claiming.kind !== 'claimed') throw new Error(`the delivery is ${claiming.kind}`)
  return claiming.delivery
}

test('a report is told once per channel, however often and by however many at once', async () => {
  const matter = aDay()
  const stored = await Promise.all([1, 2, 3].map(() => store(matter, [POST, TRIGGER], 'one report')))
  expect(stored.map((ids) => ids.length).toSorted()).toEqual([0, 0, 2])
  expect(await store(matter, [POST, TRIGGER], 'another report')).toHaveLength(2)
})

test('an incident is open from its trigger to its resolution, and grows while it is open', async () => {
  const matter = aDay()
  const stands = () =>
    world.database
      .selectFrom('alert_incidents')
      .select(['is_open', 'times'])
      .where('dedup_key', 'like', matter.kind === 'billing_reconciliation' ? `${matter.told.account}:%` : '')
      .execute()
  expect(await isOpen(matter)).toBe(false)
  await store(matter, [POST, TRIGGER], 'first')
  await store(matter, [POST, TRIGGER], 'worse')
  await store(matter, [POST, TRIGGER], 'worse')
  expect(await stands()).toEqual([{ is_open: true, times: 2 }])
  await store(matter, [RESOLVE], 'clean')
  expect(await isOpen(matter)).toBe(false)
  await store(matter, [POST, TRIGGER], 'again')
  expect(await stands()).toEqual([{ is_open: true, times: 1 }])
})

test('a delivery is in the hands of one sender, with the matter as it was told', async () => {
  const matter = aDay()
  const [id] = await store(matter, [POST])
  const claims = await Promise.all([claim(id), claim(id), claim(id)])
  expect(claims.map(({ kind }) => kind).toSorted()).toEqual(['claimed', 'in-other-hands', 'in-other-hands'])
  expect(claims.find(({ kind }) => kind === 'claimed')).toMatchObject({
    delivery: { id, channel: 'slack', action: 'post', matter, attempts: 1 },
  })
  const other = claims.find((one) => one.kind === 'in-other-hands')
  expect(other?.leaseEndsInMs).toBeGreaterThan(50_000)
  expect(other?.leaseEndsInMs).toBeLessThan(70_000) // whoever began first may have had to wait, and counts from its own beginning
})

test('what a sender died with goes to the next; the dead one gives nothing back then, and what it sent stays sent', async () => {
  const [id] = await store(aDay(), [POST])
  const dead = await claimed(id, 0)
  const next = await claimed(id)
  expect(next.attempts).toBe(2)
  await releaseDelivery(world.database, dead, 'it awoke')
  expect((await claim(id)).kind).toBe('in-other-hands')
  await endDelivery(world.database, dead, { status: 'sent' }) // Slack had taken it all the same
  await endDelivery(world.database, next, { status: 'refused', problem: 'no_service' })
  await releaseDelivery(world.database, next, 'too late')
  expect((await claim(id)).kind).toBe('ended')
})

test('a delivery that was given back is free at once', async () => {
  const [id] = await store(aDay(), [POST])
  await releaseDelivery(world.database, await claimed(id), 'rate_limited')
  expect((await claimed(id)).attempts).toBe(2)
})

test('an incident is told in the order of its events, and no other matter or channel waits for it', async () => {
  const matter = aDay()
  const [post, trigger] = await store(matter, [POST, TRIGGER])
  const [resolve] = await store(matter, [RESOLVE])
  expect((await claim(resolve)).kind).toBe('not-its-turn')
  await claimed(post)
  const [other] = await store(aDay(), [TRIGGER])
  await claimed(other)

  const held = await claimed(trigger)
  expect((await claim(resolve)).kind).toBe('not-its-turn')
  await endDelivery(world.database, held, { status: 'refused', problem: 'http_400' })
  await claimed(resolve)
})

test('what was sent is counted per channel; what was refused, what waits, and resolutions are not', async () => {
  const before = await alertsSent(world.database)
  const end = async (id: string | undefined, status: 'sent' | 'refused' | 'disabled') =>
    endDelivery(world.database, await claimed(id), { status })
  const [matter, other] = [aDay(), aDay()]
  const [post, trigger] = await store(matter, [POST, TRIGGER])
  const [resolve] = await store(matter, [RESOLVE])
  const [refused, disabled] = await store(other, [POST, TRIGGER])
  await store(aDay(), [POST, TRIGGER])
  await end(post, 'sent')
  await end(trigger, 'sent')
  await end(resolve, 'sent')
  await end(refused, 'refused')
  await end(disabled, 'disabled')
  expect(await alertsSent(world.database)).toEqual({ slack: before.slack + 1, pagerduty: before.pagerduty + 1 })
})

test('a delivery that nobody stored is a bug of the caller', async () => {
  await expect(claim(randomUUID())).rejects.toThrow('there is no alert delivery')
})
