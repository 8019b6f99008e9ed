import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { type BookingsSoFar, bookingEvents, bookingsSoFar, tellOfBookings } from './booking-events.ts'
import { type BookingProgress, bookingProgress, movingPayouts } from './booking-progress.ts'
import type { Stack } from './stack/stack.ts'
import { backlogOf, dueOutboxOf, untilDone, type Watch, whatHolds } from './watch.ts'

/** Where the payment of bookings stands, for whoever watches. */
export interface BookingsProgress {
  readonly phase: 'bookings'
  readonly bookings: number
  readonly progress: BookingProgress
}

/**
 * Tells of the marketplace's bookings, as far as they have happened, and waits until every payout stays where it is by
 * itself.
 */
export async function payBookings(
  stack: Stack,
  marketplace: Marketplace,
  watch: Watch<BookingsProgress>,
): Promise<void> {
  const soFar = bookingsSoFar(marketplace, stack.rulesNow())
  await tellOfBookings(stack, bookingEvents(soFar))
  await untilBooked(stack, soFar, watch)
}

export const bookingIdsOf = ({
  bookings = [],
}: {
  bookings?: BookingsSoFar['bookings'] | undefined
}): readonly string[] => bookings.map(({ bookingId }) => bookingId)

type WatchedStack = Pick<Stack, 'database' | 'pubsub' | 'casualties' | 'rulesNow'>

/** How often the clock asks for what was left behind, instead of every five minutes. */
const SCHEDULER_EVERY_MS = 2_000

/**
 * Waits until all of it was heard, and nothing more happens by itself: payouts are transferred, failed, cancelled, held by
 * a dispute, due later, or wait for an account, and nothing is being taken back.
 */
export async function untilBooked(
  stack: WatchedStack,
  soFar: BookingsSoFar,
  watch: Watch<BookingsProgress>,
): Promise<void> {
  const ids = bookingIdsOf(soFar)
  const told = factsOf(soFar)
  let askedAt = performance.now()
  let fewest = Number.POSITIVE_INFINITY
  await untilDone(stack, watch, async () => {
    const progress = await bookingProgress(stack.database, ids, stack.rulesNow())
    watch.onProgress({ phase: 'bookings', bookings: ids.length, progress })
    if (performance.now() - askedAt > SCHEDULER_EVERY_MS) {
      askedAt = performance.now()
      await stack.database.transaction().execute((tx) => enqueue(tx, topics.payoutScheduler, [{ data: {} }]))
    }
    const isHeard = JSON.stringify(progress.heard) === JSON.stringify(told)
    const waiting = await waitingMessages(stack)
    fewest = Math.min(fewest, waiting) // what fails and comes back is no movement
    return {
      done: isHeard && progress.moving === 0 && progress.reversing === 0 && waiting === 0,
      moved: `${JSON.stringify(progress)} ${fewest}`,
      stuck: () => whatIsStuck(stack, { ids, told, heard: progress.heard, waiting }),
    }
  })
}

/** What our database should have heard when all was told. */
const factsOf = ({ bookings, tips, disputes }: BookingsSoFar): BookingProgress['heard'] => ({
  bookings: bookings.length,
  tips: tips.length,
  disputes: disputes.length,
  resolutions: disputes.filter(({ resolvedAt }) => resolvedAt !== null).length,
})

/** Messages about bookings that nobody has finished with; timers that ring later are none. */
async function waitingMessages(stack: WatchedStack): Promise<number> {
  const [inHand, due] = await Promise.all([
    backlogOf(stack, [topics.bookingEvent, topics.payoutReversal]),
    dueOutboxOf(stack, topics.bookingPayout.name),
  ])
  const backlogs = await stack.pubsub.backlogs()
  const rung = topics.bookingPayout.subscriptions.map(({ name }) => backlogs?.get(name) ?? 0)
  return rung.reduce((sum, count) => sum + count, inHand + due)
}

async function whatIsStuck(
  stack: WatchedStack,
  found: {
    ids: readonly string[]
    told: BookingProgress['heard']
    heard: BookingProgress['heard']
    waiting: number
  },
): Promise<readonly string[]> {
  const facts = Object.keys(found.told) as (keyof BookingProgress['heard'])[]
  const unheard = facts.filter((fact) => found.heard[fact] !== found.told[fact])
  return [
    ...unheard.map((fact) => `of ${found.told[fact]} ${fact} ${found.heard[fact]} were heard of`),
    ...(await movingPayouts(stack.database, found.ids, stack.rulesNow())),
    ...(found.waiting > 0 ? [`${found.waiting} messages about bookings wait`] : []),
    ...(await whatHolds(stack)),
  ]
}
