import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import type { Marketplace, MarketplaceBooking, MarketplaceDispute } from '@remesa/sandbox/marketplace'
import { sql } from 'kysely'
import { bookingIdsOf, payBookings } from '../src/bookings.ts'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import type { Stack } from '../src/stack/stack.ts'
import { summarize } from '../src/summary.ts'
import { expectedOf, expectLedgerAgrees, expectRightPayouts, receivedAtStripe } from './support/booking-books.ts'
import { type ExpectedBooking, receivedFrom } from './support/expected-bookings.ts'
import { aStack } from './support/stacks.ts'

// Bookings with every process there is that pays them. What each provider should have received is recomputed from CSV files
// alone, and what it has received is read from the books of Stripe's sandbox.

const DATE = businessDate('2026-11-19')
/** Far from the machine's own clock, so that nothing can be right by accident. */
const NOW = Temporal.Instant.from('2027-03-28T01:30:00Z')
const WATCH = { patienceMs: 60_000, onProgress: () => {} }

const stops: (() => Promise<unknown>)[] = []
let stack: Stack
beforeAll(async () => {
  const bookingClockOffsetMs = NOW.epochMilliseconds - Date.now()
  stack = await aStack({ services: ['payouts', 'webhooks'], bookingClockOffsetMs }, stops)
}, 200_000)
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

test('every provider receives its shares and tips less refunds 48 hours later, and nobody else does', async () => {
  const marketplace = generateMarketplace({ sellers: 1, bookings: { count: 40, now: NOW }, businessDate: DATE })
  const expected = await expectedOf(marketplace, NOW)
  await payBookings(stack, marketplace, WATCH)

  await expectRightPayouts(stack, expected)
  const { stripe } = await stack.sandbox.books()
  expect(stripe.reversals).toEqual([])
  const summary = await summarize(stack, {
    ...{ businessDate: DATE, sellers: 0, settlements: [], bookings: bookingIdsOf(marketplace), reconciled: null },
    seconds: { setup: 0, profileSync: 0, payDay: 0, settlements: 0, bookings: 0, reconciliation: 0 },
    memory: {},
  })
  expect(summary.bookings).toEqual(countsOf(expected))
  expect(summary.checks).toEqual({ ledger: 'balanced', banks: 'agree' })
  expect(summary.messages).toMatchObject({ deadLettered: 0 })

  await payBookings(stack, marketplace, WATCH) // told of all of it again: nothing is paid twice
  expect((await stack.sandbox.books()).stripe).toEqual(stripe)
}, 300_000)

// What follows when a customer gets money back that a provider has already received. The marketplace grows as its story goes on,
// and is told again as a whole each time; what each provider should have in the end follows from its files.

test('a refund after the transfer is taken back; where the account is empty, later payouts settle it, to the last cent and no further', async () => {
  let marketplace = aMarketplace({ bookings: [booking('A1', 'ada', '100.00'), booking('B1', 'ben', '100.00')] })
  await payBookings(stack, marketplace, WATCH)
  await expectStripeAgrees(marketplace)

  // Both are refunded in part. Ada's account holds the money; Ben's has passed it on to his bank.
  await stack.sandbox.control('stripe', 'payOutToBank', { id: 'acct_ben' })
  marketplace = { ...marketplace, disputes: [refund('A1', '30.00'), refund('B1', '60.00')] }
  await payBookings(stack, marketplace, WATCH)
  const { reversals } = (await stack.sandbox.books()).stripe
  expect(reversals).toMatchObject([{ amount: '30.00', currency: 'USD' }])
  expect(await receivablesOf()).toEqual(['receivable:user:ben USD -6000'])
  expect(await receivedByAdaAndBen()).toEqual(
    new Map([
      ['acct_ada USD', 70_00n],
      ['acct_ben USD', 100_00n],
    ]),
  )

  // Half of each of Ben's next payouts at most is kept back: 40.00, then the 20.00 that are left, then nothing.
  for (const next of [booking('B2', 'ben', '80.00'), booking('B3', 'ben', '80.00'), booking('B4', 'ben', '10.00')]) {
    marketplace = { ...marketplace, bookings: [...(marketplace.bookings ?? []), next] }
    await payBookings(stack, marketplace, WATCH)
  }
  expect(await setOffsOf()).toEqual(['A1 0', 'B1 0', 'B2 4000', 'B3 2000', 'B4 0'])
  expect(await receivablesOf()).toEqual([])
  await expectStripeAgrees(marketplace) // what Ben had too much is evened out
  expect((await stack.sandbox.books()).stripe.reversals).toEqual(reversals)
}, 120_000)

function booking(bookingId: string, providerId: string, providerShare: string): MarketplaceBooking {
  const stripeAccountId = `acct_${providerId}`
  return { bookingId, providerId, stripeAccountId, currency: 'USD', providerShare, completedAt: '2027-03-01T12:00:00Z' }
}

const refund = (bookingId: string, refundAmount: string): MarketplaceDispute => ({
  ...{ disputeId: `D-${bookingId}`, bookingId, refundAmount },
  ...{ openedAt: '2027-03-05T12:00:00Z', resolvedAt: '2027-03-06T12:00:00Z' },
})

const aMarketplace = (parts: Partial<Marketplace>): Marketplace => ({
  ...{ countries: [], sellers: [], documents: [], closings: [] },
  ...parts,
})

/** About the accounts of the story. */
async function expectStripeAgrees(marketplace: Marketplace): Promise<void> {
  expect(await receivedByAdaAndBen()).toEqual(receivedFrom(await expectedOf(marketplace, NOW)))
  await expectLedgerAgrees(stack)
}

async function receivedByAdaAndBen(): Promise<ReadonlyMap<string, bigint>> {
  const received = await receivedAtStripe(stack)
  return new Map([...received].filter(([account]) => /^acct_(ada|ben) /.test(account)))
}

/** What providers owe us, by the ledger. */
async function receivablesOf(): Promise<readonly string[]> {
  const { rows } = await sql<{ line: string }>`
    select concat_ws(' ', account, currency, sum(amount)) as line from ledger_postings
    where account like 'receivable:%' group by account, currency having sum(amount) <> 0 order by 1`.execute(
    stack.database,
  )
  return rows.map(({ line }) => line)
}

async function setOffsOf(): Promise<readonly string[]> {
  const { rows } = await sql<{ line: string }>`
    select concat_ws(' ', booking_id, set_off) as line from payouts where provider_id in ('ada', 'ben') order by booking_id, sequence`.execute(
    stack.database,
  )
  return rows.map(({ line }) => line)
}

const countsOf = (expected: readonly ExpectedBooking[]): Record<string, number> => ({
  ...{ scheduled: 0, on_hold: 0, processing: 0, transferred: 0, failed: 0, cancelled: 0 },
  ...Object.fromEntries(
    [...Map.groupBy(expected, ({ status }) => status)].map(([status, those]) => [status, those.length]),
  ),
})
