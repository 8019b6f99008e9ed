import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { insertClosingsOnce } from '@remesa/database/seller-closings'
import { currency as currencyOf } from '@remesa/domain/currency'
import { alertsAbout, balanceRow } from '@remesa/local-stack/testing/books'
import { anAcceptedPayment } from '@remesa/local-stack/testing/payments'
import type { PayableFacts } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import { sql } from 'kysely'
import { statusHandlers } from './handlers.ts'

let world: World
let check: ReturnType<typeof statusHandlers>['check']
beforeAll(async () => {
  world = await startWorld()
  check = statusHandlers(world).check
})
afterAll(() => world.stop())

const HOUR_MS = 3_600_000

/** A payment that the bank has paid, which nobody has heard of yet. */
async function aSettledPayment(facts: PayableFacts = {}) {
  const payment = await anAcceptedPayment(world, facts)
  world.sandbox.fpay.settleAll()
  return payment
}

const vendorPaymentsOf = (sellerBalanceId: string) =>
  world.sandbox.netsuite.books().vendorPayments.filter(({ externalId }) => externalId === `sb-${sellerBalanceId}`)
const notificationsOf = (settlementId: string | null) =>
  world.sandbox.gsc.books().notifications.filter((told) => told.settlementId === settlementId)
const netsuiteWith = (change: Partial<World['netsuite']>) =>
  statusHandlers(world, { netsuite: { ...world.netsuite, ...change } }).check

test('a country that finance has not opened in NetSuite is told to finance, and entered once it has', async () => {
  const { sellerBalanceId } = await aSettledPayment({ country: 'co' })
  const openedWith = (bankAccount: string | null) =>
    sql`update countries set erp_bank_account_id = ${bankAccount} where id = 'co'`.execute(world.database)
  const { rows } = await sql<{ id: string }>`
    select erp_bank_account_id as id from countries where id = 'co'`.execute(world.database)
  await openedWith(null)
  const [verdict] = await world.deliver(check, { sellerBalanceId })
  const reason = 'NetSuite’s ids for co and COP are not configured: bankAccountId'
  expect(verdict).toEqual({ kind: 'retry', afterMs: HOUR_MS, reason })
  expect(vendorPaymentsOf(sellerBalanceId)).toEqual([])
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({ vendor_payment_refused: 1 })
  await openedWith(rows[0]?.id ?? null)
  expect(await world.deliver(check, { sellerBalanceId })).toEqual([done])
  expect(vendorPaymentsOf(sellerBalanceId)).toHaveLength(1)
})

test('a vendor payment is dated the day the money moved by the business’s calendar, not the day it is paid for', async () => {
  const { sellerBalanceId } = await aSettledPayment()
  await world.deliver(check, { sellerBalanceId })
  await sql`
    update payment_attempts set settled_at = '2026-11-22T02:30:00Z' where payable_id = ${sellerBalanceId}`.execute(
    world.database,
  )
  await sql`update seller_balances set erp_told_at = null where id = ${sellerBalanceId}`.execute(world.database)
  const dates: string[] = []
  const noting = netsuiteWith({
    upsertVendorPayment(externalId, payment) {
      dates.push(payment.date)
      return world.netsuite.upsertVendorPayment(externalId, payment)
    },
  })
  expect(await world.deliver(noting, { sellerBalanceId })).toEqual([done])
  expect(dates).toEqual(['2026-11-21']) // it is half past two on the 22nd in UTC alone
})

test('a closing that arrives while NetSuite is being told has GSC told, once', async () => {
  const { sellerBalanceId, gscSellerId, country, currency, businessDate } = await aSettledPayment({
    closing: 'missing',
    bills: [100_000n],
  })
  const settlementId = `ST-late-${sellerBalanceId}`
  const closing = { settlementId, gscSellerId, country, date: businessDate, currency, amount: '100000' }
  world.sandbox.gsc.loadClosings([closing])
  const during = netsuiteWith({
    async upsertVendorPayment(...call) {
      await world.database.transaction().execute((tx) =>
        insertClosingsOnce(
          tx,
          [
            {
              settlementId,
              gscSellerId,
              country,
              businessDate,
              money: { amount: 100_000n, currency: currencyOf(currency) },
            },
          ],
          'test',
        ),
      )
      return world.netsuite.upsertVendorPayment(...call)
    },
  })
  expect(await world.deliver(during, { sellerBalanceId })).toEqual([done])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ closing_match: 'matched', gsc_told_at: null })
  await world.deliver(check, { sellerBalanceId }) // the closing's own message
  await world.deliver(check, { sellerBalanceId })
  expect(notificationsOf(settlementId)).toMatchObject([{ status: 'PAID', amount: '100000' }])
  expect(vendorPaymentsOf(sellerBalanceId)).toHaveLength(1)
})

test('a teller that throws, throws and throws comes to a dead letter, and holds the payment no longer', async () => {
  const { sellerBalanceId } = await aSettledPayment()
  const broken = netsuiteWith({ upsertVendorPayment: () => Promise.reject(new TypeError('a fault of ours')) })
  await world.work({ topic: topics.checkFpayPaymentStatus, handle: broken, maxThrows: 3 })
  await world.database
    .transaction()
    .execute((tx) => enqueue(tx, topics.checkFpayPaymentStatus, [{ data: { sellerBalanceId } }]))
  const letters = () => world.database.selectFrom('dead_letters').select('reason').execute()
  await world.until('the dead letter', async () => (await letters()).length > 0)
  expect(await letters()).toEqual([{ reason: 'threw 3 times: a fault of ours' }])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ report_lease_expires_at: null, erp_told_at: null })
})
