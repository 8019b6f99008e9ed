import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { findPayouts } from '@remesa/database/booking-payouts'
import { ledgerFaults } from '@remesa/local-stack/testing/books'
import { chanceFrom } from '@remesa/local-stack/testing/courier'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { allTransientFaults } from '@remesa/sandbox/faults'
import fc from 'fast-check'
import { eventsOf, isAllTold, isOver, judge, judgeTransfers, type Played, plan } from './booking-lives.ts'
import { aBooking, HOUR_MS, override } from './bookings.ts'
import { startWorkers } from './workers.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ env: { STRIPE_TIMEOUT_MS: '1500', STRIPE_MAX_WAIT_MS: '1500' } })
})
afterAll(() => world.stop())

const BOOKINGS = 60
const SIGKILLS = 3
/** The windows and the leases of production, in seconds that a test has. */
const SHORT_WAITS = {
  PAYMENT_LEASE_MS: '6000',
  PAYOUT_RETRY_FIRST_MS: '10',
  PAYOUT_FUNDS_RETRY_FIRST_MS: '10',
  PAYOUT_RAIL_PAUSE_MS: '100',
  PAYOUT_SCHEDULER_GRACE_MS: '1000',
  // The bookings were completed 47 hours, 59 minutes and 58 seconds ago.
  BOOKING_CLOCK_OFFSET_MS: String(48 * HOUR_MS - 2_000),
}

test('three workers, faults of every kind and SIGKILLs, events shuffled and repeated: providers have what the facts say', async () => {
  const seed = Number(process.env.REMESA_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
  try {
    await play(seed)
  } catch (error) {
    throw new Error(`with REMESA_TEST_SEED=${seed}: ${(error as Error).message}`, { cause: error })
  }
}, 200_000)

async function play(seed: number): Promise<void> {
  const chance = chanceFrom(seed)
  world.sandbox.stripe.setFaults({ ...allTransientFaults(0.05, seed), latencyMs: [1, 20] })
  const providers = [await aBooking(world), await aBooking(world)] as const
  const plans = fc.sample(plan, { numRuns: BOOKINGS, seed })
  const played: readonly Played[] = await Promise.all(
    plans.map(async (one) => {
      const { providerId, account } = providers[one.provider]
      return { plan: one, booking: await aBooking(world, { share: one.share, providerId, account }) }
    }),
  )
  const workers = await startWorkers(world, 3, SHORT_WAITS)
  const events = played.flatMap(eventsOf)
  const shuffled = [...events, ...events.filter(() => chance() < 0.3)]
    .map((event) => ({ event, after: chance() * 4_000 }))
    .toSorted((a, b) => a.after - b.after)
  await world.database.transaction().execute((tx) =>
    enqueue(
      tx,
      topics.bookingEvent,
      shuffled.map(({ event, after }) => ({ data: event, deliverAt: new Date(Date.now() + after) })),
    ),
  )
  const deadline = performance.now() + 150_000
  let rounds = 0
  while (!(await isAllTold(world, played)) || !(await isOver(world, played))) {
    if (performance.now() > deadline) throw new Error('waited in vain: all payouts have ended')
    rounds += 1
    if (workers.killed < SIGKILLS && rounds % 3 === 0) await workers.killOne(chance())
    await world.database.transaction().execute((tx) => enqueue(tx, topics.payoutScheduler, [{ data: {} }]))
    await retryFailed(played)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  expect(workers.killed).toBe(SIGKILLS)
  expect(await workers.stop()).toEqual([0, 0, 0])
  for (const provider of providers) await judge(world, provider, played)
  for (const { booking } of played) await judgeTransfers(world, booking)
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
}

/** Faults may be three in a row. */
async function retryFailed(played: readonly Played[]): Promise<void> {
  for (const { booking } of played) {
    for (const { payoutId, status } of await findPayouts(world.database, booking.bookingId)) {
      if (status === 'failed') await override(world, payoutId, 'retry')
    }
  }
}
