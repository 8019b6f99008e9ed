import { type BookingPayoutStatus, mayBecome } from '@remesa/domain/booking-payout'
import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import { type Selectable, sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

// The rows of bookings' payouts, and every move they make. Whoever moves one holds its booking; one in `processing` is
// moved under the lock of its transfer besides, for the transfer's answer comes without the booking.

/** What a provider is paid for a booking, or for what became due of it later. */
export interface BookingPayout {
  readonly payoutId: string
  readonly bookingId: string
  /** 1 is the booking's own. */
  readonly sequence: number
  readonly providerId: string
  readonly currency: Currency
  readonly status: BookingPayoutStatus
  /** Gross, minor units. */
  readonly amount: bigint
  /** Of the amount: kept back against what the provider owes us. */
  readonly setOff: bigint
  /** Of the amount: taken back after it was transferred, or being taken back. */
  readonly corrected: bigint
  readonly dueAt: Date
  readonly holdReason: string | null
  readonly heldBy: 'disputes' | 'operator' | null
  readonly overriddenDisputes: readonly string[]
  readonly cancelledBy: 'rules' | 'operator' | null
  readonly releasedAt: Date | null
  readonly failureReason: string | null
  readonly transferredAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

export async function findPayout(database: Database, payoutId: string): Promise<BookingPayout | undefined> {
  const row = await database.selectFrom('payouts').selectAll().where('id', '=', payoutId).executeTakeFirst()
  return row && payoutOf(row)
}

/** A booking's payouts in their sequence. */
export async function findPayouts(database: Database, bookingId: string): Promise<readonly BookingPayout[]> {
  const rows = await database
    .selectFrom('payouts')
    .selectAll()
    .where('booking_id', '=', bookingId)
    .orderBy('sequence')
    .execute()
  return rows.map(payoutOf)
}

export interface NewPayout {
  readonly bookingId: string
  readonly sequence: number
  readonly providerId: string
  readonly currency: Currency
  readonly amount: bigint
  readonly dueAt: Date
}

export async function insertPayout(tx: Transaction<Schema>, payout: NewPayout, now: Date): Promise<BookingPayout> {
  const row = await tx
    .insertInto('payouts')
    .values({
      booking_id: payout.bookingId,
      sequence: payout.sequence,
      provider_id: payout.providerId,
      currency: payout.currency,
      amount: payout.amount,
      due_at: payout.dueAt,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return payoutOf(row)
}

/** What changes beside the status; a hold, a release and an end each bring what the table asks of them. */
export type PayoutChange =
  | { readonly to: 'scheduled'; readonly dueAt?: Date; readonly overriddenDisputes?: readonly string[] }
  | { readonly to: 'on_hold'; readonly by: 'disputes' | 'operator'; readonly reason: string }
  | { readonly to: 'processing'; readonly setOff: bigint }
  /** All of it is kept back: nothing is sent. */
  | { readonly to: 'transferred'; readonly setOff: bigint }
  | { readonly to: 'cancelled'; readonly by: 'rules' | 'operator' }

/**
 * Moves a payout on from where the caller knows it to stand.
 * @throws when the state machine knows no such step, or the row does not stand there: a bug of ours
 */
export async function movePayout(
  tx: Transaction<Schema>,
  payout: BookingPayout,
  change: PayoutChange,
  now: Date,
): Promise<BookingPayout> {
  if (payout.status !== change.to && !mayBecome(payout.status, change.to)) {
    throw new Error(`payout ${payout.payoutId} never goes from ${payout.status} to ${change.to}`)
  }
  const row = await tx
    .updateTable('payouts')
    .set({ ...AT_REST, ...columnsOf(payout, change, now), status: change.to, updated_at: now })
    .where('id', '=', payout.payoutId)
    .where('status', '=', payout.status)
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new Error(`payout ${payout.payoutId} does not stand at ${payout.status}`)
  return payoutOf(row)
}

/** Of every status but those that say otherwise. */
const AT_REST = {
  set_off: 0n,
  hold_reason: null,
  held_by: null,
  cancelled_by: null,
  released_at: null,
  failure_reason: null,
  transferred_at: null,
  look_wanted: false,
  swept_until: null,
} as const

function columnsOf(payout: BookingPayout, change: PayoutChange, now: Date) {
  switch (change.to) {
    case 'scheduled': {
      const { dueAt = payout.dueAt, overriddenDisputes = payout.overriddenDisputes } = change
      return { due_at: dueAt, overridden_disputes: [...overriddenDisputes] }
    }
    case 'on_hold': {
      const held = { held_by: change.by, hold_reason: change.reason }
      // A person's hold takes back what a person released by force: disputes that are still open hold it again after a resume.
      return change.by === 'operator' ? { ...held, overridden_disputes: [] } : held
    }
    case 'processing':
      return { set_off: change.setOff, released_at: now }
    case 'transferred':
      return { set_off: change.setOff, released_at: now, transferred_at: now }
    case 'cancelled':
      return { cancelled_by: change.by }
  }
}

/** What is owed changed before it went, or after it failed. */
export async function setPayoutAmount(
  tx: Transaction<Schema>,
  payout: BookingPayout,
  amount: bigint,
  now: Date,
): Promise<BookingPayout> {
  const row = await tx
    .updateTable('payouts')
    .set({ amount, updated_at: now })
    .where('id', '=', payout.payoutId)
    .where('status', '=', payout.status)
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new Error(`payout ${payout.payoutId} does not stand at ${payout.status}`)
  return payoutOf(row)
}

/** So much more of what was transferred is taken back. */
export async function addCorrection(
  tx: Transaction<Schema>,
  payout: BookingPayout,
  amount: bigint,
  now: Date,
): Promise<BookingPayout> {
  const row = await tx
    .updateTable('payouts')
    .set({ corrected: sql<bigint>`corrected + ${amount}`, updated_at: now })
    .where('id', '=', payout.payoutId)
    .where('status', '=', 'transferred')
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new Error(`payout ${payout.payoutId} is not transferred, and nothing of it can be taken back`)
  return payoutOf(row)
}

/** How the transfer of a payout ended. */
export interface EndedPayout {
  readonly payoutId: string
  /** Null: it was paid. */
  readonly failureReason: string | null
  /** Its booking wanted it back, and is to be looked at now. */
  readonly isWantedBack: boolean
}

/**
 * Ends payouts as their transfers ended. The caller holds the transfers.
 * @returns each as it was before
 * @throws when one is not in processing: a bug of ours
 */
export async function endPayouts(
  tx: Transaction<Schema>,
  ended: readonly EndedPayout[],
  now: Date,
): Promise<ReadonlyMap<string, BookingPayout>> {
  if (ended.length === 0) return new Map()
  const ids = ended.map(({ payoutId }) => payoutId)
  const before = await sql<PayoutRow>`
    select * from payouts where id = any(${ids}::uuid[]) and status = 'processing' order by id for update`.execute(tx)
  await sql`
    update payouts p set status = case when e."failureReason" is null then 'transferred' else 'failed' end,
      transferred_at = case when e."failureReason" is null then ${now}::timestamptz end,
      released_at = case when e."failureReason" is null then p.released_at end,
      set_off = case when e."failureReason" is null then p.set_off else 0 end,
      failure_reason = e."failureReason", look_wanted = e."isWantedBack", updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(ended)}::jsonb)
      as e("payoutId" uuid, "failureReason" text, "isWantedBack" boolean)
    where p.id = any(${ids}::uuid[]) and p.id = e."payoutId" and p.status = 'processing'`.execute(tx)
  const found = new Map(before.rows.map((row) => [row.id, payoutOf(row)]))
  const missing = ids.find((id) => !found.has(id))
  if (missing) throw new Error(`payout ${missing} is not in processing, and its transfer has ended`)
  return found
}

/** Its booking has been looked at; the caller holds it. */
export async function clearLookWanted(tx: Transaction<Schema>, bookingId: string): Promise<void> {
  await tx
    .updateTable('payouts')
    .set({ look_wanted: false })
    .where('booking_id', '=', bookingId)
    .where('look_wanted', '=', true)
    .execute()
}

type PayoutRow = Selectable<Schema['payouts']>

export const payoutOf = (row: PayoutRow): BookingPayout => ({
  payoutId: row.id,
  bookingId: row.booking_id,
  sequence: row.sequence,
  providerId: row.provider_id,
  currency: currencyOf(row.currency),
  status: row.status,
  amount: row.amount,
  setOff: row.set_off,
  corrected: row.corrected,
  dueAt: row.due_at,
  holdReason: row.hold_reason,
  heldBy: row.held_by,
  overriddenDisputes: row.overridden_disputes,
  cancelledBy: row.cancelled_by,
  releasedAt: row.released_at,
  failureReason: row.failure_reason,
  transferredAt: row.transferred_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
