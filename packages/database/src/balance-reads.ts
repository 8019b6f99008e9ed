import type { ClosingMatch } from '@remesa/domain/closing'
import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { RailName } from '@remesa/domain/rail'
import type { SellerBalanceStatus } from '@remesa/domain/seller-balance'
import type { SellerDocument } from '@remesa/domain/seller-documents'
import { sql, type Transaction } from 'kysely'
import { listAlerts } from './alert-reads.ts'
import { type AuditEntry, auditOfSubjects } from './audit-rows.ts'
import type { Database } from './connection.ts'
import type { FinanceAlert } from './finance-alerts.ts'
import { type AttemptView, attemptsOf, type LedgerEntryView, ledgerOf } from './payable-story.ts'
import type { JobName, JobNote, Schema } from './schema.ts'
import { isUuid, sellersMatching } from './seller-reads.ts'

// Balances as people look through them, and one with its whole history.

export interface BalanceView {
  readonly id: string
  readonly seller: {
    readonly id: string
    readonly gscSellerId: string
    readonly name: string
    /** In full; whoever shows it masks it. */
    readonly taxId: string
  }
  readonly country: string
  readonly businessDate: string
  /** Null until its documents are read. */
  readonly money: Money | null
  readonly status: SellerBalanceStatus
  /** Why it is blocked; or why the rail refused it last, for one that is not paid. */
  readonly reason: string | null
  /** Of its last attempt. */
  readonly rail: RailName | null
  readonly updatedAt: Date
}

export interface BalanceFilter {
  readonly status?: SellerBalanceStatus
  readonly sellerId?: string
  readonly date?: string
  readonly country?: string
  readonly currency?: string
  /** An id of the balance or of its seller, a tax id, or words of the seller's name. */
  readonly q?: string
  /** Minor units, both inclusive. */
  readonly min?: bigint
  readonly max?: bigint
  /** The last id of the page before. */
  readonly after?: string
  readonly limit: number
}

const COLUMNS = sql`
  b.id, b.seller_id, s.gsc_seller_id, s.legal_name, s.tax_id, b.country, b.business_date, b.currency, b.amount_owed,
  b.status, b.updated_at, a.rail,
  coalesce(b.blocked_reason, case when b.status in ('failed', 'returned', 'awaiting_funds', 'payable')
    then a.refusal_reason end) as reason`
const LAST_ATTEMPT = sql`
  left join lateral (
    select rail, refusal_reason from payment_attempts where payable_type = 'seller_balance' and payable_id = b.id
    order by generation desc limit 1
  ) a on true`

/** Balances, the newest business date first; an id in `after` that does not exist has none after it. */
export async function listBalances(database: Database, which: BalanceFilter): Promise<readonly BalanceView[]> {
  const conditions = [
    which.status && sql`status = ${which.status}`,
    which.sellerId && sql`seller_id = ${which.sellerId}`,
    which.date && sql`business_date = ${which.date}`,
    which.country && sql`country = ${which.country}`,
    which.currency && sql`currency = ${which.currency}`,
    which.min !== undefined && sql`amount_owed >= ${which.min}`,
    which.max !== undefined && sql`amount_owed <= ${which.max}`,
    which.q !== undefined && meantBy(which.q),
    which.after && sql`(business_date, id) < (select business_date, id from seller_balances where id = ${which.after})`,
  ].filter((condition) => typeof condition === 'object')
  // The page is cut before anything is joined to it.
  const { rows } = await sql<Row>`
    with b as materialized (
      select * from seller_balances where ${sql.join([sql`true`, ...conditions], sql` and `)}
      order by business_date desc, id desc limit ${which.limit}
    )
    select ${COLUMNS} from b join sellers s on s.id = b.seller_id ${LAST_ATTEMPT}
    order by b.business_date desc, b.id desc`.execute(database)
  return rows.map(viewOf)
}

const meantBy = (q: string) =>
  isUuid(q) ? sql`(id = ${q} or seller_id = ${q})` : sql`seller_id in (${sellersMatching(q)})`

/** One balance as a list has it; within a transaction, as it stands there. */
export async function findBalanceView(connection: Database, id: string): Promise<BalanceView | undefined> {
  const { rows } = await sql<Row>`
    select ${COLUMNS} from seller_balances b join sellers s on s.id = b.seller_id ${LAST_ATTEMPT}
    where b.id = ${id}`.execute(connection)
  return rows[0] && viewOf(rows[0])
}

