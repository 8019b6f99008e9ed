import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { freePorts } from '@remesa/local-stack/ports'
import { startProcess } from '@remesa/local-stack/testing/processes'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done, eachMessage } from '@remesa/messaging/handler'
import { aPayoutUpdate, FPAY_SECRETS, fpaySignature } from './an-edge.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
const start = (env: Record<string, string>) => startProcess(world, new URL('../src/main.ts', import.meta.url), env)

test('a wrong environment stops it with exit code 2 and one line that names every bad variable', async () => {
  const { exitCode, said } = start({ DATABASE_URL: 'mysql://root:hunter2@db', FPAY_WEBHOOK_SECRETS: 'hunter2,' })
  expect(await exitCode()).toBe(2)
  expect(said.stdout).toBe('')
  expect(said.stderr).toMatch(/^webhooks: the environment is wrong: [^\n]+\n$/)
  for (const name of [
    'DATABASE_URL',
    'PUBSUB_PROJECT_ID',
    'WEBHOOKS_PUBLIC_URL',
    'FPAY_WEBHOOK_SECRETS',
    'PAYONEER_WEBHOOK_SECRET',
    'STRIPE_WEBHOOK_SECRETS',
  ]) {
    expect(said.stderr).toContain(name)
  }
  expect(said.stderr).not.toContain('hunter2')
})

test('the process starts, becomes ready, passes a callback on to Pub/Sub, and ends with 0 at SIGTERM', async () => {
  const received: object[] = []
  await world.work({
    topic: topics.bankPaymentEvent,
    handle: eachMessage(async (data) => {
      received.push(data)
      return done
    }),
  })
  const [health = 0, port = 0] = await freePorts(2)
  const { child, said, exitCode } = start({
    DATABASE_URL: world.databaseUrl,
    PUBSUB_PROJECT_ID: 'test',
    PUBSUB_EMULATOR_HOST: world.emulator.host,
    HTTP_PORT: String(health),
    WEBHOOKS_PORT: String(port),
    WEBHOOKS_PUBLIC_URL: `http://127.0.0.1:${port}`,
    FPAY_WEBHOOK_SECRETS: FPAY_SECRETS.join(','),
    PAYONEER_WEBHOOK_SECRET: 'ipcn',
    STRIPE_WEBHOOK_SECRETS: 'whsec_1',
  })
  const isReady = () =>
    fetch(`http://127.0.0.1:${health}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  await world.until('the process is ready', isReady)
  const body = aPayoutUpdate()
  const headers = { 'x-fpay-signature': fpaySignature(body) }
  const response = await fetch(`http://127.0.0.1:${port}/webhooks/fpay`, { method: 'POST', body, headers })
  expect(response.status).toBe(204)
  await world.until('the callback came through Pub/Sub', () => received.length === 1)

  child.kill('SIGTERM')
  expect(await exitCode()).toBe(0)
  expect(said.stderr).toBe('')
})
