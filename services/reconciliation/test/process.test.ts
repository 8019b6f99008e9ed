import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
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
  return { child, said }
}

test('a wrong environment stops it with exit code 2 and one line that names all books’ log-ins', async () => {
  const { child, said } = start({ DATABASE_URL: world.databaseUrl })
  const [[code]] = await Promise.all([once(child, 'exit'), once(child.stderr, 'close')])
  expect(code).toBe(2)
  expect(said.stderr).toMatch(/^reconciliation: the environment is wrong: [^\n]+\n$/)
  for (const name of ['STRIPE_SECRET_KEY', 'FPAY_BASE_URL', 'PAYONEER_PROGRAM_ID', 'NETSUITE_BASE_URL']) {
    expect(said.stderr).toContain(name)
  }
})

test('the process compares what is asked of every rail, says no secret in its log, and ends with 0 at SIGTERM', async () => {
  const env = environmentOf(world)
  const { child, said } = start({
    ...env,
    ...{ DATABASE_URL: world.databaseUrl, PUBSUB_PROJECT_ID: 'test', PUBSUB_EMULATOR_HOST: world.emulator.host },
    HTTP_PORT: '0',
  })
  const ended = once(child, 'exit')
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
  expect((await ended)[0]).toBe(0)
  const { FPAY_CLIENT_SECRET = '', PAYONEER_CLIENT_SECRET = '', STRIPE_SECRET_KEY = '' } = env
  for (const secret of [FPAY_CLIENT_SECRET, PAYONEER_CLIENT_SECRET, STRIPE_SECRET_KEY, 'PRIVATE KEY']) {
    expect(said.stdout + said.stderr).not.toContain(secret)
  }
})
