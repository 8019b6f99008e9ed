import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { sql } from 'kysely'
import {
  claimSellersToInitialize,
  finishInitialization,
  insertBalances,
  openRun,
  type PayDayRun,
  sellersLeft,
} from '../src/pay-day-runs.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { addCountries, addSellers, aProfile, CLP, inTransaction, PEN, THE_DAY } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
  await addCountries(world)
})
afterAll(() => world.drop())
beforeEach(async () => {
  await sql`delete from seller_balances; `.execute(world.database)
  await sql`delete from pay_day_runs`.execute(world.database)
  await sql`delete from seller_countries`.execute(world.database)
  await sql`delete from sellers`.execute(world.database)
})

const open = async (date = THE_DAY): Promise<PayDayRun> => {
  const opened = await inTransaction(world, (tx) => openRun(tx, date, 'test'))
  if (opened.kind !== 'opened') throw new Error('busy')
  return opened.run
}
const initialize = (runId: string, limit = 100) =>
  inTransaction(world, async (tx) => {
    const claimed = await claimSellersToInitialize(tx, { runId, limit })
    return claimed && insertBalances(tx, claimed)
  })
const balances = async () =>
  (
    await sql<{ seller: string; country: string; currency: string }>`
      select s.gsc_seller_id as seller, b.country, b.currency from seller_balances b join sellers s on s.id = b.seller_id
      order by 1, 2`.execute(world.database)
  ).rows

test('a seller has one empty balance per country that is enabled for it and by us, and it is said why not in the others', async () => {
  const idOf = await addSellers(
    world,
    aProfile('both', {
      countries: [
        { country: 'cl', currency: CLP, enabled: true },
        { country: 'pe', currency: PEN, enabled: true },
      ],
    }),
    aProfile('half', {
      countries: [
        { country: 'cl', currency: CLP, enabled: false },
        { country: 'co', currency: CLP, enabled: true },
        { country: 'xx', currency: CLP, enabled: true },
      ],
    }),
    aProfile('none', { countries: [] }),
    aProfile('closed', { status: 'closed' }),
  )
  const { runId } = await open()
  const answer = await initialize(runId)
  expect(answer).toMatchObject({ inserted: 3 })
  expect(answer?.toRetrieve).toHaveLength(3)
  expect(new Set(answer?.notInitialized)).toEqual(
    new Set([
      { sellerId: idOf('half'), country: 'cl', reason: 'disabled_for_seller' },
      { sellerId: idOf('half'), country: 'co', reason: 'country_disabled' },
      { sellerId: idOf('half'), country: 'xx', reason: 'country_unknown' },
      { sellerId: idOf('none'), country: null, reason: 'no_countries' },
    ]),
  )
  expect(await balances()).toEqual([
    { seller: 'both', country: 'cl', currency: 'CLP' },
    { seller: 'both', country: 'pe', currency: 'PEN' },
    { seller: 'closed', country: 'cl', currency: 'CLP' },
  ])
  expect(await inTransaction(world, (tx) => finishInitialization(tx, runId))).toBe(0)
  expect(await initialize(runId)).toBeUndefined()
})

test('workers at once take different sellers, and every seller is taken once', async () => {
  await addSellers(world, ...Array.from({ length: 60 }, (_, n) => aProfile(`s${n}`)))
  const { runId } = await open()
  const answers = await Promise.all(Array.from({ length: 6 }, () => initialize(runId, 10)))
  expect(answers.map((answer) => answer?.inserted)).toEqual([10, 10, 10, 10, 10, 10])
  expect(new Set(answers.flatMap((answer) => answer?.toRetrieve ?? [])).size).toBe(60)
  expect(await sellersLeft(world.database)).toBe(0)
})

test('a seller in another worker’s hands counts as left, so that the run is not finished without it', async () => {
  await addSellers(world, aProfile('a'), aProfile('b'))
  const { runId } = await open()
  await inTransaction(world, async (tx) => {
    const claimed = await claimSellersToInitialize(tx, { runId, limit: 1 })
    if (!claimed) throw new Error('nothing claimed')
    await insertBalances(tx, claimed)
    expect(await initialize(runId)).toMatchObject({ inserted: 1 })
    expect(await inTransaction(world, (other) => finishInitialization(other, runId))).toBe(1)
  })
  const finish = () => inTransaction(world, (tx) => finishInitialization(tx, runId))
  expect(await Promise.all([finish(), finish()])).toEqual([0, 0])
})

test('a second reset during a run adds no balance, and queues again what still waits', async () => {
  await addSellers(world, aProfile('a'), aProfile('b'), aProfile('c'))
  const { runId } = await open()
  const first = await initialize(runId, 2)
  await sql`update seller_balances set status = 'no_payment_due', amount_owed = 0 where id = ${first?.toRetrieve[0]}`.execute(
    world.database,
  )
  const again = await inTransaction(world, (tx) => openRun(tx, THE_DAY, 'test'))
  expect(again).toMatchObject({ kind: 'opened', reopened: true, sellersReset: 2, run: { runId } })
  const second = await initialize(runId)
  expect(second).toMatchObject({ inserted: 1 })
  expect(second?.toRetrieve).toHaveLength(2)
  expect(await balances()).toHaveLength(3)
})

test('resets and claims at once never fail the verification, and leave no seller without its balance', async () => {
  await addSellers(world, ...Array.from({ length: 30 }, (_, n) => aProfile(`s${n}`)))
  const { runId } = await open()
  await Promise.all([
    ...Array.from({ length: 4 }, () => open()),
    ...Array.from({ length: 8 }, async () => {
      const answer = await initialize(runId, 5)
      if (answer?.inserted === 0) await inTransaction(world, (tx) => finishInitialization(tx, runId))
    }),
  ])
  while ((await sellersLeft(world.database)) > 0) expect(await initialize(runId, 30)).toBeDefined()
  expect(await balances()).toHaveLength(30)
})

test('the run of another date waits until this one is initialized, and a late message of this one then takes nothing', async () => {
  await addSellers(world, aProfile('a'))
  const first = await open()
  const next = businessDate('2026-11-21')
  expect(await inTransaction(world, (tx) => openRun(tx, next, 'test'))).toEqual({ kind: 'busy', initializing: first })
  await initialize(first.runId)
  await inTransaction(world, (tx) => finishInitialization(tx, first.runId))
  const second = await open(next)
  expect(await initialize(first.runId)).toBeUndefined()
  expect(await initialize(second.runId)).toMatchObject({ inserted: 1 })
})
