import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, test } from '@jest/globals'
import { overridePayout } from '@remesa/database/booking-overrides'
import { businessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { sql } from 'kysely'
import {
  type BookingsSoFar,
  bookingEvents,
  bookingsSoFar,
  shuffledAndRepeated,
  tellOfBookings,
} from '../src/booking-events.ts'
import { untilBooked } from '../src/bookings.ts'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import type { Stack } from '../src/stack/stack.ts'
import { expectedOf, expectRightPayouts } from './support/booking-books.ts'
import type { ExpectedBooking } from './support/expected-bookings.ts'
import { aStack, killAtRandom } from './support/stacks.ts'

// Bookings when everything goes wrong that can go wrong by itself. What each provider should have received is recomputed from
// CSV files alone, and what it has received is read from the books of Stripe's sandbox.

const NOW = Temporal.Instant.from('2025-12-31T23:30:00Z')
const WATCH = { patienceMs: 60_000, onProgress: () => {} }

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

test('faults, shuffled and repeated events, two instances and kills at random moments change nothing', async () => {
  const seed = randomInt(1_000_000)
  const marketplace = generateMarketplace({
    ...{ sellers: 1, businessDate: businessDate('2026-11-19') },
    ...{ bookings: { count: 30, now: NOW }, seed: 2 },
  })
  const expected = await expectedOf(marketplace, NOW)
  const stack = await aStack(
    {
      services: ['payouts', 'webhooks'],
      faultRate: 0.05,
      instances: 2,
      bookingClockOffsetMs: NOW.epochMilliseconds - Date.now(),
    },
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

/** Until the first call of Stripe is on its way. */
async function untilPaying({ database }: Stack): Promise<void> {
  for (;;) {
    const { rows } = await sql`select from payment_attempts limit 1`.execute(database)
    if (rows.length > 0) return
    await sleep(30)
  }
}
