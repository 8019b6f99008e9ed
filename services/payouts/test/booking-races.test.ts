import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { PaymentOutcome, Rail } from '@remesa/domain/rail'
import { alertsAbout, attemptRows, auditTrail, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { madeAtStripe } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import {
  aBooking,
  booksOf,
  DELAY_MS,
  drain,
  HOUR_MS,
  payoutsOf,
  receivedBy,
  standing,
  type TestBooking,
  tell,
  transfersOfBooking,
  USD,
  wait,
} from './bookings.ts'
import { LEASE_MS, type PayoutHandlers, payoutHandlers } from './handlers.ts'

// A dispute that opens at the very moment of the transfer either holds the payout before the claim, or finds it
// transferred: no third case. Two connections each, in both orders.

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterAll(() => stopWithTrueLedger(world))

const MAKE = 'POST /v1/transfers'

/** A booking whose payout was just released: its transfer's message is in nobody's hands. */
async function released(booking?: TestBooking) {
  const one = booking ?? (await aBooking(world))
  await world.deliver(handlers.tell, one.completed())
  world.moveClock(DELAY_MS)
  await world.take(topics.bookingPayout)
  await world.deliver(handlers.settle, { bookingId: one.bookingId })
  await world.take(topics.payoutTransfer)
  const transferId = (await transfersOfBooking(world, one)).at(-1)?.id ?? ''
  return { booking: one, transferId, message: { payoutTransferId: transferId } }
}

/** Handlers whose Stripe stops in `pay` until it is let go. */
function stopped(when: 'before the call' | 'after the call') {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const pay: Rail['pay'] = async (instruction) => {
    const outcome = when === 'after the call' ? await world.stripe.pay(instruction) : undefined
    arrive()
    await released
    return outcome ?? world.stripe.pay(instruction)
  }
  return { ...payoutHandlers(world, { rail: { ...world.stripe, pay } }), arrived, release }
}

/** Handlers whose Stripe gives this answer. */
const answering = (outcome: PaymentOutcome): PayoutHandlers =>
  payoutHandlers(world, { rail: { ...world.stripe, pay: async () => outcome } })

test('a dispute before the claim takes the transfer back: it is held, nothing is sent, and the books are as before', async () => {
  const { booking, transferId, message } = await released()
  expect(await booksOf(world, booking)).toEqual({ payee: 10_000n, receivable: 0n })
  await world.deliver(handlers.tell, booking.opened())
  expect(await standing(world, booking)).toEqual(['on_hold 10000'])
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'withdrawn', attempts: 0 }])
  expect(await booksOf(world, booking)).toEqual({ payee: 0n, receivable: 0n })
  await world.deliver(handlers.pay, message)
  expect(madeAtStripe(world, transferId)).toEqual([])
  await tell(world, handlers, booking.resolved(1_000n))
  expect(await transfersOfBooking(world, booking)).toMatchObject([
    { status: 'withdrawn', amount: 10_000n },
    { status: 'completed', amount: 9_000n },
  ])
  expect(receivedBy(world, booking.account)).toBe(9_000n)
})

test.each(['before the call', 'after the call'] as const)(
  'a dispute after the claim, %s, finds it transferred; its refund is taken back',
  async (when) => {
    const { booking, message } = await released()
    const slow = stopped(when)
    const paying = world.deliver(slow.pay, message)
    await slow.arrived
    await world.deliver(handlers.tell, booking.opened())
    expect(await standing(world, booking)).toEqual(['processing 10000'])
    expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'processing', withdraw_requested: true }])
    slow.release()
    await paying
    await drain(world, handlers)
    expect(await standing(world, booking)).toEqual(['transferred 10000'])
    expect(receivedBy(world, booking.account)).toBe(10_000n)
    await tell(world, handlers, booking.resolved(2_500n))
    expect(receivedBy(world, booking.account)).toBe(7_500n)
  },
)

