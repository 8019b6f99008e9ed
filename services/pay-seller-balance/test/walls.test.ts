import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { attemptRows, ledgerFaults, postedFor } from '@remesa/local-stack/testing/books'
import { anAcceptedPayment } from '@remesa/local-stack/testing/payments'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { sql } from 'kysely'
import { payHandler } from './handler.ts'

// What happens when a row says what it must never say, through a bug of ours or by hand.

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const makePayableAgain = (sellerBalanceId: string) =>
  sql`update seller_balances set status = 'payable' where id = ${sellerBalanceId}`.execute(world.database)
const forgetAttempt = (sellerBalanceId: string) =>
  sql`update payment_attempts set state = 'declined' where payable_id = ${sellerBalanceId}`.execute(world.database)

test.each(['local', 'international'] as const)(
  'a second live attempt for a balance is refused before the bank is called: %s',
  async (operationType) => {
    // Owed twice over, so that only the wall around attempts stands.
    const { sellerBalanceId, sellerId, currency, profile } = await anAcceptedPayment(world, { operationType })
    await sql`with e as (insert into ledger_entries (idempotency_key, kind) values (${`more:${sellerId}`}, 'test') returning id)
    insert into ledger_postings select e.id, p.* from e, (values (1, ${`payee:${sellerId}`}, ${currency}, 900000),
      (2, 'owed_from:cl', ${currency}, -900000)) p(line, account, currency, amount)`.execute(world.database)
    await makePayableAgain(sellerBalanceId)
    await expect(world.deliver(payHandler(world), { sellerBalanceId })).rejects.toThrow(/payment_attempts_one_live/)
    expect(await attemptRows(world, sellerBalanceId)).toHaveLength(1)
    expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toHaveLength(operationType === 'local' ? 1 : 0)
    expect(world.sandbox.payoneer.paymentsTo(profile.payoneerPayeeId ?? '')).toHaveLength(
      operationType === 'local' ? 0 : 1,
    )
  },
)

test.each(['local', 'international'] as const)(
  'what the ledger does not owe is refused before the bank is called: %s',
  async (operationType) => {
    const { sellerBalanceId, profile } = await anAcceptedPayment(world, { operationType })
    await makePayableAgain(sellerBalanceId)
    await forgetAttempt(sellerBalanceId)
    await expect(world.deliver(payHandler(world), { sellerBalanceId })).rejects.toThrow(/the ledger owes 0/)
    expect(await attemptRows(world, sellerBalanceId)).toHaveLength(1)
    expect(world.sandbox.payoneer.paymentsTo(profile.payoneerPayeeId ?? '')).toHaveLength(
      operationType === 'local' ? 0 : 1,
    )
    expect(await postedFor(world, sellerBalanceId)).toEqual({ owed_from: -100_000n, in_transit: 100_000n })
    expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
  },
)
