import type { Database } from '@remesa/database/connection'
import { compareReading } from '@remesa/database/reconciliation-comparison'
import { findAbandoned, finishRun, type Run, renewRun, startRun } from '@remesa/database/reconciliation-runs'
import type { Currency } from '@remesa/domain/currency'
import type { ReconciliationWindow } from '@remesa/domain/reconciliation'
import { createTally, failedResult, resultOf } from '@remesa/domain/reconciliation-figures'
import { createRecommender } from '@remesa/domain/reconciliation-recommendations'
import type { ReconciliationResult, ReconciliationSeverity } from '@remesa/domain/reconciliation-result'
import { tellOfReconciliation } from '@remesa/messaging/reconciliation-alerts'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'
import type { StripeReads } from '@remesa/stripe-client/stripe-reads'
import { type ReadParts, readStripe } from './read-stripe.ts'
import { dayBefore, windowOf } from './reconciliation-window.ts'
import { type SyncedPayments, syncMissingPayments } from './sync-payments.ts'
import { toldOf } from './told.ts'

/** What is asked of a reconciliation; what is left out is as the service is configured. */
export interface ReconciliationOptions {
  /** A UTC day `2026-11-20`, or a moment: the first that counts. */
  readonly startDate: string | Date
  /** The first that does not count any more: the day after the last. Default: one day after `startDate`. */
  readonly endDate?: string | Date | undefined
  readonly tolerancePercentage?: number | undefined
  readonly includeRefunds?: boolean | undefined
  /** Whoever asks does so again when this fails, so that nobody is woken for it. Default: false. */
  readonly isTriedAgain?: boolean | undefined
}

export interface BillingReconciliationService {
  /** Reconciles the UTC day before the one it is now. */
  runDailyReconciliation(options?: Pick<ReconciliationOptions, 'isTriedAgain'>): Promise<ReconciliationResult>
  /**
   * Compares Stripe with the database. What cannot be read ends in a result with status `error`, stored and told of like
   * any other.
   * @throws RangeError for days that are none, or in the wrong order
   * @throws NotOverError for days that are not over yet, or only just
   * @throws Error when the database cannot be asked, and once the service stops
   */
  reconcile(options: ReconciliationOptions): Promise<ReconciliationResult>
  /** Copies payments from Stripe, with their refunds. */
  syncMissingPayments(paymentIds: readonly string[], by?: { readonly actor: string }): Promise<SyncedPayments>
  /** Ends the runs in hand; whoever reconciles the same window next goes on with what they have read. */
  stop(): Promise<void>
}

export interface BillingReconciliationParts extends Omit<ReadParts, 'stripe' | 'logger'> {
  readonly database: Database
  /** For the comparison alone, which may be silent for minutes before its first row. Default: `database`. */
  readonly comparing?: Database
  readonly stripe: Pick<StripeReads, 'listCharges' | 'listRefunds' | 'getPayment' | 'getRefunds'>
  readonly tolerancePercentage: number
  readonly includeRefunds: boolean
  readonly reportingCurrency: Currency
  readonly leaseMs: number
  /** How long after its end a window may not be compared yet. */
  readonly graceMs: number
  /** Sends what was just committed on its way. */
  readonly nudge: () => void
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
}

export function createBillingReconciliationService(parts: BillingReconciliationParts): BillingReconciliationService {
  const { database, now, logger, graceMs } = parts
  const stopping = new AbortController()
  const running = new Set<Promise<unknown>>()

  async function reconcile(options: ReconciliationOptions): Promise<ReconciliationResult> {
    const window = windowOf(options, { now: now(), graceMs })
    const { tolerancePercentage = parts.tolerancePercentage, includeRefunds = parts.includeRefunds } = options
    const { isTriedAgain = false } = options
    if (!(tolerancePercentage >= 0 && tolerancePercentage <= 100)) {
      throw new RangeError(`${tolerancePercentage} is no percentage from 0 to 100`)
    }
    stopping.signal.throwIfAborted()
    const work = runOnce(parts, { window, tolerancePercentage, includeRefunds, isTriedAgain }, stopping.signal)
    running.add(work)
    return work.finally(() => running.delete(work))
  }

  return {
    reconcile,
    runDailyReconciliation: (options) => reconcile({ ...options, startDate: dayBefore(now()) }),
    syncMissingPayments: (paymentIds, { actor } = { actor: 'reconciliation' }) =>
      syncMissingPayments({ database, stripe: parts.stripe, actor, now, logger }, paymentIds),
    async stop() {
      stopping.abort(new Error('the service stops'))
      await Promise.allSettled(running)
    },
  }
}

interface Asked {
  readonly window: ReconciliationWindow
  readonly tolerancePercentage: number
  readonly includeRefunds: boolean
  readonly isTriedAgain: boolean
}