test('the claim waits for a dispute that is being written down, and then finds the transfer withdrawn', async () => {
  const { booking, transferId, message } = await released()
  const { promise: written, resolve: write } = Promise.withResolvers<void>()
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
  // A transaction of its own holds the transfer, as the dispute's does, while the claim comes by.
  const holding = world.database.transaction().execute(async (tx) => {
    await sql`select from payout_transfers where id = ${transferId} for update`.execute(tx)
    write()
    await mayCommit
  })
  await written
  const disputing = world.deliver(handlers.tell, booking.opened())
  expect(await world.deliver(handlers.pay, message)).toMatchObject([{ kind: 'retry', reason: 'locked' }])
  commit()
  await Promise.all([holding, disputing])
  await world.deliver(handlers.pay, message)
  expect(await standing(world, booking)).toEqual(['on_hold 10000'])
  expect(madeAtStripe(world, transferId)).toEqual([])
})

test('dispute and claim at once, many times over: each is held or transferred, and never both', async () => {
  const bookings = await Promise.all(Array.from({ length: 8 }, () => aBooking(world)))
  for (const booking of bookings) await world.deliver(handlers.tell, booking.completed())
  world.moveClock(DELAY_MS)
  await world.take(topics.bookingPayout)
  await world.deliver(handlers.settle, ...bookings.map(({ bookingId }) => ({ bookingId })))
  const messages = await world.take(topics.payoutTransfer)
  await Promise.all(
    messages.flatMap(({ data }, index) => [
      world.deliver(payoutHandlers(world).pay, data),
      world.deliver(payoutHandlers(world).tell, bookings[index]?.opened() ?? bookings[0]?.opened() ?? never()),
    ]),
  )
  await drain(world, handlers)
  for (const booking of bookings) {
    const [payout] = await payoutsOf(world, booking)
    const paid = receivedBy(world, booking.account)
    expect([payout?.status, paid]).toEqual(payout?.status === 'on_hold' ? ['on_hold', 0n] : ['transferred', 10_000n])
  }
  for (const booking of bookings) await tell(world, handlers, booking.resolved(100n))
  await wait(world, handlers, LEASE_MS)
  for (const booking of bookings) expect(receivedBy(world, booking.account)).toBe(9_900n)
})

test('a refused transfer that is wanted back begins no new attempt: it is withdrawn, and held', async () => {
  const { booking, transferId, message } = await released()
  const funds = { kind: 'declined_may_change', reason: 'funds', keyIsSpent: true, facts: { status: 400 } } as const
  const slow = stopped('before the call')
  const paying = world.deliver(slow.pay, message)
  await slow.arrived
  await world.deliver(handlers.tell, booking.opened())
  world.sandbox.stripe.faults.script({ kind: 'error-before', subject: transferId, route: MAKE })
  slow.release()
  await paying // nobody answered: it may be paid
  await drain(world, handlers)
  expect(await standing(world, booking)).toEqual(['processing 10000'])
  world.moveClock(LEASE_MS)
  await world.take(topics.payoutTransfer)
  await world.deliver(answering(funds).pay, message) // the same key again, refused for certain
  await drain(world, handlers)
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'withdrawn' }])
  expect(await standing(world, booking)).toEqual(['on_hold 10000'])
  expect(await attemptRows(world, transferId)).toMatchObject([{ generation: 1, state: 'declined' }])
  expect(await booksOf(world, booking)).toEqual({ payee: 0n, receivable: 0n })
})

test('a transfer that is wanted back and idle is withdrawn although the message that asks for it is lost', async () => {
  const { booking, message } = await released()
  const slow = stopped('before the call')
  const paying = world.deliver(slow.pay, message)
  await slow.arrived
  await world.deliver(handlers.tell, booking.opened())
  world.sandbox.stripe.setBalance({ amount: 0n, currency: USD })
  slow.release()
  await paying
  world.sandbox.stripe.setBalance({ amount: 1_000_000_000n, currency: USD })
  await world.take(topics.bookingPayout) // lost
  await world.take(topics.payoutTransfer) // lost, too
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'retryable', withdraw_requested: true }])
  world.moveClock(5 * HOUR_MS)
  await handlers.schedule()
  await drain(world, handlers)
  expect(await standing(world, booking)).toEqual(['on_hold 10000'])
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'withdrawn' }])
})

