import { currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { TRANSFER_STATUSES, type TransferStatus } from '@remesa/domain/payout-transfer'
import { sql } from 'kysely'
import type { Database } from './connection.ts'

/** How far the payment of some settlements has come. */
export interface SettlementProgress {
  /** Settlements that have a payout job. */
  readonly jobs: number
  /** Of those, how many have nothing left to pay. */
  readonly complete: number
  /** Settlements that break a rule, so that nobody of theirs is paid. */
  readonly rejected: number
  /** How many transfers stand where; every status is named. */
  readonly transfers: Readonly<Record<TransferStatus, number>>
  /** Of what awaits its destination, how much waits for us to read the account, and not for a person. */
  readonly unverified: number
}

/** @param settlementIds - those that are asked about; one that does not exist counts nowhere */
export async function settlementProgress(
  database: Database,
  settlementIds: readonly string[],
): Promise<SettlementProgress> {
  const { rows } = await sql<{
    jobs: number
    complete: number
    rejected: number
    transfers: Record<string, number> | null
    unverified: number
  }>`
    with asked as (select settlement_id, rejected_rule from settlements where settlement_id = any(${settlementIds}::text[])),
      jobs as (select j.id, j.status from payout_jobs j join asked using (settlement_id)),
      transfers as (select t.status, t.held_reason from payout_transfers t join jobs j on j.id = t.job_id)
    select (select count(*)::int from jobs) as jobs,
      (select count(*)::int from jobs where status = 'complete') as complete,
      (select count(*)::int from asked where rejected_rule is not null) as rejected,
      (select jsonb_object_agg(status, count) from (select status, count(*) from transfers group by status) c) as transfers,
      (select count(*)::int from transfers where held_reason = 'account_unverified') as unverified`.execute(database)
  const [row] = rows
  if (!row) throw new Error('counts of nothing are still a row')
  const transfers = TRANSFER_STATUSES.map((status) => [status, row.transfers?.[status] ?? 0] as const)
  return { ...row, transfers: Object.fromEntries(transfers) as Record<TransferStatus, number> }
}

/** What was transferred for these settlements, per currency. */
export async function transferredTotals(
  database: Database,
  settlementIds: readonly string[],
): Promise<readonly Money[]> {
  const { rows } = await sql<{ currency: string; amount: bigint }>`
    select t.currency, sum(t.amount)::bigint as amount from payout_transfers t join payout_jobs j on j.id = t.job_id
    where j.settlement_id = any(${settlementIds}::text[]) and t.status = 'completed'
    group by t.currency order by t.currency`.execute(database)
  return rows.map(({ currency, amount }) => ({ amount, currency: currencyOf(currency) }))
}
