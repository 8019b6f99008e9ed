import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Api, aKey, anApi, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())

test('each request is counted and timed by its route and status, whatever its address and however it ended', async () => {
  const token = await api.token(VIEWER)
  await api.ask('GET', '/v1/payouts?limit=1', { token })
  await api.ask('GET', '/v1/payouts/0a4ff592-8b65-4c9e-a002-983eac3b470f', { token })
  await api.ask('GET', '/v1/payouts', {})
  await api.ask('PUT', '/v1/caps', { token, key: aKey(), body: {} })
  await api.ask('GET', '/v1/nowhere/4711', {})
  await api.ask('GET', '/v1/events', { token })
  const text = await api.world.metrics.registry.metrics()
  const counts = text.split('\n').filter((line) => line.startsWith('remesa_http_request_seconds_count'))
  expect(
    counts.map((line) => /method="(\w+)",route="([^"]+)",status="(\d+)"} (\d+)/.exec(line)?.slice(1).join(' ')),
  ).toEqual(
    expect.arrayContaining([
      'GET /v1/payouts 200 1',
      'GET /v1/payouts/:id 404 1',
      'GET /v1/payouts 401 1',
      'PUT /v1/caps 403 1',
      'GET none 404 1',
    ]),
  )
  expect(text).not.toContain('4711')
  expect(text).not.toContain('route="/v1/events"')
})
