import { afterEach, expect, test } from '@jest/globals'
import { ledgerProof } from '@remesa/database/ledger'
import type { Marketplace, MarketplaceBooking, MarketplaceDispute } from '@remesa/sandbox/marketplace'
import { sql } from 'kysely'
import { payBookings } from '../src/bookings.ts'
import type { Stack } from '../src/stack/stack.ts'
import { expectedOf, receivedAtStripe } from './support/booking-books.ts'
import { receivedFrom } from './support/expected-bookings.ts'
import { aStack } from './support/stacks.ts'

// What happens when a customer gets money back that a provider has already received. The marketplace grows as its story
// goes on, and is told again as a whole each time; what each provider should have in the end follows from its files.

const NOW = Temporal.Instant.from('2026-03-10T12:00:00Z')
const WATCH = { patienceMs: 60_000, onProgress: () => {} }

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

test('a refund after the transfer is taken back; where the account is empty, later payouts settle it, to the last cent and no further', async () => {
  const bookingClockOffsetMs = NOW.epochMilliseconds - Date.now()
  const stack = await aStack({ services: ['payouts'], bookingClockOffsetMs }, stops)
  let marketplace = aMarketplace({ bookings: [booking('A1', 'ada', '100.00'), booking('B1', 'ben', '100.00')] })
  await payBookings(stack, marketplace, WATCH)
  await expectStripeAgrees(stack, marketplace)

  // Both are refunded in part. Ada's account holds the money; Ben's has passed it on to his bank.
  await stack.sandbox.control('stripe', 'payOutToBank', { id: 'acct_ben' })
  marketplace = { ...marketplace, disputes: [refund('A1', '30.00'), refund('B1', '60.00')] }
  await payBookings(stack, marketplace, WATCH)
  const { reversals } = (await stack.sandbox.books()).stripe
  expect(reversals).toMatchObject([{ amount: '30.00', currency: 'USD' }])
  expect(await receivablesOf(stack)).toEqual(['receivable:user:ben USD -6000'])
  expect(await receivedAtStripe(stack)).toEqual(
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
  expect(await setOffsOf(stack)).toEqual(['A1 0', 'B1 0', 'B2 4000', 'B3 2000', 'B4 0'])
  expect(await receivablesOf(stack)).toEqual([])
  await expectStripeAgrees(stack, marketplace) // what Ben had too much is evened out
  expect((await stack.sandbox.books()).stripe.reversals).toEqual(reversals)
}, 120_000)

function booking(bookingId: string, providerId: string, providerShare: string): MarketplaceBooking {
  const stripeAccountId = `acct_${providerId}`
  return { bookingId, providerId, stripeAccountId, currency: 'USD', providerShare, completedAt: '2026-03-01T12:00:00Z' }
}

const refund = (bookingId: string, refundAmount: string): MarketplaceDispute => ({
  ...{ disputeId: `D-${bookingId}`, bookingId, refundAmount },
  ...{ openedAt: '2026-03-05T12:00:00Z', resolvedAt: '2026-03-06T12:00:00Z' },
})

const aMarketplace = (parts: Partial<Marketplace>): Marketplace => ({
  ...{ countries: [], sellers: [], documents: [], closings: [] },
  ...parts,
})

async function expectStripeAgrees(stack: Stack, marketplace: Marketplace): Promise<void> {
  expect(await receivedAtStripe(stack)).toEqual(receivedFrom(await expectedOf(marketplace, NOW)))
  const { currencies, disagreements } = await ledgerProof(stack.database)
  expect(currencies.filter(({ sum }) => sum !== 0n)).toEqual([])
  expect(disagreements).toEqual([])
}

/** What providers owe us, by the ledger. */
async function receivablesOf({ database }: Stack): Promise<readonly string[]> {
  const { rows } = await sql<{ line: string }>`
    select concat_ws(' ', account, currency, sum(amount)) as line from ledger_postings
    where account like 'receivable:%' group by account, currency having sum(amount) <> 0 order by 1`.execute(database)
  return rows.map(({ line }) => line)
}

async function setOffsOf({ database }: Stack): Promise<readonly string[]> {
  const { rows } = await sql<{ line: string }>`
    select concat_ws(' ', booking_id, set_off) as line from payouts order by booking_id, sequence`.execute(database)
  return rows.map(({ line }) => line)
}
