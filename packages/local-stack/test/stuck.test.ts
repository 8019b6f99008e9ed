import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { sql } from 'kysely'
import { untilPaid } from '../src/pay-day.ts'
import { aPayableBalance } from '../src/testing/sellers.ts'
import { startWorld, type World } from '../src/testing/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

test('a pay-day that is stuck counts each balance once and says in its job’s own words what holds it', async () => {
  const balance = await aPayableBalance(world)
  const note = JSON.stringify({ payment: { error: 'fpay, submit payout: no answer' } })
  await sql`update seller_balances set jobs = ${note} where id = ${balance.sellerBalanceId}`.execute(world.database)
  for (const generation of [1, 2]) {
    await sql`
      insert into payment_attempts (payable_type, payable_id, rail, generation, idempotency_key, amount, currency, destination,
        instruction, state, refusal_reason, first_called_at)
      values ('seller_balance', ${balance.sellerBalanceId}, 'fpay', ${generation}, ${`key-${generation}`}, 100000, 'CLP', 'FP-1',
        '{}', 'declined', 'BANK_UNAVAILABLE', now())`.execute(world.database)
  }
  const stack = { database: world.database, casualties: async () => [] }
  const watching = untilPaid(stack, businessDate(balance.businessDate), { patienceMs: 0, onProgress: () => {} })
  await expect(watching).rejects.toThrow(
    `1 balances are payable, e.g. ${balance.sellerBalanceId}, last: fpay, submit payout: no answer`,
  )
})
