import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openAlerts } from '@remesa/database/finance-alerts'
import { anInitializedBalance, type TestBalance } from '@remesa/local-stack/testing/sellers'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { sql } from 'kysely'
import { addDocuments, credited, type NetSuiteReads, queries, retrieve, retriever, stateOf } from './retrieval.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

async function anOwedBalance(): Promise<TestBalance> {
  const balance = await anInitializedBalance(world)
  addDocuments(world, balance, 'vendorBill', [500n])
  return balance
}
const again = ({ sellerBalanceId }: TestBalance, retries: number) => aMessage({ sellerBalanceId }, { id: 'm', retries })

test.each([
  ['answers 500 or 503', 'error-before'],
  ['loses its answers', 'lost-response'],
  ['answers garbage', 'garbage-before'],
  ['answers too many requests', 'rate-limited'],
] as const)('while NetSuite %s, balances wait, noted, and nothing is lost', async (_, kind) => {
  const balances = [await anOwedBalance(), await anOwedBalance()]
  // Two tries a message, as the world's client makes.
  world.sandbox.netsuite.faults.script({ kind, times: 2 })
  const verdicts = await retrieve(world, ...balances.map((balance) => again(balance, 0)))
  expect(verdicts).toMatchObject(balances.map(() => ({ kind: 'retry', reason: expect.stringMatching(/^netsuite, /) })))
  for (const balance of balances) {
    const { status, jobs } = await stateOf(world, balance)
    expect(status).toBe('initialized')
    expect(jobs.retrieval).toMatchObject({
      messageId: 'm',
      finished: false,
      successful: false,
      error: expect.stringMatching(/^netsuite, find seller documents: /),
    })
  }

  expect(await retrieve(world, ...balances.map((balance) => again(balance, 1)))).toEqual(
    balances.map(() => ({ kind: 'done' })),
  )
  for (const balance of balances) {
    expect(await credited(world, balance)).toBe(500n)
    expect((await stateOf(world, balance)).jobs.retrieval).toMatchObject({
      finished: true,
      successful: true,
      error: null,
    })
  }
})

test('waits grow with each try, up to five minutes, and are never shorter than NetSuite asks', async () => {
  const balance = await anOwedBalance()
  const waits: number[] = []
  for (const retries of [0, 1, 2, 20]) {
    world.sandbox.netsuite.faults.script({ kind: 'error-before', times: 2 })
    const [verdict] = await retrieve(world, again(balance, retries))
    if (verdict?.kind === 'retry') waits.push(verdict.afterMs)
  }
  expect(waits).toEqual([2_000, 4_000, 8_000, 300_000])

  const asksForPatience = async () => {
    throw new ProviderError({
      kind: 'unavailable',
      provider: 'netsuite',
      operation: 'find seller documents',
      status: 503,
      retryAfterMs: 77_000, // of a gateway: NetSuite itself names no time
    })
  }
  const handler = retriever(world, { findSellerDocuments: asksForPatience })
  expect(await world.deliver(handler, again(balance, 0))).toMatchObject([{ kind: 'retry', afterMs: 77_000 }])
})

test('one balance that cannot be recorded throws alone: its neighbours go on, and NetSuite is not asked again', async () => {
  const balances = [await anOwedBalance(), await anOwedBalance(), await anOwedBalance()]
  const poisoned = balances[1]
  const doubling: NetSuiteReads = {
    async findSellerDocuments(filter) {
      const found = await world.netsuite.findSellerDocuments(filter)
      const twice = found.documents.filter(({ entityId }) => entityId === poisoned?.vendorId)
      return { ...found, documents: [...found.documents, ...twice] }
    },
  }
  const before = queries(world)
  const messages = balances.map(({ sellerBalanceId }) => ({ sellerBalanceId }))
  expect(await world.deliver(retriever(world, doubling), ...messages)).toMatchObject([
    { kind: 'done' },
    { kind: 'threw', error: { message: expect.stringContaining('is listed twice') } },
    { kind: 'done' },
  ])
  expect(queries(world) - before).toBe(1)
  const states = await Promise.all(balances.map((balance) => stateOf(world, balance)))
  expect(states.map(({ status }) => status)).toEqual(['payable', 'initialized', 'payable'])
})

test('credentials that NetSuite refuses are told to people, once, until they are accepted', async () => {
  const balance = await anOwedBalance()
  const refuses = async () => {
    throw new ProviderError({
      kind: 'unavailable',
      provider: 'netsuite',
      operation: 'find seller documents',
      status: 401,
      credentials: true,
    })
  }
  for (let tries = 0; tries < 2; tries += 1) {
    const [verdict] = await world.deliver(retriever(world, { findSellerDocuments: refuses }), again(balance, tries))
    expect(verdict).toMatchObject({ kind: 'retry' })
  }
  const told = async () =>
    (await openAlerts(world.database, { limit: 100 })).filter(({ subject }) => subject.id === 'netsuite')
  expect(await told()).toMatchObject([{ kind: 'provider_credentials', times: 2, details: { status: 401 } }])
  expect(await retrieve(world, balance)).toEqual([{ kind: 'done' }])
  expect(await told()).toEqual([])
})

test('a balance whose seller NetSuite does not have yet waits, while its neighbours go on', async () => {
  const [early, ready] = [await anOwedBalance(), await anOwedBalance()]
  const { rows } = await sql<{ erp_id: string; erp_customer_id: string }>`
    select erp_id, erp_customer_id from sellers where id = ${early.sellerId}`.execute(world.database)
  // Without its customer the invoices would not be seen, and too much be paid.
  await sql`update sellers set erp_customer_id = null where id = ${early.sellerId}`.execute(world.database)
  expect(await retrieve(world, early, ready)).toEqual([
    { kind: 'retry', afterMs: 5_000, reason: 'NetSuite does not have the seller’s vendor and customer yet' },
    { kind: 'done' },
  ])
  expect(await stateOf(world, early)).toMatchObject({ status: 'initialized', jobs: { retrieval: { finished: false } } })
  expect(await stateOf(world, ready)).toMatchObject({ status: 'payable' })

  await sql`update sellers set erp_customer_id = ${rows[0]?.erp_customer_id} where id = ${early.sellerId}`.execute(
    world.database,
  )
  expect(await retrieve(world, early)).toEqual([{ kind: 'done' }])
  expect(await credited(world, early)).toBe(500n)
})

test('a country that finance has not opened in NetSuite is named, and waits for people', async () => {
  const balance = await anInitializedBalance(world, { country: 'mx' })
  await sql`update countries set erp_subsidiary_id = null where id = 'mx'`.execute(world.database)
  expect(await retrieve(world, again(balance, 30))).toEqual([
    { kind: 'retry', afterMs: 600_000, reason: 'no subsidiary of NetSuite is configured for mx' },
  ])
  expect((await stateOf(world, balance)).jobs.retrieval?.error).toBe('no subsidiary of NetSuite is configured for mx')
})

test('a balance that is not there any more, or was never, is done with', async () => {
  expect(await retrieve(world, aMessage({ sellerBalanceId: '00000000-0000-4000-8000-000000000000' }))).toEqual([
    { kind: 'done' },
  ])
})
