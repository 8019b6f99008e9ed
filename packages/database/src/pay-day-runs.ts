import { type BusinessDate, businessDate as businessDateOf } from '@remesa/domain/business-date'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** One business date's way from reset to the last balance (design §6.2). */
export interface PayDayRun {
  readonly runId: string
  readonly businessDate: BusinessDate
}

export type OpenedRun =
  | { readonly kind: 'opened'; readonly run: PayDayRun; readonly reopened: boolean; readonly sellersReset: number }
  /** Another date's run still initializes, and sellers carry the mark of one run at a time: ask again later. */
  | { readonly kind: 'busy'; readonly initializing: PayDayRun }

/**
 * Payment reset: takes the mark `day_balance_generated` from every seller, verifies that none has it, and opens the
 * run of a business date, or opens it again. A second reset during a run does no harm: sellers are gone through
 * once more, and balances that exist stay as they are.
 * @throws when a seller still carries the mark
 */
export async function openRun(tx: Transaction<Schema>, businessDate: BusinessDate, actor: string): Promise<OpenedRun> {
  // Waits for the claims in work, and new ones wait for it: nothing is marked between the reset and its verification.
  await sql`lock table pay_day_runs in exclusive mode`.execute(tx)
  const { rows: open } = await sql<RunRow>`
    select id, business_date from pay_day_runs where initialized_at is null and business_date <> ${businessDate}`.execute(
    tx,
  )
  if (open[0]) return { kind: 'busy', initializing: runOf(open[0]) }
  const reset = await sql`update sellers set day_balance_generated = false where day_balance_generated`.execute(tx)
  const { rows: marked } = await sql<{ count: number }>`
    select count(*)::int as count from sellers where day_balance_generated`.execute(tx)
  if (marked[0]?.count !== 0) throw new Error(`payment reset: ${marked[0]?.count} sellers kept their mark`)
  const run = await sql<RunRow & { resets: number }>`
    insert into pay_day_runs as r (business_date) values (${businessDate})
    on conflict (business_date) do update set resets = r.resets + 1, initialized_at = null
    returning id, business_date, resets`.execute(tx)
  const [row] = run.rows
  if (!row) throw new Error(`the run of ${businessDate} was neither opened nor opened again`)
  const sellersReset = Number(reset.numAffectedRows ?? 0n)
  await recordAudit(tx, [
    {
      actor,
      action: 'pay_day_run.opened',
      subject: { type: 'pay_day_run', id: row.id },
      after: { businessDate, resets: row.resets, sellersReset },
    },
  ])
  return { kind: 'opened', run: runOf(row), reopened: row.resets > 1, sellersReset }
}

/** The business date of a run. @param businessDate - default: the newest. @returns undefined when there is none */
export async function latestRun(connection: Database, businessDate?: string): Promise<BusinessDate | undefined> {
  const { rows } = await sql<{ date: string }>`
    select business_date as date from pay_day_runs
    where ${businessDate ?? null}::date is null or business_date = ${businessDate ?? null}
    order by business_date desc limit 1`.execute(connection)
  return rows[0] && businessDateOf(rows[0].date)
}

/**
 * Takes sellers that have no balances of this run yet, for this transaction alone.
 * @returns no sellers when none is left or others have the rest in hand; undefined when the run is initialized
 */
export async function claimSellersToInitialize(
  tx: Transaction<Schema>,
  { runId, limit }: { runId: string; limit: number },
): Promise<{ run: PayDayRun; sellerIds: readonly string[] } | undefined> {
  // Against a reset at the same time. Not the run's row: two workers that hold it could not both go on to finish.
  await sql`lock table pay_day_runs in row share mode`.execute(tx)
  const { rows: runs } = await sql<RunRow>`
    select id, business_date from pay_day_runs where id = ${runId} and initialized_at is null`.execute(tx)
  const [row] = runs
  if (!row) return undefined
  const { rows } = await sql<{ id: string }>`
    select id from sellers where not day_balance_generated
    order by id limit ${limit} for no key update skip locked`.execute(tx)
  return { run: runOf(row), sellerIds: rows.map(({ id }) => id) }
}

/** Why a seller has no balance in a country. */
export interface NotInitialized {
  readonly sellerId: string
  /** Null when the seller sells in no country at all. */
  readonly country: string | null
  readonly reason: 'disabled_for_seller' | 'country_disabled' | 'country_unknown' | 'no_countries'
}

/**
 * Inserts one empty balance per country that is enabled for the seller and by us, and marks the sellers. Suspended
 * and closed sellers are owed what they are owed, too: whether it may be paid is decided when it is paid.
 * @param claimed - from `claimSellersToInitialize`, in the same transaction
 * @returns `toRetrieve`: every balance of these sellers and this date that still waits for its documents, also those
 *   of an earlier reset, whose message may have been lost to a crash
 */
export async function insertBalances(
  tx: Transaction<Schema>,
  { run, sellerIds }: { run: PayDayRun; sellerIds: readonly string[] },
): Promise<{ inserted: number; toRetrieve: readonly string[]; notInitialized: readonly NotInitialized[] }> {
  const inserted = await sql`
    insert into seller_balances (run_id, seller_id, country, business_date, currency)
    select ${run.runId}, sc.seller_id, sc.country, ${run.businessDate}, sc.currency
    from seller_countries sc join countries c on c.id = sc.country
    where sc.seller_id = any(${sellerIds}::uuid[]) and sc.enabled and c.enabled
    order by sc.seller_id, sc.country
    on conflict (seller_id, country, business_date) do nothing`.execute(tx)
  const { rows: waiting } = await sql<{ id: string }>`
    select id from seller_balances
    where seller_id = any(${sellerIds}::uuid[]) and business_date = ${run.businessDate} and status = 'initialized'
    order by id`.execute(tx)
  const { rows: notInitialized } = await sql<NotInitialized>`
    select s.id as "sellerId", sc.country, case
        when sc.country is null then 'no_countries'
        when c.id is null then 'country_unknown'
        when not sc.enabled then 'disabled_for_seller'
        else 'country_disabled'
      end as reason
    from sellers s
    left join seller_countries sc on sc.seller_id = s.id
    left join countries c on c.id = sc.country
    where s.id = any(${sellerIds}::uuid[]) and not coalesce(sc.enabled and c.enabled, false)
    order by s.id, sc.position`.execute(tx)
  await sql`update sellers set day_balance_generated = true where id = any(${sellerIds}::uuid[])`.execute(tx)
  return {
    inserted: Number(inserted.numAffectedRows ?? 0n),
    toRetrieve: waiting.map(({ id }) => id),
    notInitialized,
  }
}

/** Sellers without the mark, also those that another worker has in hand now. */
export async function sellersLeft(database: Database): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from sellers where not day_balance_generated`.execute(database)
  return rows[0]?.count ?? 0
}

/**
 * Notes that every seller has its balances.
 * @returns the sellers that are left; while there are any, nothing is noted
 */
export async function finishInitialization(tx: Transaction<Schema>, runId: string): Promise<number> {
  // A claim that is not committed counts as left. A reset after the count would be undone by the update: none may come.
  await sql`lock table pay_day_runs in row exclusive mode`.execute(tx)
  const left = await sellersLeft(tx)
  if (left > 0) return left
  await sql`
    update pay_day_runs set initialized_at = now() where id = ${runId} and initialized_at is null`.execute(tx)
  return 0
}

interface RunRow {
  id: string
  business_date: string
}

const runOf = ({ id, business_date }: RunRow): PayDayRun => ({
  runId: id,
  businessDate: businessDateOf(business_date),
})
