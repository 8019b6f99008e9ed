import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openAlerts } from '@remesa/database/finance-alerts'
import {
  alertsAbout,
  attemptRows,
  auditTrail,
  balanceRow,
  ledgerFaults,
  postedFor,
} from '@remesa/local-stack/testing/books'
import { anAcceptedPayment } from '@remesa/local-stack/testing/payments'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { statusHandlers } from './handlers.ts'

let world: World
let check: ReturnType<typeof statusHandlers>['check']
beforeAll(async () => {
  world = await startWorld()
  check = statusHandlers(world).check
})
afterAll(() => world.stop())

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const readsOf = () => world.sandbox.fpay.calls()['GET /v1/payouts/:payoutId'] ?? 0
const looksAt = async (sellerBalanceId: string) =>
  (await world.take(topics.checkFpayPaymentStatus)).filter(({ data }) => data.sellerBalanceId === sellerBalanceId)

test('a payment that the bank has paid is paid in our books, at the bank’s time', async () => {
  const { sellerBalanceId, money } = await anAcceptedPayment(world)
  world.sandbox.fpay.settleAll()
  expect(await world.deliver(check, { sellerBalanceId, look: 0 })).toEqual([done])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'paid',
    jobs: { status_check: { finished: true, successful: true, error: null } },
  })
  expect(await postedFor(world, sellerBalanceId)).toEqual({ owed_from: -money.amount, paid_from: money.amount })
  expect(await auditTrail(world, sellerBalanceId)).toEqual(
    expect.arrayContaining(['payment.paid: payment_pending → paid', 'netsuite.told', 'gsc.told']),
  )
  const [notification] = world.sandbox.gsc
    .books()
    .notifications.filter(({ settlementId }) => settlementId.endsWith(sellerBalanceId))
  expect(notification?.paidAt).toBe(world.sandbox.fpay.books.payments().at(-1)?.paidAt.toISOString())
  expect(await looksAt(sellerBalanceId)).toMatchObject([{ data: { watch: 0 } }])
})

test('a paid payment is looked at for eight days, so that one that comes back is seen without a callback', async () => {
  const [stays, returns] = [await anAcceptedPayment(world), await anAcceptedPayment(world)]
  world.sandbox.fpay.settleAll()
  await world.take(topics.checkFpayPaymentStatus)
  for (const { sellerBalanceId } of [stays, returns]) await world.deliver(check, { sellerBalanceId })
  const days: number[] = []
  const paidAt = world.now().getTime()
  for (;;) {
    const watches = await world.take(topics.checkFpayPaymentStatus)
    const [next] = watches
    if (!next) break
    world.moveClock(Math.max(0, next.deliverAt.getTime() - world.now().getTime()))
    days.push(Math.round((world.now().getTime() - paidAt) / (24 * HOUR_MS)))
    if (days.length === 3) world.sandbox.fpay.reverse(returns.payment.reference)
    const before = readsOf()
    for (const { data } of watches) await world.deliver(check, data, data)
    for (const { data } of watches) await world.deliver(check, data) // repeated, it asks for nothing new
    // One more at most: the first call of a day finds its token expired.
    expect(readsOf() - before).toBeLessThanOrEqual(watches.length + 1)
  }
  expect(days).toEqual([1, 2, 4, 8])
  expect(await balanceRow(world, stays.sellerBalanceId)).toMatchObject({
    status: 'paid',
    jobs: { status_check: { finished: true, successful: true } },
  })
  expect(await balanceRow(world, returns.sellerBalanceId)).toMatchObject({ status: 'returned' })
  expect(await postedFor(world, returns.sellerBalanceId)).toEqual({ owed_from: -100_000n, payee: 100_000n })
  expect(await alertsAbout(world, returns.sellerBalanceId)).toEqual({ payment_reversed: 1 })
})