/** All that is known of a balance, in one snapshot. */
export interface BalanceStory {
  readonly balance: BalanceView
  readonly currency: Currency
  readonly documents: readonly SellerDocument[]
  readonly closing: {
    readonly settlementId: string | null
    readonly money: Money | null
    readonly receivedAt: Date | null
    readonly match: ClosingMatch | null
  }
  readonly counted: { readonly refusals: number; readonly fundsRefusals: number; readonly statusChecks: number }
  readonly nextTryAt: Date | null
  /** Until then its rail rests. */
  readonly railPausedUntil: Date | null
  /** By a person. */
  readonly isRailStopped: boolean
  readonly erp: { readonly toldAt: Date | null; readonly vendorPaymentId: string | null }
  readonly gscToldAt: Date | null
  readonly createdAt: Date
  readonly jobs: Partial<Record<JobName, JobNote>>
  readonly attempts: readonly AttemptView[]
  readonly ledger: readonly LedgerEntryView[]
  readonly audit: readonly AuditEntry[]
  readonly alerts: readonly FinanceAlert[]
}

/** More alerts than any balance ever has. */
const ALL_ALERTS = 500

/** @returns undefined when there is no such balance */
export async function findBalanceStory(database: Database, id: string): Promise<BalanceStory | undefined> {
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((tx) => storyOf(tx, id))
}

async function storyOf(tx: Transaction<Schema>, id: string): Promise<BalanceStory | undefined> {
  const { rows } = await sql<StoryRow>`
    select ${COLUMNS}, b.attempts, b.funds_refusals, b.status_checks, b.next_try_at, b.erp_told_at,
      b.erp_vendor_payment_id, b.gsc_told_at, b.created_at, b.jobs, b.closing_match, k.settlement_id,
      k.amount as closing_amount, k.currency as closing_currency, k.received_at as closing_received_at, r.paused_until, o.stopped_at
    from seller_balances b join sellers s on s.id = b.seller_id ${LAST_ATTEMPT}
    left join rails r on r.name = coalesce(a.rail, case s.operation_type when 'local' then 'fpay' else 'payoneer' end)
    left join rail_stops o on o.rail = r.name
    left join seller_closings k on k.gsc_seller_id = s.gsc_seller_id and k.country = b.country
      and k.business_date = b.business_date
    where b.id = ${id}`.execute(tx)
  const [row] = rows
  if (!row) return undefined
  const payable = { type: 'seller_balance', id }
  return {
    balance: viewOf(row),
    currency: currencyOf(row.currency),
    documents: await documentsOf(tx, id),
    closing: {
      settlementId: row.settlement_id,
      money:
        row.closing_amount === null || row.closing_currency === null
          ? null
          : { amount: row.closing_amount, currency: row.closing_currency },
      receivedAt: row.closing_received_at,
      match: row.closing_match,
    },
    counted: { refusals: row.attempts, fundsRefusals: row.funds_refusals, statusChecks: row.status_checks },
    nextTryAt: row.next_try_at,
    railPausedUntil: row.paused_until,
    isRailStopped: row.stopped_at !== null,
    erp: { toldAt: row.erp_told_at, vendorPaymentId: row.erp_vendor_payment_id },
    gscToldAt: row.gsc_told_at,
    createdAt: row.created_at,
    jobs: row.jobs,
    attempts: await attemptsOf(tx, [payable]),
    ledger: await ledgerOf(tx, [payable]),
    audit: await auditOfSubjects(tx, [payable]),
    alerts: await listAlerts(tx, { subject: payable, limit: ALL_ALERTS }),
  }
}

async function documentsOf(tx: Transaction<Schema>, id: string): Promise<readonly SellerDocument[]> {
  const rows = await tx
    .selectFrom('seller_balance_documents')
    .selectAll()
    .where('seller_balance_id', '=', id)
    .orderBy('type', 'desc')
    .orderBy('tran_id')
    .execute()
  return rows.map((row) => ({
    erpId: row.erp_id,
    type: row.type,
    tranId: row.tran_id,
    currency: currencyOf(row.currency),
    amount: row.amount,
  }))
}

interface Row {
  id: string
  seller_id: string
  gsc_seller_id: string
  legal_name: string
  tax_id: string
  country: string
  business_date: string
  currency: string
  amount_owed: bigint | null
  status: SellerBalanceStatus
  reason: string | null
  rail: RailName | null
  updated_at: Date
}

interface StoryRow extends Row {
  attempts: number
  funds_refusals: number
  status_checks: number
  next_try_at: Date | null
  erp_told_at: Date | null
  erp_vendor_payment_id: string | null
  gsc_told_at: Date | null
  created_at: Date
  jobs: Partial<Record<JobName, JobNote>>
  closing_match: ClosingMatch | null
  settlement_id: string | null
  closing_amount: bigint | null
  closing_currency: Currency | null
  closing_received_at: Date | null
  paused_until: Date | null
  stopped_at: Date | null
}

const viewOf = (row: Row): BalanceView => ({
  id: row.id,
  seller: { id: row.seller_id, gscSellerId: row.gsc_seller_id, name: row.legal_name, taxId: row.tax_id },
  country: row.country,
  businessDate: row.business_date,
  money: row.amount_owed === null ? null : { amount: row.amount_owed, currency: currencyOf(row.currency) },
  status: row.status,
  reason: row.reason,
  rail: row.rail,
  updatedAt: row.updated_at,
})
