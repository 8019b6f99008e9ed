import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type AlertSender, createAlertSender } from '@remesa/alerting/alert-sender'
import { createPagerDuty } from '@remesa/alerting/pagerduty'
import { createSlackChannel } from '@remesa/alerting/slack-channel'
import { alertsSent, claimDelivery } from '@remesa/database/alert-deliveries'
import { openAlerts } from '@remesa/database/finance-alerts'
import type { ReconciliationTold } from '@remesa/domain/reconciliation-alert'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import type { Verdict } from '@remesa/messaging/handler'
import { tellOfReconciliation } from '@remesa/messaging/reconciliation-alerts'
import type { DataOf } from '@remesa/messaging/topic'
import { sendDeliveries } from '../src/send-deliveries.ts'

type Data = DataOf<typeof topics.alertDelivery>

let world: World
beforeAll(async () => {
  world = await startWorld({ sandbox: { pagerduty: { now: () => world.now() } } })
})
afterAll(() => world.stop())

let account = ''
let shownBefore = 0
beforeEach(() => {
  account = randomUUID() // a day of its own for each test
  shownBefore = world.sandbox.slack.messages().length
  world.sandbox.slack.setFaults({ rates: {} })
  world.sandbox.pagerduty.setFaults({ rates: {} })
  world.sandbox.pagerduty.setRateLimit(null)
})

/** Messages that Slack's channel has shown in this test. */
const shown = () => world.sandbox.slack.messages().length - shownBefore
const incidents = () => world.sandbox.pagerduty.incidents().filter(({ dedupKey }) => dedupKey.includes(account))

/** A sender as the service makes it. */
function aSender({
  leaseMs = 60_000,
  slack = true,
  pagerDuty = true,
  consoleUrl = 'https://ops.example.com',
  around = (alerts: AlertSender) => alerts,
} = {}) {
  const { logger, now, sandbox } = world
  const { urls, credentials } = sandbox
  const channel = createSlackChannel({
    logger,
    webhookUrl: slack ? urls.slackWebhook : undefined,
    intervalMs: 0,
    firstRetryMs: 1,
    now,
  })
  const pages = createPagerDuty({
    logger,
    routingKey: pagerDuty ? credentials().pagerduty.routingKey : undefined,
    baseUrl: urls.pagerduty,
    firstRetryMs: 1,
  })
  world.stopWith(() => channel.close())
  world.stopWith(() => pages.close())
  const alerts = createAlertSender({ slack: channel, pagerDuty: pages, logger, environment: 'test', consoleUrl })
  const parts = { database: world.database, leaseMs: { slack: leaseMs, pagerduty: leaseMs }, now }
  return sendDeliveries({ ...parts, alerts: around(alerts) })
}

const CLEAN = { status: 'success', severity: 'none', percentage: 0 } as const
const SMALL = { severity: 'warning', percentage: 5 } as const
const FAILED = { status: 'error', severity: 'none', error: 'Stripe was out' } as const

/** A run of this test's day. */
const aRun = (changes: Partial<ReconciliationTold> = {}): ReconciliationTold => ({
  reportId: randomUUID(),
  day: '2026-11-19',
  account,
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
  recommendations: ['Sync pi_1.'],
  ...changes,
})

/** Tells of one. @returns the messages to whoever sends */
async function told(changes: Partial<ReconciliationTold> = {}): Promise<readonly Data[]> {
  await world.database.transaction().execute((tx) => tellOfReconciliation(tx, aRun(changes)))
  return taken()
}
const taken = async () => (await world.take(topics.alertDelivery)).map(({ data }) => data)
const dones = (number: number): readonly Verdict[] => Array(number).fill({ kind: 'done' })

test.each<[string, Partial<ReconciliationTold>, { slack: number; paged: number }]>([
  ['a clean run', CLEAN, { slack: 0, paged: 0 }],
  ['exactly 5 %', SMALL, { slack: 1, paged: 0 }],
  ['more than 5 %', { percentage: 5.0001 }, { slack: 1, paged: 1 }],
  ['a run that failed', FAILED, { slack: 1, paged: 1 }],
])('%s is told to whom it concerns', async (_, changes, { slack, paged }) => {
  const messages = await told(changes)
  expect(await world.deliver(aSender(), ...messages)).toEqual(dones(slack + paged))
  expect([shown(), incidents().length]).toEqual([slack, paged])
})

