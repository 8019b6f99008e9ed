import { expect } from '@jest/globals'
import { ledgerProof } from '@remesa/database/ledger'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { sql } from 'kysely'
import type { Stack } from '../../src/stack/stack.ts'
import { type ExpectedBooking, expectedBookings, receivedFrom } from './expected-bookings.ts'
import { withFiles } from './write-marketplace.ts'

// Both sides of what providers of bookings receive: what files say, and what Stripe's sandbox says.

/** By way of files, from which alone it is reckoned. */
export const expectedOf = (marketplace: Marketplace, now: Temporal.Instant): Promise<readonly ExpectedBooking[]> =>
  withFiles(marketplace, (directory) => expectedBookings(directory, now.toString()))

/** What Stripe's sandbox made less what it took back, minor units by account and currency. */
export async function receivedAtStripe({ sandbox }: Stack): Promise<ReadonlyMap<string, bigint>> {
  const { payments, reversals } = (await sandbox.books()).stripe
  const received = new Map<string, bigint>()
  const accounts = new Map(payments.map(({ paymentId, account }) => [paymentId, account]))
  const add = (account: string | undefined, currency: string, amount: bigint): void => {
    const key = `${account} ${currency}`
    received.set(key, (received.get(key) ?? 0n) + amount)
  }
  for (const { account, currency, amount } of payments) add(account, currency, digitsOf(amount))
  for (const { transferId, currency, amount } of reversals) add(accounts.get(transferId), currency, -digitsOf(amount))
  return new Map([...received].filter(([, amount]) => amount !== 0n))
}

const digitsOf = (amount: string): bigint => BigInt(amount.replace('.', ''))

/** Nobody paid twice, nobody forgotten, nobody paid who should not be: Stripe's books are the whole truth. */
export async function expectRightPayouts(stack: Stack, expected: readonly ExpectedBooking[]): Promise<void> {
  const ours = await standingOf(stack)
  // A dispute that is heard of only after the transfer finds it made, and is open: how much of it depends on what was
  // known by then. Never more than is due.
  const settled = expected.map((booking): ExpectedBooking => {
    const sent = ours.get(booking.bookingId)?.sent ?? 0n
    if (booking.status !== 'on_hold' || sent === 0n) return booking
    expect([booking.bookingId, sent <= booking.due]).toEqual([booking.bookingId, true])
    return { ...booking, status: 'transferred', due: sent }
  })
  expect([...(await receivedAtStripe(stack))].sort()).toEqual([...receivedFrom(settled)].sort())
  for (const { bookingId, status, due } of settled) {
    const { sent = 0n, open = 0n } = ours.get(bookingId) ?? {}
    const isSent = status === 'transferred'
    expect([bookingId, sent]).toEqual([bookingId, isSent ? due : 0n])
    if (!isSent) expect([bookingId, open]).toEqual([bookingId, due])
  }
  await expectLedgerAgrees(stack)
}

/** Every entry sums to zero, and every balance is that of its postings. */
export async function expectLedgerAgrees({ database }: Pick<Stack, 'database'>): Promise<void> {
  const { currencies, disagreements } = await ledgerProof(database)
  expect(currencies.filter(({ sum }) => sum !== 0n)).toEqual([])
  expect(disagreements).toEqual([])
}

/** What was sent for each booking less what was taken back, and what is still to be, minor units. */
async function standingOf({ database }: Stack): Promise<ReadonlyMap<string, { sent: bigint; open: bigint }>> {
  const { rows } = await sql<{ bookingId: string; sent: bigint; open: bigint }>`
    select booking_id as "bookingId",
      coalesce(sum(amount - corrected) filter (where status = 'transferred'), 0)::bigint as sent,
      coalesce(sum(amount) filter (where status in ('scheduled', 'on_hold', 'processing', 'failed')), 0)::bigint as open
    from payouts group by booking_id`.execute(database)
  return new Map(rows.map(({ bookingId, ...standing }) => [bookingId, standing]))
}