test('a poll that was on its way when the callback came asks the bank nothing more', async () => {
  const { sellerBalanceId } = await anAcceptedPayment(world)
  world.sandbox.fpay.settleAll()
  await world.deliver(check, { sellerBalanceId, look: 0 })
  const before = readsOf()
  await world.deliver(check, { sellerBalanceId, look: 1 }, { sellerBalanceId })
  expect(readsOf()).toBe(before)
})

test('a payment that is pending is looked at again on schedule, the last wait for ever', async () => {
  const { sellerBalanceId } = await anAcceptedPayment(world)
  const minutes = []
  for (let look = 0; look < 5; look += 1) {
    const at = world.now().getTime()
    expect(await world.deliver(check, { sellerBalanceId, look })).toEqual([done])
    const [next, ...others] = await looksAt(sellerBalanceId)
    expect(others).toEqual([])
    expect(next?.data).toEqual({ sellerBalanceId, look: look + 1 })
    minutes.push(Math.round(((next?.deliverAt.getTime() ?? 0) - at) / MINUTE_MS))
    world.moveClock(5 * MINUTE_MS)
  }
  expect(minutes).toEqual([2, 5, 5, 5, 5])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'payment_pending',
    status_checks: 5,
    jobs: { status_check: { finished: false, error: null } },
  })
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({})
})

test('a look asked for many times, at once and afterwards, leads to one next look', async () => {
  const { sellerBalanceId } = await anAcceptedPayment(world)
  const message = { sellerBalanceId, look: 0 }
  const others = statusHandlers(world).check
  await Promise.all([
    world.deliver(check, message, message),
    world.deliver(others, message),
    world.deliver(check, message),
  ])
  const before = readsOf()
  await world.deliver(check, message)
  expect(readsOf()).toBe(before) // that look has been taken
  expect(await looksAt(sellerBalanceId)).toMatchObject([{ data: { look: 1 } }])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status_checks: 1 })
})

test('a repeated message in the batch of the look that is due does not end the row of looks', async () => {
  const { sellerBalanceId } = await anAcceptedPayment(world)
  await world.deliver(check, { sellerBalanceId, look: 0 })
  await looksAt(sellerBalanceId)
  for (const batch of [
    [{ look: 1 }, { look: 0 }],
    [{ look: 0 }, { look: 2 }],
  ]) {
    const before = readsOf()
    await world.deliver(check, ...batch.map((asked) => ({ sellerBalanceId, ...asked })))
    expect(readsOf()).toBe(before + 1)
    expect(await looksAt(sellerBalanceId)).toHaveLength(1)
  }
})

test('a look that an operator asks for is taken at once and goes on in place of the one that was due', async () => {
  const { sellerBalanceId } = await anAcceptedPayment(world)
  const before = readsOf()
  await world.deliver(check, { sellerBalanceId })
  expect(readsOf()).toBe(before + 1)
  expect(await looksAt(sellerBalanceId)).toMatchObject([{ data: { look: 1 } }])
  await world.deliver(check, { sellerBalanceId, look: 0 }) // the one that was due
  expect(readsOf()).toBe(before + 1)
})

test('a payment that is pending for a day, and for three, is told of once each, and looked at on; its end settles both', async () => {
  const { sellerBalanceId } = await anAcceptedPayment(world)
  const looks = [
    { afterMs: 24 * HOUR_MS - 60_000, alerts: {} },
    { afterMs: 120_000, alerts: { payment_pending_too_long: 1 } },
    { afterMs: 24 * HOUR_MS, alerts: { payment_pending_too_long: 2 } },
    { afterMs: 24 * HOUR_MS, alerts: { payment_pending_too_long: 2, payment_handed_over: 1 } },
  ]
  await world.take(topics.financeAlert)
  for (const [look, { afterMs, alerts }] of looks.entries()) {
    world.moveClock(afterMs)
    await world.deliver(check, { sellerBalanceId, look })
    expect(await alertsAbout(world, sellerBalanceId)).toEqual(alerts)
    expect(await looksAt(sellerBalanceId)).toHaveLength(1)
  }
  expect(await world.take(topics.financeAlert)).toHaveLength(2)
  world.sandbox.fpay.settleAll()
  await world.deliver(check, { sellerBalanceId, look: 4 })
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'paid' })
  expect(
    (await openAlerts(world.database, { limit: 100 })).filter(({ subject }) => subject.id === sellerBalanceId),
  ).toEqual([])
})