async function runOnce(
  parts: BillingReconciliationParts,
  { isTriedAgain, ...asked }: Asked,
  stopping: AbortSignal,
): Promise<ReconciliationResult> {
  const { database, logger, leaseMs, reportingCurrency } = parts
  const began = performance.now()
  await closeAbandoned(parts)
  const request = { kind: KIND, reportingCurrency, ...asked }
  const run = await database.transaction().execute((tx) => startRun(tx, request, { leaseMs }))
  const { from, to } = asked.window
  const { reportId, isResumed, includeRefunds, tolerancePercentage } = run
  logger.info(
    { reportId, startDate: from, endDate: to, includeRefunds, tolerancePercentage, isResumed },
    'Starting billing reconciliation',
  )
  const lease = holdLease(parts, run)
  const end = await compareWithStripe(parts, run, AbortSignal.any([stopping, lease.lost]))
    .catch((error: unknown): Ended => failed(parts, run, error))
    .finally(() => lease.stop())
  if (lease.lost.aborted) throw lease.lost.reason // whoever took it over writes its report
  if (stopping.aborted && end.error !== null) {
    await renewRun(database, run, { leaseMs: 0 }) // the next one goes on at once
    throw stopping.reason
  }
  if (!(await store(parts, { ...run, isTriedAgain }, end))) throw new Error('the run was taken over by another worker')
  parts.nudge()
  const { status, discrepancy } = end.result
  logger.info(
    { reportId, status, discrepancy, duration: Math.round(performance.now() - began) },
    'Reconciliation completed',
  )
  if (status === 'discrepancy_found') {
    // The reporting currency's net may be nothing where errors cancel out, or another currency differs.
    const { moneyAtRisk } = end.result
    const risk = { discrepancy, moneyAtRisk, percentage: end.worstPercentage, severity: end.severity }
    logger.warn({ reportId, ...risk }, 'Billing discrepancy detected')
  }
  return end.result
}

const KIND = 'billing'

interface Ended {
  readonly result: ReconciliationResult
  readonly severity: ReconciliationSeverity
  readonly worstPercentage: number
  readonly counts: { readonly missingInDatabase: number; readonly missingInStripe: number }
  readonly mismatches: number
  readonly error: string | null
  readonly keepsReading: boolean
}

async function compareWithStripe(parts: BillingReconciliationParts, run: Run, signal: AbortSignal): Promise<Ended> {
  await readStripe(parts, run, signal)
  signal.throwIfAborted()
  const { reportId, window, tolerancePercentage } = run
  const tally = createTally()
  const recommender = createRecommender(window)
  const comparison = await compareReading(parts.comparing ?? parts.database, run, (finding) => {
    tally.add(finding)
    recommender.add(finding)
  })
  return {
    ...resultOf({
      reportId,
      window,
      stripeTotals: comparison.stripeTotals,
      tally,
      reportingCurrency: parts.reportingCurrency,
      tolerancePercentage,
      recommendations: recommender.recommend(comparison),
    }),
    counts: {
      missingInDatabase: tally.count('missing_in_database'),
      missingInStripe: tally.count('missing_in_stripe'),
    },
    mismatches: tally.count('amount_mismatch') + tally.count('refund_mismatch') + tally.count('currency_mismatch'),
    error: null,
    keepsReading: false,
  }
}

/** Nothing was compared, so nothing is said to be missing. */
function failed({ logger, reportingCurrency }: BillingReconciliationParts, run: Run, error: unknown): Ended {
  const { reportId, window } = run
  logger.error({ err: error, reportId }, 'a billing reconciliation could not be finished')
  // Stripe's silence says nothing against what it said before. After an error of ours nothing is relied on, and what it
  // says may hold values: it stays in the log.
  const isStripes = error instanceof ProviderError
  const why = isStripes ? error.message : 'an error of our own, which the log tells of'
  return { ...failure({ reportId, window, reportingCurrency, error: why }), keepsReading: isStripes }
}

function failure({
  reportId,
  window,
  reportingCurrency,
  error,
}: {
  reportId: string
  window: ReconciliationWindow
  reportingCurrency: Currency
  error: string
}): Ended {
  const span = `${window.from.toISOString()} to ${window.to.toISOString()}`
  const recommendations = [`Nothing was compared: ${error}. Mend that, and reconcile ${span} again.`]
  return {
    result: failedResult({ reportId, window, reportingCurrency, recommendations }),
    severity: 'critical',
    worstPercentage: 0,
    counts: { missingInDatabase: 0, missingInStripe: 0 },
    mismatches: 0,
    error,
    keepsReading: false,
  }
}

/**
 * Ends a run: the report and what people are told of it, both or neither.
 * @returns false when the run was taken over by another worker, whose word counts
 */
async function store(
  { database }: Pick<BillingReconciliationParts, 'database'>,
  run: Pick<Run, 'reportId' | 'leaseToken' | 'readingId' | 'window' | 'includeRefunds'> & { isTriedAgain: boolean },
  end: Ended,
): Promise<boolean> {
  return database.transaction().execute(async (tx) => {
    if (!(await finishRun(tx, run, end))) return false
    await tellOfReconciliation(tx, toldOf(run, end))
    return true
  })
}

/** A run that nobody went on with for hours says so: its report would be `running` for ever. */
async function closeAbandoned(parts: BillingReconciliationParts): Promise<void> {
  const { database, reportingCurrency } = parts
  for (const run of await findAbandoned(database, KIND)) {
    const end = failure({ ...run, reportingCurrency, error: 'its worker died' })
    if (await store(parts, { ...run, isTriedAgain: false }, end)) parts.nudge()
  }
}

/** Keeps a run in hand; whoever is too slow to renew it loses it, and must write nothing more. */
function holdLease({ database, leaseMs, logger }: BillingReconciliationParts, run: Run) {
  const lost = new AbortController()
  const timer = setInterval(() => {
    renewRun(database, run, { leaseMs }).then(
      (isOurs) => {
        if (!isOurs) lost.abort(new Error('the run was taken over by another worker'))
      },
      (err: unknown) => logger.warn({ err, reportId: run.reportId }, 'the lease of a run could not be renewed'),
    )
  }, leaseMs / 4)
  return { lost: lost.signal, stop: () => clearInterval(timer) }
}
