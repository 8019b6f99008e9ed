import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openAlerts } from '@remesa/database/finance-alerts'
import { findSellerPayments } from '@remesa/database/seller-payments'
import { currency } from '@remesa/domain/currency'
import {
  alertsAbout,
  attemptRows,
  auditTrail,
  balanceRow,
  ledgerFaults,
  postedFor,
} from '@remesa/local-stack/testing/books'
import { follow } from '@remesa/local-stack/testing/payments'
import { aPayableBalance, changeSeller } from '@remesa/local-stack/testing/sellers'
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

const HOUR_MS = 3_600_000

/** Lets the next try come: every message of the balance is delivered when it is due. */
async function nextTry(sellerBalanceId: string): Promise<void> {
  world.moveClock(4 * HOUR_MS)
  const due = await world.take(topics.paySellerBalance, { due: true })
  expect(due.map(({ data }) => data)).toEqual([{ sellerBalanceId }])
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
}

/** Kinds of the alerts about a balance that still wait for a person. */
async function openAbout(sellerBalanceId: string): Promise<readonly string[]> {
  const open = await openAlerts(world.database, { limit: 100 })
  return open.flatMap(({ kind, subject }) => (subject.id === sellerBalanceId ? [kind] : []))
}

/** The bank ends what it has, and we hear of it. */
async function settleAndFollow(sellerBalanceId: string): Promise<void> {
  world.sandbox.fpay.settleAll()
  await follow(world, [sellerBalanceId])
}

test('a request that the bank turned away for haste goes out again with its key, and counts for nothing', async () => {
  const { sellerBalanceId } = await aPayableBalance(world)
  world.sandbox.fpay.faults.script({ kind: 'rate-limited', subject: sellerBalanceId, times: 5 })
  for (let refusals = 0; refusals < 5; refusals += 1) {
    if (refusals === 0) await world.deliver(pay, { sellerBalanceId })
    else await nextTry(sellerBalanceId)
    expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
      status: 'payable',
      attempts: 0,
      funds_refusals: 0,
    })
  }
  expect(await world.deliver(pay, { sellerBalanceId })).toMatchObject([{ kind: 'retry', reason: 'not_yet' }])
  await nextTry(sellerBalanceId)
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ generation: 1, state: 'accepted', calls: 1 }])
  await settleAndFollow(sellerBalanceId)
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'paid' })
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({})
})

test('a payment that waited is made to the seller’s new account, once a look-up found nothing made to the old one', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, { account: 'FP-BEFORE-1' })
  world.sandbox.fpay.faults.script({ kind: 'rate-limited', subject: sellerBalanceId, times: 1 })
  await world.deliver(pay, { sellerBalanceId })
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ state: 'postponed' }])
  await changeSeller(world, seller, { fpayId: 'FP-AFTER-1' })
  await nextTry(sellerBalanceId)
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'payable', attempts: 0, funds_refusals: 0 })
  await nextTry(sellerBalanceId)
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([
    { generation: 1, state: 'declined', refusal_reason: 'superseded' },
    { generation: 2, state: 'accepted' },
  ])
  expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toMatchObject([{ accountNumber: 'FP-AFTER-1' }])
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({})
})

test('a payment that waited for a seller who was closed meanwhile is not made: the balance is blocked', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world)
  world.sandbox.fpay.faults.script({ kind: 'rate-limited', subject: sellerBalanceId, times: 1 })
  await world.deliver(pay, { sellerBalanceId })
  await changeSeller(world, seller, { status: 'closed' })
  await nextTry(sellerBalanceId)
  await nextTry(sellerBalanceId)
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'blocked', blocked_reason: 'seller_closed' })
  expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toEqual([])
})

