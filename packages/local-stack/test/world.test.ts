import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import { sql } from 'kysely'
import { aPayableBalance } from '../src/testing/sellers.ts'
import { startWorld, type World } from '../src/testing/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

test('a payable balance stands in NetSuite, at GSC, in the ledger and with its closing matched', async () => {
  const { sellerBalanceId, sellerId, settlementId } = await aPayableBalance(world, {
    bills: [70_000n, 50_000n],
    invoices: [20_000n],
  })
  const { rows } = await sql`
    select b.status, b.amount_owed, b.closing_match, l.balance from seller_balances b
    join ledger_payee_balances l on l.account = 'payee:' || b.seller_id where b.id = ${sellerBalanceId}`.execute(
    world.database,
  )
  expect(rows).toEqual([{ status: 'payable', amount_owed: 100_000n, closing_match: 'matched', balance: 100_000n }])
  expect(world.sandbox.gsc.books()).toMatchObject({ settlements: 1 })
  expect(settlementId).not.toBeNull()
  expect(world.sandbox.netsuite.books()).toMatchObject({ vendors: 1, customers: 1 })
  expect(await world.published(topics.paySellerBalance)).toEqual([])
  expect(sellerId).toEqual(expect.any(String))
})

test('messages of the outbox can be read and taken, and reach a worker through Pub/Sub', async () => {
  const { sellerBalanceId } = await aPayableBalance(world)
  const data = { sellerBalanceId }
  const later = new Date(world.now().getTime() + 60_000)
  await world.database
    .transaction()
    .execute((tx) => enqueue(tx, topics.paySellerBalance, [{ data }, { data, deliverAt: later }]))
  expect(await world.published(topics.paySellerBalance)).toHaveLength(2)
  expect(await world.take(topics.paySellerBalance, { due: true })).toMatchObject([{ data }])
  world.moveClock(60_000)
  expect(await world.take(topics.paySellerBalance, { due: true })).toMatchObject([{ data, deliverAt: later }])

  const seen: object[] = []
  const relay = await world.work({
    topic: topics.paySellerBalance,
    handle: async (batch) => {
      seen.push(...batch.map((message) => message.data))
      return batch.map(() => done)
    },
  })
  await world.database.transaction().execute((tx) => enqueue(tx, topics.paySellerBalance, [{ data }]))
  relay.nudge()
  await world.until('the message arrives', () => seen.length > 0)
  expect(seen).toEqual([data])
})
