import type { PaymentSource, ReconciliationWindow } from '@remesa/domain/reconciliation'
import { sql, type Transaction } from 'kysely'
import { isRefundLookedUp, STRIPE_PAYMENT } from './reconciliation-staging.ts'
import type { Schema } from './schema.ts'

/** What is compared: a reading, and what the database has in its window. */
export interface Compared {
  readonly readingId: string
  readonly window: ReconciliationWindow
  readonly includeRefunds: boolean
}

/** A payment that is not plainly the same on both sides; `s` is Stripe, `d` the database. Null where a side has none. */
export interface PairRow {
  payment_id: string
  s_currency: string | null
  s_amount: bigint
  s_refunded: bigint
  s_refunded_in_window: bigint
  s_refunded_unknown: bigint
  s_refunded_pending: bigint
  s_created: Date
  s_charges: number
  s_charge_id: string
  s_in_window: boolean
  d_currency: string | null
  d_amount: bigint
  d_refunded: bigint
  d_refunded_shared: bigint
  d_refunded_alone: bigint
  d_refunded_not_looked_up: bigint
  d_refunded_elsewhere: bigint
  d_refunded_pending_alone: bigint
  d_created: Date
  d_charge_id: string
  d_source: PaymentSource
  d_in_window: boolean
  duplicate_of: string | null
  recorded_as: string | null
  looked_up: boolean
}

/** A refund of a payment made before the window that is not plainly the same on both sides. */
export interface RefundRow {
  refund_id: string
  payment_id: string
  s_currency: string | null
  s_amount: bigint
  s_created: Date
  s_in_window: boolean
  s_pending: boolean
  d_currency: string | null
  d_amount: bigint
  d_created: Date
  d_in_window: boolean
  looked_up: boolean
  unnamed: bigint
}

/** `payments.refunded` counts them all, pending ones too: money that is on its way back is no longer ours. */
const isHeld = (refund: string) => sql`${sql.ref(`${refund}.status`)} not in ('failed', 'canceled')`

// CREATE TABLE AS and DECLARE take no parameters. What is written into them is a uuid of ours and times, as literals.
const literals = ({ readingId, window: { from, to } }: Compared) => ({
  reading: sql.lit(readingId),
  from: sql.lit(from.toISOString()),
  to: sql.lit(to.toISOString()),
})

/**
 * Joins both sides and streams what differs, in the order of time. What agrees, and it is nearly all, never leaves the
 * database. Must run in one snapshot.
 */
