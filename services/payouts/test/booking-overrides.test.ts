import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { overridePayout } from '@remesa/database/booking-overrides'
import { insertAlerts, resolveAlerts } from '@remesa/database/finance-alerts'
import { currency } from '@remesa/domain/currency'
import { alertsAbout, auditTrail, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import {
  aBooking,
  booksOf,
  DELAY_MS,
  drain,
  HOUR_MS,
  override,
  payoutsOf,
  receivedBy,
  standing,
  type TestBooking,
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

const payoutId = async (booking: TestBooking): Promise<string> => (await payoutsOf(world, booking))[0]?.payoutId ?? ''

/** An operator's decision and the look that follows it. */
async function decide(booking: TestBooking, action: Parameters<typeof overridePayout>[1]['action']) {
  const answer = await override(world, await payoutId(booking), action)
  await world.deliver(handlers.settle, { bookingId: booking.bookingId })
  await drain(world, handlers)
  return answer
}

test('force-release pays before the delay is over, whatever is in dispute; a dispute opened later holds again', async () => {
  const booking = await aBooking(world)
  const again = await aBooking(world)
  for (const one of [booking, again]) await tell(world, handlers, one.completed(), one.opened())
  expect(await decide(booking, 'force_release')).toMatchObject({ kind: 'done', bookingId: booking.bookingId })
  expect(await standing(world, booking)).toEqual(['transferred 10000'])
  expect(await auditTrail(world, await payoutId(booking))).toContain('payout.overridden: on_hold → scheduled')
  // Between the decision and the look a second dispute opens.
  await override(world, await payoutId(again), 'force_release')
  await tell(world, handlers, again.opened(`${again.bookingId}-second`))
  expect(await standing(world, again)).toEqual(['on_hold 10000'])
})

test('a refund of a dispute that was overridden is taken back', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed(), booking.opened())
  await decide(booking, 'force_release')
  await tell(world, handlers, booking.resolved(3_000n))
  expect(receivedBy(world, booking.account)).toBe(7_000n)
})

test('hold keeps the payout past its time and past its disputes, until it is released by force', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  await decide(booking, 'hold')
  await tell(world, handlers, booking.opened(), booking.resolved(1_000n))
  await wait(world, handlers, DELAY_MS)
  expect(await payoutsOf(world, booking)).toMatchObject([{ status: 'on_hold', heldBy: 'operator', amount: 9_000n }])
  await decide(booking, 'force_release')
  expect(receivedBy(world, booking.account)).toBe(9_000n)
})

test('a hold takes back a release by force: once it is undone, the dispute that was overridden holds the payout again', async () => {
  const unreachable = await aBooking(world, { account: null })
  await tell(world, handlers, unreachable.completed(), unreachable.opened())
  await decide(unreachable, 'force_release')
  expect(await standing(world, unreachable)).toEqual(['processing 10000'])
  await decide(unreachable, 'hold')
  expect(await payoutsOf(world, unreachable)).toMatchObject([{ heldBy: 'operator', overriddenDisputes: [] }])
  await wait(world, handlers, DELAY_MS)
  await decide(unreachable, 'resume')
  expect(await payoutsOf(world, unreachable)).toMatchObject([{ status: 'on_hold', heldBy: 'disputes' }])
  await tell(world, handlers, unreachable.resolved(0n))
  expect(await standing(world, unreachable)).toEqual(['processing 10000'])
})

test('a hold that is undone lets the payout go when it was due: not before, and at once where that has passed', async () => {
  const early = await aBooking(world)
  const late = await aBooking(world)
  for (const one of [early, late]) {
    await tell(world, handlers, one.completed())
    await decide(one, 'hold')
  }
  await decide(early, 'resume')
  expect(await standing(world, early)).toEqual(['scheduled 10000'])
  await wait(world, handlers, DELAY_MS)
  expect([await standing(world, early), await standing(world, late)]).toEqual([
    ['transferred 10000'],
    ['on_hold 10000'],
  ])
  await decide(late, 'resume')
  expect(await standing(world, late)).toEqual(['transferred 10000'])
})

