import { currency as currencyOf } from '@remesa/domain/currency'
import { parseMajor } from '@remesa/domain/money'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Marketplace, MarketplaceBooking, MarketplaceDispute, MarketplaceTip } from '@remesa/sandbox/marketplace'
import type { z } from 'zod'
import { createRandom } from './marketplace/random.ts'
import type { Stack } from './stack/stack.ts'

// What the marketplace tells of its bookings.

export type BookingEvent = z.infer<(typeof topics.bookingEvent)['schema']>

/** What of a marketplace's bookings has happened at a moment, with what belongs to them: what is dated later is to come. */
export interface BookingsSoFar {
  readonly bookings: readonly MarketplaceBooking[]
  readonly tips: readonly MarketplaceTip[]
  readonly disputes: readonly MarketplaceDispute[]
  /** How many bookings, tips, disputes and resolutions are left out. */
  readonly later: number
}

/** A dispute that is resolved later is an open one now. */
export function bookingsSoFar({ bookings = [], tips = [], disputes = [] }: Marketplace, now: Date): BookingsSoFar {
  const hasHappened = (moment: string): boolean => Date.parse(moment) <= now.getTime()
  const completed = bookings.filter(({ completedAt }) => hasHappened(completedAt))
  const ids = new Set(completed.map(({ bookingId }) => bookingId))
  const added = tips.filter(({ bookingId, addedAt }) => ids.has(bookingId) && hasHappened(addedAt))
  const opened = disputes.filter(({ bookingId, openedAt }) => ids.has(bookingId) && hasHappened(openedAt))
  const isStillOpen = ({ resolvedAt }: MarketplaceDispute): boolean => resolvedAt !== null && !hasHappened(resolvedAt)
  const told = completed.length + added.length + opened.length
  return {
    bookings: completed,
    tips: added,
    disputes: opened.map((one) => (isStillOpen(one) ? { ...one, resolvedAt: null, refundAmount: null } : one)),
    later: bookings.length + tips.length + disputes.length - told + opened.filter(isStillOpen).length,
  }
}

/**
 * Every event of these bookings; of one booking, tips and disputes before its completion: its payout may be due already,
 * and would be on its way before the rest is heard of.
 */
export function bookingEvents({ bookings, tips, disputes }: BookingsSoFar): readonly BookingEvent[] {
  const currencies = new Map(bookings.map(({ bookingId, currency }) => [bookingId, currency]))
  const currencyFor = (bookingId: string): string => currencies.get(bookingId) ?? ''
  return [
    ...tips.flatMap((tip) => tipEvents(tip, currencyFor(tip.bookingId))),
    ...disputes.flatMap((dispute) => disputeEvents(dispute, currencyFor(dispute.bookingId))),
    ...bookings.map(
      ({ bookingId, providerId, stripeAccountId, currency, providerShare, completedAt }): BookingEvent => {
        const at = moment(completedAt)
        return {
          type: 'booking_completed',
          eventId: `${bookingId}:completed`,
          bookingId,
          occurredAt: at,
          providerId,
          stripeAccountId,
          currency,
          providerShare: minorUnits(providerShare, currency),
          completedAt: at,
        }
      },
    ),
  ]
}

/** As Pub/Sub and an unlucky marketplace might deliver them: in any order, many of them twice. The seed decides. */
export function shuffledAndRepeated(events: readonly BookingEvent[], seed: number): readonly BookingEvent[] {
  const random = createRandom(seed)
  const all = [...events, ...events.filter(() => random.chance(0.5))]
  for (let last = all.length - 1; last > 0; last--) {
    const other = random.whole(0, last)
    const [a, b] = [all[last], all[other]]
    if (a && b) [all[last], all[other]] = [b, a]
  }
  return all
}

/** In one transaction of the marketplace's. */
const EVENTS_AT_ONCE = 1_000

/** Publishes them in this order, as the marketplace would. */
export async function tellOfBookings(
  { database }: Pick<Stack, 'database'>,
  events: readonly BookingEvent[],
): Promise<void> {
  for (let at = 0; at < events.length; at += EVENTS_AT_ONCE) {
    const some = events.slice(at, at + EVENTS_AT_ONCE).map((data) => ({ data }))
    await database.transaction().execute((tx) => enqueue(tx, topics.bookingEvent, some))
  }
}

function tipEvents({ tipId, bookingId, amount, addedAt, status }: MarketplaceTip, currency: string): BookingEvent[] {
  const at = moment(addedAt)
  const tip = { bookingId, tipId, occurredAt: at, amount: minorUnits(amount, currency), currency, addedAt: at }
  if (status === 'failed') return [{ type: 'tip_failed', eventId: `${tipId}:failed`, ...tip }]
  const added: BookingEvent = { type: 'tip_added', eventId: `${tipId}:added`, ...tip }
  // Files do not say when it was refunded; it was not before it was added.
  return status === 'paid' ? [added] : [added, { type: 'tip_refunded', eventId: `${tipId}:refunded`, ...tip }]
}

function disputeEvents(dispute: MarketplaceDispute, currency: string): BookingEvent[] {
  const { disputeId, bookingId } = dispute
  const openedAt = moment(dispute.openedAt)
  const opened: BookingEvent = {
    type: 'dispute_opened',
    eventId: `${disputeId}:opened`,
    bookingId,
    occurredAt: openedAt,
    disputeId,
    openedAt,
  }
  if (dispute.resolvedAt === null) return [opened]
  const resolvedAt = moment(dispute.resolvedAt)
  const resolved: BookingEvent = {
    ...opened,
    type: 'dispute_resolved',
    eventId: `${disputeId}:resolved`,
    occurredAt: resolvedAt,
    resolvedAt,
    refund: minorUnits(dispute.refundAmount ?? '0', currency),
    currency,
  }
  return [opened, resolved]
}

const moment = (text: string): string => Temporal.Instant.from(text).toString({ smallestUnit: 'millisecond' })
const minorUnits = (amount: string, code: string): string => String(parseMajor(amount, currencyOf(code)))