export async function* selectDifferingPayments(
  tx: Transaction<Schema>,
  compared: Compared,
): AsyncGenerator<readonly PairRow[]> {
  const { reading, from, to } = literals(compared)
  const refundsDiffer = compared.includeRefunds ? sql`or s.refunded <> d.refunded` : sql``
  // A table of its own: PostgreSQL joins for a table with all the workers it has, for a cursor with one.
  // Narrow, so that the join holds little; what else is known of the few that differ is looked up afterwards.
  await sql`
    create temporary table differing_payments on commit drop as
    select coalesce(s.payment_id, d.payment_id) as payment_id, s.payment_id is not null as s_in_window,
      d.payment_id is not null as d_in_window
    from (
      select payment_id, currency, amount, refunded, charges from reconciliation_staged_payments
      where reading_id = ${reading} and created >= ${from} and created < ${to}) s
    full join (
      select payment_id, currency, amount, refunded from payments where created >= ${from} and created < ${to}
    ) d on d.payment_id = s.payment_id
    where s.payment_id is null or d.payment_id is null or s.currency <> d.currency or s.amount <> d.amount
      or s.charges > 1 ${refundsDiffer}`.execute(tx)
  await sql`analyze differing_payments`.execute(tx)
  const counts = sql.raw(compared.includeRefunds ? '' : '* 0')
  const { rows } = await sql<{ any: boolean }>`select exists (select from differing_payments) as any`.execute(tx)
  if (!rows[0]?.any) return
  yield* stream<PairRow>(
    tx,
    'differing_payments_cursor',
    sql`
    with same_charge as materialized (
      select x.payment_id, s.payment_id as stripe_id, exists (
        select from payments p where p.payment_id = s.payment_id) as is_again
      from differing_payments x
      join payments y on y.payment_id = x.payment_id
      join reconciliation_staged_payments s
        on s.reading_id = ${reading} and s.charge_id = y.charge_id and s.payment_id <> x.payment_id
      where not x.s_in_window
    ), under_charge as materialized (
      select m.stripe_id as payment_id, min(m.payment_id) as recorded_as
      from same_charge m join differing_payments x on x.payment_id = m.stripe_id and x.s_in_window
      where not m.is_again group by m.stripe_id
    )
    select c.payment_id, c.s_in_window, c.d_in_window or m.recorded_as is not null as d_in_window, m.recorded_as,
      (c.payment_id !~ ${sql.lit(STRIPE_PAYMENT)} or coalesce(c.payment_id <= (
        select after from reconciliation_slices where reading_id = ${reading} and kind = 'look_ups' and number = 0
      ), false)) as looked_up,
      e.currency as s_currency, e.amount as s_amount, e.refunded ${counts} as s_refunded,
      (coalesce(r.amount, 0) ${counts})::bigint as s_refunded_in_window,
      (coalesce(r.unknown, 0) ${counts})::bigint as s_refunded_unknown,
      (coalesce(r.pending, 0) ${counts})::bigint as s_refunded_pending, e.created as s_created, e.charges as s_charges,
      e.charge_id as s_charge_id, o.charge_id as d_charge_id,
      o.currency as d_currency, o.amount as d_amount, o.refunded ${counts} as d_refunded,
      (coalesce(l.shared, 0) ${counts})::bigint as d_refunded_shared,
      (coalesce(l.alone, 0) ${counts})::bigint as d_refunded_alone,
      (coalesce(l.not_looked_up, 0) ${counts})::bigint as d_refunded_not_looked_up,
      (coalesce(l.pending_alone, 0) ${counts})::bigint as d_refunded_pending_alone,
      (coalesce(l.amount - coalesce(l.shared, 0) - coalesce(l.alone, 0), 0) ${counts})::bigint as d_refunded_elsewhere,
      o.created as d_created, o.source as d_source, q.duplicate_of
    from differing_payments c
    left join reconciliation_staged_payments e on e.reading_id = ${reading} and e.payment_id = c.payment_id
    left join under_charge m on m.payment_id = c.payment_id
    left join payments o on o.payment_id = coalesce(m.recorded_as, c.payment_id)
    left join (
      select f.payment_id, sum(f.amount) filter (where not f.pending) as amount,
        sum(f.amount) filter (where not f.pending and g.refund_id is null) as unknown,
        sum(f.amount) filter (where f.pending) as pending
      from reconciliation_staged_refunds f
      left join payment_refunds g on g.refund_id = f.refund_id and ${isHeld('g')}
      where f.reading_id = ${reading} and f.created >= ${from} and f.created < ${to}
        and f.payment_id in (select payment_id from differing_payments)
      group by f.payment_id
    ) r on r.payment_id = c.payment_id
    left join (
      select g.payment_id, sum(g.amount) as amount,
        sum(g.amount) filter (where f.created >= ${from} and f.created < ${to} and not f.pending) as shared,
        sum(g.amount) filter (where a.is_alone and g.status = 'succeeded') as alone,
        sum(g.amount) filter (
          where a.is_alone and g.status = 'succeeded' and not ${isRefundLookedUp(compared.readingId, 'g')}) as not_looked_up,
        sum(g.amount) filter (where a.is_alone and g.status <> 'succeeded') as pending_alone
      from payment_refunds g
      left join reconciliation_staged_refunds f on f.reading_id = ${reading} and f.refund_id = g.refund_id
      cross join lateral (
        select f.refund_id is null and g.created >= ${from} and g.created < ${to} as is_alone) a
      where ${isHeld('g')} and g.payment_id in (select payment_id from differing_payments)
      group by g.payment_id
    ) l on l.payment_id = o.payment_id
    left join (
      select payment_id, min(stripe_id) as duplicate_of from same_charge where is_again group by payment_id
    ) q on q.payment_id = c.payment_id
    where c.payment_id not in (select recorded_as from under_charge)
    order by coalesce(e.created, o.created), c.payment_id`,
  )
}