test('a report that is not stored is not told', async () => {
  const rollback = new Error('rolled back')
  const telling = world.database.transaction().execute(async (tx) => {
    await tellOfReconciliation(tx, aRun())
    throw rollback
  })
  await expect(telling).rejects.toBe(rollback)
  expect(await taken()).toEqual([])
})

test('told twice, delivered twice, and to two senders at once, a report is told once by each channel', async () => {
  const reportId = randomUUID()
  const messages = [...(await told({ reportId })), ...(await told({ reportId }))]
  expect(messages).toHaveLength(2)
  const senders = [aSender(), aSender()]
  const verdicts = await Promise.all(senders.map((handle) => world.deliver(handle, ...messages, ...messages)))
  for (const { kind } of verdicts.flat()) expect(['done', 'retry']).toContain(kind)
  for (const handle of senders) expect(await world.deliver(handle, ...messages)).toEqual(dones(2))
  expect([shown(), incidents().length, incidents()[0]?.triggers.length]).toEqual([1, 1, 1])
})

test('an incident grows with a worse run of its day, and a clean one resolves it; one after that opens a new one', async () => {
  const handle = aSender()
  const run = async (changes: Partial<ReconciliationTold>) => {
    await world.deliver(handle, ...(await told(changes)))
    return incidents().map(({ status, triggers }) => [status, triggers.length])
  }
  expect(await run({ percentage: 6.2 })).toEqual([['triggered', 1]])
  expect(await run({ percentage: 12 })).toEqual([['triggered', 2]])
  expect(await run(SMALL)).toEqual([['triggered', 2]]) // better, not clean
  expect(await run(FAILED)).toEqual([['triggered', 3]])
  expect(await run(CLEAN)).toEqual([['resolved', 3]])
  expect(await run(CLEAN)).toEqual([['resolved', 3]])
  expect(await run({})).toEqual([
    ['resolved', 3],
    ['triggered', 1],
  ])
  expect(new Set(incidents().map(({ dedupKey }) => dedupKey))).toEqual(
    new Set([`billing-recon:test:${account}:2026-11-19`]),
  )
})

test('a clean run of another day resolves nothing', async () => {
  await world.deliver(aSender(), ...(await told()))
  expect(await told({ ...CLEAN, day: '2026-11-18' })).toEqual([])
  expect(incidents()).toMatchObject([{ status: 'triggered' }])
})

test('a resolution never overtakes the trigger that is still on its way', async () => {
  const triggered = await told()
  const [resolution] = await told(CLEAN)
  if (!resolution) throw new Error('nothing is resolved')
  const handle = aSender()
  expect(await world.deliver(handle, resolution)).toMatchObject([{ kind: 'retry', afterMs: 10_000 }])
  world.sandbox.pagerduty.setRateLimit(1)
  await world.deliver(handle, ...triggered)
  expect(await world.deliver(handle, resolution)).toMatchObject([{ kind: 'retry', reason: 'http_429' }])
  world.moveClock(60_000)
  expect(await world.deliver(handle, resolution)).toEqual(dones(1))
  expect(incidents()).toMatchObject([{ status: 'resolved' }])
})

test('a storm of 429 loses nothing: pauses grow from half a minute to minutes, and the incident is one', async () => {
  const messages = (await told()).filter(({ channel }) => channel === 'pagerduty')
  world.sandbox.pagerduty.faults.script({ kind: 'rate-limited', times: 5 })
  const handle = aSender()
  const pauses: number[] = []
  for (let time = 0; time < 5; time += 1) {
    const [verdict] = await world.deliver(handle, ...messages)
    if (verdict?.kind !== 'retry') throw new Error('the storm is over early')
    pauses.push(verdict.afterMs / 1_000)
  }
  expect(pauses).toEqual([30, 30, 30, 120, 240])
  expect(await world.deliver(handle, ...messages)).toEqual(dones(1))
  expect(incidents()).toMatchObject([{ status: 'triggered', triggers: [{}] }])
})

