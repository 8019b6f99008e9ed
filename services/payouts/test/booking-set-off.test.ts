import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { currency, transferUnitOf } from '@remesa/domain/currency'
import { auditTrail, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
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
import { BOOKING_TERMS, type PayoutHandlers, payoutHandlers } from './handlers.ts'

// What a provider owes us, since its account no longer held what was to be taken back, is kept back from its next payouts.

let world: World
let handlers: PayoutHandlers
let wholly: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
  wholly = payoutHandlers(world, { terms: { ...BOOKING_TERMS, setOffPercent: 100 } })
})
afterAll(() => stopWithTrueLedger(world))

/** A provider who was paid, has taken the money to its bank, and owes us the refund of a dispute since. */
async function aDebtor(refund: bigint, currency = 'USD'): Promise<TestBooking> {
  const booking = await aBooking(world, { currency })
  await tell(world, handlers, booking.completed())
  await wait(world, handlers, DELAY_MS)
  world.sandbox.stripe.payOutToBank(booking.account)
  await tell(world, handlers, booking.opened(), booking.resolved(refund))
  expect(await booksOf(world, booking)).toEqual({ payee: 0n, receivable: refund })
  return booking
}

const nextOf = (debtor: TestBooking, share: bigint) =>
  aBooking(world, { providerId: debtor.providerId, account: debtor.account, currency: debtor.currency, share })

test.each(['KWD', 'MGA'])('what is left of %s after a debt was kept back is what Stripe can move', async (code) => {
  const debtor = await aDebtor(3_300n, code)
  const unit = transferUnitOf(currency(code))
  const booking = await nextOf(debtor, 3_300n)
  await tell(world, handlers, booking.completed())
  await wait(world, handlers, DELAY_MS)
  const setOff = code === 'KWD' ? 1_650n : 1_600n
  expect(await payoutsOf(world, booking)).toMatchObject([{ status: 'transferred', setOff }])
  expect(setOff % unit).toBe(0n)
  const odd = await nextOf(debtor, unit * 33n)
  await tell(world, handlers, odd.completed())
  await wait(world, handlers, DELAY_MS)
  expect(await payoutsOf(world, odd)).toMatchObject([{ status: 'transferred', setOff: unit * 16n }])
})

test('a debt is kept back from later payouts, at most half of each, until it is settled, and never more than owed', async () => {
  const debtor = await aDebtor(7_000n)
  const received = () => receivedBy(world, debtor.account) - 10_000n
  const first = await nextOf(debtor, 10_000n)
  await tell(world, handlers, first.completed())
  await wait(world, handlers, DELAY_MS)
  expect(received()).toBe(5_000n)
  expect(await payoutsOf(world, first)).toMatchObject([{ status: 'transferred', amount: 10_000n, setOff: 5_000n }])
  expect(await booksOf(world, debtor)).toEqual({ payee: 0n, receivable: 2_000n })
  const second = await nextOf(debtor, 10_000n)
  await tell(world, handlers, second.completed())
  await wait(world, handlers, DELAY_MS)
  expect(received()).toBe(13_000n)
  expect(await booksOf(world, debtor)).toEqual({ payee: 0n, receivable: 0n })
  const third = await nextOf(debtor, 10_000n)
  await tell(world, handlers, third.completed())
  await wait(world, handlers, DELAY_MS)
  expect(received()).toBe(23_000n)
  expect(await auditTrail(world, (await payoutsOf(world, first))[0]?.payoutId ?? '')).toEqual([
    'payout.scheduled: nothing → scheduled',
    'payout.released: scheduled → processing',
    'payout.set_off: scheduled → processing',
    'payout.transferred: processing → transferred',
  ])
})

test('payouts of one provider that are released at once never keep back more than is owed', async () => {
  const debtor = await aDebtor(6_000n)
  const bookings = await Promise.all(Array.from({ length: 6 }, () => nextOf(debtor, 2_000n)))
  for (const booking of bookings) await world.deliver(handlers.tell, booking.completed())
  world.moveClock(DELAY_MS)
  const looks = await world.take(topics.bookingPayout, { due: true })
  await Promise.all(looks.map(({ data }) => world.deliver(payoutHandlers(world).settle, data)))
  await drain(world, handlers)
  expect(await booksOf(world, debtor)).toEqual({ payee: 0n, receivable: 0n })
  expect(receivedBy(world, debtor.account)).toBe(10_000n + 12_000n - 6_000n)
})

test('a payout that is wholly kept back is transferred without a transfer; a later refund of it is owed again', async () => {
  const debtor = await aDebtor(9_000n)
  const booking = await nextOf(debtor, 4_000n)
  await tell(world, wholly, booking.completed())
  await wait(world, wholly, DELAY_MS)
  expect(await standing(world, booking)).toEqual(['transferred 4000'])
  expect(await transfersOfBooking(world, booking)).toEqual([])
  expect(await booksOf(world, debtor)).toEqual({ payee: 0n, receivable: 5_000n })
  await tell(world, wholly, booking.opened(), booking.resolved(1_500n))
  expect(await booksOf(world, debtor)).toEqual({ payee: 0n, receivable: 6_500n })
  expect(receivedBy(world, debtor.account)).toBe(10_000n)
})

test('a refund larger than what was transferred takes the transfer back, and opens a debt for what was kept back', async () => {
  const debtor = await aDebtor(3_000n)
  const booking = await nextOf(debtor, 4_000n)
  await tell(world, handlers, booking.completed())
  await wait(world, handlers, DELAY_MS)
  expect(await payoutsOf(world, booking)).toMatchObject([{ setOff: 2_000n }])
  await tell(world, handlers, booking.opened(), booking.resolved(3_500n))
  // 2,000 were sent and are taken back; 1,500 of the 2,000 kept back are owed again.
  expect(receivedBy(world, debtor.account)).toBe(10_000n)
  expect(await booksOf(world, debtor)).toEqual({ payee: 0n, receivable: 1_000n + 1_500n })
})

test('what was kept back of a payout that is withdrawn, or fails, is owed again', async () => {
  const debtor = await aDebtor(3_000n)
  const booking = await nextOf(debtor, 4_000n)
  await world.deliver(handlers.tell, booking.completed())
  world.moveClock(DELAY_MS)
  await world.take(topics.bookingPayout)
  await world.deliver(handlers.settle, { bookingId: booking.bookingId })
  expect(await booksOf(world, debtor)).toEqual({ payee: 2_000n, receivable: 1_000n })
  await world.deliver(handlers.tell, booking.opened())
  expect(await booksOf(world, debtor)).toEqual({ payee: 0n, receivable: 3_000n })
  world.sandbox.stripe.setBalance({ amount: 0n, currency: USD })
  await tell(world, handlers, booking.resolved(0n))
  for (let again = 0; again < 3; again += 1) await wait(world, handlers, 5 * HOUR_MS)
  world.sandbox.stripe.setBalance({ amount: 1_000_000_000n, currency: USD })
  expect(await payoutsOf(world, booking)).toMatchObject([{ status: 'failed', setOff: 0n }])
  expect(await booksOf(world, debtor)).toEqual({ payee: 0n, receivable: 3_000n })
})
