import { randomUUID } from 'node:crypto'
import type { ReconciliationWindow } from '@remesa/domain/reconciliation'
import type { ReconciliationResult, ReconciliationSeverity } from '@remesa/domain/reconciliation-result'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import { deleteFindings } from './reconciliation-findings.ts'
import { discardReadings } from './reconciliation-staging.ts'
import type { Schema } from './schema.ts'

/** What is asked of a run. */
export interface RunRequest {
  /** What is compared, e.g. `billing`. */
  readonly kind: string
  readonly window: ReconciliationWindow
  readonly includeRefunds: boolean
  readonly tolerancePercentage: number
  readonly reportingCurrency: string
}

/** A run in the hands of one worker, for as long as it renews its lease. */
export interface Run extends RunRequest {
  readonly reportId: string
  /** Names what was read so far. */
  readonly readingId: string
  readonly leaseToken: string
  /** It goes on with what a run before it had read: one whose worker died, or that could not be finished. */
  readonly isResumed: boolean
}

/** How long what a failed run had read may be gone on with: refunds and captures since then would be missed. */
const READING_KEPT = sql`interval '2 hours'`

/**
 * Begins a run: takes over one of the same request whose worker died, or makes a report, which goes on with the reading
 * of a failed run where there is one. Of two at once each has a reading of its own, so that they do each other no harm.
 */
export async function startRun(
  tx: Transaction<Schema>,
  request: RunRequest,
  { leaseMs }: { leaseMs: number },
): Promise<Run> {
  const old = await takeReadings(tx, sql`status = 'error' and reading_since < now() - ${READING_KEPT}`)
  await discardReadings(
    tx,
    old.map(({ readingId }) => readingId),
  )
  const leaseToken = randomUUID()
  const abandoned = await takeOver(tx, request, { leaseToken, leaseMs })
  if (abandoned) return { ...request, ...abandoned, leaseToken, isResumed: true }
  const [left] = await takeReadings(tx, sql`status = 'error' and ${isSame(request)}`, { atMost: 1 })
  const readingId = left?.readingId ?? randomUUID()
  const { id } = await tx
    .insertInto('reconciliation_reports')
    .values({
      kind: request.kind,
      window_from: request.window.from,
      window_to: request.window.to,
      include_refunds: request.includeRefunds,
      tolerance_percentage: String(request.tolerancePercentage),
      reporting_currency: request.reportingCurrency,
      reading_id: readingId,
      reading_since: left?.since ?? sql<Date>`now()`,
      lease_token: leaseToken,
      lease_expires_at: sql<Date>`now() + ${leaseMs} * interval '1 millisecond'`,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { ...request, reportId: id, readingId, leaseToken, isResumed: left !== undefined }
}

/** A reading that began before the window was over has no idea of what came after. */
const isSame = ({ kind, window, includeRefunds }: RunRequest) =>
  sql`reading_since >= window_to and kind = ${kind} and window_from = ${window.from} and window_to = ${window.to} and include_refunds = ${includeRefunds}`

async function takeOver(
  tx: Transaction<Schema>,
  request: RunRequest,
  { leaseToken, leaseMs }: { leaseToken: string; leaseMs: number },
): Promise<{ reportId: string; readingId: string } | undefined> {
  const { rows } = await sql<{ reportId: string; readingId: string }>`
    update reconciliation_reports set lease_token = ${leaseToken},
      lease_expires_at = now() + ${leaseMs} * interval '1 millisecond'
    where id = (
      select id from reconciliation_reports
      where status = 'running' and lease_expires_at <= now() and reading_since > now() - ${READING_KEPT}
        and tolerance_percentage = ${request.tolerancePercentage} and reporting_currency = ${request.reportingCurrency}
        and ${isSame(request)}
      order by started_at desc limit 1 for update skip locked)
    returning id as "reportId", reading_id as "readingId"`.execute(tx)
  return rows[0]
}

/** Takes readings away from their reports, so that nobody else goes on with them. */
async function takeReadings(
  tx: Transaction<Schema>,
  which: ReturnType<typeof sql<unknown>>,
  { atMost }: { atMost: number } = { atMost: 1_000 },
): Promise<readonly { readingId: string; since: Date }[]> {
  const { rows } = await sql<{ readingId: string; since: Date }>`
    with left_over as (
      select id, reading_id, reading_since from reconciliation_reports where reading_id is not null and ${which}
      order by started_at desc limit ${atMost} for update skip locked
    )
    update reconciliation_reports r set reading_id = null, reading_since = null from left_over l where r.id = l.id
    returning l.reading_id as "readingId", l.reading_since as since`.execute(tx)
  return rows
}

export type AbandonedRun = Pick<Run, 'reportId' | 'readingId' | 'leaseToken' | 'includeRefunds' | 'window'>

/** Runs that nobody has had in hand for so long that nobody will go on with them. */
export async function findAbandoned(database: Database, kind: string): Promise<readonly AbandonedRun[]> {
  const { rows } = await sql<Omit<AbandonedRun, 'window'> & ReconciliationWindow>`
    select id as "reportId", reading_id as "readingId", lease_token as "leaseToken", include_refunds as "includeRefunds",
      window_from as "from", window_to as "to"
    from reconciliation_reports
    where status = 'running' and kind = ${kind} and lease_expires_at < now() - ${READING_KEPT}`.execute(database)
  return rows.map(({ from, to, ...run }) => ({ ...run, window: { from, to } }))
}

/** @returns false when the run was taken over by somebody else, or has ended */
export async function renewRun(
  database: Database,
  { reportId, leaseToken }: Pick<Run, 'reportId' | 'leaseToken'>,
  { leaseMs }: { leaseMs: number },
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('reconciliation_reports')
    .set({ lease_expires_at: sql<Date>`now() + ${leaseMs} * interval '1 millisecond'` })
    .where('id', '=', reportId)
    .where('lease_token', '=', leaseToken)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Whether a run is still in the hands of whoever asks. */
export async function isHeld(
  tx: Transaction<Schema>,
  { reportId, leaseToken }: Pick<Run, 'reportId' | 'leaseToken'>,
): Promise<boolean> {
  const row = await tx
    .selectFrom('reconciliation_reports')
    .select('id')
    .where('id', '=', reportId)
    .where('lease_token', '=', leaseToken)
    .executeTakeFirst()
  return row !== undefined
}

/** How a run ended. */
export interface RunEnd {
  readonly result: ReconciliationResult
  readonly severity: ReconciliationSeverity
  /** Why it could not be finished. */
  readonly error: string | null
  /** A later run goes on with what it had read; otherwise that is gone. */
  readonly keepsReading: boolean
}

/**
 * Ends a run. One that ended with an error says nothing of money: what a comparison may have found before that is gone.
 * @returns false when the run was taken over by somebody else, whose word counts
 */
export async function finishRun(
  tx: Transaction<Schema>,
  { reportId, leaseToken, readingId }: Pick<Run, 'reportId' | 'leaseToken' | 'readingId'>,
  { result, severity, error, keepsReading }: RunEnd,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('reconciliation_reports')
    .set({
      status: result.status,
      severity,
      result: JSON.stringify(result),
      error,
      lease_token: null,
      lease_expires_at: null,
      finished_at: sql<Date>`now()`,
      duration_ms: sql<number>`extract(epoch from now() - started_at) * 1000`,
      ...(!keepsReading && { reading_id: null, reading_since: null }),
    })
    .where('id', '=', reportId)
    .where('lease_token', '=', leaseToken)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return false
  if (error !== null) await deleteFindings(tx, reportId)
  if (!keepsReading) await discardReadings(tx, [readingId])
  return true
}