test.each([
  ['is down', 'error-before'],
  ['answers garbage', 'garbage-before'],
  ['turns us away for haste', 'rate-limited'],
] as const)('a bank that %s says nothing about the payment: it is looked at again', async (_, kind) => {
  const { sellerBalanceId } = await anAcceptedPayment(world)
  world.sandbox.fpay.settleAll()
  world.sandbox.fpay.faults.script({ kind, subject: sellerBalanceId, route: 'GET /v1/payouts/:payoutId' })
  expect(await world.deliver(check, { sellerBalanceId, look: 0 })).toEqual([done])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'payment_pending',
    jobs: { status_check: { finished: false, error: expect.stringContaining('fpay') } },
  })
  const [next] = await looksAt(sellerBalanceId)
  await world.deliver(check, next?.data ?? { sellerBalanceId })
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'paid' })
})

test('a look at one payment that fails through a bug of ours leaves its neighbours alone', async () => {
  const [bad, good] = [
    await anAcceptedPayment(world, { operationType: 'international' }),
    await anAcceptedPayment(world),
  ]
  world.sandbox.fpay.settleAll()
  const fpay = world.rails.get('fpay')
  if (!fpay) throw new Error('no fpay')
  const without = statusHandlers(world, { rails: new Map([['fpay', fpay]]) }).check
  const [badVerdict, goodVerdict] = await world.deliver(
    without,
    { sellerBalanceId: bad.sellerBalanceId, look: 0 },
    { sellerBalanceId: good.sellerBalanceId, look: 0 },
  )
  expect(badVerdict).toMatchObject({
    kind: 'threw',
    error: expect.objectContaining({ message: expect.stringContaining('payoneer') }),
  })
  expect(goodVerdict).toEqual(done)
  expect(await balanceRow(world, good.sellerBalanceId)).toMatchObject({ status: 'paid' })
})

test.each([
  ['FP-NOFUNDS-9', 'awaiting_funds', 'insufficient_funds', 'INSUFFICIENT_FUNDS'],
  ['FP-BUSY-9', 'payable', undefined, 'BANK_UNAVAILABLE'],
  ['FP-CLOSED-9', 'failed', 'payment_rejected', 'ACCOUNT_CLOSED'],
  ['FP-SANCTIONS-9', 'failed', 'payment_compliance', 'SANCTIONS_HIT'],
  ['FP-NEWCODE-9', 'failed', 'payment_rejected', 'SOME_CODE_ADDED_LATER'],
] as const)(
  'a payment to %s that the bank rejects makes its balance %s, owed again (alert: %s)',
  async (account, status, alert, reason) => {
    const { sellerBalanceId } = await anAcceptedPayment(world, { account })
    world.sandbox.fpay.settleAll()
    await world.take(topics.paySellerBalance)
    await world.deliver(check, { sellerBalanceId, look: 0 })
    expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
      status,
      jobs: { status_check: { finished: true, successful: false, error: reason } },
    })
    expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ state: 'declined', refusal_reason: reason }])
    expect(await postedFor(world, sellerBalanceId)).toEqual({ owed_from: -100_000n, payee: 100_000n })
    expect(await alertsAbout(world, sellerBalanceId)).toEqual(alert ? { [alert]: 1 } : {})
    const again = await world.take(topics.paySellerBalance)
    expect(again.map(({ data }) => data)).toEqual(status === 'failed' ? [] : [{ sellerBalanceId }])
  },
)

test('after all of it the ledger sums to zero and agrees with itself', async () => {
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
})
