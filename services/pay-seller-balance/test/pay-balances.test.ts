import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import {
  alertsAbout,
  attemptRows,
  auditTrail,
  balanceRow,
  ledgerFaults,
  postedFor,
} from '@remesa/local-stack/testing/books'
import { anInitializedBalance, aPayableBalance, aSeller } from '@remesa/local-stack/testing/sellers'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { FIRST_CHECK_MS, payHandler } from './handler.ts'

let world: World
let pay: ReturnType<typeof payHandler>
beforeAll(async () => {
  world = await startWorld()
  pay = payHandler(world)
})
afterAll(() => world.stop())

/** Payouts that FPay was asked to make of a balance, refused ones left out. */
const payoutsOf = (sellerBalanceId: string) => world.sandbox.fpay.payoutsOf(sellerBalanceId)

test('a payable balance is sent to the seller’s FPay account in full, and a look at it is on its way', async () => {
  const { sellerBalanceId, profile } = await aPayableBalance(world, { amount: 1_250_000n })
  const message = aMessage({ sellerBalanceId })
  const before = world.now().getTime()
  expect(await world.deliver(pay, message)).toEqual([done])

  expect(payoutsOf(sellerBalanceId)).toMatchObject([
    { accountNumber: profile.fpayId, money: { amount: 1_250_000n, currency: 'CLP' }, country: 'CL' },
  ])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'payment_pending',
    attempts: 0,
    jobs: { payment: { messageId: message.id, finished: true, successful: true, error: null } },
  })
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([
    { generation: 1, idempotency_key: `seller-balance:${sellerBalanceId}`, state: 'accepted', calls: 1 },
  ])
  expect(await postedFor(world, sellerBalanceId)).toEqual({ owed_from: -1_250_000n, in_transit: 1_250_000n })
  expect(await auditTrail(world, sellerBalanceId)).toEqual([
    'seller_balance.retrieved: initialized → payable',
    'payment.claimed: payable → paying',
    'payment.accepted: paying → payment_pending',
  ])
  const [look, ...others] = await world.take(topics.checkFpayPaymentStatus)
  expect(others).toEqual([])
  expect(look?.data).toEqual({ sellerBalanceId, look: 0 })
  expect(look?.deliverAt.getTime()).toBeGreaterThanOrEqual(before + FIRST_CHECK_MS)
  expect(await world.take(topics.paySellerBalance)).toEqual([])
})

test('an international seller is paid in USD through Payoneer, to the cent', async () => {
  const { sellerBalanceId, profile } = await aPayableBalance(world, { operationType: 'international', amount: 1_050n })
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(world.sandbox.payoneer.paymentsTo(profile.payoneerPayeeId ?? '')).toMatchObject([
    { money: { amount: 1_050n, currency: 'USD' }, clientReferenceId: `seller-balance:${sellerBalanceId}` },
  ])
  expect(payoutsOf(sellerBalanceId)).toEqual([])
})

test('a balance delivered twice at once, twice in one batch, and again afterwards is paid once', async () => {
  const { sellerBalanceId, profile } = await aPayableBalance(world, { amount: 7_000n })
  const other = await aPayableBalance(world, { amount: 5_000n })
  const batch = [{ sellerBalanceId }, { sellerBalanceId: other.sellerBalanceId }, { sellerBalanceId }]
  const verdicts = await Promise.all([world.deliver(pay, ...batch), world.deliver(payHandler(world), ...batch)])
  expect(verdicts.flat()).toHaveLength(6)
  for (const verdict of verdicts.flat()) expect(['done', 'retry']).toContain(verdict.kind)
  expect(await world.deliver(pay, ...batch)).toEqual([done, done, done])

  world.sandbox.fpay.settleAll()
  expect(world.sandbox.fpay.books.payments(profile.fpayId ?? '')).toMatchObject([{ money: { amount: 7_000n } }])
  expect(world.sandbox.fpay.books.payments(other.profile.fpayId ?? '')).toMatchObject([{ money: { amount: 5_000n } }])
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ calls: 1 }])
})

