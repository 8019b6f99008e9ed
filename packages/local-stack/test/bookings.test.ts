import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { overridePayout } from '@remesa/database/booking-overrides'
import { ledgerProof } from '@remesa/database/ledger'
import { businessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { sql } from 'kysely'
import {
  type BookingsSoFar,
  bookingEvents,
  bookingsSoFar,
  shuffledAndRepeated,
  tellOfBookings,
} from '../src/booking-events.ts'
import { bookingIdsOf, payBookings, untilBooked } from '../src/bookings.ts'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import type { Stack } from '../src/stack/stack.ts'
import { summarize } from '../src/summary.ts'
import { expectedOf, receivedAtStripe } from './support/booking-books.ts'
import { type ExpectedBooking, receivedFrom } from './support/expected-bookings.ts'
import { aStack, killAtRandom } from './support/stacks.ts'

// Bookings with every process there is that pays them. What each provider should have received is recomputed from CSV files
// alone, and what it has received is read from the books of Stripe's sandbox.

const DATE = businessDate('2026-11-19')
/** Far from the machine's own clock, so that nothing can be right by accident. */
const NOW = Temporal.Instant.from('2027-03-28T01:30:00Z')
const WATCH = { patienceMs: 60_000, onProgress: () => {} }

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const offsetMs = (): number => NOW.epochMilliseconds - Date.now()
const generated = (count: number, seed: number): Marketplace =>
  generateMarketplace({ sellers: 1, bookings: { count, now: NOW }, businessDate: DATE, seed })

test('every provider receives its shares and tips less refunds 48 hours later, and nobody else does', async () => {
  const marketplace = generated(40, 1)
  const expected = await expectedOf(marketplace, NOW)
  const stack = await aStack({ services: ['payouts', 'webhooks'], bookingClockOffsetMs: offsetMs() }, stops)
  await payBookings(stack, marketplace, WATCH)

  await expectRightPayouts(stack, expected)
  const { stripe } = await stack.sandbox.books()
  expect(stripe.reversals).toEqual([])
  const summary = await summarize(stack, {
    ...{ businessDate: DATE, sellers: 0, settlements: [], bookings: bookingIdsOf(marketplace), memory: {} },
    seconds: { setup: 0, profileSync: 0, payDay: 0, settlements: 0, bookings: 0 },
  })
  expect(summary.bookings).toEqual(countsOf(expected))
  expect(summary.checks).toEqual({ ledger: 'balanced', banks: 'agree' })
  expect(summary.messages).toMatchObject({ deadLettered: 0 })

  await payBookings(stack, marketplace, WATCH) // told of all of it again: nothing is paid twice
  expect((await stack.sandbox.books()).stripe).toEqual(stripe)
}, 300_000)

test('faults, shuffled and repeated events, two instances and kills at random moments change nothing', async () => {
  const seed = randomInt(1_000_000)
  const marketplace = generated(30, 2)
  const expected = await expectedOf(marketplace, NOW)
  const stack = await aStack(
    { services: ['payouts', 'webhooks'], faultRate: 0.05, instances: 2, bookingClockOffsetMs: offsetMs() },
    stops,
  )
  await stack.pubsub.setKnobs({ duplicateRate: 1, reorder: true })
  const soFar = bookingsSoFar(marketplace, stack.rulesNow())
  const paying = Promise.all([
    tellOfBookings(stack, shuffledAndRepeated(bookingEvents(soFar), seed)).then(() => untilBooked(stack, soFar, WATCH)),
    untilPaying(stack).then(() => killAtRandom(stack, { seed, kills: 5, everyMs: 300 })),
  ])
  await paying
    .then(() => retryUnlucky(stack, { expected, soFar }))
    .then(() => expectRightPayouts(stack, expected))
    .catch((error: unknown) => {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    })
}, 300_000)

const countsOf = (expected: readonly ExpectedBooking[]): Record<string, number> => ({
  ...{ scheduled: 0, on_hold: 0, processing: 0, transferred: 0, failed: 0, cancelled: 0 },
  ...Object.fromEntries(
    [...Map.groupBy(expected, ({ status }) => status)].map(([status, those]) => [status, those.length]),
  ),
})

/** Three refusals are an end, by chance too where Stripe misbehaves: then an operator tries again, once it behaves. */
async function retryUnlucky(
  stack: Stack,
  { expected, soFar }: { expected: readonly ExpectedBooking[]; soFar: BookingsSoFar },
): Promise<void> {
  const payable = expected.filter(({ status }) => status === 'transferred' || status === 'on_hold')
  const { rows } = await sql<{ payoutId: string; bookingId: string }>`
    select id as "payoutId", booking_id as "bookingId" from payouts
    where status = 'failed' and booking_id = any(${payable.map(({ bookingId }) => bookingId)}::text[])`.execute(
    stack.database,
  )
  if (rows.length === 0) return
  await stack.sandbox.setFaults({ rates: {} })
  for (const { payoutId, bookingId } of rows) {
    await stack.database.transaction().execute(async (tx) => {
      const now = stack.rulesNow()
      await overridePayout(tx, { payoutId, action: 'retry', actor: 'operator:test', reason: 'it was bad luck', now })
      await enqueue(tx, topics.bookingPayout, [{ data: { bookingId } }])
    })
  }
  await untilBooked(stack, soFar, WATCH)
}

/** Nobody paid twice, nobody forgotten, nobody paid who should not be: Stripe's books are the whole truth. */
async function expectRightPayouts(stack: Stack, expected: readonly ExpectedBooking[]): Promise<void> {
  const ours = await standingOf(stack)
  // A dispute that is heard of only after the transfer finds it made, and is open: how much of it depends on what was
  // known by then. Never more than is due.
  const settled = expected.map((booking): ExpectedBooking => {
    const sent = ours.get(booking.bookingId)?.sent ?? 0n
    if (booking.status !== 'on_hold' || sent === 0n) return booking
    expect([booking.bookingId, sent <= booking.due]).toEqual([booking.bookingId, true])
    return { ...booking, status: 'transferred', due: sent }
  })
  expect([...(await receivedAtStripe(stack))].sort()).toEqual([...receivedFrom(settled)].sort())
  for (const { bookingId, status, due } of settled) {
    const { sent = 0n, open = 0n } = ours.get(bookingId) ?? {}
    const isSent = status === 'transferred'
    expect([bookingId, sent]).toEqual([bookingId, isSent ? due : 0n])
    if (!isSent) expect([bookingId, open]).toEqual([bookingId, due])
  }
  const { currencies, disagreements } = await ledgerProof(stack.database)
  expect(currencies.filter(({ sum }) => sum !== 0n)).toEqual([])
  expect(disagreements).toEqual([])
}

/** What was sent for each booking less what was taken back, and what is still to be, minor units. */
async function standingOf({ database }: Stack): Promise<ReadonlyMap<string, { sent: bigint; open: bigint }>> {
  const { rows } = await sql<{ bookingId: string; sent: bigint; open: bigint }>`
    select booking_id as "bookingId",
      coalesce(sum(amount - corrected) filter (where status = 'transferred'), 0)::bigint as sent,
      coalesce(sum(amount) filter (where status in ('scheduled', 'on_hold', 'processing', 'failed')), 0)::bigint as open
    from payouts group by booking_id`.execute(database)
  return new Map(rows.map(({ bookingId, ...standing }) => [bookingId, standing]))
}

/** Until the first call of Stripe is on its way. */
async function untilPaying({ database }: Stack): Promise<void> {
  for (;;) {
    const { rows } = await sql`select from payment_attempts limit 1`.execute(database)
    if (rows.length > 0) return
    await sleep(10)
  }
}
