import type { Currency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { type RawBuilder, sql } from 'kysely'
import type { Database } from './connection.ts'
import { isUuid, sellersMatching } from './seller-reads.ts'

export type FoundType =
  | 'seller'
  | 'payee'
  | 'balance'
  | 'transfer'
  | 'payout'
  | 'booking'
  | 'settlement'
  | 'document'
  | 'payment'

/** Something that an operator may have meant. */
export interface Found {
  readonly type: FoundType
  readonly id: string
  readonly title: string
  readonly status: string
  readonly money: Money | null
  /** When it changed last, as far as that is known. */
  readonly at: Date
}

/** Of each kind of thing, at most. */
const OF_EACH = 10

/** What is named exactly so: by an id, ours or anybody's. Best known first. */
export async function findNamed(database: Database, name: string): Promise<readonly Found[]> {
  return run(database, isUuid(name) ? byUuid(name) : byName(name))
}

/** The same, and sellers by tax id and by the beginnings of words of their name. */
export async function search(database: Database, q: string): Promise<readonly Found[]> {
  return run(
    database,
    isUuid(q) ? byUuid(q) : [...byName(q), sellers(sql`s.id in (${sellersMatching(q)}) order by s.legal_name`)],
  )
}

const byUuid = (id: string): readonly RawBuilder<unknown>[] => [
  sellers(sql`s.id = ${id}`),
  balances(sql`b.id = ${id}`),
  transfers(sql`t.id = ${id}`),
  payouts(sql`p.id = ${id}`),
  payouts(sql`p.id = (select payout_id from payout_reversals where id = ${id})`),
  settlements(sql`t.settlement_id = (select settlement_id from payout_jobs where id = ${id})`),
]

const byName = (name: string): readonly RawBuilder<unknown>[] => [
  sellers(sql`s.gsc_seller_id = ${name}`),
  bookings(sql`k.booking_id = ${name}`),
  bookings(sql`k.booking_id = (select booking_id from tips where tip_id = ${name})`),
  bookings(sql`k.booking_id = (select booking_id from disputes where dispute_id = ${name})`),
  settlements(sql`t.settlement_id = ${name}`),
  settlements(sql`t.contest_id = ${name}`),
  documents(sql`d.erp_id = ${name}`),
  documents(sql`d.tran_id = ${name}`),
  balances(sql`b.id in (${blockedBy(name, 'erpId')}) and b.status = 'blocked'`),
  balances(sql`b.id in (${blockedBy(name, 'document')}) and b.status = 'blocked'`),
  balances(sql`b.erp_vendor_payment_id = ${name}`),
  balances(sql`(s.gsc_seller_id, b.country, b.business_date) =
    (select gsc_seller_id, country, business_date from seller_closings where settlement_id = ${name})`),
  balances(sql`b.id in (${payablesOf(name, 'seller_balance')})`),
  transfers(sql`t.id in (${payablesOf(name, 'payout_transfer')})`),
  payouts(sql`p.id in (select payout_id from payout_reversals where id in (${payablesOf(name, 'payout_reversal')}))`),
  payments(sql`y.payment_id = ${name}`),
  payments(sql`y.charge_id = ${name}`),
  payments(sql`y.payment_id = (select payment_id from payment_refunds where refund_id = ${name})`),
  payments(sql`y.payment_id = (select payment_id from payment_disputes where dispute_id = ${name})`),
  foundPayment(name),
  payee(name),
  payouts(sql`p.provider_id = ${name} order by p.created_at desc`),
  transfers(sql`t.user_id = ${name} order by t.created_at desc, t.id desc`),
]

/** Balances for which a document was found wrong: they keep none, so that only their alerts name it. */
const blockedBy = (name: string, by: 'erpId' | 'document') => sql`
  select case when subject_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then subject_id::uuid end from finance_alerts
  where kind in ('document_currency', 'documents_unreadable', 'document_in_other_balance')
    and details->>${sql.lit(by)} = ${name} and subject_type = 'seller_balance'`

/** By an idempotency key of ours, or a rail's own name for the payment. */
const payablesOf = (name: string, type: string) => sql`
  select payable_id from payment_attempts where idempotency_key = ${name} and payable_type = ${type}
  union select payable_id from payment_attempts
  where rail in ('fpay', 'payoneer', 'stripe') and provider_reference = ${name} and payable_type = ${type}`

const sellers = (which: RawBuilder<unknown>) => sql`
  select 'seller' as type, s.id::text as id, s.legal_name as title, s.status, null::bigint as amount,
    null::text as currency, s.updated_at as at
  from sellers s where ${which}`
const balances = (which: RawBuilder<unknown>) => sql`
  select 'balance', b.id::text, s.legal_name || ', ' || upper(b.country) || ' ' || b.business_date, b.status,
    b.amount_owed, b.currency, b.updated_at
  from seller_balances b join sellers s on s.id = b.seller_id where ${which}`
const transfers = (which: RawBuilder<unknown>) => sql`
  select 'transfer', t.id::text, coalesce('Contest ' || t.contest_id, 'Booking ' || p.booking_id) || ', ' || t.user_id,
    t.status, t.amount, t.currency, t.updated_at
  from payout_transfers t left join payouts p on p.id = t.payout_id where ${which}`
const payouts = (which: RawBuilder<unknown>) => sql`
  select 'payout', p.id::text, 'Booking ' || p.booking_id || ', ' || p.provider_id, p.status, p.amount, p.currency,
    p.updated_at
  from payouts p where ${which}`
const bookings = (which: RawBuilder<unknown>) => sql`
  select 'booking', k.booking_id, 'Booking ' || k.booking_id,
    case when k.completed_at is null then 'open' else 'completed' end, k.provider_share, k.currency, k.updated_at
  from bookings k where ${which}`
const settlements = (which: RawBuilder<unknown>) => sql`
  select 'settlement', t.settlement_id, 'Contest ' || t.contest_id,
    coalesce(j.status, case when t.rejected_rule is null then t.status else 'rejected' end), t.total, t.currency,
    coalesce(j.updated_at, t.rejected_at, t.created_at)
  from settlements t left join payout_jobs j on j.settlement_id = t.settlement_id where ${which}`
const documents = (which: RawBuilder<unknown>) => sql`
  select 'document', d.erp_id, d.tran_id, d.type, d.amount, d.currency, b.updated_at
  from seller_balance_documents d join seller_balances b on b.id = d.seller_balance_id where ${which}`

/** What customers paid. */
const payments = (which: RawBuilder<unknown>) => sql`
  select 'payment', y.payment_id, 'Payment ' || y.payment_id, ${paymentStatus(sql`y`)}, y.amount - y.refunded, y.currency,
    y.recorded_at
  from payments y where ${which}`
/** @param y - of `payments` */
export const paymentStatus = (y: RawBuilder<unknown>) => sql<string>`
  case when ${y}.disputed then 'disputed' when ${y}.refunded = 0 then 'succeeded'
    when ${y}.refunded < ${y}.amount then 'partly_refunded' else 'refunded' end`
/** One that only a comparison with Stripe has told of. */
const foundPayment = (paymentId: string) => sql`
  select 'payment', f.payment_id, 'Payment ' || f.payment_id, 'not_recorded', f.stripe_amount - coalesce(f.stripe_refunded, 0),
    f.stripe_currency, r.started_at
  from reconciliation_findings f join reconciliation_reports r on r.id = f.report_id
  where f.payment_id = ${paymentId} and not exists (select from payments where payment_id = ${paymentId})
  order by f.id desc`

/** Known by what was to be paid, with the account or before there is one. */
const payee = (userId: string) => sql`
  select 'payee', u.id, u.id, case when a.user_id is null then 'no_account'
    when not a.transfers_active then 'transfers_inactive' when not a.payouts_enabled then 'payouts_disabled'
    else 'active' end, null::bigint, null::text, u.at
  from (
    select ${userId}::text as id, max(created_at) as at from (
      select created_at from payouts where provider_id = ${userId}
      union all select created_at from payout_transfers where user_id = ${userId}
      union all select t.created_at from settlement_winners w join settlements t using (settlement_id)
      where w.user_id = ${userId}
    ) as payable
  ) as u left join user_stripe_accounts a on a.user_id = u.id where u.at is not null`

interface Row {
  type: FoundType
  id: string
  title: string
  status: string
  amount: bigint | null
  currency: Currency | null
  at: Date
}

/** One statement; what is found twice is told once. */
async function run(database: Database, parts: readonly RawBuilder<unknown>[]): Promise<readonly Found[]> {
  const named = parts.map(
    (part, rank) => sql`
      select ${sql.lit(rank)} as rank, f.*
      from (${part} limit ${sql.lit(OF_EACH)}) as f(type, id, title, status, amount, currency, at)`,
  )
  const { rows } = await sql<Row>`${sql.join(named, sql` union all `)} order by rank, at desc, id`.execute(database)
  const distinct = new Map(rows.map((row) => [`${row.type} ${row.id}`, row]))
  return [...distinct.values()].map(({ type, id, title, status, amount, currency, at }) => ({
    type,
    id,
    title,
    status,
    money: amount === null || currency === null ? null : { amount, currency },
    at,
  }))
}
