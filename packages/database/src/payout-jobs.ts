import { mayBecome, type PayoutJobStatus, type TransferCounts } from '@remesa/domain/payout-job'
import { type Selectable, sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** The payment of one settlement. */
export interface PayoutJob {
  readonly jobId: string
  readonly settlementId: string
  readonly status: PayoutJobStatus
  readonly counts: TransferCounts
  readonly createdAt: Date
  readonly completedAt: Date | null
}

/**
 * Inserts jobs in one statement; a settlement has one job, whoever comes first.
 * @returns the new jobs' ids by their settlements; a settlement that had its job is left out
 */
export async function insertPayoutJobs(
  tx: Transaction<Schema>,
  jobs: readonly { settlementId: string; transfers: number }[],
  now: Date,
): Promise<ReadonlyMap<string, string>> {
  if (jobs.length === 0) return new Map()
  const { rows } = await sql<{ id: string; settlement_id: string }>`
    insert into payout_jobs (settlement_id, transfers_total, created_at, updated_at)
    select "settlementId", transfers, ${now}, ${now}
    from jsonb_to_recordset(${JSON.stringify(jobs)}::jsonb) as j("settlementId" text, transfers int)
    order by 1
    on conflict (settlement_id) do nothing
    returning id, settlement_id`.execute(tx)
  return new Map(rows.map((row) => [row.settlement_id, row.id]))
}

export async function findBySettlementId(database: Database, settlementId: string): Promise<PayoutJob | undefined> {
  const row = await database
    .selectFrom('payout_jobs')
    .selectAll()
    .where('settlement_id', '=', settlementId)
    .executeTakeFirst()
  return row && jobOf(row)
}

export async function findById(database: Database, jobId: string): Promise<PayoutJob | undefined> {
  const row = await database.selectFrom('payout_jobs').selectAll().where('id', '=', jobId).executeTakeFirst()
  return row && jobOf(row)
}

/** Jobs that are not complete, oldest first. */
export async function findPendingOrProcessing(
  database: Database,
  { limit }: { limit: number },
): Promise<readonly PayoutJob[]> {
  const rows = await database
    .selectFrom('payout_jobs')
    .selectAll()
    .where('status', '<>', 'complete')
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(jobOf)
}

/** Takes the jobs' rows, so that whoever counts next counts all that was recorded before. */
export async function lockJobs(tx: Transaction<Schema>, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return
  await sql`select from payout_jobs where id = any(${jobIds}::uuid[]) order by id for update`.execute(tx)
}

/** Moves jobs that still stand at `from`. @returns the ids of those that did */
export async function updateStatus(
  tx: Transaction<Schema>,
  jobIds: readonly string[],
  { from, to, now }: { from: PayoutJobStatus; to: PayoutJobStatus; now: Date },
): Promise<readonly string[]> {
  if (!mayBecome(from, to)) throw new Error(`a payout job never goes from ${from} to ${to}`)
  if (jobIds.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    update payout_jobs set status = ${to}, updated_at = ${now},
      completed_at = case when ${to} = 'complete' then ${now}::timestamptz end
    where id in (
      select id from payout_jobs where id = any(${jobIds}::uuid[]) and status = ${from} order by id for update
    ) and status = ${from}
    returning id`.execute(tx)
  return rows.map(({ id }) => id)
}

/**
 * Writes down how many transfers have ended, as `countTerminalByJobId` counted them under `lockJobs`.
 * @returns the counts with their totals, by job
 */
export async function updateCounts(
  tx: Transaction<Schema>,
  counted: ReadonlyMap<string, { readonly completed: number; readonly failed: number }>,
  now: Date,
): Promise<ReadonlyMap<string, TransferCounts>> {
  if (counted.size === 0) return new Map()
  const counts = [...counted].map(([id, { completed, failed }]) => ({ id, completed, failed }))
  const { rows } = await sql<TransferCounts & { id: string }>`
    update payout_jobs j set transfers_completed = c.completed, transfers_failed = c.failed, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(counts)}::jsonb) as c(id uuid, completed int, failed int)
    where j.id = any(${[...counted.keys()]}::uuid[]) and j.id = c.id
    returning j.id, j.transfers_total as total, c.completed, c.failed`.execute(tx)
  return new Map(rows.map(({ id, ...rest }) => [id, rest]))
}

const jobOf = (row: Selectable<Schema['payout_jobs']>): PayoutJob => ({
  jobId: row.id,
  settlementId: row.settlement_id,
  status: row.status,
  counts: { total: row.transfers_total, completed: row.transfers_completed, failed: row.transfers_failed },
  createdAt: row.created_at,
  completedAt: row.completed_at,
})
