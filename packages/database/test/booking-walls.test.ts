import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'

// What the database refuses about bookings, whatever the code believes.

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

let bookings = 0
let booking = ''
beforeEach(async () => {
  bookings += 1
  booking = `b${bookings}`
  await run(`insert into bookings (booking_id, provider_id, currency, provider_share, completed_at)
    values ('${booking}', 'ana', 'USD', 100, now())`)
})

const run = async (statement: string): Promise<readonly { id: string }[]> => {
  const { rows } = await sql.raw<{ id: string }>(statement).execute(world.database)
  return rows
}

async function aPayout(changes = '', values = ''): Promise<string> {
  const [row] = await run(`insert into payouts (booking_id, sequence, provider_id, currency, amount, due_at${changes})
    values ('${booking}', 1, 'ana', 'USD', 100, now()${values}) returning id`)
  return row?.id ?? ''
}

const processing = (): Promise<string> => aPayout(', status, set_off, released_at', `, 'processing', 30, now()`)
const aTransfer = (payoutId: string, changes: { amount?: number; currency?: string; userId?: string } = {}) => {
  const { amount = 70, currency = 'USD', userId = 'ana' } = changes
  return run(`insert into payout_transfers (payout_id, user_id, amount, currency, due_at)
    values ('${payoutId}', '${userId}', ${amount}, '${currency}', now()) returning id`)
}

test('a transfer moves exactly what its payout released, to whom it said, and only while it is being released', async () => {
  const payoutId = await processing()
  for (const wrong of [{ amount: 71 }, { amount: 100 }, { currency: 'EUR' }, { userId: 'ben' }]) {
    await expect(aTransfer(payoutId, wrong)).rejects.toThrow(/not being released/)
  }
  await aTransfer(payoutId)
})

test('a payout that is not being released gets no transfer', async () => {
  await expect(aTransfer(await aPayout(), { amount: 100 })).rejects.toThrow(/not being released/)
})

test('of the transfers of one payout at most one may move money: the next comes after the last is withdrawn or has failed', async () => {
  const payoutId = await processing()
  await aTransfer(payoutId)
  await expect(aTransfer(payoutId)).rejects.toThrow(/payout_transfers_one_per_payout/)
  await run(`update payout_transfers set status = 'withdrawn', due_at = null where payout_id = '${payoutId}'`)
  await aTransfer(payoutId)
})

test('no release pays more than the booking’s share and the tips that were paid for it, in their currency', async () => {
  await processing()
  await run(`insert into payouts (booking_id, sequence, provider_id, currency, amount, due_at)
    values ('${booking}', 2, 'ana', 'USD', 7, now()), ('${booking}', 3, 'ana', 'EUR', 1, now())`)
  const release = (sequence: number) =>
    run(`update payouts set status = 'processing', released_at = now()
      where booking_id = '${booking}' and sequence = ${sequence}`)
  await run(`insert into tips values ('t-${booking}', '${booking}', 7, 'USD', now(), 'failed', now())`)
  await expect(release(2)).rejects.toThrow(/would pay 107 USD, and share and tips are 100/)
  await run(`update tips set status = 'paid' where tip_id = 't-${booking}'`)
  await release(2)
  await expect(release(3)).rejects.toThrow(/would pay 1 EUR, and share and tips are 0/)
})

test('a transfer keeps its payout, and its end as withdrawn', async () => {
  const payoutId = await processing()
  const [row] = await aTransfer(payoutId)
  for (const change of ['payout_id = null, job_id = gen_random_uuid()', 'amount = 1', `user_id = 'ben'`]) {
    await expect(run(`update payout_transfers set ${change} where id = '${row?.id}'`)).rejects.toThrow(/has ended as/)
  }
  await run(`update payout_transfers set status = 'withdrawn', due_at = null where id = '${row?.id}'`)
  await expect(
    run(`update payout_transfers set status = 'pending', due_at = now() where id = '${row?.id}'`),
  ).rejects.toThrow(/has ended as withdrawn/)
})

test('a transfer has one owner, and that of a contest is never withdrawn', async () => {
  await expect(
    run(`insert into payout_transfers (user_id, amount, currency, due_at) values ('ana', 5, 'USD', now())`),
  ).rejects.toThrow(/payout_transfers_one_owner/)
  await expect(
    run(`insert into payout_transfers (job_id, contest_id, user_id, amount, currency, status)
      values (gen_random_uuid(), 'c', 'ana', 5, 'USD', 'withdrawn')`),
  ).rejects.toThrow(/payout_transfers_withdrawn_of_bookings/)
})

test.each([
  ['amount = 101', 'what was released stays'],
  ['set_off = 0', 'what was kept back stays'],
  [`provider_id = 'ben'`, 'its provider stays'],
  [`status = 'transferred', transferred_at = now(), amount = 99`, 'also at its end'],
])('of a payout in processing %s is refused: %s', async (change) => {
  const payoutId = await processing()
  await expect(run(`update payouts set ${change} where id = '${payoutId}'`)).rejects.toThrow(/was to be changed/)
})

test('of a transferred payout only more may be taken back, and never more than it was', async () => {
  const payoutId = await processing()
  const update = (change: string) => run(`update payouts set ${change} where id = '${payoutId}'`)
  await update(`status = 'transferred', transferred_at = now()`)
  await update('corrected = 40')
  await expect(update('corrected = 39')).rejects.toThrow(/has ended as transferred/)
  await expect(update('corrected = 101')).rejects.toThrow(/payouts_check/)
  await expect(update(`status = 'scheduled', released_at = null, transferred_at = null`)).rejects.toThrow(/has ended/)
})

test('a cancelled payout stays so; nothing is taken back of what was never transferred', async () => {
  const payoutId = await aPayout()
  await expect(run(`update payouts set corrected = 1 where id = '${payoutId}'`)).rejects.toThrow(/payouts_check/)
  await run(`update payouts set status = 'cancelled', cancelled_by = 'operator' where id = '${payoutId}'`)
  await expect(
    run(`update payouts set status = 'scheduled', cancelled_by = null where id = '${payoutId}'`),
  ).rejects.toThrow(/has ended as cancelled/)
})

test('a booking is completed once, in one way; its account may be named later, once', async () => {
  const update = (change: string) => run(`update bookings set ${change} where booking_id = '${booking}'`)
  for (const change of [
    'provider_share = 101',
    `currency = 'EUR'`,
    `provider_id = 'ben'`,
    "completed_at = now() - interval '1 day'",
  ]) {
    await expect(update(change)).rejects.toThrow(/was completed otherwise/)
  }
  await update(`stripe_account_id = 'acct_1'`)
  await expect(update(`stripe_account_id = 'acct_2'`)).rejects.toThrow(/was completed otherwise/)
})

test('amounts are never negative, and a booking has one payout of each sequence', async () => {
  await aPayout()
  await expect(aPayout()).rejects.toThrow(/payouts_booking_id_sequence_key/)
  await expect(run(`update payouts set amount = -1 where booking_id = '${booking}'`)).rejects.toThrow(
    /check constraint/,
  )
  await expect(run(`insert into tips values ('t', '${booking}', 0, 'USD', now(), 'paid', now())`)).rejects.toThrow(
    /tips_amount_check/,
  )
})
