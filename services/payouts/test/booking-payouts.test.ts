import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { auditTrail, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import {
  aBooking,
  booksOf,
  DELAY_MS,
  drain,
  HOUR_MS,
  payoutsOf,
  receivedBy,
  standing,
  tell,
  transfersOfBooking,
  wait,
} from './bookings.ts'
import { type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterAll(() => stopWithTrueLedger(world))

test('a completed booking is scheduled, and paid to its provider once 48 hours have passed', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  const [scheduled] = await payoutsOf(world, booking)
  expect(scheduled).toMatchObject({ status: 'scheduled', amount: 10_000n, sequence: 1 })
  expect(scheduled?.dueAt.getTime()).toBe(booking.completedAt.getTime() + DELAY_MS)
  await wait(world, handlers, DELAY_MS - 60_000)
  expect(await transfersOfBooking(world, booking)).toEqual([])
  await wait(world, handlers, 60_000)
  expect(await standing(world, booking)).toEqual(['transferred 10000'])
  expect(receivedBy(world, booking.account)).toBe(10_000n)
  expect(await booksOf(world, booking)).toEqual({ payee: 0n, receivable: 0n })
  expect(await auditTrail(world, scheduled?.payoutId ?? '')).toEqual([
    'payout.scheduled: nothing → scheduled',
    'payout.released: scheduled → processing',
    'payout.transferred: processing → transferred',
  ])
})

test('a tip within 24 hours of the completion goes out with the booking; one that comes later does not', async () => {
  const booking = await aBooking(world)
  const inTime = booking.tip('tip_added', { tipId: `${booking.bookingId}-in`, amount: 500n })
  const addedAt = new Date(booking.completedAt.getTime() + 24 * HOUR_MS + 1)
  const late = booking.tip('tip_added', { tipId: `${booking.bookingId}-late`, amount: 70n, addedAt })
  await tell(world, handlers, booking.completed(), inTime, late)
  expect(await standing(world, booking)).toEqual(['scheduled 10500'])
  await wait(world, handlers, DELAY_MS)
  expect(receivedBy(world, booking.account)).toBe(10_500n)
})

test('a tip that comes before its booking is completed waits for it', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.tip('tip_added'))
  expect(await payoutsOf(world, booking)).toEqual([])
  await tell(world, handlers, booking.completed())
  expect(await standing(world, booking)).toEqual(['scheduled 10500'])
})

test('a tip whose payment failed goes out with the booking once it is paid, or by a further payout when that has gone', async () => {
  const booking = await aBooking(world)
  const first = { tipId: `${booking.bookingId}-1`, amount: 500n }
  const second = { tipId: `${booking.bookingId}-2`, amount: 300n }
  const saidAt = booking.completedAt
  const failed = [first, second].map((tip) => booking.tip('tip_failed', { ...tip, saidAt }))
  await tell(world, handlers, booking.completed(), ...failed)
  expect(await standing(world, booking)).toEqual(['scheduled 10000'])
  await wait(world, handlers, HOUR_MS)
  await tell(world, handlers, booking.tip('tip_added', first))
  expect(await standing(world, booking)).toEqual(['scheduled 10500'])
  await wait(world, handlers, DELAY_MS)
  expect(receivedBy(world, booking.account)).toBe(10_500n)
  await tell(world, handlers, booking.tip('tip_added', second))
  expect(await standing(world, booking)).toEqual(['transferred 10500', 'transferred 300'])
  expect(receivedBy(world, booking.account)).toBe(10_800n)
})

test('a refunded tip goes out no more; one that had gone is taken back', async () => {
  const booking = await aBooking(world)
  const first = { tipId: `${booking.bookingId}-1`, amount: 500n }
  const second = { tipId: `${booking.bookingId}-2`, amount: 300n }
  const saidAt = booking.completedAt
  await tell(
    world,
    handlers,
    booking.completed(),
    ...[first, second].map((tip) => booking.tip('tip_added', { ...tip, saidAt })),
  )
  await wait(world, handlers, HOUR_MS)
  await tell(world, handlers, booking.tip('tip_refunded', first))
  expect(await standing(world, booking)).toEqual(['scheduled 10300'])
  await wait(world, handlers, DELAY_MS)
  expect(receivedBy(world, booking.account)).toBe(10_300n)
  await tell(world, handlers, booking.tip('tip_refunded', second))
  expect(receivedBy(world, booking.account)).toBe(10_000n)
  expect(await payoutsOf(world, booking)).toMatchObject([{ status: 'transferred', amount: 10_300n, corrected: 300n }])
})

