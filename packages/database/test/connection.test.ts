import { expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { openDatabase } from '../src/connection.ts'
import { createTestDatabase } from '../src/testing/test-database.ts'

test('a server that says nothing fails its query, and the next one has a connection that answers', async () => {
  const { url, drop } = await createTestDatabase({ poolSize: 1 })
  const database = openDatabase({ url, poolSize: 1, applicationName: 'test', onIdleError: () => {}, silentMs: 100 })
  try {
    const silent = database.transaction().execute((tx) => sql`select pg_sleep(5)`.execute(tx))
    await expect(silent).rejects.toThrow()
    expect((await sql`select 1 as one`.execute(database)).rows).toEqual([{ one: 1 }])
  } finally {
    await database.destroy()
    await drop()
  }
})
