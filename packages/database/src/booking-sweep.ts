import { sql, type Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/**
 * Takes bookings with a payout that is due and in nobody's hands, or that ended while it was wanted back: the message that
 * would have them looked at was lost. The caller has them looked at in the
 * same transaction. Each is left alone for a while after, so that a long queue is not filled with copies; a copy is harmless.
 * @param options.dueBefore - by the clock of the booking rules, with what a timer may be late
 */
export async function claimOverdueBookings(
  tx: Transaction<Schema>,
  { now, dueBefore, graceMs, limit }: { now: Date; dueBefore: Date; graceMs: number; limit: number },
): Promise<readonly string[]> {
  const { rows } = await sql<{ booking_id: string }>`
    update payouts p set swept_until = ${new Date(now.getTime() + graceMs)}
    where p.id in (
      select id from payouts where ((status = 'scheduled' and due_at <= ${dueBefore})
          or (look_wanted and updated_at <= ${new Date(now.getTime() - graceMs)}))
        and (swept_until is null or swept_until <= ${now})
      order by due_at, id limit ${limit} for update skip locked
    )
    returning p.booking_id`.execute(tx)
  return [...new Set(rows.map(({ booking_id }) => booking_id))]
}