test('of two words about a tip the later one stands, whichever comes first', async () => {
  const booking = await aBooking(world)
  const earlier = new Date(booking.completedAt.getTime() - HOUR_MS)
  const added = booking.tip('tip_added', { saidAt: earlier })
  const refunded = booking.tip('tip_refunded')
  await tell(world, handlers, booking.completed(), refunded, added, refunded, added)
  expect(await standing(world, booking)).toEqual(['scheduled 10000'])
  const other = await aBooking(world)
  const saidAt = world.now()
  const sameMoment = (['tip_refunded', 'tip_added', 'tip_failed'] as const).map((type) => other.tip(type, { saidAt }))
  await tell(world, handlers, other.completed(), ...sameMoment)
  expect(await standing(world, other)).toEqual(['scheduled 10000'])
})

test('a dispute holds the payout until it is resolved; resolved for nothing, all of it goes', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed(), booking.opened())
  expect(await payoutsOf(world, booking)).toMatchObject([{ status: 'on_hold', holdReason: 'Dispute Open' }])
  await wait(world, handlers, DELAY_MS + HOUR_MS)
  expect(receivedBy(world, booking.account)).toBe(0n)
  await tell(world, handlers, booking.resolved(0n))
  expect(await standing(world, booking)).toEqual(['transferred 10000'])
  expect(receivedBy(world, booking.account)).toBe(10_000n)
  const [payout] = await payoutsOf(world, booking)
  const trail = await auditTrail(world, payout?.payoutId ?? '')
  expect(trail).toEqual(
    expect.arrayContaining(['payout.held: scheduled → on_hold', 'payout.unheld: on_hold → scheduled']),
  )
})

test('a partial refund leaves the rest to the provider; a full one cancels the payout', async () => {
  const partly = await aBooking(world)
  const wholly = await aBooking(world)
  await tell(world, handlers, partly.completed(), partly.opened(), partly.resolved(4_000n))
  await tell(world, handlers, wholly.completed(), wholly.opened(), wholly.resolved(10_000n))
  expect(await standing(world, wholly)).toEqual(['cancelled 0'])
  await wait(world, handlers, DELAY_MS)
  expect(receivedBy(world, partly.account)).toBe(6_000n)
  expect(receivedBy(world, wholly.account)).toBe(0n)
})

test('several disputes: all must be resolved, and each refund counts', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed(), booking.opened(`a-${booking.bookingId}`))
  await tell(
    world,
    handlers,
    booking.opened(`b-${booking.bookingId}`),
    booking.resolved(1_000n, `a-${booking.bookingId}`),
  )
  await wait(world, handlers, DELAY_MS)
  expect(await standing(world, booking)).toEqual(['on_hold 9000'])
  await tell(world, handlers, booking.resolved(500n, `b-${booking.bookingId}`))
  expect(receivedBy(world, booking.account)).toBe(8_500n)
})

test('a dispute resolved before its opening is heard of is resolved, and stays so', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.resolved(2_000n), booking.opened(), booking.completed(), booking.opened())
  await wait(world, handlers, DELAY_MS)
  expect(receivedBy(world, booking.account)).toBe(8_000n)
})

test('a refund after the transfer is taken back from the provider’s account, and no more of it, however often it is told', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  await wait(world, handlers, DELAY_MS)
  await tell(world, handlers, booking.opened())
  expect(await standing(world, booking)).toEqual(['transferred 10000'])
  const resolved = booking.resolved(4_000n)
  await tell(world, handlers, resolved, resolved)
  await tell(world, handlers, resolved, booking.opened())
  expect(receivedBy(world, booking.account)).toBe(6_000n)
  expect(await payoutsOf(world, booking)).toMatchObject([{ status: 'transferred', corrected: 4_000n }])
  expect(await booksOf(world, booking)).toEqual({ payee: 0n, receivable: 0n })
})

test('repeated and shuffled events change nothing: one payout, paid once', async () => {
  const booking = await aBooking(world)
  const events = [booking.tip('tip_added'), booking.completed(), booking.opened(), booking.resolved(100n)]
  await tell(world, handlers, ...events.toReversed(), ...events, ...events.toReversed())
  await wait(world, handlers, DELAY_MS)
  await tell(world, handlers, ...events)
  expect(await standing(world, booking)).toEqual(['transferred 10400'])
  expect(receivedBy(world, booking.account)).toBe(10_400n)
})

test('events of one booking told at once by several workers are taken one after the other', async () => {
  const booking = await aBooking(world)
  const tips = Array.from({ length: 12 }, (_, index) =>
    booking.tip('tip_added', { tipId: `${booking.bookingId}-${index}`, amount: 10n }),
  )
  const events = [...tips, booking.completed(), ...tips, booking.completed()]
  const verdicts = await Promise.all(events.map((event) => world.deliver(payoutHandlers(world).tell, event)))
  expect(verdicts.flat()).toEqual(events.map(() => done))
  expect(await standing(world, booking)).toEqual(['scheduled 10120'])
})

