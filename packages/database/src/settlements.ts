import type { Settlement, SettlementRule, SettlementWinner } from '@remesa/domain/settlement'
import { sql, type Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/** A settlement with its winners, as the marketplace has them. */
export interface SettlementWithWinners {
  readonly settlement: Settlement
  readonly winners: readonly SettlementWinner[]
}

/**
 * Writes settlements as the marketplace does, whether they can be paid or not. One that has its payout job is never
 * changed: what it owes is being paid.
 * @returns the ids of those that were written
 */
export async function insertSettlements(
  tx: Transaction<Schema>,
  settlements: readonly SettlementWithWinners[],
): Promise<ReadonlySet<string>> {
  if (settlements.length === 0) return new Set()
  const ids = settlements.map(({ settlement }) => settlement.settlementId)
  // First, and alone: a statement that waits for a lock looks at other tables as they were before it waited, and would
  // miss the job that it waited for.
  await sql`
    select from settlements where settlement_id = any(${ids}::text[]) order by settlement_id for update`.execute(tx)
  const heads = settlements.map(({ settlement }) => ({ ...settlement, total: settlement.total.toString() }))
  const { rows } = await sql<{ id: string }>`
    insert into settlements as s (settlement_id, contest_id, currency, total, status)
    select "settlementId", "contestId", currency, total, status
    from jsonb_to_recordset(${JSON.stringify(heads)}::jsonb)
      as t("settlementId" text, "contestId" text, currency text, total bigint, status text)
    order by 1
    on conflict (settlement_id) do update set contest_id = excluded.contest_id, currency = excluded.currency,
      total = excluded.total, status = excluded.status
    where not exists (select from payout_jobs j where j.settlement_id = s.settlement_id)
    returning settlement_id as id`.execute(tx)
  const written = new Set(rows.map(({ id }) => id))
  const winners = settlements
    .filter(({ settlement }) => written.has(settlement.settlementId))
    .flatMap(({ settlement: { settlementId }, winners }) =>
      winners.map((winner) => ({ settlementId, ...winner, amount: winner.amount.toString() })),
    )
  await sql`delete from settlement_winners where settlement_id = any(${[...written]}::text[])`.execute(tx)
  await sql`
    insert into settlement_winners (settlement_id, user_id, stripe_account_id, amount, currency)
    select "settlementId", "userId", "stripeAccountId", amount, currency
    from jsonb_to_recordset(${JSON.stringify(winners)}::jsonb)
      as t("settlementId" text, "userId" text, "stripeAccountId" text, amount bigint, currency text)`.execute(tx)
  return written
}

/** A settlement that is being looked at, and what is known of its payment. */
export interface LockedSettlement extends SettlementWithWinners {
  /** Its payout job, where it has one. */
  readonly jobId: string | null
  /** The rule it broke when it was looked at last. */
  readonly rejectedRule: SettlementRule | null
}

/**
 * Takes these settlements, and the others of their contests beside them, so that two settlements of one contest are
 * never looked at at once.
 * @returns those that were asked for and exist, in the order of their ids
 */
export async function lockSettlements(
  tx: Transaction<Schema>,
  settlementIds: readonly string[],
): Promise<readonly LockedSettlement[]> {
  await sql`
    select from settlements where contest_id in (
      select contest_id from settlements where settlement_id = any(${settlementIds}::text[])
    ) order by settlement_id for update`.execute(tx)
  const { rows } = await sql<{
    settlement_id: string
    contest_id: string
    currency: string
    total: bigint
    status: string
    rejected_rule: SettlementRule | null
    job_id: string | null
  }>`
    select s.*, j.id as job_id from settlements s left join payout_jobs j on j.settlement_id = s.settlement_id
    where s.settlement_id = any(${settlementIds}::text[]) order by s.settlement_id`.execute(tx)
  const winners = Map.groupBy(await winnersOf(tx, settlementIds), ({ settlement_id }) => settlement_id)
  return rows.map((row) => ({
    settlement: {
      settlementId: row.settlement_id,
      contestId: row.contest_id,
      currency: row.currency,
      total: row.total,
      status: row.status,
    },
    winners: (winners.get(row.settlement_id) ?? []).map(({ user_id, stripe_account_id, amount, currency }) => ({
      userId: user_id,
      stripeAccountId: stripe_account_id,
      amount,
      currency,
    })),
    jobId: row.job_id,
    rejectedRule: row.rejected_rule,
  }))
}

/** Notes which rule each of these breaks; null where it breaks none. */
export async function markRejected(
  tx: Transaction<Schema>,
  settlements: readonly { readonly settlementId: string; readonly rule: SettlementRule | null }[],
  now: Date,
): Promise<void> {
  if (settlements.length === 0) return
  await sql`
    update settlements s set rejected_rule = r.rule, rejected_at = case when r.rule is not null then ${now}::timestamptz end
    from jsonb_to_recordset(${JSON.stringify(settlements)}::jsonb) as r("settlementId" text, rule text)
    where s.settlement_id = r."settlementId"`.execute(tx)
}

async function winnersOf(tx: Transaction<Schema>, settlementIds: readonly string[]) {
  return tx
    .selectFrom('settlement_winners')
    .selectAll()
    .where(sql<boolean>`settlement_id = any(${settlementIds}::text[])`)
    .orderBy('id')
    .execute()
}
