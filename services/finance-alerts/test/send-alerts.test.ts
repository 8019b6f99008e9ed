import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createFinanceAlerts } from '@remesa/alerting/finance-alerts'
import { createSlackChannel } from '@remesa/alerting/slack-channel'
import { claimUnsentAlerts, type NewAlert, resolveAlerts } from '@remesa/database/finance-alerts'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { sql } from 'kysely'
import { sendAlerts } from '../src/send-alerts.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
let shownBefore = 0
beforeEach(() => {
  shownBefore = world.sandbox.slack.messages().length
})

/** Messages that Slack's channel has shown in this test. */
const shown = () => world.sandbox.slack.messages().length - shownBefore

interface LoggedAlert {
  readonly alertId?: string
}

/** A sender as the service makes it, and the alerts that it wrote into the log. */
function aSender({ slack = true, leaseMs = 60_000 } = {}) {
  const logged: string[] = []
  const note = (about: LoggedAlert) => void (about.alertId && logged.push(about.alertId))
  const channel = createSlackChannel({
    logger: world.logger,
    webhookUrl: slack ? world.sandbox.slack.webhookUrl : undefined,
    intervalMs: 0,
    firstRetryMs: 1,
    now: world.now,
  })
  world.stopWith(() => channel.close())
  const logger = { info: note, warn: note, error: note }
  const alerts = createFinanceAlerts({ logger, environment: 'test', slack: channel })
  return {
    logged,
    handle: sendAlerts({ database: world.database, alerts, leaseMs, now: world.now, logger: world.logger }),
  }
}

const anAlert = (): NewAlert => {
  const id = randomUUID()
  const details = { amount: '1250000', currency: 'CLP' }
  const subject = { type: 'seller_balance', id }
  return {
    kind: 'closing_different',
    dedupKey: `closing_different:${id}`,
    subject,
    businessDate: '2026-11-20',
    details,
  }
}

/** @returns their messages */
async function raised(number: number): Promise<readonly { financeAlertId: string }[]> {
  const alerts = Array.from({ length: number }, anAlert)
  await world.database.transaction().execute((tx) => raiseAlerts(tx, alerts))
  return (await world.take(topics.financeAlert)).map(({ data }) => data)
}

