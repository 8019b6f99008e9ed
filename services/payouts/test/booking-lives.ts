import { expect } from '@jest/globals'
import type { World } from '@remesa/local-stack/testing/world'
import fc from 'fast-check'
import { sql } from 'kysely'
import { type BookingEvent, booksOf, HOUR_MS, receivedBy, type TestBooking } from './bookings.ts'

// Whole lives of bookings: what the marketplace will say of each, and what its provider must have in the end by that alone.

type TipEnd = 'paid' | 'failed' | 'refunded' | 'failed, then paid' | 'paid, then refunded'

export interface Plan {
  readonly share: bigint
  readonly tips: readonly { readonly amount: bigint; readonly end: TipEnd; readonly isLate: boolean }[]
  readonly disputes: readonly { readonly refund: bigint; readonly isHeardBackwards: boolean }[]
  /** Its provider: bookings of one share what it owes us. */
  readonly provider: 0 | 1
}

export const plan: fc.Arbitrary<Plan> = fc.record({
  share: fc.bigInt(0n, 50_000n),
  tips: fc.array(
    fc.record({
      amount: fc.bigInt(1n, 5_000n),
      end: fc.constantFrom<TipEnd>('paid', 'failed', 'refunded', 'failed, then paid', 'paid, then refunded'),
      isLate: fc.boolean(),
    }),
    { maxLength: 3, size: 'max' },
  ),
  disputes: fc.array(fc.record({ refund: fc.bigInt(0n, 15_000n), isHeardBackwards: fc.boolean() }), {
    maxLength: 3,
    size: 'max',
  }),
  provider: fc.constantFrom(0, 1),
})

/** A booking of a test, and what will be said of it. */
export interface Played {
  readonly plan: Plan
  readonly booking: TestBooking
}

/** All that the marketplace says of it, in an order in which it might. */
export function eventsOf({ plan: { tips, disputes }, booking }: Played): readonly BookingEvent[] {
  const start = booking.completedAt.getTime()
  return [
    booking.completed(),
    ...tips.flatMap(({ amount, end, isLate }, index) => {
      const addedAt = new Date(start + (isLate ? 24 * HOUR_MS + 1 : HOUR_MS))
      return end.split(', then ').map((status, word) => {
        const saidAt = new Date(start + (word + 1) * HOUR_MS)
        const type = status === 'paid' ? 'tip_added' : status === 'failed' ? 'tip_failed' : 'tip_refunded'
        return booking.tip(type, { tipId: `${booking.bookingId}-${index}`, amount, addedAt, saidAt })
      })
    }),
    ...disputes.flatMap(({ refund, isHeardBackwards }, index) => {
      const id = `${booking.bookingId}-d${index}`
      const both = [booking.opened(id), booking.resolved(refund, id)]
      return isHeardBackwards ? both.toReversed() : both
    }),
  ]
}

/** Every payout has gone or is cancelled, and every reversal has ended. */
export async function isOver(world: World, played: readonly Played[]): Promise<boolean> {
  const ids = played.map(({ booking }) => booking.bookingId)
  const { rows } = await sql<{ open: number }>`
    select cardinality(${ids}::text[])
      - (select count(distinct booking_id) from payouts where booking_id = any(${ids}::text[]))::int
      + (select count(*) from payouts p where p.booking_id = any(${ids}::text[])
        and p.status not in ('transferred', 'cancelled'))::int
      + (select count(*) from payout_reversals r join payouts p on p.id = r.payout_id
        where p.booking_id = any(${ids}::text[]) and r.status not in ('reversed', 'refused'))::int as open`.execute(
    world.database,
  )
  return rows[0]?.open === 0
}

/** All that will be said has been heard: every tip stands as it ends, every dispute is resolved. */
export async function isAllTold(world: World, played: readonly Played[]): Promise<boolean> {
  const { rows } = await sql<{ id: string; stands: string }>`
    select tip_id as id, status as stands from tips
    union all select dispute_id, 'resolved' from disputes where resolved_at is not null`.execute(world.database)
  const stands = new Map(rows.map((row) => [row.id, row.stands]))
  return played.every(({ plan: { tips, disputes }, booking: { bookingId } }) => {
    const tipsEnd = tips.every(({ end }, index) => stands.get(`${bookingId}-${index}`) === end.split(', then ').at(-1))
    return tipsEnd && disputes.every((_, index) => stands.get(`${bookingId}-d${index}`) === 'resolved')
  })
}

/** From the plans alone: what each booking brings its provider in the end. */
function earned({ share, tips, disputes }: Plan): bigint {
  const kept = tips.filter(({ end, isLate }) => !isLate && end.endsWith('paid'))
  const gross = kept.reduce((sum, { amount }) => sum + amount, share)
  const net = disputes.reduce((sum, { refund }) => sum - refund, gross)
  return net > 0n ? net : 0n
}

/** What Stripe's books have on the account is what was earned, and what the account no longer held to be taken back. */
export async function judge(world: World, provider: TestBooking, played: readonly Played[]): Promise<void> {
  const mine = played.filter(({ booking }) => booking.providerId === provider.providerId)
  const total = mine.reduce((sum, { plan: one }) => sum + earned(one), 0n)
  const { payee, receivable } = await booksOf(world, provider)
  expect(payee).toBe(0n)
  expect(receivable >= 0n).toBe(true)
  expect(receivedBy(world, provider.account)).toBe(total + receivable)
}

/** Each transfer of ours is at Stripe once, or not at all. */
export async function judgeTransfers(world: World, { bookingId }: TestBooking): Promise<void> {
  const { rows } = await sql<{ id: string; status: string; amount: bigint }>`
    select t.id, t.status, t.amount from payout_transfers t join payouts p on p.id = t.payout_id
    where p.booking_id = ${bookingId}`.execute(world.database)
  for (const { id, status, amount } of rows) {
    const made = world.sandbox.stripe.transfersOf(id).map(({ money }) => money.amount)
    expect({ id, status, made }).toEqual({ id, status, made: status === 'completed' ? [amount] : [] })
  }
}
