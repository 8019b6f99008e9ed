import { currency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { Finding, FindingCategory, SideFacts } from '@remesa/domain/reconciliation'
import { type Selectable, sql, type Transaction } from 'kysely'
import { bigintAsString, recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { FindingStatus, ReconciliationTables } from './reconciliation-tables.ts'
import type { Schema } from './schema.ts'

/** A finding that is stored, and what people decided about it. */
export interface StoredFinding extends Finding {
  readonly id: bigint
  readonly reportId: string
  readonly status: FindingStatus
  readonly assignee: string | null
  readonly note: string | null
  readonly decidedAt: Date | null
}

/** One statement, whatever their number. */
export async function insertFindings(
  tx: Transaction<Schema>,
  reportId: string,
  findings: readonly Finding[],
): Promise<void> {
  if (findings.length === 0) return
  const rows = findings.map(
    ({ category, paymentId, refundId, stripe, database, over, under, source, isNotLookedUp, pendingRefund }) => ({
      ...{ category, payment_id: paymentId, refund_id: refundId, source },
      ...(isNotLookedUp && { note: 'not looked up in Stripe: there were too many' }),
      ...(pendingRefund && { note: PENDING[pendingRefund] }),
      ...side('stripe', stripe),
      ...side('database', database),
      ...{ over_currency: over?.currency, over_amount: over?.amount },
      ...{ under_currency: under?.currency, under_amount: under?.amount },
    }),
  )
  await sql`
    insert into reconciliation_findings (report_id, category, payment_id, refund_id, stripe_currency, stripe_amount,
      stripe_refunded, stripe_created, database_currency, database_amount, database_refunded, database_created,
      over_currency, over_amount, under_currency, under_amount, source, note)
    select ${reportId}, category, payment_id, refund_id, stripe_currency, stripe_amount, stripe_refunded, stripe_created,
      database_currency, database_amount, database_refunded, database_created, over_currency, over_amount,
      under_currency, under_amount, source, note
    from rows from (jsonb_to_recordset(${JSON.stringify(rows, bigintAsString)}::jsonb) as (category text,
      payment_id text, refund_id text, stripe_currency text, stripe_amount bigint, stripe_refunded bigint,
      stripe_created timestamptz, database_currency text, database_amount bigint, database_refunded bigint,
      database_created timestamptz, over_currency text, over_amount bigint, under_currency text, under_amount bigint,
      source text, note text)) with ordinality as f(category, payment_id, refund_id, stripe_currency, stripe_amount,
      stripe_refunded, stripe_created, database_currency, database_amount, database_refunded, database_created,
      over_currency, over_amount, under_currency, under_amount, source, note, position)
    order by position`.execute(tx)
}

const PENDING = {
  at_stripe: 'a refund is pending at Stripe: it is compared once Stripe has ended it',
  on_record: 'a refund is pending on record, and not at Stripe any more',
} as const satisfies Record<NonNullable<Finding['pendingRefund']>, string>

const side = (name: 'stripe' | 'database', facts: SideFacts | null) => ({
  [`${name}_currency`]: facts?.currency,
  [`${name}_amount`]: facts?.amount,
  [`${name}_refunded`]: facts?.refunded,
  [`${name}_created`]: facts?.created,
})

/** A comparison that is made again makes its findings anew. */
export async function deleteFindings(tx: Transaction<Schema>, reportId: string): Promise<void> {
  await tx.deleteFrom('reconciliation_findings').where('report_id', '=', reportId).execute()
}

/** Which findings of a report, page by page. */
export interface FindingsPage {
  readonly reportId: string
  readonly category?: FindingCategory
  readonly categories?: readonly FindingCategory[]
  /** Of these payments, by their ids or those of their refunds. */
  readonly paymentIds?: readonly string[]
  readonly status?: FindingStatus
  /** The last one of the page before. */
  readonly after?: bigint
  readonly limit: number
}

/** In the order of time. */
export async function listFindings(
  database: Database | Transaction<Schema>,
  page: FindingsPage,
): Promise<readonly StoredFinding[]> {
  let query = database.selectFrom('reconciliation_findings').selectAll().where('report_id', '=', page.reportId)
  if (page.category) query = query.where('category', '=', page.category)
  if (page.categories) query = query.where('category', 'in', page.categories)
  const { paymentIds } = page
  if (paymentIds)
    query = query.where((is) => is.or([is('payment_id', 'in', paymentIds), is('refund_id', 'in', paymentIds)]))
  if (page.status) query = query.where('status', '=', page.status)
  if (page.after !== undefined) query = query.where('id', '>', page.after)
  const rows = await query.orderBy('id').limit(page.limit).execute()
  return rows.map(findingOf)
}

/** What a person decides about a finding. */
export interface FindingDecision {
  readonly id: bigint
  readonly actor: string
  readonly note: string
  /** Who is to settle it; null: it is settled. */
  readonly assignee: string | null
}

/**
 * Assigns a finding, or resolves it, and audits that. One that is resolved may be assigned again.
 * @returns undefined when there is no such finding
 */
export async function decideFinding(
  tx: Transaction<Schema>,
  { id, actor, note, assignee }: FindingDecision,
): Promise<StoredFinding | undefined> {
  const before = await tx
    .selectFrom('reconciliation_findings')
    .select(['status', 'assignee'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (!before) return undefined
  const after = await tx
    .updateTable('reconciliation_findings')
    .set({
      status: assignee === null ? 'resolved' : 'assigned',
      assignee: assignee ?? before.assignee,
      note,
      decided_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  await recordAudit(tx, [
    {
      actor,
      action: assignee === null ? 'reconciliation_finding.resolved' : 'reconciliation_finding.assigned',
      subject: { type: 'reconciliation_finding', id: String(id) },
      reason: note,
      before,
      after: { status: after.status, assignee: after.assignee },
    },
  ])
  return findingOf(after)
}

function findingOf(row: Selectable<ReconciliationTables['reconciliation_findings']>): StoredFinding {
  return {
    id: row.id,
    reportId: row.report_id,
    category: row.category,
    paymentId: row.payment_id,
    refundId: row.refund_id,
    stripe: sideOf(row.stripe_currency, row.stripe_amount, row.stripe_refunded, row.stripe_created),
    database: sideOf(row.database_currency, row.database_amount, row.database_refunded, row.database_created),
    over: moneyOf(row.over_currency, row.over_amount),
    under: moneyOf(row.under_currency, row.under_amount),
    source: row.source,
    status: row.status,
    assignee: row.assignee,
    note: row.note,
    decidedAt: row.decided_at,
  }
}

function sideOf(
  code: string | null,
  amount: bigint | null,
  refunded: bigint | null,
  created: Date | null,
): SideFacts | null {
  if (code === null || amount === null || refunded === null || created === null) return null
  return { currency: currency(code), amount, refunded, created }
}

const moneyOf = (code: string | null, amount: bigint | null): Money | null =>
  code === null || amount === null ? null : { currency: currency(code), amount }