test('a payment that waited, and was made by an earlier call after all, is kept though the account changed', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, { account: 'FP-BEFORE-2' })
  const fpay = world.rails.get('fpay')
  if (!fpay) throw new Error('no fpay')
  const madeYetRefused: typeof fpay = {
    ...fpay,
    async pay(instruction) {
      await fpay.pay(instruction)
      return { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts: { status: 429 } }
    },
  }
  await world.deliver(payHandler(world, { rails: new Map([['fpay', madeYetRefused]]) }), { sellerBalanceId })
  await changeSeller(world, seller, { fpayId: 'FP-AFTER-2' })
  world.moveClock(4 * HOUR_MS)

  // While nobody can look, it stays given up: no key is called, whoever takes it up again.
  const blind: typeof fpay = {
    ...fpay,
    pay: () => Promise.reject(new Error('called')),
    find: async () => ({ kind: 'unknown', reason: 'no_answer', facts: { status: 0 } }),
  }
  for (let look = 0; look < 2; look += 1) {
    await world.take(topics.paySellerBalance)
    expect(await world.deliver(payHandler(world, { rails: new Map([['fpay', blind]]) }), { sellerBalanceId })).toEqual([
      done,
    ])
    expect(await attemptRows(world, sellerBalanceId)).toMatchObject([
      { state: 'claimed', refusal_reason: 'superseded' },
    ])
    world.moveClock(4 * HOUR_MS)
  }
  await nextTry(sellerBalanceId)
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ generation: 1, state: 'accepted' }])
  expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toMatchObject([{ accountNumber: 'FP-BEFORE-2' }])
})

test('a treasury that is too low at submission keeps the key: the balance awaits funds and is then paid once', async () => {
  const { sellerBalanceId, profile } = await aPayableBalance(world, { country: 'pe', amount: 50_000n })
  world.sandbox.fpay.setTreasury({ amount: 10_000n, currency: currency('PEN') })
  await world.deliver(pay, { sellerBalanceId })
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'awaiting_funds',
    attempts: 0,
    funds_refusals: 1,
    jobs: { payment: { finished: true, successful: false, error: 'funds' } },
  })
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ generation: 1, state: 'postponed' }])
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({ insufficient_funds: 1 })
  expect(await postedFor(world, sellerBalanceId)).toEqual({ owed_from: -50_000n, payee: 50_000n })

  world.sandbox.fpay.setTreasury({ amount: 60_000n, currency: currency('PEN') })
  await nextTry(sellerBalanceId)
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ generation: 1, state: 'accepted', calls: 2 }])
  expect(await openAbout(sellerBalanceId)).toEqual([])
  await settleAndFollow(sellerBalanceId)
  expect(world.sandbox.fpay.books.payments(profile.fpayId ?? '')).toHaveLength(1)
  expect(world.sandbox.fpay.treasury(currency('PEN'))).toBe(10_000n)
  expect(await auditTrail(world, sellerBalanceId)).toEqual([
    'seller_balance.retrieved: initialized → payable',
    'payment.claimed: payable → paying',
    'payment.declined_may_change: paying → awaiting_funds',
    'payment.claimed: awaiting_funds → paying',
    'payment.accepted: paying → payment_pending',
    'payment.paid: payment_pending → paid',
  ])
})

test('a payment rejected later for want of funds is made anew under a new key, and paid once', async () => {
  const { sellerBalanceId, profile } = await aPayableBalance(world, { account: 'FP-NOFUNDS-1' })
  await world.deliver(pay, { sellerBalanceId })
  await settleAndFollow(sellerBalanceId)
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'awaiting_funds', funds_refusals: 1 })
  expect(await postedFor(world, sellerBalanceId)).toEqual({ owed_from: -100_000n, payee: 100_000n })
  await nextTry(sellerBalanceId)
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([
    { generation: 1, state: 'declined', refusal_reason: 'INSUFFICIENT_FUNDS' },
    { generation: 2, state: 'accepted', idempotency_key: `seller-balance:${sellerBalanceId}:g2` },
  ])
  expect(await openAbout(sellerBalanceId)).toEqual([])
  await settleAndFollow(sellerBalanceId)
  expect(world.sandbox.fpay.books.payments(profile.fpayId ?? '')).toHaveLength(1)
  expect(await postedFor(world, sellerBalanceId)).toEqual({ owed_from: -100_000n, paid_from: 100_000n })
})

