import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import { ledgerProof, moved, owedFrom, payeeAccount, payeeBalances, recordEntries } from '../src/ledger.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const CLP = currency('CLP')
const owed = (key: string, payee: string, amount: bigint) => ({
  idempotencyKey: key,
  kind: 'owed',
  postings: moved({ amount, currency: CLP }, { from: owedFrom('cl'), to: payeeAccount(payee) }),
})

test('an event told of twice is recorded once', async () => {
  const record = () => world.database.transaction().execute((tx) => recordEntries(tx, [owed('k1', 'a', 5n)]))
  expect([...(await record())]).toEqual(['k1'])
  expect([...(await record())]).toEqual([])
  expect(await payeeBalances(world.database, ['a'])).toEqual([{ payeeId: 'a', money: { amount: 5n, currency: 'CLP' } }])
  expect((await ledgerProof(world.database)).disagreements).toEqual([])
})
