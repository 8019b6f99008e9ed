import { afterEach, expect, test } from '@jest/globals'
import { type Received, type Reply, startAnswering, type Trouble } from '@remesa/provider-http/testing/answering'
import { startPagerDuty } from '@remesa/sandbox/pagerduty'
import { createLogger } from '@remesa/service-kit/logger'
import { createPagerDuty, type PagerDutyEvent, pauseAfter } from '../src/pagerduty.ts'

const KEY = 'verySecretRoutingKey000000000001'
const EVENT: PagerDutyEvent = {
  event_action: 'trigger',
  dedup_key: 'billing-recon:test:platform:2026-11-19',
  payload: { summary: 'Billing discrepancy', source: 'billing-reconciliation.test', severity: 'critical' },
}
const ACCEPTED: Reply = { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: 'x' } }

const running: { close?(): unknown; stop?(): unknown }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await (one.close ?? one.stop)?.()
})

function aClient(baseUrl: string, { routingKey = KEY, timeoutMs = 500 } = {}) {
  const lines: string[] = []
  const logger = createLogger({ service: 'test', level: 'debug' }, { write: (line) => void lines.push(line) })
  const client = createPagerDuty({ routingKey, baseUrl, logger, timeoutMs, firstRetryMs: 1 })
  running.push(client)
  return { client, lines }
}

async function answered(answer: (request: Received, call: number) => Reply | Trouble) {
  let calls = 0
  const server = await startAnswering((request) => {
    calls += 1
    return answer(request, calls)
  })
  running.push(server)
  return { server, ...aClient(server.url) }
}

test('an event goes out as JSON with the routing key in it, and in no log line', async () => {
  const { client, server, lines } = await answered(() => ACCEPTED)
  expect(await client.send(EVENT, 1)).toEqual({ kind: 'sent' })
  expect(server.received[0]).toMatchObject({ method: 'POST', target: '/v2/enqueue' })
  expect(server.received[0]?.headers).toMatchObject({ 'content-type': 'application/json' })
  expect(server.received[0]?.headers.authorization).toBeUndefined()
  expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({ routing_key: KEY, ...EVENT })
  expect(lines.join()).not.toContain(KEY)
})

test.each([400, 413])(
  'an event that is answered with %i is never sent again, and what is wrong is told',
  async (status) => {
    const body = { status: 'invalid event', errors: [`'routing_key' ${KEY} is invalid`] }
    const { client, server, lines } = await answered(() => ({ status, body }))
    const problems = ["'routing_key' … is invalid"]
    expect(await client.send(EVENT, 1)).toEqual({ kind: 'failed', reason: `http_${status}`, problems })
    expect(server.received).toHaveLength(1)
    expect(lines.join()).not.toContain(KEY)
  },
)

test('too many events: at least half a minute of peace, and longer when it is asked for or was tried often', async () => {
  const { client, server } = await answered((_, call) => ({
    status: 429,
    ...(call === 2 && { headers: { 'retry-after': '90' } }),
  }))
  expect(await client.send(EVENT, 1)).toEqual({ kind: 'later', reason: 'http_429', retryAfterMs: 30_000 })
  expect(server.received).toHaveLength(1)
  expect(await client.send(EVENT, 1)).toMatchObject({ retryAfterMs: 90_000 })
  expect(await client.send(EVENT, 5)).toMatchObject({ retryAfterMs: 240_000 })
})

test('half a minute three times, then minutes, at most a quarter of an hour', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 5_000].map((attempt) => pauseAfter(attempt) / 1_000)
  expect(pauses).toEqual([30, 30, 30, 120, 240, 480, 900, 900, 900])
})

test.each<[string, Reply | Trouble, string]>([
  ['500', { status: 500 }, 'http_500'],
  ['503 with a page', { status: 503, body: '<html>' }, 'http_503'],
  ['200', { status: 200, body: '<html>welcome</html>' }, 'unexpected_answer'],
  ['a broken connection', 'hang up', 'ECONNRESET'],
])('%s: the same event three times, then later', async (_, reply, reason) => {
  const { client, server } = await answered(() => reply)
  expect(await client.send(EVENT, 1)).toEqual({ kind: 'later', reason, retryAfterMs: 30_000 })
  expect(new Set(server.received.map(({ body }) => body)).size).toBe(1)
  expect(server.received).toHaveLength(3)
  const second = await answered((_request, call) => (call < 3 ? reply : ACCEPTED))
  expect(await second.client.send(EVENT, 1)).toEqual({ kind: 'sent' })
})

test.each([302, 401, 403, 404])('%i is no word of the Events API: once, and the event is kept', async (status) => {
  const { client, server } = await answered(() => ({ status, headers: { location: 'http://127.0.0.1:1/' } }))
  expect(await client.send(EVENT, 1)).toEqual({ kind: 'later', reason: `http_${status}`, retryAfterMs: 30_000 })
  expect(server.received).toHaveLength(1)
})

test('a PagerDuty that says nothing, or is not there, is asked later', async () => {
  const { server } = await answered(() => 'never')
  const silent = aClient(server.url, { timeoutMs: 30 })
  expect(await silent.client.send(EVENT, 1)).toMatchObject({ kind: 'later', reason: 'TIMEOUT' })
  const gone = aClient('http://127.0.0.1:9')
  expect(await gone.client.send(EVENT, 1)).toMatchObject({ kind: 'later', reason: 'ECONNREFUSED' })
  expect([...silent.lines, ...gone.lines].join()).not.toContain(KEY)
})

test('without a routing key nobody is paged, which is said once', async () => {
  const { client, lines } = aClient('http://127.0.0.1:9', { routingKey: '' })
  expect(await client.send(EVENT, 1)).toEqual({ kind: 'disabled' })
  await client.send(EVENT, 2)
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 'warn', pagerduty: 'disabled' }),
  ])
})

test('an answer that is lost makes no second incident', async () => {
  const pagerDuty = await startPagerDuty()
  running.push(pagerDuty)
  const { client } = aClient(pagerDuty.url, { routingKey: pagerDuty.credentials.routingKey })
  pagerDuty.faults.script({ kind: 'lost-response', times: 2 })
  expect(await client.send(EVENT, 1)).toEqual({ kind: 'sent' })
  expect(pagerDuty.incidents()).toMatchObject([{ triggers: [{}, {}, {}] }])
})
