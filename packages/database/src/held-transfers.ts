import {
  type DestinationPolicy,
  type HeldReason,
  heldReason,
  isFlagged,
  type StripeAccount,
} from '@remesa/domain/stripe-account'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import { markPending } from './payout-transfers.ts'
import type { Schema } from './schema.ts'

/** People hear once of an account that Stripe switched off, however many transfers wait for it. */
export const heldAlert = ({ userId, stripeAccountId, facts }: StripeAccount, reason: HeldReason): NewAlert => ({
  kind: 'destination_disabled',
  dedupKey: alertKey(userId),
  subject: { type: 'user', id: userId },
  businessDate: null,
  details: { stripeAccountId, reason, disabledReason: facts?.disabledReason ?? null },
})

/**
 * Looks again at what is held for these users. A transfer whose row another transaction has is left out, not waited for.
 * One that is being held there loses nothing: its accounts are read once this transaction has committed. One that was
 * held before, and is only asked for by a message, stays held until the payout scheduler's next run finds it. What waits
 * because a settlement named another account is for a person to release, and what waits because an account was changed
 * comes back by its own message.
 * @returns the transfers that are pending again, and the alerts to raise in the same transaction
 */
export async function releaseHeld(
  tx: Transaction<Schema>,
  accounts: readonly StripeAccount[],
  { now, policy, actor }: { now: Date; policy: DestinationPolicy; actor: string },
): Promise<{ released: readonly string[]; alerts: readonly NewAlert[] }> {
  const accountOf = new Map(accounts.map((account) => [account.userId, account]))
  const held = await lockHeld(tx, [...accountOf.keys()])
  const looked = held.map((transfer) => ({
    ...transfer,
    account: accountOf.get(transfer.user_id),
    lacks: heldReason(accountOf.get(transfer.user_id), policy),
  }))
  const ready = looked.filter(({ lacks }) => lacks === undefined)
  const other = looked.filter(({ lacks, held_reason }) => lacks !== undefined && lacks !== held_reason)
  const released = ready.map(({ id }) => id)
  await markPending(tx, released, now)
  await updateReasons(tx, other, now)
  await recordAudit(
    tx,
    [...ready, ...other].map(({ id, held_reason, lacks }) => ({
      actor,
      action: lacks ? 'payout_transfer.held' : 'payout_transfer.released',
      subject: { type: 'payout_transfer', id },
      before: { status: 'awaiting_destination', heldReason: held_reason },
      after: lacks ? { status: 'awaiting_destination', heldReason: lacks } : { status: 'pending' },
    })),
  )
  await resolveAlerts(tx, {
    dedupKeys: [...new Set(ready.map(({ user_id }) => alertKey(user_id)))],
    note: 'The account can receive again.',
  })
  const alerts = other.flatMap(({ account, lacks }) =>
    account && lacks && isFlagged(lacks) ? [[account.userId, heldAlert(account, lacks)] as const] : [],
  )
  return { released, alerts: [...new Map(alerts).values()] }
}

const alertKey = (userId: string): string => `destination_disabled:user:${userId}`

interface HeldRow {
  id: string
  user_id: string
  held_reason: HeldReason
}

async function lockHeld(tx: Transaction<Schema>, userIds: readonly string[]): Promise<readonly HeldRow[]> {
  if (userIds.length === 0) return []
  const { rows } = await sql<HeldRow>`
    select id, user_id, held_reason from payout_transfers
    where status = 'awaiting_destination' and held_reason not in ('account_differs', 'destination_changed') and user_id = any(${userIds}::text[])
    order by id for update skip locked`.execute(tx)
  return rows
}

async function updateReasons(
  tx: Transaction<Schema>,
  transfers: readonly { id: string; lacks: HeldReason | undefined }[],
  now: Date,
): Promise<void> {
  if (transfers.length === 0) return
  await sql`
    update payout_transfers t set held_reason = r.lacks, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(transfers)}::jsonb) as r(id uuid, lacks text)
    where t.id = r.id`.execute(tx)
}
