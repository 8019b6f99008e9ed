import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startProcess } from '@remesa/local-stack/testing/processes'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { sql } from 'kysely'
import { environmentOf } from './rail-world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
const start = (env: Record<string, string>) => startProcess(world, new URL('../src/main.ts', import.meta.url), env)

test('a wrong environment stops it with exit code 2 and one line that names all books’ log-ins', async () => {
  const { said, exitCode } = start({ DATABASE_URL: world.databaseUrl })
  expect(await exitCode()).toBe(2)
  expect(said.stderr).toMatch(/^reconciliation: the environment is wrong: [^\n]+\n$/)
  for (const name of ['STRIPE_SECRET_KEY', 'FPAY_BASE_URL', 'PAYONEER_PROGRAM_ID', 'NETSUITE_BASE_URL']) {
    expect(said.stderr).toContain(name)
  }
})

test('the process compares what is asked of every rail, says no secret in its log, and ends with 0 at SIGTERM', async () => {
  const env = environmentOf(world)
  const { child, said, exitCode } = start({
    ...env,
    ...{ DATABASE_URL: world.databaseUrl, PUBSUB_PROJECT_ID: 'test', PUBSUB_EMULATOR_HOST: world.emulator.host },
    HTTP_PORT: '0',
  })
  const days = { startDate: '2026-11-19', endDate: '2026-11-20' }
  await world.database.transaction().execute(async (tx) => {
    const books = ['stripe-transfers', 'fpay', 'payoneer', 'netsuite'] as const
    await enqueue(
      tx,
      topics.railReconciliation,
      books.map((one) => ({ data: { books: one, ...days } })),
    )
    await enqueue(tx, topics.billingReconciliation, [{ data: days }])
  })
  const reports = async () => {
    const { rows } = await sql<{ kind: string; status: string }>`
      select kind, status from reconciliation_reports where status <> 'running' order by kind`.execute(world.database)
    return rows.map(({ kind, status }) => `${kind} ${status}`)
  }
  await world.until('five reports', async () => (await reports()).length === 5)
  expect(await reports()).toEqual(
    ['billing', 'fpay', 'netsuite', 'payoneer', 'stripe-transfers'].map((kind) => `${kind} success`),
  )
  child.kill('SIGTERM')
  expect(await exitCode()).toBe(0)
  const { FPAY_CLIENT_SECRET = '', PAYONEER_CLIENT_SECRET = '', STRIPE_SECRET_KEY = '' } = env
  for (const secret of [FPAY_CLIENT_SECRET, PAYONEER_CLIENT_SECRET, STRIPE_SECRET_KEY, 'PRIVATE KEY']) {
    expect(said.stdout + said.stderr).not.toContain(secret)
  }
})