async function unsent(): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from finance_alerts where sent_at is null and status = 'open'`.execute(world.database)
  return rows[0]?.n ?? 0
}
const dones = (number: number) => Array(number).fill({ kind: 'done' })

test('a batch of alerts is one message in Slack', async () => {
  const messages = await raised(120)
  expect(await world.deliver(aSender().handle, ...messages)).toEqual(dones(120))
  expect(shown()).toBe(1)
  expect(world.sandbox.slack.messages().at(-1)?.text).toContain('120')
  expect(await unsent()).toBe(0)
})

test('delivered again, twice in a batch and to two senders at once, an alert is sent once', async () => {
  const messages = await raised(3)
  const [one, other] = [aSender(), aSender()]
  const verdicts = await Promise.all([one, other].map(({ handle }) => world.deliver(handle, ...messages, ...messages)))
  expect(shown()).toBe(1)
  // Whoever came second does not know how the first will fare, and looks again after the lease.
  for (const verdict of verdicts.flat()) expect(['done', 'retry']).toContain(verdict.kind)
  expect(await world.deliver(one.handle, ...messages)).toEqual(dones(3))
  expect(await world.deliver(other.handle, ...messages)).toEqual(dones(3))
  expect(shown()).toBe(1)
})

test('an alert raised again while it is open is counted, not sent again', async () => {
  const alert = anAlert()
  const raise = () => world.database.transaction().execute((tx) => raiseAlerts(tx, [alert]))
  await raise()
  const messages = (await world.take(topics.financeAlert)).map(({ data }) => data)
  await world.deliver(aSender().handle, ...messages)
  await raise()
  expect(await world.take(topics.financeAlert)).toEqual([])
  expect(shown()).toBe(1)
})

test('too many messages for Slack: the alerts wait as long as it asks, and are sent then, once', async () => {
  const messages = await raised(2)
  world.sandbox.slack.setFaults({ rates: {}, retryAfterSeconds: 45 })
  world.sandbox.slack.faults.script({ kind: 'rate-limited' })
  const { handle } = aSender()
  expect(await world.deliver(handle, ...messages)).toEqual(
    Array(2).fill({ kind: 'retry', afterMs: 45_000, reason: 'rate_limited' }),
  )
  expect(await unsent()).toBe(2)
  expect(await world.deliver(handle, ...messages)).toEqual(dones(2))
  expect(shown()).toBe(1)
})

test('Slack is down: the alerts are in the log, wait half a minute, and are sent then, once', async () => {
  const messages = await raised(2)
  world.sandbox.slack.faults.script({ kind: 'error-before', times: 3 })
  const { handle, logged } = aSender()
  const verdicts = await world.deliver(handle, ...messages)
  expect(verdicts).toMatchObject(Array(2).fill({ kind: 'retry', afterMs: 30_000 }))
  expect(logged).toHaveLength(2)
  expect(await world.deliver(handle, ...messages)).toEqual(dones(2))
  expect(shown()).toBe(1)
})

test.each(['no_service', 'channel_is_archived', 'invalid_token'])(
  'a hook that Slack refuses (%s): the alerts are in the log, and tried again in an hour',
  async (refusal) => {
    const messages = await raised(2)
    world.sandbox.slack.refuse(refusal)
    const { handle, logged } = aSender()
    expect(await world.deliver(handle, ...messages)).toEqual(
      Array(2).fill({ kind: 'retry', afterMs: 3_600_000, reason: refusal }),
    )
    expect(logged).toHaveLength(2)
    expect(await world.deliver(handle, ...messages)).toEqual(dones(2))
    expect(shown()).toBe(1)
  },
)

test('without a hook alerts are logged, once', async () => {
  const messages = await raised(2)
  const { handle, logged } = aSender({ slack: false })
  expect(await world.deliver(handle, ...messages)).toEqual(dones(2))
  expect(await world.deliver(handle, ...messages)).toEqual(dones(2))
  expect(new Set(logged)).toEqual(new Set(messages.map(({ financeAlertId }) => financeAlertId)))
  expect(logged).toHaveLength(2)
  expect(shown()).toBe(0)
})

test('a sender that dies keeps its alerts from others until its lease ends, and no longer', async () => {
  const messages = await raised(2)
  const ids = messages.map(({ financeAlertId }) => financeAlertId)
  await claimUnsentAlerts(world.database, { ids, leaseMs: 300 }) // and dies
  const { handle } = aSender({ leaseMs: 300 })
  expect(await world.deliver(handle, ...messages)).toEqual(
    Array(2).fill({ kind: 'retry', afterMs: 300, reason: 'another sender has it in hand' }),
  )
  expect(shown()).toBe(0)
  await world.until('the lease ends', async () => {
    const verdicts = await world.deliver(handle, ...messages)
    return verdicts.every(({ kind }) => kind === 'done')
  })
  expect(shown()).toBe(1)
})

test('a matter that settled itself meanwhile is not told', async () => {
  const alert = anAlert()
  await world.database.transaction().execute((tx) => raiseAlerts(tx, [alert]))
  const messages = (await world.take(topics.financeAlert)).map(({ data }) => data)
  const resolution = { dedupKeys: [alert.dedupKey], note: 'The closing arrived.' }
  await world.database.transaction().execute((tx) => resolveAlerts(tx, resolution))
  expect(await world.deliver(aSender().handle, ...messages)).toEqual(dones(1))
  expect(shown()).toBe(0)
})

test('through Pub/Sub, the alerts of a pay-day gather into few messages, and each is told', async () => {
  await world.work({
    topic: topics.financeAlert,
    maxBatch: 200,
    lingerMs: 100,
    concurrentBatches: 1,
    handle: aSender().handle,
  })
  await world.database.transaction().execute((tx) => raiseAlerts(tx, Array.from({ length: 150 }, anAlert)))
  await world.until('all are told', async () => (await unsent()) === 0)
  expect(shown()).toBeGreaterThanOrEqual(1)
  expect(shown()).toBeLessThanOrEqual(5)
})
