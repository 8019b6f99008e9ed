import type { Money } from '@remesa/domain/money'
import { sql, type Transaction } from 'kysely'
import { type PayoutTransfer, refuseUnmoved, type TransferRow, transferOf } from './payout-transfers.ts'
import type { Schema } from './schema.ts'

// What only bookings do with transfers: make one for a payout that is released, and take it back before it is claimed.

/**
 * Inserts the transfer of a payout that is being released, due at once.
 * @throws from the database when the payout is not in processing, owes another amount, or has a transfer that is not over
 */
export async function insertBookingTransfer(
  tx: Transaction<Schema>,
  { payoutId, userId, money }: { payoutId: string; userId: string; money: Money },
  now: Date,
): Promise<string> {
  const { id } = await tx
    .insertInto('payout_transfers')
    .values({
      payout_id: payoutId,
      user_id: userId,
      amount: money.amount,
      currency: money.currency,
      due_at: now,
      created_at: now,
      updated_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/**
 * Takes the transfers of a booking that have not ended, waiting for whoever has them: while they are held none is claimed,
 * and none's answer is recorded.
 */
export async function lockBookingTransfers(
  tx: Transaction<Schema>,
  bookingId: string,
): Promise<readonly PayoutTransfer[]> {
  const { rows } = await sql<TransferRow>`
    select t.*, p.booking_id from payout_transfers t join payouts p on p.id = t.payout_id
    where p.booking_id = ${bookingId} and t.status not in ('completed', 'failed_terminal', 'withdrawn')
    order by t.id for update of t`.execute(tx)
  return rows.map(transferOf)
}

/** Takes a transfer that nobody has claimed out of the queue, for good. The caller holds its row. */
export async function markWithdrawn(tx: Transaction<Schema>, transferId: string, now: Date): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    update payout_transfers set status = 'withdrawn', held_reason = null, next_try_at = null, due_at = null,
      withdraw_requested = false, updated_at = ${now}
    where id = ${transferId} and status in ('pending', 'awaiting_destination', 'retryable')
    returning id`.execute(tx)
  refuseUnmoved('withdrawn', [{ transferId }], new Set(rows.map(({ id }) => id)))
}

/** Says whether a booking wants its transfer back. The caller holds the row of a transfer that has not ended. */
export async function setWithdrawRequested(
  tx: Transaction<Schema>,
  transferId: string,
  isRequested: boolean,
  now: Date,
): Promise<void> {
  await tx
    .updateTable('payout_transfers')
    .set({ withdraw_requested: isRequested, updated_at: now })
    .where('id', '=', transferId)
    .execute()
}
