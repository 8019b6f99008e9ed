import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { freePorts } from '@remesa/local-stack/ports'
import { startProcess } from '@remesa/local-stack/testing/processes'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done, eachMessage } from '@remesa/messaging/handler'
import { aPayout, OPERATOR } from './an-api.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
const start = (env: Record<string, string>) => startProcess(world, new URL('../src/main.ts', import.meta.url), env)

test('a wrong environment stops it with exit code 2 and one line', async () => {
  const { exitCode, said } = start({ DATABASE_URL: 'mysql://root:hunter2@db' })
  expect(await exitCode()).toBe(2)
  expect(said.stderr).toMatch(/^admin: the environment is wrong: [^\n]+OIDC_ISSUER[^\n]+\n$/)
  expect(said.stderr).not.toContain('hunter2')
})

test('the process starts, holds a payout, has its booking looked at, says no token in its log, and ends with 0 at SIGTERM', async () => {
  const looked: string[] = []
  await world.work({
    topic: topics.bookingPayout,
    handle: eachMessage(async ({ bookingId }) => {
      looked.push(bookingId)
      return done
    }),
  })
  const [health = 0, port = 0] = await freePorts(2)
  const { oidc } = world.sandbox
  const { child, said, exitCode } = start({
    DATABASE_URL: world.databaseUrl,
    PUBSUB_PROJECT_ID: 'test',
    PUBSUB_EMULATOR_HOST: world.emulator.host,
    HTTP_PORT: String(health),
    ADMIN_PORT: String(port),
    ENVIRONMENT: 'test',
    OIDC_ISSUER: oidc.issuer,
    OIDC_AUDIENCE: oidc.credentials.audience,
    OIDC_JWKS_URL: oidc.jwksUrl,
    OIDC_CLIENT_ID: oidc.credentials.clientId,
    ADMIN_PUBLIC_URL: 'http://127.0.0.1:1',
    SESSION_SECRET: 'a secret of this test, long enough',
    ADMIN_APPROVAL_ABOVE: 'USD:100',
  })
  const isReady = () =>
    fetch(`http://127.0.0.1:${health}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  await world.until('the process is ready', isReady)
  const { payoutId, bookingId } = await aPayout(world)
  const token = await oidc.mint(OPERATOR)
  const act = (action: string) =>
    fetch(`http://127.0.0.1:${port}/v1/payouts/${payoutId}/${action}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': action, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'a good reason' }),
    })
  expect((await act('hold')).status).toBe(200)
  expect((await act('cancel')).status).toBe(202)
  await world.until('the booking is looked at', () => looked.includes(bookingId))
  expect(looked).toEqual([bookingId])

  child.kill('SIGTERM')
  expect(await exitCode()).toBe(0)
  expect(said.stderr).toBe('')
  expect(said.stdout).not.toContain(token)
})
