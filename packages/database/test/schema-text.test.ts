import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { schemaText } from '../src/testing/schema-text.ts'
import { createTestDatabase } from '../src/testing/test-database.ts'

test('schema.sql shows the schema that the migrations make', async () => {
  const world = await createTestDatabase({ poolSize: 1 })
  const text = await schemaText(world.database)
  await world.drop()
  const kept = await readFile(new URL('../schema.sql', import.meta.url), 'utf8')
  // After a change of the migrations: `pnpm --filter @remesa/database schema`, and read what changed.
  expect(kept).toBe(text)
})
