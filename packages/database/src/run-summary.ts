import { currency as currencyOf } from '@remesa/domain/currency'
import type { FinanceAlertKind } from '@remesa/domain/finance-alert'
import type { Money } from '@remesa/domain/money'
import { isFinal, SELLER_BALANCE_STATUSES, type SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql } from 'kysely'
import type { Database } from './connection.ts'

/** How far a business date's run has come. */
export interface RunProgress {
  /** Every seller has its balances. */
  readonly initialized: boolean
  readonly sellersLeft: number
  /** How many balances stand where; every status is named. */
  readonly balances: Readonly<Record<SellerBalanceStatus, number>>
  /** Balances of which something more happens by itself. */
  readonly open: number
}

/** @returns undefined when the date's run was never opened */
export async function runProgress(database: Database, businessDate: string): Promise<RunProgress | undefined> {
  const { rows } = await sql<{ initialized: boolean; left: number; counts: Record<string, number> | null }>`
    select r.initialized_at is not null as initialized,
      case when r.initialized_at is null
        then (select count(*)::int from sellers where not day_balance_generated) else 0 end as left,
      (select jsonb_object_agg(status, count) from (
        select status, count(*) from seller_balances where business_date = ${businessDate} group by status
      ) c) as counts
    from pay_day_runs r where r.business_date = ${businessDate}`.execute(database)
  const [row] = rows
  if (!row) return undefined
  const counted = SELLER_BALANCE_STATUSES.map((status) => [status, row.counts?.[status] ?? 0] as const)
  return {
    initialized: row.initialized,
    sellersLeft: row.left,
    balances: Object.fromEntries(counted) as Record<SellerBalanceStatus, number>,
    open: counted.reduce((open, [status, count]) => (isFinal(status) ? open : open + count), 0),
  }
}

/** True when every balance of the date is in a final state: nothing more happens by itself. */
export async function isRunFinished(database: Database, businessDate: string): Promise<boolean> {
  const progress = await runProgress(database, businessDate)
  return progress?.initialized === true && progress.open === 0
}

/** What was paid for a business date, per currency; what came back is not paid. */
export async function paidTotals(database: Database, businessDate: string): Promise<readonly Money[]> {
  const { rows } = await sql<{ currency: string; amount: bigint }>`
    select currency, sum(amount_owed)::bigint as amount from seller_balances
    where business_date = ${businessDate} and status = 'paid' group by currency order by currency`.execute(database)
  return rows.map(({ currency, amount }) => ({ amount, currency: currencyOf(currency) }))
}

/** Alerts by kind, settled ones too: those of the business date, and those that concern no date. */
export async function alertCounts(
  database: Database,
  businessDate: string,
): Promise<Partial<Record<FinanceAlertKind, number>>> {
  const { rows } = await sql<{ kind: FinanceAlertKind; count: number }>`
    select kind, count(*)::int as count from finance_alerts
    where business_date = ${businessDate} or business_date is null group by kind order by kind`.execute(database)
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]))
}

/** Balances whose payment has ended and of which NetSuite or GSC has still to be told. */
export async function unreported(database: Database, businessDate: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from seller_balances
    where business_date = ${businessDate} and status in ('paid', 'failed')
      and (erp_told_at is null or gsc_told_at is null)`.execute(database)
  return rows[0]?.count ?? 0
}

/** How many sellers there are, how many of them have a vendor in NetSuite, and how many an FPay account. */
export async function sellerCounts(
  database: Database,
): Promise<{ sellers: number; inErp: number; withFpayId: number }> {
  const { rows } = await sql<{ sellers: number; inErp: number; withFpayId: number }>`
    select count(*)::int as sellers, count(erp_id)::int as "inErp", count(fpay_id)::int as "withFpayId"
    from sellers`.execute(database)
  return rows[0] ?? { sellers: 0, inErp: 0, withFpayId: 0 }
}
