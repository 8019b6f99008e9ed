import { afterEach, expect, test } from '@jest/globals'
import { type HealthServer, type ReadinessCheck, startHealthServer } from './http-server.ts'
import { createMetrics } from './metrics.ts'

let server: HealthServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function get(path: string, checks: Record<string, ReadinessCheck> = {}, method = 'GET') {
  const { registry } = createMetrics({ service: 'payer' })
  server ??= await startHealthServer({ port: 0, checks, registry, checkTimeoutMs: 50 })
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method })
  return { status: response.status, text: await response.text(), type: response.headers.get('content-type') }
}

test('a live process says so, whatever its checks say', async () => {
  const failing = () => {
    throw new Error('down')
  }
  expect(await get('/healthz', { failing })).toMatchObject({ status: 200, text: '{"status":"live"}\n' })
})

test('ready means that every check passes', async () => {
  const { status, text } = await get('/readyz?verbose', { database: async () => 1, pubsub: () => undefined })
  expect(status).toBe(200)
  expect(JSON.parse(text)).toEqual({ status: 'ready', checks: { database: 'ok', pubsub: 'ok' } })
})

test('a part that is not configured is said to be disabled, and keeps nobody from being ready', async () => {
  const { status, text } = await get('/readyz', { database: () => undefined, pagerduty: () => 'disabled' })
  expect(status).toBe(200)
  expect(JSON.parse(text)).toEqual({ status: 'ready', checks: { database: 'ok', pagerduty: 'disabled' } })
})

test('a check that throws or hangs makes the service unready, by name and without its error', async () => {
  const { status, text } = await get('/readyz', {
    database: () => Promise.reject(new Error('password of remesa@db refused')),
    hanging: () => new Promise(() => {}),
    pubsub: () => undefined,
  })
  expect(status).toBe(503)
  expect(JSON.parse(text)).toEqual({
    status: 'not ready',
    checks: { database: 'failed', hanging: 'failed', pubsub: 'ok' },
  })
})

test('metrics are Prometheus text', async () => {
  const { status, text, type } = await get('/metrics')
  expect({ status, type }).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' })
  expect(text).toContain('remesa_outbox_due_rows{service="payer"} 0')
})

test('anything else is not found', async () => {
  expect((await get('/')).status).toBe(404)
  expect((await get('/metrics', {}, 'POST')).status).toBe(404)
})

test('a port that is taken is an error, not a silence', async () => {
  const registry = createMetrics({ service: 'payer' }).registry
  server = await startHealthServer({ port: 0, checks: {}, registry })
  await expect(startHealthServer({ port: server.port, checks: {}, registry })).rejects.toThrow('EADDRINUSE')
})
