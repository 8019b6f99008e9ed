import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { sql } from 'kysely'
import { bookingsSoFar } from '../src/booking-events.ts'
import { untilBooked } from '../src/bookings.ts'
import { untilPaid } from '../src/pay-day.ts'
import { aPayableBalance } from '../src/testing/sellers.ts'
import { startWorld, type World } from '../src/testing/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

test('a pay-day that is stuck counts each balance once and says in its job’s own words what holds it', async () => {
  const balance = await aPayableBalance(world)
  const note = JSON.stringify({ payment: { error: 'fpay, submit payout: no answer' } })
  await sql`update seller_balances set jobs = ${note} where id = ${balance.sellerBalanceId}`.execute(world.database)
  for (const generation of [1, 2]) {
    await sql`
      insert into payment_attempts (payable_type, payable_id, rail, generation, idempotency_key, amount, currency, destination,
        instruction, state, refusal_reason, first_called_at)
      values ('seller_balance', ${balance.sellerBalanceId}, 'fpay', ${generation}, ${`key-${generation}`}, 100000, 'CLP', 'FP-1',
        '{}', 'declined', 'BANK_UNAVAILABLE', now())`.execute(world.database)
  }
  const stack = { database: world.database, casualties: async () => [] }
  const watching = untilPaid(stack, businessDate(balance.businessDate), { patienceMs: 0, onProgress: () => {} })
  await expect(watching).rejects.toThrow(
    `1 balances are payable, e.g. ${balance.sellerBalanceId}, last: fpay, submit payout: no answer`,
  )
})

test('bookings that are stuck say what was not heard of, which payouts should move, and why they do not', async () => {
  const { database } = world
  await sql`
    insert into bookings (booking_id, provider_id, currency, provider_share, completed_at)
    values ('B1', 'P1', 'USD', 500, '2026-11-01T12:00:00Z')`.execute(database)
  await sql`
    insert into payouts (booking_id, sequence, provider_id, currency, amount, due_at, status, hold_reason, held_by)
    values ('B1', 1, 'P1', 'USD', 500, '2026-11-03T12:00:00Z', 'on_hold', 'Dispute Open', 'disputes')`.execute(database)
  const booking = { providerId: 'P1', stripeAccountId: null, currency: 'USD', providerShare: '5' }
  const marketplace = {
    ...{ countries: [], sellers: [], documents: [], closings: [] },
    bookings: ['B1', 'B2'].map((bookingId) => ({ ...booking, bookingId, completedAt: '2026-11-01T12:00:00Z' })),
  }
  const now = new Date('2026-11-04T12:00:00Z')
  const pubsub = { host: '', child: undefined, figures: async () => undefined, backlogs: async () => undefined }
  const stack = {
    ...{ database, casualties: async () => [], rulesNow: () => now },
    pubsub: { ...pubsub, setKnobs: async () => {} },
  }
  const watching = untilBooked(stack, bookingsSoFar(marketplace, now), { patienceMs: 0, onProgress: () => {} })
  await expect(watching).rejects.toThrow(
    'of 2 bookings 1 were heard of\n1 payouts are on_hold, e.g. of booking B1, last: Dispute Open',
  )
})
