import type { Database } from '@remesa/database/connection'
import { BOOKING_PAYOUT_STATUSES, type BookingPayoutStatus } from '@remesa/domain/booking-payout'
import { currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { sql } from 'kysely'

/** How far the payment of some bookings has come. */
export interface BookingProgress {
  /** What of it our database has heard. */
  readonly heard: {
    readonly bookings: number
    readonly tips: number
    readonly disputes: number
    readonly resolutions: number
  }
  /** How many payouts stand where; every status is named. */
  readonly payouts: Readonly<Record<BookingPayoutStatus, number>>
  /** Payouts of which something more happens by itself. */
  readonly moving: number
  /** Reversals that have not ended. */
  readonly reversing: number
}

/** A payout, `p`, that does not stay where it is by itself. */
const moves = (rulesNow: Date) => sql`(
  (p.status = 'scheduled' and p.due_at <= ${rulesNow})
  or (p.held_by = 'disputes' and not exists (
    select from disputes d where d.booking_id = p.booking_id and d.resolved_at is null))
  or (p.status = 'processing' and not exists (
    select from payout_transfers t where t.payout_id = p.id and t.status = 'awaiting_destination'
      and t.held_reason <> 'account_unverified')))`

/**
 * @param bookingIds - those that are asked about; one that was never heard of counts nowhere
 * @param rulesNow - by the clock that the rules of bookings see
 */
export async function bookingProgress(
  database: Database,
  bookingIds: readonly string[],
  rulesNow: Date,
): Promise<BookingProgress> {
  const { rows } = await sql<Row>`
    with asked as (select booking_id, completed_at from bookings where booking_id = any(${bookingIds}::text[])),
      mine as (select p.* from payouts p join asked using (booking_id))
    select (select count(completed_at)::int from asked) as bookings,
      (select count(*)::int from tips join asked using (booking_id)) as tips,
      (select count(*)::int from disputes join asked using (booking_id)) as disputes,
      (select count(resolved_at)::int from disputes join asked using (booking_id)) as resolutions,
      (select jsonb_object_agg(status, count) from (select status, count(*) from mine group by status) c) as payouts,
      (select count(*)::int from mine p where ${moves(rulesNow)}) as moving,
      (select count(*)::int from payout_reversals r join mine p on p.id = r.payout_id
        where r.status in ('pending', 'processing', 'retryable')) as reversing`.execute(database)
  const [row] = rows
  if (!row) throw new Error('counts of nothing are still a row')
  const { payouts, moving, reversing, ...heard } = row
  const counts = BOOKING_PAYOUT_STATUSES.map((status) => [status, payouts?.[status] ?? 0] as const)
  return { heard, payouts: Object.fromEntries(counts) as BookingProgress['payouts'], moving, reversing }
}

interface Row {
  readonly bookings: number
  readonly tips: number
  readonly disputes: number
  readonly resolutions: number
  readonly payouts: Record<string, number> | null
  readonly moving: number
  readonly reversing: number
}

/** What was transferred for these bookings less what was taken back, per currency. */
export async function bookingTotals(database: Database, bookingIds: readonly string[]): Promise<readonly Money[]> {
  const { rows } = await sql<{ currency: string; amount: bigint }>`
    with mine as (select id from payouts where booking_id = any(${bookingIds}::text[]))
    select currency, sum(amount)::bigint as amount from (
      select t.currency, t.amount from payout_transfers t join mine on mine.id = t.payout_id where t.status = 'completed'
      union all
      select r.currency, -r.amount from payout_reversals r join mine on mine.id = r.payout_id where r.status = 'reversed'
    ) moved group by currency having sum(amount) <> 0 order by currency`.execute(database)
  return rows.map(({ currency, amount }) => ({ amount, currency: currencyOf(currency) }))
}

/** What moves still, a line for each kind. */
export async function movingPayouts(
  database: Database,
  bookingIds: readonly string[],
  rulesNow: Date,
): Promise<readonly string[]> {
  const { rows } = await sql<{ what: string; count: number; example: string; reason: string | null }>`
    select 'payouts are ' || p.status as what, count(*)::int as count, min(p.booking_id) as example,
      min(coalesce(t.status || coalesce(': ' || t.failure_reason, ''), p.hold_reason)) as reason
    from payouts p left join payout_transfers t on t.payout_id = p.id and t.status not in ('failed_terminal', 'withdrawn')
    where p.booking_id = any(${bookingIds}::text[]) and ${moves(rulesNow)} group by p.status
    union all
    select 'reversals are ' || r.status, count(*)::int, min(p.booking_id), min(r.failure_reason)
    from payout_reversals r join payouts p on p.id = r.payout_id
    where p.booking_id = any(${bookingIds}::text[]) and r.status in ('pending', 'processing', 'retryable')
    group by r.status
    order by 1`.execute(database)
  return rows.map(({ what, count, example, reason }) =>
    [`${count} ${what}`, `e.g. of booking ${example}`, reason && `last: ${reason}`].filter(Boolean).join(', '),
  )
}