test('hold takes back a transfer that nobody has claimed; one that is claimed is refused, with its state', async () => {
  const booking = await aBooking(world, { account: null })
  await tell(world, handlers, booking.completed())
  await wait(world, handlers, DELAY_MS)
  expect(await standing(world, booking)).toEqual(['processing 10000'])
  expect(await decide(booking, 'hold')).toMatchObject({ kind: 'done', payout: { status: 'on_hold' } })
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'withdrawn' }])
  expect(await booksOf(world, booking)).toEqual({ payee: 0n, receivable: 0n })

  const claimed = await aBooking(world)
  await tell(world, handlers, claimed.completed())
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const slow = payoutHandlers(world, {
    rail: {
      ...world.stripe,
      async pay(instruction) {
        arrive()
        await released
        return world.stripe.pay(instruction)
      },
    },
  })
  const waiting = wait(world, slow, DELAY_MS)
  await arrived
  for (const action of ['hold', 'cancel'] as const) {
    expect(await override(world, await payoutId(claimed), action)).toMatchObject({
      kind: 'wrong_state',
      status: 'processing',
    })
  }
  release()
  await waiting
  expect(receivedBy(world, claimed.account)).toBe(10_000n)
})

test('cancel pays nothing, and nothing later either: the booking is closed', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  await decide(booking, 'cancel')
  await tell(world, handlers, booking.tip('tip_added'), booking.opened(), booking.resolved(0n))
  await wait(world, handlers, DELAY_MS)
  expect(await standing(world, booking)).toEqual(['cancelled 10000'])
  expect(receivedBy(world, booking.account)).toBe(0n)
})

/** Payouts of one booking that are failed, held for a dispute, and in another currency. */
async function aBookingOfThree() {
  const booking = await aBooking(world)
  const refusing = payoutHandlers(world, {
    rail: {
      ...world.stripe,
      pay: async () => ({
        ...{ kind: 'declined_for_good', reason: 'account_closed', category: 'beneficiary' },
        facts: { status: 400 },
      }),
    },
  })
  await tell(world, refusing, booking.completed())
  await wait(world, refusing, DELAY_MS)
  await tell(world, handlers, booking.opened(), booking.tip('tip_added'))
  await tell(world, handlers, booking.tip('tip_added', { tipId: `${booking.bookingId}-eur`, currency: 'EUR' }))
  expect(await standing(world, booking)).toEqual(['failed 10000', 'on_hold 500', 'on_hold 500'])
  return booking
}

test('cancel ends every open payout of the booking at once, in every currency: none goes by itself, nor by a later word', async () => {
  const booking = await aBookingOfThree()
  await override(world, await payoutId(booking), 'cancel', 'fraud')
  expect(await standing(world, booking)).toEqual(['cancelled 10000', 'cancelled 500', 'cancelled 500'])
  const [first, second] = await payoutsOf(world, booking)
  expect(await auditTrail(world, second?.payoutId ?? '')).toContain('payout.cancelled: on_hold → cancelled')
  const { rows } = await sql<{ status: string }>`
    select status from finance_alerts where subject_id = ${first?.payoutId}`.execute(world.database)
  expect(rows).toEqual([{ status: 'resolved' }])
  await tell(world, handlers, booking.resolved(0n), booking.tip('tip_added', { tipId: `${booking.bookingId}-late` }))
  await wait(world, handlers, DELAY_MS)
  expect(await standing(world, booking)).toEqual(['cancelled 10000', 'cancelled 500', 'cancelled 500'])
  expect(await transfersOfBooking(world, booking)).toMatchObject([{ status: 'failed_terminal' }])
  expect(receivedBy(world, booking.account)).toBe(0n)
})

test('a transfer on its way when the booking is closed is wanted back; what it paid stays, and it is never sent anew', async () => {
  const booking = await aBookingOfThree()
  const [, second] = await payoutsOf(world, booking)
  const hasty = payoutHandlers(world, {
    rail: {
      ...world.stripe,
      pay: async () => ({ kind: 'declined_may_change', reason: 'funds', keyIsSpent: false, facts: { status: 400 } }),
    },
  })
  await override(world, second?.payoutId ?? '', 'force_release')
  await tell(world, hasty)
  await world.deliver(hasty.settle, { bookingId: booking.bookingId })
  await drain(world, hasty)
  expect(await standing(world, booking)).toEqual(['failed 10000', 'processing 500', 'on_hold 500'])
  await override(world, await payoutId(booking), 'cancel', 'fraud')
  await world.deliver(handlers.settle, { bookingId: booking.bookingId })
  for (let again = 0; again < 3; again += 1) await wait(world, handlers, 5 * HOUR_MS)
  expect(await standing(world, booking)).toEqual(['cancelled 10000', 'cancelled 500', 'cancelled 500'])
  expect(receivedBy(world, booking.account)).toBe(0n)
})

