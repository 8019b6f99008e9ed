import { currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { type Selectable, sql, type Transaction } from 'kysely'
import { bigintAsString } from './audit.ts'
import type { Database } from './connection.ts'
import type { PaymentSource, PaymentTables, RefundStatus } from './payment-tables.ts'
import type { Schema } from './schema.ts'

/** A captured charge, as Stripe showed it at a moment. */
export interface PaymentNews {
  /** The PaymentIntent's id when the charge has one, else the charge's. */
  readonly paymentId: string
  readonly chargeId: string
  /** What was captured. */
  readonly money: Money
  /** What the charge says was given back, minor units of the same currency. */
  readonly refunded: bigint
  readonly created: Date
  readonly description: string | null
  readonly disputed: boolean
  readonly source: PaymentSource
  /** When Stripe said so, whole seconds; null for what a person entered, which any word of Stripe's replaces. */
  readonly asOf: Date | null
}

/** A refund, as Stripe showed it at a moment. */
export interface RefundNews {
  readonly refundId: string
  readonly paymentId: string
  readonly money: Money
  readonly status: RefundStatus
  readonly created: Date
  readonly asOf: Date
}

/** A dispute, as Stripe showed it at a moment. */
export interface DisputeNews {
  readonly disputeId: string
  readonly paymentId: string
  readonly status: string
  readonly created: Date
  readonly asOf: Date
}

export interface BillingNews {
  readonly payments?: readonly PaymentNews[]
  readonly refunds?: readonly RefundNews[]
  readonly disputes?: readonly DisputeNews[]
}

/**
 * Keeps payments, refunds and disputes true to what Stripe says. The same news in any order, in any groups and however
 * often makes the same rows: each row keeps the newest word there is on it, and what a payment's row says of its
 * refunds and disputes is worked out anew whenever one of the three changes. One call per transaction: its locks
 * are taken in one order.
 */
export async function recordPayments(tx: Transaction<Schema>, news: BillingNews): Promise<void> {
  const { payments = [], refunds = [], disputes = [] } = news
  const touched = [...new Set([...payments, ...refunds, ...disputes].map(({ paymentId }) => paymentId))]
  if (touched.length === 0) return
  // A payment and its refund that are recorded at the same moment would not see each other.
  await sql`
    select pg_advisory_xact_lock(${LOCK_CLASS}, place)
    from (select distinct hashtext(id) & 1023 as place from unnest(${touched}::text[]) as t(id) order by place) as p`.execute(
    tx,
  )
  await upsertPayments(tx, payments)
  await upsertRefunds(tx, refunds)
  await upsertDisputes(tx, disputes)
  await drawConclusions(tx, touched)
}

/** The first half of the advisory locks that order those who record one payment. */
const LOCK_CLASS = 600_613

/**
 * Of two words of one second the larger one stands, field by field: which one does not matter, only that it is the
 * same one whichever came first. More refunded and disputed are the later states anyway.
 */
async function upsertPayments(tx: Transaction<Schema>, payments: readonly PaymentNews[]): Promise<void> {
  if (payments.length === 0) return
  const rows = payments.map(({ money, ...payment }) => ({ ...payment, ...money }))
  await sql`
    insert into payments as p (payment_id, charge_id, currency, amount, refunded, created, description, disputed, source,
      charge_refunded, charge_disputed, last_event_at)
    select distinct on (n."paymentId") n."paymentId", n."chargeId", n.currency, n.amount, n.refunded, n.created,
      n.description, n.disputed, n.source, n.refunded, n.disputed, n."asOf"
    from jsonb_to_recordset(${json(rows)}::jsonb) as n("paymentId" text, "chargeId" text, currency text, amount bigint,
      refunded bigint, created timestamptz, description text, disputed boolean, source text, "asOf" timestamptz)
    order by n."paymentId", n."asOf" desc nulls last, n.refunded desc, n.disputed desc, n.amount desc, n."chargeId" desc,
      coalesce(n.description, '') desc, n.currency desc, n.created desc, n.source desc
    on conflict (payment_id) do update set charge_id = excluded.charge_id, currency = excluded.currency,
      amount = excluded.amount, created = excluded.created, description = excluded.description,
      source = excluded.source, charge_refunded = excluded.charge_refunded,
      charge_disputed = excluded.charge_disputed, last_event_at = excluded.last_event_at
    where (coalesce(excluded.last_event_at, '-infinity'), excluded.charge_refunded, excluded.charge_disputed,
        excluded.amount, excluded.charge_id, coalesce(excluded.description, ''), excluded.currency, excluded.created,
        excluded.source)
      > (coalesce(p.last_event_at, '-infinity'), p.charge_refunded, p.charge_disputed,
        p.amount, p.charge_id, coalesce(p.description, ''), p.currency, p.created, p.source)`.execute(tx)
}

/** How far a refund has come: of two words of one second, the later state. */
const PROGRESS = sql.raw(`array['pending', 'requires_action', 'succeeded', 'canceled', 'failed']`)

async function upsertRefunds(tx: Transaction<Schema>, refunds: readonly RefundNews[]): Promise<void> {
  if (refunds.length === 0) return
  const rows = refunds.map(({ money, ...refund }) => ({ ...refund, ...money }))
  await sql`
    insert into payment_refunds as r (refund_id, payment_id, amount, currency, status, created, last_event_at)
    select distinct on (n."refundId") n."refundId", n."paymentId", n.amount, n.currency, n.status, n.created, n."asOf"
    from jsonb_to_recordset(${json(rows)}::jsonb) as n("refundId" text, "paymentId" text, amount bigint, currency text,
      status text, created timestamptz, "asOf" timestamptz)
    order by n."refundId", n."asOf" desc, array_position(${PROGRESS}, n.status) desc, n.amount desc, n."paymentId" desc,
      n.currency desc, n.created desc
    on conflict (refund_id) do update set payment_id = excluded.payment_id, amount = excluded.amount,
      currency = excluded.currency, status = excluded.status, created = excluded.created,
      last_event_at = excluded.last_event_at
    where (excluded.last_event_at, array_position(${PROGRESS}, excluded.status), excluded.amount, excluded.payment_id,
        excluded.currency, excluded.created)
      > (r.last_event_at, array_position(${PROGRESS}, r.status), r.amount, r.payment_id,
        r.currency, r.created)`.execute(tx)
}

async function upsertDisputes(tx: Transaction<Schema>, disputes: readonly DisputeNews[]): Promise<void> {
  if (disputes.length === 0) return
  await sql`
    insert into payment_disputes as d (dispute_id, payment_id, status, created, last_event_at)
    select distinct on (n."disputeId") n."disputeId", n."paymentId", n.status, n.created, n."asOf"
    from jsonb_to_recordset(${json(disputes)}::jsonb) as n("disputeId" text, "paymentId" text, status text,
      created timestamptz, "asOf" timestamptz)
    order by n."disputeId", n."asOf" desc, n.status desc, n."paymentId" desc, n.created desc
    on conflict (dispute_id) do update set payment_id = excluded.payment_id, status = excluded.status,
      created = excluded.created, last_event_at = excluded.last_event_at
    where (excluded.last_event_at, excluded.status, excluded.payment_id, excluded.created)
      > (d.last_event_at, d.status, d.payment_id, d.created)`.execute(tx)
}

/**
 * What follows for the payments themselves. Stripe's charges count a refund from when it is made until it fails, and so
 * do we: those that we know of, and what the charge's own word tells of beyond them. A refund that failed after that
 * word, or in the same second, was still counted by it.
 */
async function drawConclusions(tx: Transaction<Schema>, paymentIds: readonly string[]): Promise<void> {
  await sql`
    with known as (
      select p.payment_id,
        coalesce(sum(r.amount) filter (where r.status not in ('failed', 'canceled')), 0) as standing,
        coalesce(sum(r.amount) filter (where r.created <= p.said_at
          and (r.status not in ('failed', 'canceled') or r.last_event_at >= p.said_at)), 0) as counted_by_the_charge
      from (select *, coalesce(last_event_at, 'infinity') as said_at from payments
        where payment_id = any(${paymentIds}::text[])) p
      left join payment_refunds r on r.payment_id = p.payment_id and r.currency = p.currency
      group by p.payment_id
    ), concluded as (
      select p.payment_id,
        (k.standing + greatest(0, p.charge_refunded - k.counted_by_the_charge))::bigint as refunded,
        p.charge_disputed or exists (select from payment_disputes d where d.payment_id = p.payment_id) as disputed
      from payments p join known k using (payment_id)
    )
    update payments p set refunded = c.refunded, disputed = c.disputed
    from concluded c
    where p.payment_id = c.payment_id and (p.refunded, p.disputed) is distinct from (c.refunded, c.disputed)`.execute(
    tx,
  )
}

const json = (rows: readonly object[]): string => JSON.stringify(rows, bigintAsString)

export type PaymentRow = Selectable<PaymentTables['payments']>

/** The payments on record among these, by id. */
export async function findPayments(
  connection: Database | Transaction<Schema>,
  paymentIds: readonly string[],
): Promise<ReadonlyMap<string, PaymentRow>> {
  const { rows } = await sql<PaymentRow>`
    select * from payments where payment_id = any(${paymentIds}::text[])`.execute(connection)
  return new Map(rows.map((row) => [row.payment_id, row]))
}

/** The refunds on record of these payments that count: none that failed or was canceled. */
export async function findStandingRefunds(
  connection: Database | Transaction<Schema>,
  paymentIds: readonly string[],
): Promise<readonly RefundNews[]> {
  const { rows } = await sql<Selectable<PaymentTables['payment_refunds']>>`
    select * from payment_refunds
    where payment_id = any(${paymentIds}::text[]) and status not in ('failed', 'canceled') order by refund_id`.execute(
    connection,
  )
  return rows.map(({ refund_id, payment_id, amount, currency, status, created, last_event_at }) => ({
    ...{ refundId: refund_id, paymentId: payment_id, money: { amount, currency: currencyOf(currency) } },
    ...{ status, created, asOf: last_event_at },
  }))
}
