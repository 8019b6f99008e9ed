import type { BookingOverride, BookingPayoutStatus } from '@remesa/domain/booking-payout'
import { sql, type Transaction } from 'kysely'
import type { SeenPayout } from './approvals.ts'
import { endedByCancel } from './booking-overrides.ts'
import { type BookingPayout, findPayout, findPayouts, payoutOf } from './booking-payouts.ts'
import { findAndLock } from './bookings.ts'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

export interface PayoutFilter {
  readonly status?: BookingPayoutStatus
  readonly providerId?: string
  readonly bookingId?: string
  /** The last id of the page before. */
  readonly after?: string
  readonly limit: number
}

/** Payouts, newest first; an id in `after` that does not exist has none after it. */
export async function listPayouts(connection: Database, which: PayoutFilter): Promise<readonly BookingPayout[]> {
  let query = connection.selectFrom('payouts').selectAll()
  if (which.status) query = query.where('status', '=', which.status)
  if (which.providerId !== undefined) query = query.where('provider_id', '=', which.providerId)
  if (which.bookingId !== undefined) query = query.where('booking_id', '=', which.bookingId)
  if (which.after) {
    // By the row itself: the driver's dates have milliseconds, PostgreSQL's microseconds.
    query = query.where(sql<boolean>`(created_at, id) < (select created_at, id from payouts where id = ${which.after})`)
  }
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(which.limit).execute()
  return rows.map(payoutOf)
}

/**
 * Locks everything about a payout's booking, as all do who decide about it.
 * @param action - what is to be done with it
 * @returns the payout as it stands now, with what a person who decides about it has to have seen
 */
export async function lockPayout(
  tx: Transaction<Schema>,
  id: string,
  action: BookingOverride,
): Promise<{ readonly payout: BookingPayout; readonly seen: SeenPayout } | undefined> {
  const found = await tx.selectFrom('payouts').select('booking_id').where('id', '=', id).executeTakeFirst()
  if (!found) return undefined
  const bookingId = found.booking_id
  await findAndLock(tx, bookingId)
  const payout = await findPayout(tx, id) // under the lock
  if (!payout) return undefined
  const disputes = await tx
    .selectFrom('disputes')
    .select('dispute_id')
    .where('booking_id', '=', bookingId)
    .where('resolved_at', 'is', null)
    .orderBy(sql`dispute_id collate "C"`)
    .execute()
  const { status, amount, currency } = payout
  const sums = action === 'cancel' ? endedByCancel(await findPayouts(tx, bookingId)) : [{ amount, currency }]
  return { payout, seen: { status, amount, currency, openDisputes: disputes.map((row) => row.dispute_id), sums } }
}
