import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { DestinationPolicy } from '@remesa/domain/stripe-account'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { NewAlert } from './finance-alerts.ts'
import { releaseHeld } from './held-transfers.ts'
import type { Schema } from './schema.ts'
import { findStripeAccounts } from './user-stripe-accounts.ts'

/** A transfer that nobody seems to have in hand, and where it was left. */
export interface LeftTransfer {
  readonly transferId: string
  /** `pending`: its message was lost; `retryable`: and so was that of its next try; `processing`: its worker died. */
  readonly status: TransferStatus
}

/**
 * Takes transfers that are overdue, and those that were held although their accounts can receive, for the caller to put
 * on their way in the same transaction. Each is left alone for a while after, longer every time, so that of two
 * schedulers one gets it and a long queue is not filled with copies of itself; a copy is harmless all the same.
 * @param options.graceMs - how long its own message has to bring a due transfer to a worker
 * @param options.limit - of each kind
 */
export async function claimTransfersToQueue(
  tx: Transaction<Schema>,
  options: { now: Date; graceMs: number; limit: number; policy: DestinationPolicy },
): Promise<{ left: readonly LeftTransfer[]; released: readonly string[]; alerts: readonly NewAlert[] }> {
  const left = [...(await claimOverdue(tx, options)), ...(await claimCooled(tx, options))]
  const users = await usersToLookAtAgain(tx, options)
  const accounts = await findStripeAccounts(tx, users)
  const { released, alerts } = await releaseHeld(tx, [...accounts.values()], {
    now: options.now,
    policy: options.policy,
    actor: 'payout-scheduler',
  })
  return { left, released, alerts }
}

/**
 * Since when the transfer waits that waits longest for a worker, its next try being due; null when none waits. Those
 * that wait for Stripe's answer, or for their destination, are in nobody's queue.
 */
export async function findQueuedSince(database: Database, now: Date): Promise<Date | null> {
  const { rows } = await sql<{ since: Date | null }>`
    select min(coalesce(next_try_at, updated_at)) as since from payout_transfers
    where due_at is not null and status in ('pending', 'retryable') and (next_try_at is null or next_try_at <= ${now})
  `.execute(database)
  return rows[0]?.since ?? null
}

const HOUR_MS = 3_600_000

async function claimOverdue(
  tx: Transaction<Schema>,
  { now, graceMs, limit }: { now: Date; graceMs: number; limit: number },
): Promise<readonly LeftTransfer[]> {
  const { rows } = await sql<LeftTransfer>`
    update payout_transfers t
    set due_at = ${now}::timestamptz + least(${now}::timestamptz - t.updated_at, ${HOUR_MS} * interval '1 millisecond')
    where t.id in (
      select id from payout_transfers where due_at <= ${new Date(now.getTime() - graceMs)}
        -- While people have stopped the rail, messages come back by themselves; what may be out already goes on.
        and (status = 'processing' or not exists (select from rail_stops where rail = 'stripe' and stopped_at is not null))
      order by due_at, id limit ${limit} for update skip locked
    )
    returning t.id as "transferId", t.status`.execute(tx)
  return rows
}

/** What was held for a changed destination, and whose timer was lost. */
async function claimCooled(
  tx: Transaction<Schema>,
  { now, graceMs, limit }: { now: Date; graceMs: number; limit: number },
): Promise<readonly LeftTransfer[]> {
  const { rows } = await sql<LeftTransfer>`
    update payout_transfers t set updated_at = ${now} where t.id in (
      select id from payout_transfers
      where held_reason = 'destination_changed' and next_try_at <= ${new Date(now.getTime() - graceMs)}
        and updated_at + least(greatest(updated_at - next_try_at, ${graceMs} * interval '1 millisecond'),
          interval '1 hour') <= ${now}
      order by next_try_at, id limit ${limit} for update skip locked
    )
    returning t.id as "transferId", t.status`.execute(tx)
  return rows
}

/**
 * Only a first sieve, by index: whether an account is ready is for the domain to say. Beside accounts that can receive,
 * those of which Stripe told when the transfer's row was in other hands: what is held there must not go on saying that
 * nothing is known.
 */
async function usersToLookAtAgain(
  tx: Transaction<Schema>,
  { limit, policy }: { limit: number; policy: DestinationPolicy },
): Promise<readonly string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select distinct t.user_id from payout_transfers t join user_stripe_accounts a on a.user_id = t.user_id
    where t.status = 'awaiting_destination' and t.held_reason not in ('account_differs', 'destination_changed') and (
        (a.transfers_active and (a.payouts_enabled or not ${policy.payoutsMustBeEnabled}::boolean))
        or (t.held_reason in ('no_account', 'account_unverified') and a.last_event_created is not null))
    order by t.user_id limit ${limit}`.execute(tx)
  return rows.map(({ user_id }) => user_id)
}
