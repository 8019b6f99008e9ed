import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { sql } from 'kysely'
import { addSellers, balancesOf, forgetSellers, handlers, marked, queuedForRetrieval, runsOf } from './sellers.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
beforeEach(() => forgetSellers(world))

const DATE = '2026-11-20'
const NOW = '2026-11-21T15:00:00Z'

/** Opens the run. @returns its initialization's message */
async function reset(): Promise<{ runId: string }> {
  await world.deliver(handlers(world, { now: NOW }).reset, { businessDate: DATE })
  const [queued] = await world.take(topics.paymentInitialization)
  if (!queued) throw new Error('no initialization was queued')
  return queued.data
}
const hundred = Array.from({ length: 100 }, (_, at) => ({ name: `S${String(at).padStart(3, '0')}` }))
const hundredBalances = hundred.map(({ name }) => `${name}/cl`)

test('each seller gets one balance per country that is enabled for it and by us; why not otherwise is logged', async () => {
  await addSellers(
    world,
    { name: 'A', countries: ['cl', 'pe'] },
    { name: 'B', countries: ['cl', '!pe'] },
    { name: 'C', countries: ['br', 'xx'] },
    { name: 'D', countries: [] },
    { name: 'E', status: 'suspended' },
  )
  const reasons: unknown[] = []
  const info = (about: object, message: string) => {
    if (message === 'no balance for this seller and country') reasons.push(about)
  }
  const message = await reset()
  expect(await world.deliver(handlers(world, { info }).initialize, message)).toEqual([{ kind: 'done' }])

  const balances = ['A/cl', 'A/pe', 'B/cl', 'E/cl']
  expect(await balancesOf(world, DATE)).toEqual(balances)
  expect(await queuedForRetrieval(world)).toEqual(balances)
  expect(await marked(world)).toBe(5)
  expect(await runsOf(world)).toEqual([{ date: DATE, resets: 1, initialized: true }])
  const { rows } = await sql<{ id: string; name: string }>`
    select id, gsc_seller_id as name from sellers`.execute(world.database)
  const idOf = (name: string) => rows.find((row) => row.name === name)?.id
  const because = [
    { sellerId: idOf('B'), country: 'pe', reason: 'disabled_for_seller' },
    { sellerId: idOf('C'), country: 'br', reason: 'country_disabled' },
    { sellerId: idOf('C'), country: 'xx', reason: 'country_unknown' },
    { sellerId: idOf('D'), country: null, reason: 'no_countries' },
  ].map((why) => ({ runId: message.runId, ...why }))
  expect(reasons).toHaveLength(because.length)
  expect(reasons).toEqual(expect.arrayContaining(because))
})

test('several workers at once share the sellers: each balance is made and queued once', async () => {
  await addSellers(world, ...hundred)
  const message = await reset()
  const { initialize } = handlers(world, { batchSize: 7 })
  await Promise.all([1, 2, 3, 4].map(() => world.deliver(initialize, message)))
  await world.deliver(initialize, message) // whoever found the rest in others' hands comes again
  expect(await balancesOf(world, DATE)).toEqual(hundredBalances)
  expect(await queuedForRetrieval(world)).toEqual(hundredBalances)
  expect(await runsOf(world)).toEqual([{ date: DATE, resets: 1, initialized: true }])
})

test('a worker that finds sellers in another’s hands comes again, and the run is not finished before they are', async () => {
  await addSellers(world, { name: 'A' }, { name: 'B' })
  const message = await reset()
  const { initialize } = handlers(world)
  await world.database.transaction().execute(async (tx) => {
    await sql`select from sellers where gsc_seller_id = 'B' for update`.execute(tx)
    expect(await world.deliver(initialize, message)).toEqual([
      { kind: 'retry', afterMs: 1_000, reason: '1 sellers are in other workers’ hands' },
    ])
  })
  expect(await runsOf(world)).toMatchObject([{ initialized: false }])
  expect(await world.deliver(initialize, message)).toEqual([{ kind: 'done' }])
  expect(await queuedForRetrieval(world)).toEqual(['A/cl', 'B/cl'])
  expect(await runsOf(world)).toMatchObject([{ initialized: true }])
})

