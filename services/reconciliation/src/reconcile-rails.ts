import { randomUUID } from 'node:crypto'
import type { Database } from '@remesa/database/connection'
import { openAmong, resolveAlerts } from '@remesa/database/finance-alerts'
import {
  compareRail,
  dropReading,
  insertFailedRailReport,
  insertRailReport,
  stagePayments,
} from '@remesa/database/rail-reconciliation'
import { keysAskedFor, type RecordedQuery, type Span, spanToRead } from '@remesa/database/rail-records'
import type { Schema } from '@remesa/database/schema'
import { type ProviderPayment, RAIL_GRACE_MS, type ReconciledBooks } from '@remesa/domain/rail-reconciliation'
import type { RailReconciliationResult } from '@remesa/domain/rail-reconciliation-result'
import type { ReconciliationSeverity } from '@remesa/domain/reconciliation-result'
import { railWindowEndsAt } from '@remesa/domain/reconciliation-window'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Books } from '@remesa/rails/books'
import type { Logger } from '@remesa/service-kit/logger'
import type { Transaction } from 'kysely'
import { NotOverError } from './reconciliation-window.ts'

export interface RailReconciliationParts {
  readonly database: Database
  /** Those that can be opened here. */
  readonly books: ReadonlyMap<ReconciledBooks, Books>
  /** In whose calendar a vendor payment has its day. */
  readonly timeZone: string
  readonly now: () => Date
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Told after each page, of how many payments were read so far. */
  readonly onProgress?: (read: number) => void
  /** Sends what was just committed on its way. */
  readonly nudge?: () => void
}

export interface RailWindow extends Span {
  readonly rail: ReconciledBooks
  /** Whoever asks does so again when this fails, so that no alert is raised for it. Default: false. */
  readonly isTriedAgain?: boolean
}

/** How a run ended: what it came to, and why it could not be finished, if so. */
export interface RailRun {
  readonly result: RailReconciliationResult
  /** null of a run that failed. */
  readonly severity: ReconciliationSeverity | null
  readonly error?: string
}

/**
 * Holds the books of the other side against our payments of `[from, to)`; NetSuite's by whole days. The report is stored
 * with its findings, and people are told of those that are no timing. What cannot be read to its end gives a report with
 * status `error` and no findings: half a list would make everything else look missing.
 * @throws RangeError for a window of no length, or books that are not open here; NotOverError for one that is not over;
 *   Error when the database cannot be asked
 */
export async function reconcileRail(parts: RailReconciliationParts, asked: RailWindow): Promise<RailRun> {
  const { database, now, logger } = parts
  const books = parts.books.get(asked.rail)
  if (!books) throw new RangeError(`the books of ${asked.rail} are not open here`)
  const window = windowOf(asked)
  const endsAt = railWindowEndsAt(asked.rail, window, parts.timeZone)
  if (now() < endsAt) throw new NotOverError(window, endsAt)
  const query: RecordedQuery = { books: asked.rail, timeZone: parts.timeZone }
  const [reportId, startedAt] = [randomUUID(), now()]
  const facts = { reportId, books: asked.rail, from: window.from.toISOString(), to: window.to.toISOString() }
  logger.info(facts, 'Starting rail reconciliation')
  try {
    const read = 'list' in books ? await spanToRead(database, query, window) : window
    const pages = 'list' in books ? books.list(read) : books.lookUp(keysAskedFor(database, query, window))
    const staged = await stage(parts, pages, { readingId: reportId, window: 'list' in books ? window : EVERYTHING })
    const comparison = { ...query, reportId, readingId: reportId, staged, window, read, readAt: startedAt }
    const found = await database.transaction().execute(async (tx) => {
      const compared = await compareRail(tx, { ...comparison, graceMs: RAIL_GRACE_MS })
      await insertRailReport(tx, { ...compared, window, startedAt, finishedAt: now() })
      await tell(tx, window, compared)
      return compared
    })
    const { status, findings, urgent, payments } = found.result
    const durationMs = now().getTime() - startedAt.getTime()
    logger.info({ ...facts, status, payments, findings, urgent, durationMs }, 'Rail reconciliation completed')
    return found
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    logger.error({ ...facts, err: error }, 'Rail reconciliation failed: the books could not be read')
    const why = error.message
    return database.transaction().execute(async (tx) => {
      const failed = { reportId, books: asked.rail, window, startedAt, finishedAt: now(), error: why }
      const result = await insertFailedRailReport(tx, failed)
      if (!asked.isTriedAgain) await tell(tx, window, { result, severity: null, error: why })
      return { result, severity: null, error: why }
    })
  } finally {
    await dropReading(database, reportId)
    parts.nudge?.()
  }
}

/** Of books that answer only what was asked: whatever they tell belongs to the window. */
const EVERYTHING: Span = { from: new Date(-8.64e15), to: new Date(8.64e15) }

async function stage(
  { database, onProgress }: RailReconciliationParts,
  pages: AsyncIterable<readonly ProviderPayment[]>,
  { readingId, window }: { readonly readingId: string; readonly window: Span },
): Promise<number> {
  let staged = 0
  for await (const page of pages) {
    staged += await stagePayments(database, readingId, page, window)
    onProgress?.(staged)
  }
  return staged
}

const DAY_MS = 86_400_000

function windowOf({ rail, from, to }: RailWindow): Span {
  if (!(from < to)) throw new RangeError(`the window from ${from.toISOString()} to ${to.toISOString()} has no length`)
  if (rail !== 'netsuite') return { from, to }
  const [first, end] = [Math.floor(from.getTime() / DAY_MS), Math.ceil(to.getTime() / DAY_MS)]
  return { from: new Date(first * DAY_MS), to: new Date(end * DAY_MS) }
}

/**
 * One alert per books and window: what the newest run that was finished makes of it, or none. A run that failed knows
 * nothing: it leaves the alert that stands, and says which one that is.
 */
async function tell(tx: Transaction<Schema>, { from, to }: Span, { result, severity, error }: RailRun): Promise<void> {
  const { books, reportId, findings, urgent, byCurrency, recommendations } = result
  const keyOf = (kind: string) => `${kind}:${books}:${from.toISOString()}:${to.toISOString()}`
  const [differ, unclear] = [keyOf('rail_books_differ'), keyOf('rail_books_unclear')]
  if (severity === 'none') {
    await resolveAlerts(tx, { dedupKeys: [differ, unclear], note: 'A later run found nothing to act on.' })
    return
  }
  const isUrgent = severity === 'critical'
  const standing = severity === null ? await openAmong(tx, [differ, unclear]) : []
  if (severity !== null) {
    const note = isUrgent ? 'A later run found what is urgent.' : 'A later run found nothing that is urgent any more.'
    await resolveAlerts(tx, { dedupKeys: [isUrgent ? unclear : differ], note })
  }
  await raiseAlerts(tx, [
    {
      kind: isUrgent ? 'rail_books_differ' : 'rail_books_unclear',
      dedupKey: isUrgent ? differ : unclear,
      subject: { type: 'reconciliation_report', id: reportId },
      businessDate: null,
      details: {
        ...{ books, from: from.toISOString(), to: to.toISOString(), findings, urgent, byCurrency },
        ...{ recommendations: recommendations.slice(0, 3), error: error ?? null, standing },
      },
    },
  ])
}
