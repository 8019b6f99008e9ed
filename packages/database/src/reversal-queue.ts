import type { ReversalStatus } from '@remesa/domain/payout-reversal'
import { sql, type Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/** A reversal that nobody seems to have in hand, and where it was left. */
export interface LeftReversal {
  readonly reversalId: string
  /** `pending`: its message was lost; `retryable`: that of its next try; `processing`: its worker died. */
  readonly status: ReversalStatus
}

const HOUR_MS = 3_600_000

/**
 * Takes reversals that are overdue, for the caller to put on their way in the same transaction. Each is left alone for a
 * while after, longer every time, so that of two schedulers one gets it; a copy is harmless all the same.
 * @param options.graceMs - how long its own message has to bring a due reversal to a worker
 */
export async function claimReversalsToQueue(
  tx: Transaction<Schema>,
  { now, graceMs, limit }: { now: Date; graceMs: number; limit: number },
): Promise<readonly LeftReversal[]> {
  const { rows } = await sql<LeftReversal>`
    update payout_reversals r
    set due_at = ${now}::timestamptz + least(${now}::timestamptz - r.updated_at, ${HOUR_MS} * interval '1 millisecond')
    where r.id in (
      select id from payout_reversals where due_at <= ${new Date(now.getTime() - graceMs)}
      order by due_at, id limit ${limit} for update skip locked
    )
    returning r.id as "reversalId", r.status`.execute(tx)
  return rows
}