test('killed in the middle, it loses nothing: what was committed stays, the rest is done by the next', async () => {
  await addSellers(world, ...hundred)
  const message = await reset()
  // Its second batch waits for a row that somebody else is about to insert, and there it is killed.
  const { rows } = await sql<{ id: string }>`select id from sellers order by id limit 1 offset 50`.execute(
    world.database,
  )
  await world.database.transaction().execute(async (tx) => {
    await sql`
      insert into seller_balances (run_id, seller_id, country, business_date, currency)
      values (${message.runId}, ${rows[0]?.id}, 'cl', ${DATE}, 'CLP')`.execute(tx)
    const initialization = world.deliver(handlers(world, { batchSize: 40 }).initialize, message)
    await world.until('it waits', async () => {
      const { rows: waiting } = await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(world.database)
      return waiting.length > 0
    })
    expect(await initialization).toEqual([{ kind: 'threw', error: expect.any(Error) }])
    await sql`delete from seller_balances where seller_id = ${rows[0]?.id}`.execute(tx)
  })
  expect(await marked(world)).toBe(40)
  expect(await balancesOf(world, DATE)).toHaveLength(40)

  expect(await world.deliver(handlers(world, { batchSize: 40 }).initialize, message)).toEqual([{ kind: 'done' }])
  expect(await balancesOf(world, DATE)).toEqual(hundredBalances)
  expect(await queuedForRetrieval(world)).toEqual(hundredBalances)
})

test('a second reset makes no second balance, and queues again what still waits for its documents, nothing else', async () => {
  await addSellers(world, { name: 'A' }, { name: 'B' }, { name: 'C' })
  const { initialize } = handlers(world)
  await world.deliver(initialize, await reset())
  await queuedForRetrieval(world)
  await sql`
    update seller_balances set status = 'no_payment_due', amount_owed = 0
    where seller_id = (select id from sellers where gsc_seller_id = 'B')`.execute(world.database)

  await addSellers(world, { name: 'D' }) // new since the first one
  await world.deliver(initialize, await reset())
  expect(await balancesOf(world, DATE)).toEqual(['A/cl', 'B/cl', 'C/cl', 'D/cl'])
  expect(await queuedForRetrieval(world)).toEqual(['A/cl', 'C/cl', 'D/cl'])
  expect(await runsOf(world)).toEqual([{ date: DATE, resets: 2, initialized: true }])
})

test('a second reset in the middle of an initialization does no harm', async () => {
  await addSellers(world, ...hundred)
  const first = await reset()
  const { initialize } = handlers(world, { batchSize: 5 })
  const [, second] = await Promise.all([world.deliver(initialize, first), reset()])
  await world.deliver(initialize, second, first)
  expect(await balancesOf(world, DATE)).toEqual(hundredBalances)
  expect(new Set(await queuedForRetrieval(world))).toEqual(new Set(hundredBalances))
  expect(await runsOf(world)).toEqual([{ date: DATE, resets: 2, initialized: true }])
})

test('the message of a run that is initialized, delivered once more, does nothing', async () => {
  await addSellers(world, { name: 'A' })
  const message = await reset()
  const { initialize } = handlers(world)
  await world.deliver(initialize, message)
  await queuedForRetrieval(world)
  expect(await world.deliver(initialize, message)).toEqual([{ kind: 'done' }])
  expect(await queuedForRetrieval(world)).toEqual([])
})

test('through Pub/Sub, two instances of the service take a reset to the last balance', async () => {
  await addSellers(world, ...hundred)
  const { reset: handleReset, initialize } = handlers(world, { batchSize: 10 })
  const asked: string[] = []
  for (let instance = 0; instance < 2; instance += 1) {
    await world.work({ topic: topics.paymentReset, handle: handleReset })
    await world.work({ topic: topics.paymentInitialization, handle: initialize })
  }
  await world.work({
    topic: topics.balanceDataRetrieval,
    handle: async (batch) => {
      asked.push(...batch.map(({ data }) => data.sellerBalanceId))
      return batch.map(() => ({ kind: 'done' }))
    },
  })
  await world.database
    .transaction()
    .execute((tx) => enqueue(tx, topics.paymentReset, [{ data: { businessDate: DATE } }]))
  await world.until('every balance is asked about', () => new Set(asked).size === hundred.length)
  await world.until('the run is initialized', async () => (await runsOf(world)).every(({ initialized }) => initialized))
  expect(await balancesOf(world, DATE)).toEqual(hundredBalances)
})
