import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { releaseBlocked } from '@remesa/database/seller-balances'
import { sentenceOf } from '@remesa/domain/finance-alert'
import { alertsAbout, attemptRows, auditTrail, balanceRow } from '@remesa/local-stack/testing/books'
import { aPayableBalance, changeSeller, type PayableFacts } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { payHandler } from './handler.ts'

let world: World
let pay: ReturnType<typeof payHandler>
beforeAll(async () => {
  world = await startWorld()
  pay = payHandler(world)
})
afterAll(() => world.stop())

test.each<[string, string, PayableFacts]>([
  ['a local seller without an FPay account', 'bank_id_missing', { account: null }],
  ['an international seller without a payee id', 'bank_id_missing', { operationType: 'international', account: null }],
  ['an account of blanks', 'bank_id_missing', { account: '  ' }],
  ['an international balance that is not in USD', 'rail_currency', { operationType: 'international', currency: 'CLP' }],
  ['a closed seller', 'seller_closed', { status: 'closed' }],
])('%s blocks the balance with an alert, and nothing is sent', async (_, reason, facts) => {
  const { sellerBalanceId } = await aPayableBalance(world, facts)
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'blocked',
    blocked_reason: reason,
    jobs: { payment: { finished: true, successful: false, error: reason } },
  })
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({ [reason]: 1 })
  expect(await attemptRows(world, sellerBalanceId)).toEqual([])
  expect(await auditTrail(world, sellerBalanceId)).toContain('seller_balance.blocked: payable → blocked')
  // Delivered again, it is still blocked, and nobody is told twice.
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({ [reason]: 1 })
})

test('a balance blocked over its currency is paid once GSC corrects the operation type, as its alert says', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, {
    operationType: 'international',
    currency: 'CLP',
  })
  await world.deliver(pay, { sellerBalanceId })
  expect(sentenceOf('rail_currency')).toMatch(/Have GSC correct the operation type/)
  await changeSeller(world, seller, { operationType: 'local', fpayId: 'FP-LOCAL-1' })
  await world.database.transaction().execute((tx) => releaseBlocked(tx, [seller.sellerId], 'test'))
  await world.deliver(payHandler(world, { coolingMs: 0 }), { sellerBalanceId })
  expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toMatchObject([{ accountNumber: 'FP-LOCAL-1' }])
})

test('a suspended seller is paid what it is owed', async () => {
  const { sellerBalanceId } = await aPayableBalance(world, { status: 'suspended' })
  await world.deliver(pay, { sellerBalanceId })
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'payment_pending' })
})

test('a balance blocked for want of a bank id is paid once the id arrives', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, { account: null })
  await world.deliver(pay, { sellerBalanceId })
  await changeSeller(world, seller, { fpayId: 'FP-ARRIVED-1' })
  const released = await world.database.transaction().execute((tx) => releaseBlocked(tx, [seller.sellerId], 'test'))
  expect(released).toEqual([sellerBalanceId])
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toMatchObject([{ accountNumber: 'FP-ARRIVED-1' }])
  expect(await world.published(topics.checkFpayPaymentStatus)).toContainEqual(
    expect.objectContaining({ data: { sellerBalanceId, look: 0 } }),
  )
})
