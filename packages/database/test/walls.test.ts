import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const entry = (key: string, postings: string) =>
  world.database.transaction().execute(async (tx) => {
    await sql`with e as (insert into ledger_entries (idempotency_key, kind) values (${key}, 'test') returning id)
      insert into ledger_postings select e.id, p.* from e, (values ${sql.raw(postings)}) p(line, account, currency, amount)`.execute(
      tx,
    )
  })

test('an entry that does not sum to zero is refused when the transaction commits', async () => {
  await expect(entry('off', `(1, 'payee:a', 'CLP', 5), (2, 'owed', 'CLP', -4)`)).rejects.toThrow(/does not sum to zero/)
})

test('a posting that would take a payee below zero is refused', async () => {
  await entry('owed', `(1, 'payee:b', 'CLP', 5), (2, 'owed', 'CLP', -5)`)
  await entry('paid', `(1, 'payee:b', 'CLP', -5), (2, 'rail:fpay', 'CLP', 5)`)
  await expect(entry('paid again', `(1, 'payee:b', 'CLP', -5), (2, 'rail:fpay', 'CLP', 5)`)).rejects.toThrow(
    /payee_is_never_below_zero/,
  )
})

test.each([
  ['update', 'update ledger_postings set amount = 1'],
  ['delete', 'delete from ledger_entries'],
  ['truncate', 'truncate audit_log'],
])('%s of an append-only table is refused', async (_, statement) => {
  await expect(sql.raw(statement).execute(world.database)).rejects.toThrow(/append-only/)
})

test('a recorded entry takes no further postings', async () => {
  await entry('closed', `(1, 'payee:c', 'CLP', 5), (2, 'owed', 'CLP', -5)`)
  await expect(
    sql`insert into ledger_postings select id, 3, 'payee:c', 'CLP', 7 from ledger_entries where idempotency_key = 'closed'`.execute(
      world.database,
    ),
  ).rejects.toThrow(/no further postings/)
})
