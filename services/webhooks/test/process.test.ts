import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done, eachMessage } from '@remesa/messaging/handler'
import { aPayoutUpdate, FPAY_SECRETS, fpaySignature } from './an-edge.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url))], {
    env: { ...env, METADATA_SERVER_DETECTION: 'none' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text
    })
  }
  const exitCode = async () => {
    const [[code]] = await Promise.all([once(child, 'exit'), once(child.stdout, 'close'), once(child.stderr, 'close')])
    return code as number | null
  }
  return { child, said, exitCode }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

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
  const [health, port] = [await freePort(), await freePort()]
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
