import type { ReconciliationWindow } from '@remesa/domain/reconciliation'
import type { ReconciliationTold } from '@remesa/domain/reconciliation-alert'
import type { ReconciliationResult, ReconciliationSeverity } from '@remesa/domain/reconciliation-result'

/** What people are told of a run that has ended. */
export function toldOf(
  {
    window: { from, to },
    includeRefunds,
    isTriedAgain,
  }: {
    readonly window: ReconciliationWindow
    readonly includeRefunds: boolean
    /** Should it have failed. */
    readonly isTriedAgain: boolean
  },
  {
    result,
    severity,
    worstPercentage,
    counts,
    mismatches,
    error,
  }: {
    readonly result: ReconciliationResult
    readonly severity: ReconciliationSeverity
    readonly worstPercentage: number
    readonly counts: { readonly missingInDatabase: number; readonly missingInStripe: number }
    readonly mismatches: number
    readonly error: string | null
  },
): ReconciliationTold {
  const { reportId, date, status, missingInDatabase, missingInStripe, recommendations, byCurrency } = result
  const currency = byCurrency[0]?.currency ?? ''
  const major = (amount: string) => ({ amount, currency })
  return {
    reportId,
    day: date,
    window: { from: from.toISOString(), to: to.toISOString() },
    includesRefunds: includeRefunds,
    status,
    severity,
    percentage: worstPercentage,
    stripeTotal: major(result.stripeTotal),
    databaseTotal: major(result.databaseTotal),
    discrepancy: major(result.discrepancy),
    moneyAtRisk: major(result.moneyAtRisk),
    byCurrency: byCurrency.map((line) => ({
      currency: line.currency,
      stripeTotal: line.stripeTotal,
      databaseTotal: line.databaseTotal,
      discrepancy: line.discrepancy,
    })),
    missingInDatabase,
    missingInStripe,
    amountMismatches: mismatches,
    recommendations,
    counts,
    ...(error !== null && { error, isTriedAgain }),
  }
}