test('a postponed attempt of a transfer that is wanted back is looked up and given up: never called again', async () => {
  const { booking, transferId, message } = await released()
  const haste = {
    kind: 'declined_may_change',
    reason: 'rate_limited',
    keyIsSpent: false,
    facts: { status: 429 },
  } as const
  await world.deliver(answering(haste).pay, message)
  expect(await attemptRows(world, transferId)).toMatchObject([{ state: 'postponed' }])
  await world.deliver(handlers.tell, booking.opened())
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'retryable', withdraw_requested: true }])
  const before = world.sandbox.stripe.calls()[MAKE] ?? 0
  await wait(world, handlers, HOUR_MS)
  expect(world.sandbox.stripe.calls()[MAKE] ?? 0).toBe(before)
  expect(await standing(world, booking)).toEqual(['on_hold 10000'])
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'withdrawn' }])
  await tell(world, handlers, booking.resolved(0n))
  expect(receivedBy(world, booking.account)).toBe(10_000n)
})

test('a transfer whose only call was turned away for our credentials is given up when it is wanted back, not paid', async () => {
  const { booking, transferId, message } = await released()
  world.sandbox.stripe.refuseApiKey(1)
  await world.deliver(handlers.pay, message)
  expect(await attemptRows(world, transferId)).toMatchObject([{ state: 'claimed', calls: 1 }])
  await world.deliver(handlers.tell, booking.opened())
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'processing', withdraw_requested: true }])
  await wait(world, handlers, HOUR_MS)
  expect(madeAtStripe(world, transferId)).toEqual([])
  expect(await standing(world, booking)).toEqual(['on_hold 10000'])
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'withdrawn' }])
  await tell(world, handlers, booking.resolved(0n))
  expect(receivedBy(world, booking.account)).toBe(10_000n)
})

test('where a call was lost before our credentials were refused, the same call goes on though it is wanted back', async () => {
  const { booking, transferId, message } = await released()
  world.sandbox.stripe.faults.script({ kind: 'error-after', subject: transferId, route: MAKE })
  await world.deliver(handlers.pay, message)
  world.moveClock(LEASE_MS)
  world.sandbox.stripe.refuseApiKey(1)
  await world.deliver(handlers.pay, message)
  await world.deliver(handlers.tell, booking.opened())
  await wait(world, handlers, HOUR_MS)
  expect(await standing(world, booking)).toEqual(['transferred 10000'])
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
})

test('the last refusal of a transfer that is wanted back withdraws it: the dispute’s end releases it anew', async () => {
  const { booking, message } = await released()
  const funds = { kind: 'declined_may_change', reason: 'funds', keyIsSpent: true, facts: { status: 400 } } as const
  for (let tries = 0; tries < 2; tries += 1) {
    await world.deliver(answering(funds).pay, message)
    world.moveClock(5 * HOUR_MS)
  }
  await world.take(topics.payoutTransfer)
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: letGo, resolve: release } = Promise.withResolvers<void>()
  const pay: Rail['pay'] = async () => {
    arrive()
    await letGo
    return funds
  }
  const paying = world.deliver(payoutHandlers(world, { rail: { ...world.stripe, pay } }).pay, message)
  await arrived
  await world.deliver(handlers.tell, booking.opened())
  release()
  await paying
  await drain(world, handlers)
  expect(await standing(world, booking)).toEqual(['on_hold 10000'])
  await tell(world, handlers, booking.resolved(0n))
  expect(await standing(world, booking)).toEqual(['transferred 10000'])
  expect(receivedBy(world, booking.account)).toBe(10_000n)
})

