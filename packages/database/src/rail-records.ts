import type { RailName } from '@remesa/domain/rail'
import type { ReconciledBooks } from '@remesa/domain/rail-reconciliation'
import { type RawBuilder, sql } from 'kysely'
import type { Database } from './connection.ts'

/** Half-open. */
export interface Span {
  readonly from: Date
  readonly to: Date
}

/** Which payments of ours are held against whose books. */
export interface RecordedQuery {
  readonly books: ReconciledBooks
  /** In whose calendar a vendor payment has its day. */
  readonly timeZone: string
}

const RAILS: Readonly<Record<Exclude<ReconciledBooks, 'netsuite'>, RailName>> = {
  'stripe-transfers': 'stripe',
  fpay: 'fpay',
  payoneer: 'payoneer',
}

/**
 * A query of every payment of ours that the books should know, in one shape. Meant to be inlined, so that a condition on
 * its reference, key, payable or time goes by the index beneath. `at` says in whose window a payment falls: when it was
 * accepted, or first called while it has not been; in NetSuite the day under which it is to be booked.
 */
export function recordedPayments({ books, timeZone }: RecordedQuery): RawBuilder<unknown> {
  return books === 'netsuite' ? vendorPayments(timeZone) : attemptsOf(RAILS[books])
}

// What is being taken back while we look may show there or not: it counts as changed now.
const attemptsOf = (rail: RailName): RawBuilder<unknown> => sql`
  select a.id, a.payable_type, a.payable_id, a.generation, a.idempotency_key as key, a.provider_reference as reference,
    a.state, a.amount, a.currency, case when a.state = 'reversed' then a.amount else coalesce(back.amount, 0) end as taken_back,
    a.first_called_at as begun_at, greatest(a.updated_at, back.changed_at) as changed_at,
    coalesce(a.accepted_at, a.first_called_at) as at
  from payment_attempts a
  left join lateral (
    select (sum(r.amount) filter (where r.status = 'reversed'))::bigint as amount,
      max(case when r.status in ('processing', 'retryable') then now() else r.updated_at end) as changed_at
    from payout_reversals r where a.payable_type = 'payout_transfer' and r.transfer_id = a.payable_id
  ) back on true
  where a.rail = ${rail} and a.payable_type in ('seller_balance', 'payout_transfer')`

// A balance that is paid and of which NetSuite was not told yet is under way; one in any other state must not be there.
const vendorPayments = (timeZone: string): RawBuilder<unknown> => sql`
  select b.id, 'seller_balance' as payable_type, b.id as payable_id, a.generation, null::text as key,
    b.erp_vendor_payment_id as reference,
    case when b.status = 'returned' then 'reversed' when b.status <> 'paid' then 'declined'
      when b.erp_told_at is null then 'accepted' else 'paid' end as state,
    a.amount, a.currency, case when b.status = 'returned' then a.amount else 0 end as taken_back,
    coalesce(a.settled_at, a.updated_at) as begun_at, greatest(a.updated_at, b.erp_told_at) as changed_at,
    ((coalesce(a.settled_at, a.updated_at) at time zone ${timeZone}::text)::date)::timestamp at time zone 'UTC' as at
  from seller_balances b
  join lateral (
    select * from payment_attempts a where a.payable_type = 'seller_balance' and a.payable_id = b.id
    order by a.generation desc limit 1
  ) a on true`

/** How far back payments are read that may have been begun long before they were accepted. */
const REACH_MS = 7 * 86_400_000
/** Two clocks never agree; five minutes is what signatures allow too. */
const SKEW_MS = 5 * 60_000
/** Vendor payments that people moved to another day, within a closed period say. */
const MOVED_MS = 3 * 86_400_000

/**
 * What must be read of the other side so that none of our payments of the window is taken for missing: a payment lies
 * there between our first call and the answer that we heard, which may have come days later.
 */
export async function spanToRead(database: Database, query: RecordedQuery, window: Span): Promise<Span> {
  const [from, to] = [window.from.getTime(), window.to.getTime()]
  if (query.books === 'netsuite') return { from: new Date(from - MOVED_MS), to: new Date(to + MOVED_MS) }
  const { rows } = await sql<{ begun: Date | null }>`
    with recorded as not materialized (${recordedPayments(query)})
    select min(begun_at) as begun from recorded
    where at >= ${window.from} and at < ${window.to} and state in ('accepted', 'paid')`.execute(database)
  const begun = rows[0]?.begun?.getTime() ?? from
  return { from: new Date(Math.max(Math.min(begun, from), from - REACH_MS) - SKEW_MS), to: new Date(to + SKEW_MS) }
}

/** Rows per page of what is looked up one by one. */
const PAGE = 200

/** What we asked a rail for within a window, refused or not, in pages by time: for books that can only be asked by key. */
export async function* keysAskedFor(
  database: Database,
  query: RecordedQuery,
  { from, to }: Span,
): AsyncGenerator<readonly { readonly key: string; readonly payableId: string }[]> {
  // Microseconds, which a Date would lose.
  let after = { at: from.toISOString(), id: '00000000-0000-0000-0000-000000000000' }
  for (;;) {
    const { rows } = await sql<{ id: string; at_text: string; key: string; payableId: string }>`
      with recorded as not materialized (${recordedPayments(query)})
      select id, at::text as at_text, key, payable_id as "payableId" from recorded
      where at < ${to} and (at, id) > (${after.at}::timestamptz, ${after.id}::uuid)
      order by at, id limit ${PAGE}`.execute(database)
    const last = rows.at(-1)
    if (last) yield rows.map(({ key, payableId }) => ({ key, payableId }))
    if (!last || rows.length < PAGE) return
    after = { at: last.at_text, id: last.id }
  }
}
