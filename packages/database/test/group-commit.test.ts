import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { groupCommit } from '../src/group-commit.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
  await sql`create table kept (n int primary key check (n >= 0), transaction_id xid8 default pg_current_xact_id())`.execute(
    world.database,
  )
})
afterAll(() => world.drop())

const keeper = (maximum: number, gatherMs = 20) =>
  groupCommit<number, number>({
    database: world.database,
    maximum,
    gatherMs,
    write: async (tx, items) => {
      await sql`insert into kept (n) select unnest(${items}::int[])`.execute(tx)
      return items.map((n) => n * 10)
    },
  })

test('items that arrive together are committed together, and each gets its own answer', async () => {
  const keep = keeper(100)
  expect(await Promise.all([1, 2, 3].map(keep))).toEqual([10, 20, 30])
  const { rows } = await sql`select distinct transaction_id from kept where n in (1, 2, 3)`.execute(world.database)
  expect(rows).toHaveLength(1)
})

test('one bad item rejects alone; its neighbours are committed', async () => {
  const keep = keeper(100)
  const [good, bad, other] = await Promise.allSettled([11, -1, 12].map(keep))
  expect([good?.status, bad?.status, other?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const { rows } = await sql`select n from kept where n in (11, 12)`.execute(world.database)
  expect(rows).toHaveLength(2)
})

test('many more items than a group holds are all committed', async () => {
  const keep = keeper(10)
  const items = Array.from({ length: 95 }, (_, index) => 100 + index)
  await Promise.all(items.map(keep))
  const { rows } = await sql<{ count: bigint }>`select count(*) from kept where n >= 100`.execute(world.database)
  expect(rows[0]?.count).toBe(95n)
})

test('what comes soon after a group of several is gathered; what comes after one alone is not kept waiting', async () => {
  const keep = keeper(100, 60_000)
  await keep(201)
  await keep(202) // would wait for a minute
  const gather = keeper(3, 500)
  await Promise.all([203, 204].map(gather))
  const soon = gather(205)
  await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([soon, gather(206), gather(207)])
  const { rows } = await sql`select distinct transaction_id from kept where n in (205, 206, 207)`.execute(
    world.database,
  )
  expect(rows).toHaveLength(1)
})
