import type { BusinessDate } from '@remesa/domain/business-date'
import { type RawBuilder, sql, type Transaction } from 'kysely'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import type { Schema } from './schema.ts'

/** A balance that nobody seems to have in hand, and what is due. */
export interface LeftBalance {
  readonly sellerBalanceId: string
  /** `look`: at its pending payment; `report`: its payment has ended, and somebody has still to be told. */
  readonly due: 'retrieval' | 'payment' | 'look' | 'report'
  /** Looks taken at its payment so far: which one is due. */
  readonly statusChecks: number
}

/**
 * Takes balances whose messages seem to be gone, for the caller to put on their way in the same transaction. Each is left
 * alone for a while after, longer every time, so that of two schedulers one gets it and an outage does not fill the queues
 * with copies; a copy is harmless all the same.
 * @param options.graceMs - how long a balance's own message has to bring it to a worker
 * @param options.limit - of each kind
 */
export async function claimBalancesToQueue(
  tx: Transaction<Schema>,
  options: { now: Date; graceMs: number; limit: number },
): Promise<readonly LeftBalance[]> {
  const { now, graceMs } = options
  const before = (ms: number) => new Date(now.getTime() - ms)
  return [
    ...(await claim(tx, options, {
      due: 'retrieval',
      from: sql`seller_balances b`,
      since: sql`b.created_at`,
      // What NetSuite does not have yet is asked for again by its own message, up to ten minutes later.
      where: sql`b.status = 'initialized' and b.updated_at <= ${before(graceMs + RETRIEVAL_WAIT_MS)}
        and coalesce((b.jobs->'retrieval'->>'lastExecution')::timestamptz <= ${before(graceMs + RETRIEVAL_WAIT_MS)}, true)`,
    })),
    ...(await claim(tx, options, {
      due: 'payment',
      from: sql`seller_balances b`,
      since: sql`coalesce(b.next_try_at, b.created_at)`,
      // While a rail rests, or people have stopped it, the messages of its balances come back by themselves.
      where: sql`b.status in ('payable', 'awaiting_funds') and coalesce(b.next_try_at, b.updated_at) <= ${before(graceMs)}
        and not exists (select from rails where name <> 'stripe' and paused_until > ${before(graceMs)})
        and not exists (
          select from rail_stops r join sellers s on r.rail = case s.operation_type when 'local' then 'fpay' else 'payoneer' end
          where r.stopped_at is not null and s.id = b.seller_id)`,
    })),
    ...(await claim(tx, options, {
      due: 'payment',
      from: sql`seller_balances b`,
      since: sql`b.next_try_at`,
      where: sql`b.blocked_reason = 'destination_changed' and b.next_try_at <= ${before(graceMs)}`,
    })),
    ...(await claim(tx, options, {
      due: 'payment',
      from: sql`payment_attempts a join seller_balances b on b.id = a.payable_id`,
      since: sql`a.lease_expires_at`,
      where: sql`a.state = 'claimed' and a.payable_type = 'seller_balance' and a.lease_expires_at <= ${before(graceMs)}
        and b.status = 'paying'`,
    })),
    ...(await claim(tx, options, {
      due: 'look',
      from: sql`seller_balances b`,
      since: sql`coalesce(b.next_try_at, b.created_at)`,
      where: sql`b.status = 'payment_pending' and coalesce(b.next_try_at, b.updated_at) <= ${before(graceMs)}`,
    })),
    ...(await claim(tx, options, {
      due: 'report',
      from: sql`seller_balances b`,
      since: sql`b.created_at`,
      // By date, for which there is an index. What NetSuite refuses is told of again by its own message, an hour later.
      where: sql`b.business_date >= ${before(REPORTED_WITHIN_MS)}::date and b.status in ('paid', 'failed')
        and (b.erp_told_at is null or b.gsc_told_at is null) and b.updated_at <= ${before(graceMs + REPORT_WAIT_MS)}`,
    })),
  ]
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const RETRIEVAL_WAIT_MS = 10 * MINUTE_MS
const REPORT_WAIT_MS = HOUR_MS
const REPORTED_WITHIN_MS = 14 * 24 * HOUR_MS

/** @param which.since - since when it is due: as long as that is ago, up to an hour, it is left alone */
async function claim(
  tx: Transaction<Schema>,
  { now, graceMs, limit }: { now: Date; graceMs: number; limit: number },
  which: { due: LeftBalance['due']; from: RawBuilder<unknown>; since: RawBuilder<unknown>; where: RawBuilder<unknown> },
): Promise<readonly LeftBalance[]> {
  const { rows } = await sql<{ id: string; checks: number }>`
    update seller_balances set updated_at = ${now} where id in (
      select b.id from ${which.from}
      where ${which.where} and b.updated_at + least(greatest(b.updated_at - ${which.since},
        ${graceMs} * interval '1 millisecond'), interval '1 hour') <= ${now}
      order by b.updated_at, b.id limit ${limit} for update of b skip locked
    )
    returning id, status_checks as checks`.execute(tx)
  return rows.map(({ id, checks }) => ({ sellerBalanceId: id, due: which.due, statusChecks: checks }))
}

/**
 * Pay-days that should have come further: sellers without balances, or balances that still wait for NetSuite or for being
 * paid. What the bank keeps pending, or lacks funds for, has alerts of its own.
 * @param options.stalledMs - since the reset
 * @returns alerts about those that people were not told of yet, to raise in the same transaction
 */
export async function findStalledPayDays(
  tx: Transaction<Schema>,
  { now, stalledMs }: { now: Date; stalledMs: number },
): Promise<readonly NewAlert[]> {
  const { rows } = await sql<{ id: string; date: string; initialized: boolean; open: Record<string, number> | null }>`
    select r.id, r.business_date as date, r.initialized_at is not null as initialized, c.open
    from pay_day_runs r
    left join lateral (
      select jsonb_object_agg(status, count) as open from (
        select status, count(*) from seller_balances
        where business_date = r.business_date and status in ('initialized', 'payable', 'paying') group by status
      ) s
    ) c on true
    where r.opened_at <= ${new Date(now.getTime() - stalledMs)}
      and r.business_date >= ${new Date(now.getTime() - REPORTED_WITHIN_MS)}::date
      and (r.initialized_at is null or c.open is not null)
      and not exists (select from finance_alerts where dedup_key = 'pay_day_stalled:' || r.business_date)
    order by r.business_date`.execute(tx)
  return rows.map(({ id, date, initialized, open }) => ({
    kind: 'pay_day_stalled',
    dedupKey: `pay_day_stalled:${date}`,
    subject: { type: 'pay_day_run', id },
    businessDate: date,
    details: { initialized, open: open ?? {} },
  }))
}

/**
 * Pay-days that should have begun and never did: the message of their reset was lost, or nobody sent it. Closes the alerts of
 * those that have begun since. What was due before the first pay-day of all was opened is none: nothing ran here then.
 * @param due - business dates, and when their pay-day should have begun, long enough ago
 * @returns alerts about those that people were not told of yet, to raise in the same transaction
 */
export async function findUnopenedPayDays(
  tx: Transaction<Schema>,
  due: readonly { readonly date: BusinessDate; readonly at: Date }[],
): Promise<readonly NewAlert[]> {
  const { rows } = await sql<{ date: string; opened: boolean }>`
    select d.date, r.id is not null as opened
    from unnest(${due.map(({ date }) => date)}::date[], ${due.map(({ at }) => at)}::timestamptz[]) as d(date, due_at)
    left join pay_day_runs r on r.business_date = d.date
    left join finance_alerts a on a.dedup_key = 'pay_day_stalled:' || d.date || ':not_opened'
    where d.due_at > (select min(opened_at) from pay_day_runs)
      and case when r.id is null then a.id is null else a.status <> 'resolved' end
    order by d.date`.execute(tx)
  const keyOf = (date: string) => `pay_day_stalled:${date}:not_opened`
  const begun = rows.filter(({ opened }) => opened).map(({ date }) => keyOf(date))
  await resolveAlerts(tx, { dedupKeys: begun, note: 'The pay-day has begun.' })
  return rows
    .filter(({ opened }) => !opened)
    .map(({ date }) => ({
      kind: 'pay_day_stalled',
      dedupKey: keyOf(date),
      subject: { type: 'business_date', id: date },
      businessDate: date,
      details: { opened: false },
    }))
}