test('a dispute that is resolved for nothing while the transfer is refused lets it go on, and it is paid once', async () => {
  const { booking, message } = await released()
  const haste = {
    kind: 'declined_may_change',
    reason: 'rate_limited',
    keyIsSpent: false,
    facts: { status: 429 },
  } as const
  await world.deliver(answering(haste).pay, message)
  await world.take(topics.payoutTransfer)
  await world.deliver(handlers.tell, booking.opened())
  await world.deliver(handlers.tell, booking.resolved(0n))
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'retryable', withdraw_requested: false }])
  await wait(world, handlers, HOUR_MS) // its next try is due
  expect(await standing(world, booking)).toEqual(['transferred 10000'])
  expect(await transfersOfBooking(world, booking)).toHaveLength(1)
})

test('a transfer that waits for its provider’s account is withdrawn by a dispute, and released anew', async () => {
  const booking = await aBooking(world, { account: null })
  await tell(world, handlers, booking.completed())
  await wait(world, handlers, DELAY_MS)
  expect(await transfersOfBooking(world, booking)).toMatchObject([
    { status: 'awaiting_destination', held_reason: 'no_account' },
  ])
  await tell(world, handlers, booking.opened())
  expect(await standing(world, booking)).toEqual(['on_hold 10000'])
  await tell(world, handlers, booking.resolved(0n))
  expect((await transfersOfBooking(world, booking)).map(({ status }) => status)).toEqual([
    'withdrawn',
    'awaiting_destination',
  ])
})

test('a booking that names another account than its provider has is held for a person, and nothing is sent', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed({ stripeAccountId: 'acct_somebody_else' }))
  await wait(world, handlers, DELAY_MS)
  expect(await transfersOfBooking(world, booking)).toMatchObject([
    { status: 'awaiting_destination', held_reason: 'account_differs' },
  ])
  expect(await alertsAbout(world, booking.providerId)).toEqual({ destination_differs: 1 })
  expect(receivedBy(world, booking.account)).toBe(0n)
})

test('three refusals of any kind fail the payout, tell people, and leave no debt behind', async () => {
  const { booking, transferId, message } = await released()
  const funds = { kind: 'declined_may_change', reason: 'funds', keyIsSpent: true, facts: { status: 400 } } as const
  const trouble = { ...funds, reason: 'rail_unavailable', facts: { status: 500 } } as const
  for (const outcome of [funds, trouble, funds]) {
    await world.deliver(answering(outcome).pay, message)
    world.moveClock(5 * HOUR_MS)
  }
  await world.take(topics.payoutTransfer)
  const [payout] = await payoutsOf(world, booking)
  expect(payout).toMatchObject({ status: 'failed', failureReason: 'funds' })
  expect(await transfersOfBooking(world, booking)).toMatchObject([
    { status: 'failed_terminal', attempts: 3, refusals: 1, funds_refusals: 2 },
  ])
  expect(await alertsAbout(world, payout?.payoutId ?? '')).toEqual({ booking_payout_failed: 1 })
  expect(await auditTrail(world, payout?.payoutId ?? '')).toContain('payout.failed: processing → failed')
  expect(await booksOf(world, booking)).toEqual({ payee: 0n, receivable: 0n })
  await drain(world, handlers)
  expect(madeAtStripe(world, transferId)).toEqual([])
})

test('a refusal for good fails the payout at once', async () => {
  const booking = await aBooking(world)
  const { message } = await released(booking)
  const closed = {
    kind: 'declined_for_good',
    reason: 'account_closed',
    category: 'beneficiary',
    facts: { status: 400 },
  } as const
  await world.deliver(answering(closed).pay, message)
  const [payout] = await payoutsOf(world, booking)
  expect(payout).toMatchObject({ status: 'failed', failureReason: 'account_closed' })
  expect(await alertsAbout(world, payout?.payoutId ?? '')).toEqual({ booking_payout_failed: 1 })
})

function never(): never {
  throw new Error('there are as many bookings as transfers')
}