test('a failed payout that a refund cancels leaves no alert open', async () => {
  const booking = await aBookingOfThree()
  await tell(world, handlers, booking.tip('tip_refunded', { saidAt: new Date(world.now().getTime() + 1) }))
  await tell(world, handlers, booking.resolved(10_000n))
  expect(await standing(world, booking)).toEqual(['cancelled 0', 'cancelled 0', 'transferred 500'])
  const { rows } = await sql<{ status: string }>`
    select status from finance_alerts where subject_id = ${await payoutId(booking)}`.execute(world.database)
  expect(rows).toEqual([{ status: 'resolved' }])
})

test('retry sends a failed payout again by a new transfer, closes the alert, and pays it once', async () => {
  const booking = await aBooking(world, { currency: 'CAD' })
  const CAD = currency('CAD')
  world.sandbox.stripe.setBalance({ amount: 0n, currency: CAD })
  await tell(world, handlers, booking.completed())
  await wait(world, handlers, DELAY_MS)
  for (let again = 0; again < 3; again += 1) await wait(world, handlers, 5 * HOUR_MS)
  expect(await standing(world, booking)).toEqual(['failed 10000'])
  world.sandbox.stripe.setBalance({ amount: 1_000_000n, currency: CAD })
  await decide(booking, 'retry')
  expect(await standing(world, booking)).toEqual(['transferred 10000'])
  expect((await transfersOfBooking(world, booking)).map(({ status }) => status)).toEqual([
    'failed_terminal',
    'completed',
  ])
  expect(receivedBy(world, booking.account)).toBe(10_000n)
  const { rows } = await sql<{ status: string }>`
    select status from finance_alerts where subject_id = ${await payoutId(booking)}`.execute(world.database)
  expect(rows).toEqual([{ status: 'resolved' }])
  expect(await alertsAbout(world, await payoutId(booking))).toEqual({ booking_payout_failed: 1 })
})

test('what failed is not retried, by a transfer that nothing ties to the first, while Stripe’s books say that the first was made', async () => {
  const booking = await aBooking(world, { account: 'acct_closed_contradicted' })
  await tell(world, handlers, booking.completed())
  await wait(world, handlers, DELAY_MS)
  expect(await standing(world, booking)).toEqual(['failed 10000'])
  const [transfer] = await transfersOfBooking(world, booking)
  const dedupKey = `payment_mismatch:${transfer?.id}`
  const subject = { type: 'payout_transfer', id: transfer?.id ?? '' }
  await world.database
    .transaction()
    .execute((tx) =>
      insertAlerts(tx, [{ kind: 'payment_mismatch', dedupKey, subject, businessDate: null, details: {} }]),
    )
  const refused = { kind: 'wrong_state', status: 'failed', reason: expect.stringContaining('contradict ours') }
  expect(await decide(booking, 'retry')).toMatchObject(refused)
  expect(await standing(world, booking)).toEqual(['failed 10000'])
  await world.database
    .transaction()
    .execute((tx) => resolveAlerts(tx, { dedupKeys: [dedupKey], note: 'Compared: it was not made.' }))
  expect(await decide(booking, 'retry')).toMatchObject({ kind: 'done' })
})

test('what does not fit the state is refused, and nothing is changed or written down', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  expect(await override(world, await payoutId(booking), 'retry')).toMatchObject({
    kind: 'wrong_state',
    status: 'scheduled',
  })
  await wait(world, handlers, DELAY_MS)
  const trail = await auditTrail(world, await payoutId(booking))
  for (const action of ['force_release', 'hold', 'resume', 'cancel', 'retry'] as const) {
    expect(await override(world, await payoutId(booking), action)).toMatchObject({
      kind: 'wrong_state',
      status: 'transferred',
    })
  }
  expect(await auditTrail(world, await payoutId(booking))).toEqual(trail)
  expect(await override(world, '00000000-0000-4000-8000-000000000000', 'hold')).toEqual({ kind: 'not_found' })
  await expect(override(world, await payoutId(booking), 'hold', ' ')).rejects.toThrow(RangeError)
})

test('two operators at once: one is done, the other sees what the first has made of it', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  const id = await payoutId(booking)
  const answers = await Promise.all([override(world, id, 'cancel'), override(world, id, 'cancel')])
  expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['done', 'wrong_state'])
})

test('the operator’s name and reason stand in the payout’s history', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  await override(world, await payoutId(booking), 'hold', 'chargeback expected')
  const { rows } = await sql`
    select action, actor, reason, before->>'status' as was, after->>'status' as is from audit_log
    where subject_id = ${await payoutId(booking)} order by id desc limit 1`.execute(world.database)
  expect(rows).toEqual([
    { action: 'payout.held', actor: 'operator:olga', reason: 'chargeback expected', was: 'scheduled', is: 'on_hold' },
  ])
  await world.take(topics.bookingPayout)
})