test('forty incidents at once and room for ten a minute: every one is opened, in the end, once', async () => {
  const accounts = Array.from({ length: 40 }, () => `${account}-${randomUUID()}`)
  let messages: readonly Data[] = []
  for (const one of accounts) messages = [...messages, ...(await told({ account: one }))]
  messages = messages.filter(({ channel }) => channel === 'pagerduty')
  world.moveClock(60_000)
  world.sandbox.pagerduty.setRateLimit(10)
  const senders = [aSender(), aSender()]
  let minutes = 0
  for (; messages.length > 0; minutes += 1) {
    const halves = [messages.slice(0, 20), messages.slice(20)]
    const verdicts = await Promise.all(senders.map((handle, half) => world.deliver(handle, ...(halves[half] ?? []))))
    const wanted = verdicts.flat()
    messages = messages.filter((_, index) => wanted[index]?.kind === 'retry')
    world.moveClock(60_001)
  }
  expect(minutes).toBe(4)
  expect(incidents().map(({ triggers }) => triggers.length)).toEqual(Array(40).fill(1))
})

test('a channel that fails leaves the other alone', async () => {
  const messages = await told()
  world.sandbox.slack.refuse('no_service')
  expect(await world.deliver(aSender(), ...messages)).toEqual([
    { kind: 'retry', afterMs: 3_600_000, reason: 'no_service' },
    { kind: 'done' },
  ])
  world.sandbox.pagerduty.faults.script({ kind: 'error-before', times: 3 })
  const next = await told()
  expect(await world.deliver(aSender(), ...next)).toMatchObject([{ kind: 'done' }, { kind: 'retry', afterMs: 30_000 }])
  expect(await world.deliver(aSender(), ...messages, ...next)).toEqual(dones(4))
  expect([shown(), incidents()[0]?.triggers.length]).toEqual([2, 2])
})

test('an event that PagerDuty refuses for good is not sent again, and finance hears of it until one is taken', async () => {
  const open = async () =>
    (await openAlerts(world.database, { limit: 10 })).filter(({ kind }) => kind === 'alert_refused')
  const wrong = aSender({ consoleUrl: 'no URL' })
  const messages = (await told()).filter(({ channel }) => channel === 'pagerduty')
  expect(await world.deliver(wrong, ...messages)).toEqual(dones(1))
  expect(await world.deliver(wrong, ...messages)).toEqual(dones(1))
  expect(incidents()).toEqual([])
  expect(await open()).toMatchObject([
    { subject: { id: messages[0]?.alertDeliveryId }, details: { channel: 'pagerduty', reason: 'http_400' }, times: 1 },
  ])
  expect(await world.take(topics.financeAlert)).toHaveLength(1)
  expect(await world.deliver(aSender(), ...(await told()))).toEqual(dones(2))
  expect(await open()).toEqual([])
})

test('a slow Slack does not keep PagerDuty waiting', async () => {
  let free = () => {}
  const slackAnswers = new Promise<void>((resolve) => {
    free = resolve
  })
  const around = (alerts: AlertSender): AlertSender => ({
    send: async (alert) => {
      if (alert.channel === 'slack') await slackAnswers
      return alerts.send(alert)
    },
  })
  const handling = world.deliver(aSender({ around }), ...(await told()))
  await world.until('PagerDuty is told', () => incidents().length === 1)
  expect(shown()).toBe(0)
  free()
  expect(await handling).toEqual(dones(2))
})

const dying = (when: 'before' | 'after') => (alerts: AlertSender) => ({
  send: async (alert: Parameters<AlertSender['send']>[0]) => {
    if (when === 'after') await alerts.send(alert)
    throw new Error('killed')
  },
})

