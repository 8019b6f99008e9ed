import type {
  ReconciliationResult,
  ReconciliationSeverity,
  ReconciliationStatus,
} from '@remesa/domain/reconciliation-result'
import { type Selectable, sql } from 'kysely'
import type { Database } from './connection.ts'
import type { ReconciliationTables } from './reconciliation-tables.ts'

/** A run, and what came of it. */
export interface ReconciliationReport {
  readonly id: string
  readonly kind: string
  /** Half-open. */
  readonly window: { readonly from: Date; readonly to: Date }
  readonly includeRefunds: boolean
  readonly tolerancePercentage: number
  readonly status: 'running' | ReconciliationStatus
  readonly severity: ReconciliationSeverity | null
  /** Null while it runs. */
  readonly result: ReconciliationResult | null
  /** Why it could not be finished. */
  readonly error: string | null
  readonly startedAt: Date
  readonly finishedAt: Date | null
  readonly durationMs: number | null
}

export async function findReport(database: Database, reportId: string): Promise<ReconciliationReport | undefined> {
  const row = await database
    .selectFrom('reconciliation_reports')
    .selectAll()
    .where('id', '=', reportId)
    .executeTakeFirst()
  return row && reportOf(row)
}

/** The newest first: of the windows, then of the runs of one window. */
export async function listReports(
  database: Database,
  { kind, from, to, limit }: { kind: string; from?: Date; to?: Date; limit: number },
): Promise<readonly ReconciliationReport[]> {
  const rows = await database
    .selectFrom('reconciliation_reports')
    .selectAll()
    .where('kind', '=', kind)
    .where('window_from', '>=', from ?? sql<Date>`'-infinity'`)
    .where('window_from', '<', to ?? sql<Date>`'infinity'`)
    .orderBy('window_from', 'desc')
    .orderBy('started_at', 'desc')
    .limit(limit)
    .execute()
  return rows.map(reportOf)
}

function reportOf(row: Selectable<ReconciliationTables['reconciliation_reports']>): ReconciliationReport {
  return {
    id: row.id,
    kind: row.kind,
    window: { from: row.window_from, to: row.window_to },
    includeRefunds: row.include_refunds,
    tolerancePercentage: Number(row.tolerance_percentage),
    status: row.status,
    severity: row.severity,
    result: row.result as ReconciliationResult | null,
    error: row.error,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    durationMs: row.duration_ms,
  }
}
