import { isCurrency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { sql } from 'kysely'
import { type AuditEntry, auditOfSubjects } from './audit-rows.ts'
import type { Database } from './connection.ts'
import type { PaymentSource, RefundStatus } from './payment-tables.ts'
import { paymentStatus } from './search-reads.ts'

/** All that is known of what a customer paid. */
export interface PaymentSummary {
  readonly paymentId: string
  /** `not_recorded` where only a comparison with Stripe has told of it. */
  readonly status: string
  /** What was captured; null in a currency that we do not know, and where Stripe's side is not known. */
  readonly captured: Money | null
  /** Minor units of the same currency. */
  readonly refunded: bigint
  /** When Stripe made the charge; null where that is not known. */
  readonly created: Date | null
  readonly recorded: { readonly source: PaymentSource; readonly at: Date } | null
  readonly refunds: readonly { readonly refundId: string; readonly status: RefundStatus; readonly created: Date }[]
  readonly disputes: readonly { readonly disputeId: string; readonly status: string; readonly created: Date }[]
  /** Of the newest comparison that found something about it. */
  readonly finding: PaymentFinding | null
  readonly audit: readonly AuditEntry[]
}

export interface PaymentFinding {
  readonly category: string
  readonly status: 'open' | 'assigned' | 'resolved'
  readonly at: Date
}

/** @returns undefined for a payment of which neither an event nor a comparison has told */
export async function findPaymentSummary(database: Database, paymentId: string): Promise<PaymentSummary | undefined> {
  const { rows } = await sql<Row>`
    select ${paymentStatus(sql`y`)} as status, y.amount, y.currency, y.refunded, y.created, y.source, y.recorded_at
    from payments y where y.payment_id = ${paymentId}`.execute(database)
  const { rows: findings } = await sql<FindingRow>`
    select f.category, f.status, r.started_at as at, f.stripe_amount, f.stripe_currency, f.stripe_refunded, f.stripe_created
    from reconciliation_findings f join reconciliation_reports r on r.id = f.report_id
    where f.payment_id = ${paymentId} order by f.id desc limit 1`.execute(database)
  const [row] = rows
  const [found] = findings
  if (!row && !found) return undefined
  const { rows: refunds } = await sql<PaymentSummary['refunds'][number]>`
    select refund_id as "refundId", status, created from payment_refunds where payment_id = ${paymentId}
    order by created, refund_id`.execute(database)
  const { rows: disputes } = await sql<PaymentSummary['disputes'][number]>`
    select dispute_id as "disputeId", status, created from payment_disputes where payment_id = ${paymentId}
    order by created, dispute_id`.execute(database)
  return {
    paymentId,
    status: row?.status ?? 'not_recorded',
    captured: row ? moneyOf(row.amount, row.currency) : moneyOf(found?.stripe_amount, found?.stripe_currency),
    refunded: row?.refunded ?? found?.stripe_refunded ?? 0n,
    created: row?.created ?? found?.stripe_created ?? null,
    recorded: row ? { source: row.source, at: row.recorded_at } : null,
    refunds,
    disputes,
    finding: found ? { category: found.category, status: found.status, at: found.at } : null,
    audit: await auditOfSubjects(database, [{ type: 'payment', id: paymentId }]),
  }
}

interface Row {
  status: string
  amount: bigint
  currency: string
  refunded: bigint
  created: Date
  source: PaymentSource
  recorded_at: Date
}

interface FindingRow extends PaymentFinding {
  stripe_amount: bigint | null
  stripe_currency: string | null
  stripe_refunded: bigint | null
  stripe_created: Date | null
}

const moneyOf = (amount: bigint | null | undefined, currency: string | null | undefined): Money | null =>
  typeof amount === 'bigint' && typeof currency === 'string' && isCurrency(currency) ? { amount, currency } : null
