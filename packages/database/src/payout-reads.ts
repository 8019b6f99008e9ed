import type { BookingPayoutStatus } from '@remesa/domain/booking-payout'
import { type Selectable, sql, type Transaction } from 'kysely'
import type { SeenPayout } from './approvals.ts'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** A booking's payout, as operators see it. Amounts are minor units of `currency`. */
export interface PayoutView {
  readonly id: string
  readonly bookingId: string
  /** 1 is the booking's own; what became due after that had gone is paid by further ones. */
  readonly sequence: number
  readonly providerId: string
  readonly status: BookingPayoutStatus
  /** Gross. */
  readonly amount: bigint
  /** Of the amount: kept back at release against what the provider owes us. */
  readonly setOff: bigint
  /** Of the amount: taken back after it was transferred, or being taken back. */
  readonly corrected: bigint
  readonly currency: string
  readonly dueAt: Date
  readonly holdReason: string | null
  readonly heldBy: 'disputes' | 'operator' | null
  /** Disputes that an operator released it in spite of. */
  readonly overriddenDisputes: readonly string[]
  readonly cancelledBy: 'rules' | 'operator' | null
  readonly failureReason: string | null
  readonly releasedAt: Date | null
  readonly transferredAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface PayoutFilter {
  readonly status?: BookingPayoutStatus
  readonly providerId?: string
  readonly bookingId?: string
  /** The last id of the page before. */
  readonly after?: string
  readonly limit: number
}

/** Payouts, newest first; an id in `after` that does not exist has none after it. */
export async function listPayouts(connection: Database, which: PayoutFilter): Promise<readonly PayoutView[]> {
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

export async function findPayout(connection: Database, id: string): Promise<PayoutView | undefined> {
  const row = await connection.selectFrom('payouts').selectAll().where('id', '=', id).executeTakeFirst()
  return row && payoutOf(row)
}

/**
 * Locks everything about a payout's booking, as all do who decide about it.
 * @returns the payout as it stands now, with what a person who decides about it has to have seen
 */
export async function lockPayout(
  tx: Transaction<Schema>,
  id: string,
): Promise<{ readonly payout: PayoutView; readonly seen: SeenPayout } | undefined> {
  const found = await tx.selectFrom('payouts').select('booking_id').where('id', '=', id).executeTakeFirst()
  if (!found) return undefined
  const bookingId = found.booking_id
  await tx.selectFrom('bookings').select('booking_id').where('booking_id', '=', bookingId).forUpdate().execute()
  const payout = await findPayout(tx, id)
  if (!payout) return undefined
  const disputes = await tx
    .selectFrom('disputes')
    .select('dispute_id')
    .where('booking_id', '=', bookingId)
    .where('resolved_at', 'is', null)
    .orderBy(sql`dispute_id collate "C"`)
    .execute()
  const { status, amount, currency } = payout
  return { payout, seen: { status, amount, currency, openDisputes: disputes.map((row) => row.dispute_id) } }
}

export const payoutOf = (row: Selectable<Schema['payouts']>): PayoutView => ({
  id: row.id,
  bookingId: row.booking_id,
  sequence: row.sequence,
  providerId: row.provider_id,
  status: row.status,
  amount: row.amount,
  setOff: row.set_off,
  corrected: row.corrected,
  currency: row.currency,
  dueAt: row.due_at,
  holdReason: row.hold_reason,
  heldBy: row.held_by,
  overriddenDisputes: row.overridden_disputes,
  cancelledBy: row.cancelled_by,
  failureReason: row.failure_reason,
  releasedAt: row.released_at,
  transferredAt: row.transferred_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
