import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { freePorts } from '@remesa/local-stack/ports'
import { topics } from '@remesa/messaging/catalogue'
import { done, eachMessage } from '@remesa/messaging/handler'
import { startHealthServer } from '@remesa/service-kit/http-server'
import { collectProcessMetrics, createMetrics } from '@remesa/service-kit/metrics'
import { sql } from 'kysely'
import { machineFigures } from '../src/service-metrics/machine-figures.ts'
import { WINDOW_MS, watchServices } from '../src/service-metrics/watch-services.ts'
import { type Api, anApi, VIEWER } from './an-api.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const SILENT = { info() {}, warn() {} }

async function answering(status: number, body: string): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status).end(body)).listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  stops.push(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
}

async function aService() {
  const metrics = createMetrics({ service: 'payouts' })
  collectProcessMetrics(metrics.registry)
  const health = await startHealthServer({ port: 0, checks: {}, registry: metrics.registry })
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= health.close()
    return closing
  }
  stops.push(close)
  return { metrics, close, url: `http://127.0.0.1:${health.port}/metrics` }
}

async function system(api: Api) {
  const { body, status } = await api.ask('GET', '/v1/system', { token: await api.token(VIEWER) })
  expect(status).toBe(200)
  return body
}

test('the system tells how providers and subscriptions fare by what services tell, and which of them tell nothing', async () => {
  const { metrics, url } = await aService()
  for (let call = 0; call < 9; call++)
    metrics.providerCall({ provider: 'fpay', operation: 'pay', outcome: 'ok' }, { seconds: 0.04 })
  metrics.providerCall({ provider: 'fpay', operation: 'pay', outcome: 'no_answer' }, { seconds: 4 })
  metrics.messagesInHand({ subscription: 'payout_transfer_subscription' }, () => ({ messages: 3, oldestSeconds: 8 }))
  const services = watchServices({
    addresses: [
      { name: 'payouts', url },
      { name: 'gone', url: `http://127.0.0.1:${(await freePorts(1))[0]}/metrics` },
      { name: 'ill', url: await answering(500, '') },
      { name: 'odd', url: await answering(200, '<html>') },
    ],
    now: () => new Date(),
    logger: SILENT,
    everyMs: 50,
  })
  stops.push(() => services.stop())
  const api = await anApi({ services })
  stops.push(() => api.stop())
  await api.world.until('all were asked', () => services.read().every(({ trouble }) => trouble !== 'not read yet'))
  const told = await system(api)
  expect(told.services).toEqual([
    { name: 'payouts', at: expect.any(String), trouble: null, windowSeconds: expect.any(Number) },
    { name: 'gone', at: null, trouble: 'unreachable', windowSeconds: 0 },
    { name: 'ill', at: null, trouble: 'status 500', windowSeconds: 0 },
    { name: 'odd', at: null, trouble: 'no metrics', windowSeconds: 0 },
  ])
  expect(told.providers).toEqual([
    expect.objectContaining({ name: 'fpay', calls: 10, refused: 0, failed: 1, p50Ms: 32, p95Ms: 3_750 }),
  ])
  const subscription = (name: string) => told.subscriptions.find((one: { name: string }) => one.name === name)
  expect(subscription('payout_transfer_subscription').workers).toMatchObject({ inHand: 3, oldestSeconds: 8 })
  expect(subscription('seller_closing_subscription').workers).toBeNull()
})

test('a service that goes away keeps its last figures, with their age', async () => {
  const { close, url } = await aService()
  const now = () => new Date()
  const services = watchServices({ addresses: [{ name: 'payouts', url }], now, logger: SILENT, everyMs: 20 })
  stops.push(() => services.stop())
  const untilTrouble = async (trouble: string | null) => {
    while (services.read()[0]?.trouble !== trouble) await setTimeout(10)
  }
  await untilTrouble(null)
  await close()
  await untilTrouble('unreachable')
  const figures = machineFigures(services.read(), { now: now(), windowMs: WINDOW_MS })
  expect(figures.services).toMatchObject([{ name: 'payouts', at: expect.any(Date), trouble: 'unreachable' }])
})

test('without addresses the system tells what the database knows, and that nobody is asked; a worker tells what it has not answered', async () => {
  const api = await anApi()
  stops.push(() => api.stop())
  const { database } = api.world
  await sql`insert into outbox (topic, data, deliver_at) values
    (${topics.sellerClosing.name}, '{}', now() - interval '90 seconds'),
    (${topics.sellerClosing.name}, '{}', now() + interval '1 hour')`.execute(database)
  await sql`insert into dead_letters (topic, subscription, message_id, data, attributes, reason)
    values (${topics.sellerClosing.name}, 'seller_closing_subscription', 'm-1', '', '{}', 'why')`.execute(database)
  const told = await system(api)
  expect(told).toMatchObject({
    services: null,
    providers: [],
    outbox: { waiting: 2, due: 1, oldestSeconds: 90 },
    deadLetters: 1,
  })
  const rows = Object.fromEntries(told.subscriptions.map((one: { name: string }) => [one.name, one]))
  expect(rows.seller_closing_subscription).toEqual({
    ...{ name: 'seller_closing_subscription', topic: topics.sellerClosing.name, deadLetters: 1, workers: null },
    outbox: { waiting: 2, due: 1, oldestSeconds: 90 },
  })
  expect(rows.payout_transfer_subscription).toMatchObject({
    deadLetters: 0,
    outbox: { waiting: 0, due: 0, oldestSeconds: null },
  })

  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await api.world.work({
    topic: topics.payoutScheduler,
    handle: eachMessage(async () => {
      await held
      return done
    }),
  })
  await sql`insert into outbox (topic, data) values (${topics.payoutScheduler.name}, '{}')`.execute(api.world.database)
  const inHand = async () =>
    /remesa_messages_in_hand\{subscription="payout_scheduler_subscription".*\} (\d+)/.exec(
      await api.world.metrics.registry.metrics(),
    )?.[1]
  await api.world.until('it is in hand', async () => (await inHand()) === '1')
  release()
  await api.world.until('it is answered', async () => (await inHand()) === '0')
})
