import { coolingUntil } from '@remesa/domain/cooling'
import type { OperationType, SellerStatus } from '@remesa/domain/seller'
import type { BlockedReason, SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql, type Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import type { Schema } from './schema.ts'

// The rows of seller balances that are being claimed.

const ACTOR = 'pay-seller-balance'

/** A balance that is asked for, with its seller, both locked. */
export interface PayableRow {
  id: string
  status: SellerBalanceStatus
  seller_id: string
  country: string
  business_date: string
  currency: string
  amount_owed: bigint | null
  attempts: number
  funds_refusals: number
  next_try_at: Date | null
  legal_name: string
  tax_id: string
  operation_type: OperationType
  seller_status: SellerStatus
  fpay_id: string | null
  payoneer_payee_id: string | null
  blocked_reason: BlockedReason | null
  /** When the seller's account came in the place of another; null: never, or two people let it pass. */
  account_changed_at: Date | null
  /** What the ledger says we owe this seller and have not sent, all its balances together. */
  payee_balance: bigint
}

/**
 * Puts those back to payable that were blocked for a changed account and whose time is over, or whom two people let pass. If
 * the account was changed again meanwhile, they are blocked anew.
 */
export async function wakeCooled(
  tx: Transaction<Schema>,
  rows: readonly PayableRow[],
  options: { coolingMs: number; now: Date },
): Promise<readonly PayableRow[]> {
  const cooled = rows.filter(
    ({ blocked_reason, next_try_at, account_changed_at }) =>
      blocked_reason === 'destination_changed' &&
      ((next_try_at !== null && next_try_at <= options.now) || !coolingUntil(account_changed_at, options)),
  )
  if (cooled.length === 0) return rows
  const ids = new Set(cooled.map(({ id }) => id))
  await sql`
    update seller_balances set status = 'payable', blocked_reason = null, next_try_at = null, updated_at = ${options.now}
    where id = any(${[...ids]}::uuid[])`.execute(tx)
  await recordAudit(
    tx,
    cooled.map((row) => change(row, 'seller_balance.released', 'payable', { blockedReason: null })),
  )
  return rows.map(
    (row): PayableRow =>
      ids.has(row.id) ? { ...row, status: 'payable', blocked_reason: null, next_try_at: null } : row,
  )
}

/** The seller is locked, too: an account that arrives at this moment must not find the balance not blocked yet. */
export async function lockPayables(tx: Transaction<Schema>, ids: readonly string[]): Promise<readonly PayableRow[]> {
  const { rows } = await sql<PayableRow>`
    select b.id, b.status, b.seller_id, b.country, b.business_date, b.currency, b.amount_owed, b.attempts,
      b.funds_refusals, b.next_try_at, s.legal_name, s.tax_id, s.operation_type, s.status as seller_status, s.fpay_id,
      s.payoneer_payee_id, b.blocked_reason, coalesce(l.balance, 0) as payee_balance,
      case when s.destination_release_id is null then s.destination_changed_at end as account_changed_at
    from seller_balances b
    join sellers s on s.id = b.seller_id
    left join ledger_payee_balances l on l.account = 'payee:' || b.seller_id and l.currency = b.currency
    where b.id = any(${ids}::uuid[])
    order by b.id
    for update of b skip locked for share of s skip locked`.execute(tx)
  return rows
}

/** Moves balances to where their claims, or what blocks them, put them. */
export async function updateBalances(
  tx: Transaction<Schema>,
  rows: readonly { id: string; status: string; reason: BlockedReason | null; until: Date | null; job: object }[],
  now: Date,
): Promise<void> {
  if (rows.length === 0) return
  await sql`
    update seller_balances b set status = r.status, blocked_reason = r.reason, next_try_at = r.until, updated_at = ${now},
      jobs = b.jobs || jsonb_build_object('payment', r.job)
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, status text, reason text, until timestamptz,
      job jsonb)
    where b.id = any(${rows.map(({ id }) => id)}::uuid[]) and b.id = r.id -- by index: an array can be counted
    `.execute(tx)
}

/** So that the sweep leaves alone what comes back by its own message. */
export async function waitUntil(
  tx: Transaction<Schema>,
  waiting: ReadonlyMap<string, { readonly at: Date }>,
): Promise<void> {
  if (waiting.size === 0) return
  await sql`
    update seller_balances b set next_try_at = w.at
    from unnest(${[...waiting.keys()]}::uuid[], ${[...waiting.values()].map(({ at }) => at)}::timestamptz[]) as w(id, at)
    where b.id = w.id`.execute(tx)
}

/** Ids that exist but were locked; an unknown id is left out, and its message has nothing to pay. */
export async function lockedByOthers(tx: Transaction<Schema>, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    select id from seller_balances where id = any(${ids}::uuid[])`.execute(tx)
  return rows.map(({ id }) => id)
}

/** An audit row of a balance that moves. */
export const change = (
  row: PayableRow,
  action: AuditRow['action'],
  to: SellerBalanceStatus,
  facts: object = {},
): AuditRow => ({
  actor: ACTOR,
  action,
  subject: { type: 'seller_balance', id: row.id },
  before: { status: row.status },
  after: { status: to, ...facts },
})
