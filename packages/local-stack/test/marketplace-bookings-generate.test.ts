import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { type Marketplace, marketplace as marketplaceSchema } from '@remesa/sandbox/marketplace'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { loadMarketplace } from '../src/marketplace/load.ts'
import { type ExpectedBooking, expectedBookings } from './support/expected-bookings.ts'
import { writeMarketplace } from './support/write-marketplace.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'remesa-bookings-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const now = Temporal.Instant.from('2026-11-20T12:00:00Z')
const generate = (count: number, options: { seed?: number; now?: Temporal.Instant } = {}): Marketplace =>
  generateMarketplace({
    sellers: 1,
    settlements: 1,
    bookings: { count, now: options.now ?? now },
    businessDate: businessDate('2026-11-19'),
    seed: options.seed ?? 1,
  })
async function expectedOf(marketplace: Marketplace): Promise<readonly ExpectedBooking[]> {
  await writeMarketplace(directory, marketplace)
  return expectedBookings(directory, now.toString())
}

test('fewer generated bookings are the first of more, another seed gives others, another moment other times alone', () => {
  const more = generate(120)
  for (const count of [0, 1, 40, 77]) {
    const { bookings = [], tips = [], disputes = [] } = generate(count)
    expect(bookings).toEqual(more.bookings?.slice(0, count))
    expect(tips).toEqual(more.tips?.slice(0, tips.length))
    expect(disputes).toEqual(more.disputes?.slice(0, disputes.length))
  }
  expect(generate(120, { seed: 2 }).bookings).not.toEqual(more.bookings)
  const later = generate(120, { now: now.add({ hours: 1 }) })
  expect(later.bookings?.map(({ completedAt, ...rest }) => rest)).toEqual(
    more.bookings?.map(({ completedAt, ...rest }) => rest),
  )
  expect(later.bookings?.[0]?.completedAt).not.toBe(more.bookings?.[0]?.completedAt)
})

test('generated bookings are such as the sandbox and the loader take, and come back from files as they were', async () => {
  const marketplace = generate(500)
  expect(marketplaceSchema.parse(marketplace)).toEqual(marketplace)
  await writeMarketplace(directory, marketplace)
  expect(await loadMarketplace(directory)).toEqual({ marketplace })
})

test('generated bookings are due for the most part, and end in every way that a booking can', async () => {
  const expected = await expectedOf(generate(100))
  const counts = Map.groupBy(expected, ({ status }) => status)
  expect([...counts.keys()].sort()).toEqual([
    'cancelled',
    'failed',
    'on_hold',
    'processing',
    'scheduled',
    'transferred',
  ])
  expect(counts.get('transferred')?.length).toBeGreaterThan(70)
})

test('of the first forty generated bookings one is of each case', async () => {
  const marketplace = generate(40)
  const { bookings = [], tips = [], disputes = [], winners = [] } = marketplace
  const expected = await expectedOf(marketplace)
  const completed = new Map(bookings.map(({ bookingId, completedAt }) => [bookingId, Date.parse(completedAt)]))
  const hoursAfter = (bookingId: string, moment: string): number =>
    (Date.parse(moment) - (completed.get(bookingId) ?? 0)) / 3_600_000
  const tipHours = tips.map((tip) => ({ ...tip, hours: hoursAfter(tip.bookingId, tip.addedAt) }))
  const disputesOf = [...Map.groupBy(disputes, ({ bookingId }) => bookingId).values()]
  const accounts = bookings.map(({ stripeAccountId }) => stripeAccountId ?? 'none')
  const perProvider = [...Map.groupBy(bookings, ({ providerId }) => providerId).values()]
  const winnerIds = new Set(winners.map(({ userId }) => userId))
  const missing = Object.entries({
    'a tip at the last moment': tipHours.some(({ hours, status }) => hours === 24 && status === 'paid'),
    'a tip too late': tipHours.some(({ hours, status }) => hours > 24 && status === 'paid'),
    'a failed tip': tips.some(({ status }) => status === 'failed'),
    'a refunded tip': tips.some(({ status }) => status === 'refunded'),
    'an open dispute': disputes.some(({ resolvedAt }) => resolvedAt === null),
    'a dispute for nothing': disputes.some(({ refundAmount }) => refundAmount !== null && !/[1-9]/.test(refundAmount)),
    'two disputes, both resolved': disputesOf.some((of) => of.length > 1 && of.every((one) => one.resolvedAt !== null)),
    'two disputes, one open': disputesOf.some(
      (of) => of.some((one) => one.resolvedAt) && of.some((one) => one.resolvedAt === null),
    ),
    'a partial refund': expected.some(
      ({ bookingId, status }) =>
        status === 'transferred' && disputes.some((one) => one.bookingId === bookingId && Number(one.refundAmount) > 0),
    ),
    'a full refund': expected.filter(({ status }) => status === 'cancelled').length >= 2,
    'one not due yet': expected.some(({ status }) => status === 'scheduled'),
    'several currencies': new Set(bookings.map(({ currency }) => currency)).size >= 6,
    'no decimals': bookings.some(({ currency }) => currency === 'CLP' || currency === 'JPY'),
    'three decimals': bookings.some(({ currency }) => currency === 'KWD'),
    'a provider with several': perProvider.some((of) => of.length > 2),
    'a provider in several currencies': perProvider.some((of) => new Set(of.map((one) => one.currency)).size > 1),
    'a provider who is a winner': bookings.some(({ providerId }) => winnerIds.has(providerId)),
    'no account': accounts.includes('none'),
    'no funds at first': accounts.some((account) => account.startsWith('acct_nofunds')),
    'a refused account': expected.some(({ status }) => status === 'failed'),
    'an unable account': expected.some(({ status, account }) => status === 'processing' && account !== undefined),
  }).flatMap(([name, isThere]) => (isThere ? [] : [name]))
  expect(missing).toEqual([])
})
