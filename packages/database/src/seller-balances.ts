import { chooseRail } from '@remesa/domain/bank-choice'
import type { ClosingMatch } from '@remesa/domain/closing'
import { currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { OperationType, SellerStatus } from '@remesa/domain/seller'
import {
  type BlockedReason,
  mayBecome,
  RELEASED_BY,
  type SellerBalanceStatus,
  statusAfterRelease,
} from '@remesa/domain/seller-balance'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { resolveAlerts } from './finance-alerts.ts'
import type { JobName, JobNote, Schema } from './schema.ts'

/** What is owed to one seller, in one country, for one business date, and how far it has come. */
export interface SellerBalance {
  readonly sellerBalanceId: string
  readonly runId: string
  readonly sellerId: string
  readonly gscSellerId: string
  readonly country: string
  readonly businessDate: string
  readonly status: SellerBalanceStatus
  /** Null until its documents are read. */
  readonly owed: Money | null
  readonly blockedReason: BlockedReason | null
  readonly closingMatch: ClosingMatch | null
  readonly jobs: Partial<Record<JobName, JobNote>>
  readonly updatedAt: Date
}

export async function findBalance(database: Database, sellerBalanceId: string): Promise<SellerBalance | undefined> {
  return (await selectBalances(database, sql`b.id = ${sellerBalanceId}`, 1))[0]
}

/**
 * Balances of a business date that are in one of these statuses, those that changed longest ago first: what a run
 * still waits for, and since when.
 */
export async function findBalancesByStatus(
  database: Database,
  { businessDate, statuses, limit }: { businessDate: string; statuses: readonly SellerBalanceStatus[]; limit: number },
): Promise<readonly SellerBalance[]> {
  return selectBalances(database, sql`b.business_date = ${businessDate} and b.status = any(${statuses}::text[])`, limit)
}

/** What a job did last for a balance, for people. */
export interface JobRun {
  readonly sellerBalanceId: string
  readonly messageId: string | null
  readonly finished: boolean
  readonly successful: boolean
  /** Without secrets or personal data: operators read it. */
  readonly error: string | null
}

/** Notes what a job did last, in one statement for all; the last note of a balance stands. */
export async function noteJobs(
  tx: Transaction<Schema>,
  job: JobName,
  runs: readonly JobRun[],
  now: Date,
): Promise<void> {
  const notes = new Map(
    runs.map(({ sellerBalanceId, ...run }) => [sellerBalanceId, { ...run, lastExecution: now.toISOString() }]),
  )
  if (notes.size === 0) return
  // Rows are locked in the order of their ids, as everywhere, so that two batches cannot wait in a circle.
  const rows = [...notes].map(([id, note]) => ({ id, note })).sort((a, b) => (a.id < b.id ? -1 : 1))
  await sql`
    with told as (
      select id, note from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t(id uuid, note jsonb)
    ), locked as (
      select b.id from seller_balances b join told using (id) order by b.id for no key update of b
    )
    update seller_balances b set jobs = b.jobs || jsonb_build_object(${job}::text, told.note)
    from told join locked using (id) where b.id = told.id`.execute(tx)
}

/**
 * Puts the balances of these sellers that were blocked for what the seller lacked back to `payable`, as far as a rail
 * can pay them now. Call it where the seller is changed, in the same transaction.
 * @returns the balances to pay
 */
export async function releaseBlocked(
  tx: Transaction<Schema>,
  sellerIds: readonly string[],
  actor: string,
): Promise<readonly string[]> {
  if (sellerIds.length === 0) return []
  // Locks also what is payable: at this moment it may be being blocked by somebody who read the seller before us.
  const { rows } = await sql<BlockableRow>`
    ${selectBlockable}
    where b.seller_id = any(${sellerIds}::uuid[]) and b.status in ('payable', 'awaiting_funds', 'blocked')
    order by b.id for update of b`.execute(tx)
  const releasable = rows.filter(
    (row) =>
      row.blocked_reason !== null &&
      RELEASED_BY[row.blocked_reason] === 'seller_update' &&
      !('blocked' in chooseRail(sellerOf(row), { currency: currencyOf(row.currency) })),
  )
  const released = await release(tx, releasable, { actor, reason: 'the seller can be paid now' })
  return released.map(({ sellerBalanceId }) => sellerBalanceId)
}

/**
 * Lets blocked balances go on because a person says so: to payment, or to be read from NetSuite again.
 * @returns those that were blocked, and where they stand now
 */
export async function releaseByHand(
  tx: Transaction<Schema>,
  ids: readonly string[],
  decision: { actor: string; reason: string },
): Promise<readonly { sellerBalanceId: string; status: SellerBalanceStatus }[]> {
  const { rows } = await sql<BlockableRow>`
    ${selectBlockable} where b.id = any(${ids}::uuid[]) and b.status = 'blocked'
    order by b.id for update of b`.execute(tx)
  return release(tx, rows, decision)
}

interface BlockableRow {
  id: string
  currency: string
  blocked_reason: BlockedReason | null
  operation_type: OperationType
  status: SellerStatus
  fpay_id: string | null
  payoneer_payee_id: string | null
}

const selectBlockable = sql`
  select b.id, b.currency, b.blocked_reason, s.operation_type, s.status, s.fpay_id, s.payoneer_payee_id
  from seller_balances b join sellers s on s.id = b.seller_id`

const sellerOf = (row: BlockableRow) => ({
  operationType: row.operation_type,
  status: row.status,
  fpayId: row.fpay_id,
  payoneerPayeeId: row.payoneer_payee_id,
})

async function release(
  tx: Transaction<Schema>,
  rows: readonly BlockableRow[],
  { actor, reason }: { actor: string; reason: string },
): Promise<readonly { sellerBalanceId: string; status: SellerBalanceStatus }[]> {
  const steps = rows.flatMap(({ id, blocked_reason: blockedReason }) =>
    blockedReason ? [{ id, blockedReason, status: statusAfterRelease(blockedReason) }] : [],
  )
  if (steps.length === 0) return []
  const forbidden = steps.find(({ status }) => !mayBecome('blocked', status))
  if (forbidden) throw new Error(`a blocked seller balance never becomes ${forbidden.status}`)
  await sql`
    update seller_balances b set status = t.status, blocked_reason = null, next_try_at = null, updated_at = now()
    from jsonb_to_recordset(${JSON.stringify(steps)}::jsonb) as t(id uuid, status text) where b.id = t.id`.execute(tx)
  await recordAudit(
    tx,
    steps.map(({ id, blockedReason, status }) => ({
      actor,
      action: 'seller_balance.released',
      subject: { type: 'seller_balance', id },
      reason,
      before: { status: 'blocked', blockedReason },
      after: { status },
    })),
  )
  await resolveAlerts(tx, {
    dedupKeys: steps.map(({ id, blockedReason }) => `${blockedReason}:seller-balance:${id}`),
    note: reason,
  })
  return steps.map(({ id, status }) => ({ sellerBalanceId: id, status }))
}

async function selectBalances(
  database: Database,
  which: ReturnType<typeof sql>,
  limit: number,
): Promise<readonly SellerBalance[]> {
  const { rows } = await sql<{
    id: string
    run_id: string
    seller_id: string
    gsc_seller_id: string
    country: string
    business_date: string
    currency: string
    status: SellerBalanceStatus
    amount_owed: bigint | null
    blocked_reason: BlockedReason | null
    closing_match: ClosingMatch | null
    jobs: SellerBalance['jobs']
    updated_at: Date
  }>`
    select b.*, s.gsc_seller_id from seller_balances b join sellers s on s.id = b.seller_id
    where ${which} order by b.updated_at, b.id limit ${limit}`.execute(database)
  return rows.map((row) => ({
    sellerBalanceId: row.id,
    runId: row.run_id,
    sellerId: row.seller_id,
    gscSellerId: row.gsc_seller_id,
    country: row.country,
    businessDate: row.business_date,
    status: row.status,
    owed: row.amount_owed === null ? null : { amount: row.amount_owed, currency: currencyOf(row.currency) },
    blockedReason: row.blocked_reason,
    closingMatch: row.closing_match,
    jobs: row.jobs,
    updatedAt: row.updated_at,
  }))
}
