import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { recordSellerPayments } from '@remesa/database/seller-payment-answers'
import { claimSellerPayments } from '@remesa/database/seller-payment-claims'
import { alertsAbout, attemptRows, balanceRow, ledgerFaults, postedFor } from '@remesa/local-stack/testing/books'
import { anAcceptedPayment, hear, payNow } from '@remesa/local-stack/testing/payments'
import { aPayableBalance } from '@remesa/local-stack/testing/sellers'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import type { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import type { PaymentStatusJson } from '@remesa/messaging/payment-status-json'
import type { DataOf } from '@remesa/messaging/topic'
import { statusHandlers } from './handlers.ts'

type BankEvent = DataOf<typeof topics.bankPaymentEvent>

let world: World
let apply: ReturnType<typeof statusHandlers>['apply']
beforeAll(async () => {
  world = await startWorld()
  apply = statusHandlers(world).apply
})
afterAll(() => world.stop())

const PAID_AT = '2026-11-21T10:00:00.000Z'
const paid: PaymentStatusJson = { state: 'paid', paidAt: PAID_AT }
const reversed: PaymentStatusJson = { state: 'reversed', reason: 'ACCOUNT_CLOSED' }
const rejected: PaymentStatusJson = { state: 'rejected', reason: 'ACCOUNT_CLOSED', category: 'beneficiary' }
const pending: PaymentStatusJson = { state: 'pending' }

let events = 0
function says(reference: string, status: PaymentStatusJson | null, rail: 'fpay' | 'payoneer' = 'fpay'): BankEvent {
  events += 1
  return { rail, reference, eventId: `event-${events}`, externalReference: null, status }
}
const statusOf = async ({ sellerBalanceId }: { sellerBalanceId: string }) =>
  (await balanceRow(world, sellerBalanceId)).status

test('a callback moves a payment on at once, and repeated it changes nothing', async () => {
  const payment = await anAcceptedPayment(world)
  const { reference } = payment.payment
  const message = aMessage(says(reference, paid))
  expect(await world.deliver(apply, message)).toEqual([done])
  expect(await statusOf(payment)).toBe('paid')
  const [attempt] = await attemptRows(world, payment.sellerBalanceId)
  await Promise.all([world.deliver(apply, message), world.deliver(apply, message, message)])
  expect(await attemptRows(world, payment.sellerBalanceId)).toEqual([attempt])
  expect(await postedFor(world, payment.sellerBalanceId)).toEqual({ owed_from: -100_000n, paid_from: 100_000n })
  expect(await alertsAbout(world, payment.sellerBalanceId)).toEqual({})
})

test('a callback that comes twice in one batch, and beside itself, is applied once', async () => {
  const payment = await anAcceptedPayment(world)
  const event = says(payment.payment.reference, paid)
  const other = statusHandlers(world).apply
  const verdicts = await Promise.all([world.deliver(apply, event, event), world.deliver(other, event)])
  for (const verdict of verdicts.flat()) expect(['done', 'retry']).toContain(verdict.kind) // it may wait for who tells NetSuite
  expect(await statusOf(payment)).toBe('paid')
  expect(await postedFor(world, payment.sellerBalanceId)).toEqual({ owed_from: -100_000n, paid_from: 100_000n })
})

test('a callback names a Payoneer payment by the key that we sent', async () => {
  const { sellerBalanceId } = await anAcceptedPayment(world, { operationType: 'international' })
  expect(await world.deliver(apply, says(`seller-balance:${sellerBalanceId}`, paid, 'payoneer'))).toEqual([done])
  expect(await statusOf({ sellerBalanceId })).toBe('paid')
})

test('a callback that only says "look now" leads to a look', async () => {
  const { sellerBalanceId, payment } = await anAcceptedPayment(world)
  expect(await world.deliver(apply, says(payment.reference, null))).toEqual([done])
  expect(await statusOf({ sellerBalanceId })).toBe('payment_pending')
  world.sandbox.fpay.settleAll()
  expect(await world.deliver(apply, says(payment.reference, null))).toEqual([done])
  expect(await statusOf({ sellerBalanceId })).toBe('paid')
})

test('a callback that comes before we have recorded the acceptance is looked for again, and then applied', async () => {
  const { sellerBalanceId } = await aPayableBalance(world)
  const now = world.now()
  const lease = { now, expiresAt: new Date(now.getTime() + 60_000) }
  const { answers } = await world.database
    .transaction()
    .execute((tx) =>
      claimSellerPayments(tx, new Map([[sellerBalanceId, { messageId: 'test' }]]), { lease, coolingMs: 0 }),
    )
  const answer = answers.get(sellerBalanceId)
  if (answer?.kind !== 'claimed') throw new Error('not claimed')
  const outcome = await world.rails.get('fpay')?.pay(answer.claim.attempt.instruction)
  if (outcome?.kind !== 'accepted') throw new Error('not accepted')

  const early = says(outcome.reference, paid)
  const [first] = await world.deliver(apply, early)
  expect(first).toMatchObject({ kind: 'retry' })
  // Long enough for the lease of a worker that died, and for the one that takes its work over.
  let waitMs = 0
  for (let retries = 0; ; retries += 1) {
    const [verdict] = await world.deliver(apply, aMessage(early, { retries }))
    if (verdict?.kind !== 'retry') break
    waitMs += verdict.afterMs
  }
  expect(waitMs).toBeGreaterThan(180_000)

  await world.database.transaction().execute((tx) =>
    recordSellerPayments(tx, [{ claim: answer.claim, outcome }], {
      now,
      patience: world.patience,
      random: () => 0.5,
    }),
  )
  expect(await world.deliver(apply, aMessage(early, { retries: 1 }))).toEqual([done])
  expect(await statusOf({ sellerBalanceId })).toBe('paid')
})

test('a callback for a payment that is none of ours becomes a dead letter that says so', async () => {
  const [verdict] = await world.deliver(apply, aMessage(says('fpo_unknown', paid), { retries: 10 }))
  expect(verdict).toEqual({ kind: 'reject', reason: 'no payment of ours at fpay has the reference fpo_unknown' })
})

test('a callback of one rail never moves a payment of another', async () => {
  const { sellerBalanceId, payment } = await anAcceptedPayment(world)
  expect(await world.deliver(apply, says(payment.reference, paid, 'payoneer'))).toMatchObject([{ kind: 'retry' }])
  expect(await statusOf({ sellerBalanceId })).toBe('payment_pending')
})

test('states never go backwards: pending and rejected after paid, paid after reversed', async () => {
  const payment = await anAcceptedPayment(world)
  const { reference } = payment.payment
  await world.deliver(apply, says(reference, paid), says(reference, pending))
  expect(await statusOf(payment)).toBe('paid')
  await world.deliver(apply, says(reference, rejected))
  expect(await statusOf(payment)).toBe('paid')
  expect(await alertsAbout(world, payment.sellerBalanceId)).toEqual({ payment_mismatch: 1 })
  await world.deliver(apply, says(reference, reversed))
  await world.deliver(apply, says(reference, paid), says(reference, pending))
  expect(await statusOf(payment)).toBe('returned')
})

test('a bank that says paid of what it rejected has its books compared by a person, and nothing moves', async () => {
  const payment = await anAcceptedPayment(world)
  const { reference } = payment.payment
  await world.deliver(apply, says(reference, rejected))
  expect(await statusOf(payment)).toBe('failed')
  await world.deliver(apply, says(reference, paid))
  expect(await statusOf(payment)).toBe('failed')
  expect(await alertsAbout(world, payment.sellerBalanceId)).toEqual({ payment_mismatch: 1, payment_rejected: 1 })
  expect(await postedFor(world, payment.sellerBalanceId)).toEqual({ owed_from: -100_000n, payee: 100_000n })
})

test.each([
  ['one after the other', (a: BankEvent, b: BankEvent) => [[a], [b]]],
  ['in one batch', (a: BankEvent, b: BankEvent) => [[a, b]]],
])('a payment that was paid and comes back is owed again and waits for a person: %s', async (_, batches) => {
  const payment = await anAcceptedPayment(world)
  const { reference } = payment.payment
  for (const batch of batches(says(reference, paid), says(reference, reversed))) await world.deliver(apply, ...batch)
  expect(await statusOf(payment)).toBe('returned')
  expect(await attemptRows(world, payment.sellerBalanceId)).toMatchObject([{ state: 'reversed' }])
  expect(await postedFor(world, payment.sellerBalanceId)).toEqual({ owed_from: -100_000n, payee: 100_000n })
  expect(await alertsAbout(world, payment.sellerBalanceId)).toEqual({ payment_reversed: 1 })
})

test('paid and reversed heard at the same moment by two workers end as returned, whoever is first', async () => {
  for (let round = 0; round < 8; round += 1) {
    const payment = await anAcceptedPayment(world)
    const { reference } = payment.payment
    const workers = [statusHandlers(world).apply, statusHandlers(world).apply] as const
    const words = [says(reference, paid), says(reference, reversed)] as const
    const order = round % 2
    await Promise.all([
      world.deliver(workers[0], words[order] ?? words[0]),
      world.deliver(workers[1], words[1 - order] ?? words[1]),
    ])
    expect(await statusOf(payment)).toBe('returned')
    expect(await postedFor(world, payment.sellerBalanceId)).toEqual({ owed_from: -100_000n, payee: 100_000n })
  }
})

test('callbacks of an old generation and of the new one in one batch each find their own payment', async () => {
  const { sellerBalanceId, payment: first } = await anAcceptedPayment(world)
  await hear(world, [{ payment: first, status: { state: 'rejected', reason: 'X', category: 'transient' } }])
  world.sandbox.fpay.cancel(first.reference)
  world.moveClock(3_600_000)
  await payNow(world, sellerBalanceId)
  const [, second] = await attemptRows(world, sellerBalanceId)
  const late = says(first.reference, { state: 'rejected', reason: 'X', category: 'transient' })
  expect(await world.deliver(apply, says(second?.provider_reference ?? '', paid), late)).toEqual([done, done])
  expect(await statusOf({ sellerBalanceId })).toBe('paid')
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ state: 'declined' }, { state: 'paid' }])
})

test('after all of it the ledger sums to zero and agrees with itself', async () => {
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
})