test('batches that meet in different orders neither wait in a circle nor pay twice', async () => {
  const seller = await aSeller(world)
  const balances = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      aPayableBalance(world, { seller, date: businessDate(`2026-10-${10 + index}`), amount: 1_000n }),
    ),
  )
  const messages = balances.map(({ sellerBalanceId }) => ({ sellerBalanceId }))
  const orders = [messages, messages.toReversed(), [...messages.slice(6), ...messages.slice(0, 6)], messages]
  const verdicts = await Promise.all(orders.map((order) => world.deliver(payHandler(world), ...order)))
  expect(verdicts.flat().filter(({ kind }) => kind === 'threw')).toEqual([])
  for (const { sellerBalanceId } of balances) {
    expect(payoutsOf(sellerBalanceId)).toHaveLength(1)
    expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'payment_pending' })
  }
})

test('a message without anything to pay is done: an unknown balance, an empty one, a settled one', async () => {
  const empty = await anInitializedBalance(world)
  const none = '00000000-0000-4000-8000-000000000000'
  const messages = [empty.sellerBalanceId, none].map((sellerBalanceId) => ({ sellerBalanceId }))
  expect(await world.deliver(pay, ...messages)).toEqual([done, done])
  expect(await balanceRow(world, empty.sellerBalanceId)).toMatchObject({ status: 'initialized' })
})

test('a balance whose row somebody holds is looked at again, and then paid', async () => {
  const { sellerBalanceId } = await aPayableBalance(world)
  await world.database.transaction().execute(async (tx) => {
    await tx.selectFrom('seller_balances').select('id').where('id', '=', sellerBalanceId).forUpdate().execute()
    expect(await world.deliver(pay, { sellerBalanceId })).toMatchObject([{ kind: 'retry', reason: 'locked' }])
  })
  expect(payoutsOf(sellerBalanceId)).toEqual([])
  await world.deliver(pay, { sellerBalanceId })
  expect(payoutsOf(sellerBalanceId)).toHaveLength(1)
})

test('a seller whose profile is being changed is looked at again, and its new account counts', async () => {
  const { sellerBalanceId, sellerId } = await aPayableBalance(world, { account: 'FP-OLD-1' })
  await world.database.transaction().execute(async (tx) => {
    await tx.updateTable('sellers').set({ fpay_id: 'FP-NEW-1' }).where('id', '=', sellerId).execute()
    expect(await world.deliver(pay, { sellerBalanceId })).toMatchObject([{ kind: 'retry', reason: 'locked' }])
  })
  await world.deliver(payHandler(world, { coolingMs: 0 }), { sellerBalanceId })
  expect(payoutsOf(sellerBalanceId)).toMatchObject([{ accountNumber: 'FP-NEW-1' }])
})

test('one balance that cannot be recorded leaves its neighbours alone', async () => {
  const [bad, good] = [await aPayableBalance(world), await aPayableBalance(world)]
  const fpay = world.rails.get('fpay')
  if (!fpay) throw new Error('no fpay')
  const rails = new Map([
    [
      'fpay' as const,
      {
        ...fpay,
        pay: async (instruction: Parameters<typeof fpay.pay>[0]) => {
          if (instruction.payableId === bad.sellerBalanceId) throw new Error('a bug of ours')
          return fpay.pay(instruction)
        },
      },
    ],
  ])
  const verdicts = await world.deliver(
    payHandler(world, { rails }),
    { sellerBalanceId: bad.sellerBalanceId },
    { sellerBalanceId: good.sellerBalanceId },
  )
  expect(verdicts).toMatchObject([
    { kind: 'threw', error: expect.objectContaining({ message: 'a bug of ours' }) },
    done,
  ])
  expect(await balanceRow(world, good.sellerBalanceId)).toMatchObject({ status: 'payment_pending' })
  expect(await alertsAbout(world, good.sellerBalanceId)).toEqual({})
})

test('after all of it the ledger sums to zero and agrees with itself', async () => {
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
})
