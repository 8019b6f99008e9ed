import { afterEach, expect, test } from '@jest/globals'
import { type PagerDutyOptions, type PagerDutySandbox, startPagerDuty } from '../src/pagerduty/pagerduty.ts'

let pagerDuty: PagerDutySandbox
afterEach(() => pagerDuty.stop())
const start = async (options: PagerDutyOptions = {}) => {
  pagerDuty = await startPagerDuty(options)
}

interface Answer {
  readonly status?: string
  readonly dedup_key?: string
  readonly errors?: readonly string[]
}

async function send(event: unknown): Promise<[number, Answer]> {
  const body = typeof event === 'string' ? event : JSON.stringify(event)
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${pagerDuty.url}/v2/enqueue`, { method: 'POST', body, headers })
  return [response.status, (await response.json()) as Answer]
}
const event = (changes: object = {}) => ({
  routing_key: pagerDuty.credentials.routingKey,
  event_action: 'trigger',
  dedup_key: 'billing-recon:test:platform:2026-11-19',
  payload: { summary: 'Billing discrepancy', source: 'billing-reconciliation.test', severity: 'critical' },
  ...changes,
})
const payload = (changes: object) => ({ payload: { ...event().payload, ...changes } })

test('an event is answered with 202 and its key; one without a key gets its own', async () => {
  await start()
  expect(await send(event())).toEqual([
    202,
    { status: 'success', message: 'Event processed', dedup_key: 'billing-recon:test:platform:2026-11-19' },
  ])
  const [status, answer] = await send(event({ dedup_key: undefined }))
  expect([status, answer.dedup_key]).toEqual([202, expect.stringMatching(/^[0-9a-f]{32}$/)])
  expect(pagerDuty.incidents()).toHaveLength(2)
})

test('triggers of one key are one incident until it is resolved, and a new one after that', async () => {
  await start()
  await send(event({ event_action: 'resolve' })) // of nothing: dropped without a word
  await send(event())
  await send(event(payload({ summary: 'worse' })))
  await send(event({ event_action: 'acknowledge' }))
  expect(pagerDuty.incidents()).toMatchObject([
    { status: 'acknowledged', triggers: [{}, { payload: { summary: 'worse' } }] },
  ])
  await send(event({ event_action: 'resolve', routing_key: 'x'.repeat(32) })) // another service's
  expect(pagerDuty.incidents()).toMatchObject([{ status: 'acknowledged' }])
  await send(event({ event_action: 'resolve', payload: undefined }))
  await send(event())
  expect(pagerDuty.incidents()).toMatchObject([{ status: 'resolved' }, { status: 'triggered' }])
  expect(pagerDuty.events()).toHaveLength(7)
})

test.each<[string, object | string]>([
  ['not JSON', '{"routing_key":'],
  ['an array', '[]'],
  ['a short key', { routing_key: 'short' }],
  ['no key', { routing_key: undefined }],
  ['an unknown action', { event_action: 'explode' }],
  ['a dedup key of 256 characters', { dedup_key: 'd'.repeat(256) }],
  ['a resolution of nothing in particular', { event_action: 'resolve', dedup_key: undefined }],
  ['no payload', { payload: undefined }],
  ['no summary', { payload: { source: 's', severity: 'info' } }],
  ['a summary of 1,025 characters', { payload: { summary: 's'.repeat(1_025), source: 's', severity: 'info' } }],
  ['no source', { payload: { summary: 's', severity: 'info' } }],
  ['an unknown severity', { payload: { summary: 's', source: 's', severity: 'fatal' } }],
  ['a timestamp of words', { payload: { summary: 's', source: 's', severity: 'info', timestamp: 'noon' } }],
  ['details that are a list', { payload: { summary: 's', source: 's', severity: 'info', custom_details: [] } }],
  ['a group that is a number', { payload: { summary: 's', source: 's', severity: 'info', group: 5 } }],
  ['a link without href', { links: [{ text: 'Report' }] }],
  ['an image without https', { images: [{ src: 'http://example.com/a.png' }] }],
  ['a client URL that is none', { client_url: 'reports' }],
])('an event with %s is 400, with what is wrong, and opens nothing', async (_, changes) => {
  await start()
  const [status, answer] = await send(typeof changes === 'string' ? changes : event(changes))
  expect([status, answer.status, answer.errors?.length]).toEqual([400, 'invalid event', 1])
  expect(pagerDuty.incidents()).toEqual([])
})

test('a request over 512 KB is 413', async () => {
  await start()
  const of = (length: number) => event(payload({ custom_details: { ids: 'x'.repeat(length) } }))
  expect((await send(of(512 * 1024)))[0]).toBe(413)
  expect((await send(of(511 * 1024)))[0]).toBe(202)
})

test('more events than a minute holds are 429, and not taken, until the oldest is a minute old', async () => {
  let time = 1_000_000
  await start({ eventsPerMinute: 2, now: () => new Date(time) })
  expect((await send(event()))[0]).toBe(202)
  time += 40_000
  expect((await send(event()))[0]).toBe(202)
  expect(await send(event())).toEqual([429, expect.objectContaining({ status: 'throttle exceeded' })])
  expect(pagerDuty.events()).toHaveLength(2)
  time += 20_001
  expect((await send(event()))[0]).toBe(202)
  await pagerDuty.controls.setRateLimit?.({ eventsPerMinute: null })
  expect((await send(event()))[0]).toBe(202)
})

test('faults strike like everywhere: an event whose answer was lost was taken', async () => {
  await start()
  pagerDuty.faults.script({ kind: 'lost-response', subject: 'billing-recon:test:platform:2026-11-19' })
  await expect(send(event())).rejects.toThrow()
  expect(pagerDuty.incidents()).toHaveLength(1)
  expect((await fetch(`${pagerDuty.url}/v1/enqueue`, { method: 'POST', body: '{}' })).status).toBe(404)
})