test('a payment that the bank could not carry out is made anew, at most three times in all', async () => {
  const { sellerBalanceId } = await aPayableBalance(world)
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    if (attempt === 1) await world.deliver(pay, { sellerBalanceId })
    else await nextTry(sellerBalanceId)
    const payout = world.sandbox.fpay.payoutsOf(sellerBalanceId).at(-1)
    expect(await attemptRows(world, sellerBalanceId)).toHaveLength(attempt)
    // The bank rejects what it took, each time for a passing reason.
    Object.assign(payout ?? {}, { ending: { code: 'NETWORK_ERROR', message: 'test', category: 'TRANSIENT' } })
    await settleAndFollow(sellerBalanceId)
  }
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'failed', attempts: 3 })
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({ payment_tries_used_up: 1 })
  world.moveClock(24 * HOUR_MS)
  expect(await world.take(topics.paySellerBalance)).toEqual([])
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(await attemptRows(world, sellerBalanceId)).toHaveLength(3)
  expect(await postedFor(world, sellerBalanceId)).toEqual({ owed_from: -100_000n, payee: 100_000n })
})

test('an account that the bank does not know fails the balance at once, and what NetSuite must hear is on its way', async () => {
  const { sellerBalanceId } = await aPayableBalance(world, { account: 'FP-UNKNOWN-1' })
  await world.take(topics.checkFpayPaymentStatus)
  await world.deliver(pay, { sellerBalanceId })
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'failed',
    attempts: 1,
    jobs: { payment: { finished: true, successful: false, error: 'ACCOUNT_NOT_FOUND' } },
  })
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({ payment_rejected: 1 })
  expect((await world.take(topics.checkFpayPaymentStatus)).map(({ data }) => data)).toEqual([{ sellerBalanceId }])
  expect(await world.take(topics.paySellerBalance)).toEqual([])
  expect(await findSellerPayments(world.database, [sellerBalanceId])).toEqual([])
})

test('our own refused credentials rest the rail: nobody is counted, one alert, and all are paid once they are mended', async () => {
  const alone = await startWorld() // other balances must not meet the paused rail
  let refused: World | undefined
  try {
    const payAlone = payHandler(alone)
    const balances = await Promise.all(Array.from({ length: 3 }, () => aPayableBalance(alone)))
    const messages = balances.map(({ sellerBalanceId }) => ({ sellerBalanceId }))
    refused = await startWorld({ env: { FPAY_CLIENT_SECRET: 'wrong', FPAY_BASE_URL: alone.sandbox.urls.fpay } })
    await alone.deliver(payHandler(alone, { rails: refused.rails }), ...messages)
    for (const { sellerBalanceId } of balances) {
      expect(await balanceRow(alone, sellerBalanceId)).toMatchObject({ status: 'paying', attempts: 0 })
      expect(await alertsAbout(alone, sellerBalanceId)).toEqual({})
    }
    expect(await alertsAbout(alone, 'fpay')).toEqual({ rail_paused: 3 })
    expect(await alone.take(topics.financeAlert)).toHaveLength(1)

    // A balance that comes now is not even claimed.
    const late = await aPayableBalance(alone)
    const lateMessage = { sellerBalanceId: late.sellerBalanceId }
    expect(await alone.deliver(payAlone, lateMessage)).toMatchObject([{ kind: 'retry', reason: 'rail_paused' }])
    expect(await attemptRows(alone, late.sellerBalanceId)).toEqual([])

    alone.moveClock(60_000)
    expect(await alone.deliver(payAlone, ...messages, lateMessage)).toEqual([done, done, done, done])
    for (const { sellerBalanceId } of [...balances, late]) {
      expect(alone.sandbox.fpay.payoutsOf(sellerBalanceId)).toHaveLength(1)
      expect(await attemptRows(alone, sellerBalanceId)).toMatchObject([{ generation: 1, state: 'accepted' }])
    }
    expect(await openAlerts(alone.database, { limit: 10 })).toEqual([])

    // Refused once more, another day: people are told anew.
    const next = await aPayableBalance(alone)
    await alone.deliver(payHandler(alone, { rails: refused.rails }), { sellerBalanceId: next.sellerBalanceId })
    expect(await openAlerts(alone.database, { limit: 10 })).toMatchObject([{ kind: 'rail_paused' }])
    expect(await alone.take(topics.financeAlert)).toHaveLength(1)
  } finally {
    await refused?.stop()
    await alone.stop()
  }
})

test('after all of it the ledger sums to zero and agrees with itself', async () => {
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
})