test('a sender that dies before it sends loses nothing', async () => {
  const messages = await told()
  const dead = await world.deliver(aSender({ leaseMs: 0, around: dying('before') }), ...messages)
  expect(dead).toMatchObject(Array(2).fill({ kind: 'threw' }))
  expect([shown(), incidents().length]).toEqual([0, 0])
  expect(await world.deliver(aSender(), ...messages)).toEqual(dones(2))
  expect([shown(), incidents().length]).toEqual([1, 1])
})

test('a sender that dies after it sent: PagerDuty has one incident, and only Slack may show it twice', async () => {
  const messages = await told()
  await world.deliver(aSender({ leaseMs: 0, around: dying('after') }), ...messages)
  expect(await world.deliver(aSender(), ...messages)).toEqual(dones(2))
  expect(incidents()).toMatchObject([{ triggers: [{}, {}] }])
  expect(shown()).toBe(2)
})

test('a sender that died keeps others away until its lease ends, and no longer', async () => {
  const messages = await told(SMALL)
  const [message] = messages
  if (!message) throw new Error('nothing was told')
  await claimDelivery(world.database, { id: message.alertDeliveryId, leaseMs: 300 }) // and dies
  const [verdict] = await world.deliver(aSender(), message)
  expect(verdict).toMatchObject({ kind: 'retry', reason: 'another sender has it in hand' })
  expect(verdict?.kind === 'retry' && verdict.afterMs).toBeLessThanOrEqual(300)
  expect(shown()).toBe(0)
  await world.until('the lease ends', async () => {
    const [later] = await world.deliver(aSender(), message)
    return later?.kind === 'done'
  })
  expect(shown()).toBe(1)
})

test('a channel that is not configured is passed over, and not sent later', async () => {
  const messages = await told()
  expect(await world.deliver(aSender({ slack: false, pagerDuty: false }), ...messages)).toEqual(dones(2))
  expect(await world.deliver(aSender(), ...messages)).toEqual(dones(2))
  expect([shown(), incidents().length]).toEqual([0, 0])
})

test('a Slack that refuses five times is left alone, which pages once; when it takes messages again, that is resolved', async () => {
  const handle = aSender()
  const refusals = () => world.sandbox.pagerduty.incidents().filter(({ dedupKey }) => dedupKey === 'slack-refuses:test')
  world.sandbox.slack.refuse('channel_is_archived', 5)
  const messages: Data[] = []
  for (let time = 0; time < 6; time += 1) messages.push(...(await told(SMALL)))
  const verdicts = await world.deliver(handle, ...messages)
  expect(verdicts.map((verdict) => verdict.kind === 'retry' && verdict.reason)).toEqual([
    ...Array(5).fill('channel_is_archived'),
    'left_alone',
  ])
  expect(await world.deliver(handle, ...(await taken()))).toEqual(dones(1))
  expect(refusals()).toMatchObject([{ status: 'triggered', triggers: [{ payload: { severity: 'warning' } }] }])

  world.moveClock(3_600_001)
  expect(await world.deliver(handle, ...messages)).toEqual(dones(6))
  expect(shown()).toBe(6)
  const resolutions = await taken()
  expect(resolutions).toHaveLength(1)
  expect(await world.deliver(handle, ...resolutions)).toEqual(dones(1))
  expect(refusals()).toMatchObject([{ status: 'resolved' }])
})

test('through Pub/Sub, what is told is sent and counted by channel', async () => {
  const before = await alertsSent(world.database)
  await world.work({ topic: topics.alertDelivery, maxBatch: 20, lingerMs: 0, concurrentBatches: 8, handle: aSender() })
  await world.database.transaction().execute(async (tx) => {
    await tellOfReconciliation(tx, aRun())
    await tellOfReconciliation(tx, aRun(SMALL))
  })
  const expected = { slack: before.slack + 2, pagerduty: before.pagerduty + 1 }
  await world.until('all are sent', async () => {
    const sent = await alertsSent(world.database)
    return sent.slack === expected.slack && sent.pagerduty === expected.pagerduty
  })
  expect([shown(), incidents().length]).toEqual([2, 1])
})
