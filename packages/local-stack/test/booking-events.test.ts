import { expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { type BookingEvent, bookingEvents, bookingsSoFar, shuffledAndRepeated } from '../src/booking-events.ts'
import { generateMarketplace } from '../src/marketplace/generate.ts'

const NOW = new Date('2026-11-20T12:00:00Z')
const marketplace: Marketplace = {
  ...{ countries: [], sellers: [], documents: [], closings: [] },
  bookings: [
    {
      ...{ bookingId: 'B1', providerId: 'P1', stripeAccountId: null },
      ...{ currency: 'KWD', providerShare: '12.34', completedAt: '2026-11-16T13:00+03:00' },
    },
    {
      ...{ bookingId: 'B2', providerId: 'P1', stripeAccountId: null },
      ...{ currency: 'USD', providerShare: '1', completedAt: '2026-11-20T12:00:01Z' },
    },
  ],
  tips: [
    { tipId: 'T1', bookingId: 'B1', amount: '1', addedAt: '2026-11-16T11:00:00Z', status: 'paid' },
    { tipId: 'T2', bookingId: 'B1', amount: '2', addedAt: '2026-11-16T12:00:00Z', status: 'failed' },
    { tipId: 'T3', bookingId: 'B1', amount: '3', addedAt: '2026-11-16T13:00:00Z', status: 'refunded' },
    { tipId: 'T4', bookingId: 'B1', amount: '3', addedAt: '2026-11-20T12:00:00.001Z', status: 'paid' },
    { tipId: 'T5', bookingId: 'B2', amount: '3', addedAt: '2026-11-20T11:00:00Z', status: 'paid' },
  ],
  disputes: [
    {
      ...{ disputeId: 'D1', bookingId: 'B1', openedAt: '2026-11-17T10:00:00Z' },
      ...{ resolvedAt: '2026-11-18T10:00:00Z', refundAmount: '0.5' },
    },
    {
      ...{ disputeId: 'D2', bookingId: 'B1', openedAt: '2026-11-18T10:00:00Z' },
      ...{ resolvedAt: '2026-11-21T10:00:00Z', refundAmount: '9' },
    },
  ],
}
const told = ({ type, ...event }: BookingEvent): string =>
  [type, 'tipId' in event ? event.tipId : '', 'disputeId' in event ? event.disputeId : ''].filter(Boolean).join(' ')

test('what has happened is told in minor units and UTC, tips and disputes before the completion that may be due', () => {
  const soFar = bookingsSoFar(marketplace, NOW)
  const events = bookingEvents(soFar)
  expect(events.map(told)).toEqual([
    'tip_added T1',
    'tip_failed T2',
    'tip_added T3',
    'tip_refunded T3',
    'dispute_opened D1',
    'dispute_resolved D1',
    'dispute_opened D2',
    'booking_completed',
  ])
  expect(events.at(-1)).toEqual({
    type: 'booking_completed',
    eventId: 'B1:completed',
    bookingId: 'B1',
    occurredAt: '2026-11-16T10:00:00.000Z',
    providerId: 'P1',
    stripeAccountId: null,
    currency: 'KWD',
    providerShare: '12340',
    completedAt: '2026-11-16T10:00:00.000Z',
  })
  expect(events[5]).toMatchObject({ refund: '500', currency: 'KWD', resolvedAt: '2026-11-18T10:00:00.000Z' })
  expect(events[0]).toMatchObject({ amount: '1000', addedAt: '2026-11-16T11:00:00.000Z' })
  expect(soFar.later).toBe(4) // B2 and its tip, T4, the end of D2
})

test('every generated event is one that the topic takes, and has an id of its own', () => {
  const generated = generateMarketplace({
    sellers: 1,
    bookings: { count: 200, now: Temporal.Instant.from('2026-11-20T12:00:00Z') },
    businessDate: businessDate('2026-11-19'),
  })
  const soFar = bookingsSoFar(generated, NOW)
  expect(soFar.later).toBe(0)
  const events = bookingEvents(soFar)
  for (const event of events) expect(topics.bookingEvent.schema.parse(event)).toEqual(event)
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length)
})

test('a seed shuffles and repeats events, always the same, and loses none', () => {
  const events = bookingEvents(bookingsSoFar(marketplace, NOW))
  const mixed = shuffledAndRepeated(events, 7)
  expect(mixed).toEqual(shuffledAndRepeated(events, 7))
  expect(mixed).not.toEqual(shuffledAndRepeated(events, 8))
  expect(mixed.length).toBeGreaterThan(events.length)
  expect(new Set(mixed)).toEqual(new Set(events))
})
