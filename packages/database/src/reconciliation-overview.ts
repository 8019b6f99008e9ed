import type { ReconciliationSeverity, ReconciliationStatus } from '@remesa/domain/reconciliation-result'
import { sql } from 'kysely'
import type { Database } from './connection.ts'

/** A run of any kind, as a list of them shows it. */
export interface ReconciliationOverview {
  readonly id: string
  /** `billing`, or whose books were held against our payouts. */
  readonly books: string
  /** Half-open. */
  readonly from: Date
  readonly to: Date
  readonly status: 'running' | ReconciliationStatus
  readonly severity: ReconciliationSeverity | null
  readonly startedAt: Date
  readonly finishedAt: Date | null
  readonly durationMs: number | null
  /** Why it could not be finished. */
  readonly error: string | null
  /** Per currency, in major units; nothing while it runs. */
  readonly moneyAtRisk: readonly { readonly currency: string; readonly amount: string }[]
}

export interface ReconciliationFilter {
  readonly books?: string
  /** The last id of the page before. */
  readonly after?: string
  readonly limit: number
}

/** Runs of every kind, the newest first; an id in `after` that does not exist has none after it. */
export async function listReconciliations(
  database: Database,
  { books, after, limit }: ReconciliationFilter,
): Promise<readonly ReconciliationOverview[]> {
  const { rows } = await sql<OverviewRow>`
    select ${COLUMNS} from reconciliation_reports
    where (${books ?? null}::text is null or kind = ${books ?? null})
      and (${after ?? null}::uuid is null
        or (started_at, id) < (select started_at, id from reconciliation_reports where id = ${after ?? null}))
    order by started_at desc, id desc limit ${limit}`.execute(database)
  return rows.map(overviewOf)
}

/** A run as its own page has it. */
export interface ReconciliationDetail extends ReconciliationOverview {
  /** Of the kind's own shape; null while it runs. */
  readonly result: Readonly<Record<string, unknown>> | null
  /** What was asked of it; of billing alone. */
  readonly options: { readonly includeRefunds: boolean; readonly tolerancePercentage: number } | null
  /** The newest run of the same books and window that began after it: this one is history then. */
  readonly newer: Pick<ReconciliationOverview, 'id' | 'status' | 'startedAt'> | null
}

/** One run, with all that it came to. */
export async function findReconciliation(database: Database, id: string): Promise<ReconciliationDetail | undefined> {
  const { rows } = await sql<DetailRow>`
    select ${COLUMNS}, result, include_refunds, tolerance_percentage, newer.*
    from reconciliation_reports r
    left join lateral (
      select n.id as newer_id, n.status as newer_status, n.started_at as newer_started_at from reconciliation_reports n
      where n.kind = r.kind and n.window_from = r.window_from and n.window_to = r.window_to
        and (n.started_at, n.id) > (r.started_at, r.id)
      order by n.started_at desc, n.id desc limit 1
    ) newer on true
    where id = ${id}`.execute(database)
  const [row] = rows
  return row && detailOf(row)
}

interface DetailRow extends OverviewRow {
  result: Record<string, unknown> | null
  include_refunds: boolean
  tolerance_percentage: string
  newer_id: string | null
  newer_status: OverviewRow['status'] | null
  newer_started_at: Date | null
}

function detailOf(row: DetailRow): ReconciliationDetail {
  const { newer_id: id, newer_status: status, newer_started_at: startedAt } = row
  const options = { includeRefunds: row.include_refunds, tolerancePercentage: Number(row.tolerance_percentage) }
  return {
    ...overviewOf(row),
    result: row.result,
    options: row.kind === 'billing' ? options : null,
    newer: id && status && startedAt ? { id, status, startedAt } : null,
  }
}

/** What the newest run of each window came to, the newest window first. Runs that have not ended are left out. */
export async function reconciliationTrend(
  database: Database,
  { books, limit }: { books: string; limit: number },
): Promise<readonly ReconciliationOverview[]> {
  const { rows } = await sql<OverviewRow>`
    select * from (
      select distinct on (window_from, window_to) ${COLUMNS} from reconciliation_reports
      where kind = ${books} and status <> 'running'
      order by window_from desc, window_to desc, started_at desc
    ) newest order by window_from desc, window_to desc limit ${limit}`.execute(database)
  return rows.map(overviewOf)
}

const COLUMNS = sql`id, kind, window_from, window_to, status, severity, started_at, finished_at, duration_ms, error,
  result->'byCurrency' as by_currency`

interface OverviewRow {
  id: string
  kind: string
  window_from: Date
  window_to: Date
  status: 'running' | ReconciliationStatus
  severity: ReconciliationSeverity | null
  started_at: Date
  finished_at: Date | null
  duration_ms: number | null
  error: string | null
  by_currency: readonly { currency: string; moneyAtRisk: string }[] | null
}

const overviewOf = (row: OverviewRow): ReconciliationOverview => ({
  ...{ id: row.id, books: row.kind, from: row.window_from, to: row.window_to },
  ...{ status: row.status, severity: row.severity, error: row.error },
  ...{ startedAt: row.started_at, finishedAt: row.finished_at, durationMs: row.duration_ms },
  moneyAtRisk: (row.by_currency ?? []).map(({ currency, moneyAtRisk }) => ({ currency, amount: moneyAtRisk })),
})