/** Streams refunds made within the window of payments made before it, those that differ, in the order of time. */
export async function* selectDifferingRefunds(
  tx: Transaction<Schema>,
  compared: Compared,
): AsyncGenerator<readonly RefundRow[]> {
  const { reading, from, to } = literals(compared)
  // Refunds of a payment that Stripe has in the window, or does not have at all, are compared with their payment.
  const isOfTheWindow = (refund: 'f' | 'g') => sql`exists (
    select from reconciliation_staged_payments p where p.reading_id = ${reading}
      and p.payment_id = ${sql.raw(refund)}.payment_id and p.created >= ${from} and p.created < ${to})`
  yield* stream<RefundRow>(
    tx,
    'differing_refunds_cursor',
    sql`
    with s as (
      select * from reconciliation_staged_refunds f
      where f.reading_id = ${reading} and f.created >= ${from} and f.created < ${to} and not f.pending
        and not ${isOfTheWindow('f')}
    ), d as (
      select * from payment_refunds g
      where g.status = 'succeeded' and g.created >= ${from} and g.created < ${to} and not ${isOfTheWindow('g')}
        and not exists (
          select from payments p where p.payment_id = g.payment_id and p.created >= ${from} and p.created < ${to}
            and not exists (select from reconciliation_staged_payments q
              where q.reading_id = ${reading} and q.payment_id = p.payment_id))
    ), pairs as (
      select coalesce(s.refund_id, d.refund_id) as refund_id, coalesce(s.payment_id, d.payment_id) as payment_id,
        coalesce(s.currency, v.currency) as s_currency, coalesce(s.amount, v.amount) as s_amount,
        coalesce(s.created, v.created) as s_created, s.refund_id is not null as s_in_window,
        coalesce(v.pending, false) as s_pending,
        coalesce(d.currency, o.currency) as d_currency, coalesce(d.amount, o.amount) as d_amount,
        coalesce(d.created, o.created) as d_created,
        coalesce(coalesce(d.created, o.created) >= ${from} and coalesce(d.created, o.created) < ${to}, false) as d_in_window
      from s full join d on d.refund_id = s.refund_id
      left join reconciliation_staged_refunds v
        on s.refund_id is null and v.reading_id = ${reading} and v.refund_id = d.refund_id
      left join payment_refunds o on d.refund_id is null and o.refund_id = s.refund_id and ${isHeld('o')}
      where s.refund_id is null or d.refund_id is null or s.currency <> d.currency or s.amount <> d.amount
    )
    select t.*, ${isRefundLookedUp(compared.readingId, 't')} as looked_up, (case when t.d_currency is null then coalesce(p.refunded, 0) - coalesce(k.amount, 0)
        - sum(t.s_amount) filter (where t.d_currency is null) over (partition by t.payment_id order by t.refund_id)
        + t.s_amount else 0 end)::bigint as unnamed
    from pairs t
    left join payments p on p.payment_id = t.payment_id
    left join lateral (
      select sum(amount) as amount from payment_refunds r where r.payment_id = t.payment_id and ${isHeld('r')}
    ) k on true
    order by coalesce(t.s_created, t.d_created), t.refund_id`,
  )
}

const ROWS_AT_ONCE = 2_000

async function* stream<Row>(
  tx: Transaction<Schema>,
  cursor: string,
  query: ReturnType<typeof sql<Row>>,
): AsyncGenerator<readonly Row[]> {
  const name = sql.ref(cursor)
  await sql`declare ${name} no scroll cursor for ${query}`.execute(tx)
  for (;;) {
    const { rows } = await sql<Row>`fetch forward ${sql.lit(ROWS_AT_ONCE)} from ${name}`.execute(tx)
    if (rows.length > 0) yield rows
    if (rows.length < ROWS_AT_ONCE) break
  }
  await sql`close ${name}`.execute(tx)
}

interface SumRow {
  readonly currency: string
  readonly amount: bigint
  readonly payments: bigint
}

/** What Stripe has in each of so many equal parts of the window; refunds are not taken off. In one pass over all of it. */
export async function sumStaged(
  tx: Transaction<Schema>,
  compared: Compared,
  parts: number,
): Promise<readonly (SumRow & { readonly part: number })[]> {
  const { reading, from, to } = literals(compared)
  const start = sql.lit(compared.window.from.getTime() / 1_000)
  const seconds = sql.lit((compared.window.to.getTime() - compared.window.from.getTime()) / 1_000)
  const { rows } = await sql<SumRow & { part: number }>`
    select currency, floor((date_part('epoch', created) - ${start}) * ${sql.lit(parts)} / ${seconds})::int as part,
      sum(amount)::bigint as amount, count(*) as payments
    from reconciliation_staged_payments
    where reading_id = ${reading} and created >= ${from} and created < ${to} group by currency, part`.execute(tx)
  return rows
}

/** What Stripe gave back in the window, of whatever payments. */
export async function sumStagedRefunds(
  tx: Transaction<Schema>,
  compared: Compared,
): Promise<readonly Omit<SumRow, 'payments'>[]> {
  if (!compared.includeRefunds) return []
  const { reading, from, to } = literals(compared)
  const { rows } = await sql<SumRow>`
    select currency, sum(amount)::bigint as amount from reconciliation_staged_refunds
    where reading_id = ${reading} and created >= ${from} and created < ${to} and not pending
    group by currency`.execute(tx)
  return rows
}

/** What the database has in the window by its own time. */
export async function sumRecorded(tx: Transaction<Schema>, compared: Compared): Promise<readonly SumRow[]> {
  const { from, to } = literals(compared)
  const { rows } = await sql<SumRow>`
    select currency, sum(amount)::bigint as amount, count(*) as payments from payments
    where created >= ${from} and created < ${to} group by currency`.execute(tx)
  return rows
}