test('a booking that is completed twice otherwise, and words of another booking, are set aside and change nothing', async () => {
  const booking = await aBooking(world)
  const other = await aBooking(world)
  await tell(world, handlers, booking.completed(), booking.tip('tip_added'), booking.opened())
  const wrong = [
    booking.completed({ providerShare: '10001' }),
    booking.completed({ providerId: 'somebody-else' }),
    booking.completed({ stripeAccountId: 'acct_other' }),
    { ...other.tip('tip_added'), tipId: `${booking.bookingId}-tip` },
    { ...other.opened(), disputeId: `${booking.bookingId}-dispute` },
    { ...booking.resolved(5n), currency: 'EUR' },
    booking.tip('tip_added', { tipId: `${booking.bookingId}-nothing`, amount: 0n }),
    booking.tip('tip_added', { tipId: `${booking.bookingId}-odd`, currency: 'XXX' }),
  ]
  for (const event of wrong) expect(await world.deliver(handlers.tell, event)).toMatchObject([{ kind: 'reject' }])
  expect(await standing(world, booking)).toEqual(['on_hold 10500'])
  expect(await standing(world, other)).toEqual([])
})

test('money that Stripe has no way to say becomes a dead letter at the event, with the reason, and is never tried', async () => {
  const dinars = await aBooking(world, { currency: 'KWD', share: 10_001n })
  expect(await world.deliver(handlers.tell, dinars.completed())).toEqual([
    { kind: 'reject', reason: '10001 KWD cannot be sent: Stripe moves whole multiples of 10 only' },
  ])
  const ariary = await aBooking(world, { currency: 'MGA', share: 500n })
  await tell(world, handlers, ariary.completed())
  for (const event of [ariary.tip('tip_added', { amount: 50n }), ariary.resolved(250n)]) {
    expect(await world.deliver(handlers.tell, event)).toMatchObject([{ kind: 'reject' }])
  }
  await wait(world, handlers, DELAY_MS)
  expect(await standing(world, dinars)).toEqual([])
  expect(await standing(world, ariary)).toEqual(['transferred 500'])
})

test('a timer that was lost is made up for by the scheduler, once in a while and harmlessly', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  await world.take(topics.bookingPayout) // lost
  await wait(world, handlers, DELAY_MS + 121_000)
  expect(await standing(world, booking)).toEqual(['scheduled 10000'])
  await handlers.schedule()
  await handlers.schedule()
  const looks = await world.published(topics.bookingPayout)
  expect(looks.filter(({ data }) => data.bookingId === booking.bookingId)).toHaveLength(1)
  await drain(world, handlers)
  expect(receivedBy(world, booking.account)).toBe(10_000n)
})

test('the clock of the rules can be ahead of the real one: what is due by it goes, and its timers are real', async () => {
  const ahead = payoutHandlers(world, {
    terms: {
      rules: { delayMs: DELAY_MS, tipWindowMs: 24 * HOUR_MS },
      setOffPercent: 50,
      clockOffsetMs: DELAY_MS - HOUR_MS,
    },
  })
  const booking = await aBooking(world)
  await world.take(topics.bookingPayout)
  await world.deliver(ahead.tell, booking.completed())
  const [timer] = await world.published(topics.bookingPayout)
  expect(timer?.deliverAt.getTime()).toBe(booking.completedAt.getTime() + HOUR_MS)
  await wait(world, ahead, HOUR_MS)
  expect(receivedBy(world, booking.account)).toBe(10_000n)
})

test('a tip in another currency is paid in it, by a payout of its own', async () => {
  const booking = await aBooking(world)
  const tip = booking.tip('tip_added', { currency: 'EUR', amount: 700n })
  await tell(world, handlers, booking.completed(), tip, booking.opened(), booking.resolved(20_000n))
  expect((await payoutsOf(world, booking)).map(({ status, currency, amount }) => [status, currency, amount])).toEqual([
    ['cancelled', 'USD', 0n],
    ['scheduled', 'EUR', 700n],
  ])
})

test('a timer that fires a little early comes again at the right moment', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  await world.take(topics.bookingPayout)
  world.moveClock(DELAY_MS - 1_500)
  await world.deliver(handlers.settle, { bookingId: booking.bookingId })
  const [again] = await world.published(topics.bookingPayout)
  expect(again?.deliverAt.getTime()).toBe(booking.completedAt.getTime() + DELAY_MS)
  await wait(world, handlers, 1_500)
  expect(receivedBy(world, booking.account)).toBe(10_000n)
})

test('a provider who opens an account after the release is paid once the booking is told again with it', async () => {
  const booking = await aBooking(world, { account: null })
  await tell(world, handlers, booking.completed())
  await wait(world, handlers, DELAY_MS)
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ held_reason: 'no_account' }])
  const account = `acct_${booking.bookingId.slice(3)}`
  await tell(world, handlers, booking.completed({ stripeAccountId: account }))
  await handlers.scheduled([]) // has it read from Stripe, as every five minutes
  await handlers.verifier.idle()
  await drain(world, handlers)
  expect(receivedBy(world, account)).toBe(10_000n)
})
