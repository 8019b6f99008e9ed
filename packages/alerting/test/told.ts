import type { AlertMatter } from '@remesa/domain/alert-matter'
import type { ReconciliationTold } from '@remesa/domain/reconciliation-alert'

export const aReconciliation = (changes: Partial<ReconciliationTold> = {}): ReconciliationTold => ({
  reportId: '7f3a',
  day: '2026-11-19',
  window: { from: '2026-11-19T00:00:00Z', to: '2026-11-20T00:00:00Z' },
  status: 'discrepancy_found',
  severity: 'critical',
  percentage: 6.2,
  stripeTotal: { amount: '10620.00', currency: 'USD' },
  databaseTotal: { amount: '10000.00', currency: 'USD' },
  discrepancy: { amount: '620.00', currency: 'USD' },
  byCurrency: [],
  missingInDatabase: ['pi_1', 'pi_2', 'pi_3'],
  missingInStripe: [],
  amountMismatches: 1,
  recommendations: [
    'Sync pi_1 to pi_3.',
    'Ask <Uno & Dos> about pi_9.',
    'Look at the webhook.',
    'Not in the top three.',
  ],
  ...changes,
})

export const billing = (changes: Partial<ReconciliationTold> = {}): AlertMatter => ({
  kind: 'billing_reconciliation',
  told: aReconciliation(changes),
})
