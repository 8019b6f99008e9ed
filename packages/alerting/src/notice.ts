import type { FinanceAlertKind, FinanceAlertSeverity } from '@remesa/domain/finance-alert'

/** A finance alert as people are told of it. */
export interface FinanceAlertNotice {
  readonly id: string
  readonly kind: FinanceAlertKind
  readonly severity: FinanceAlertSeverity
  /** What it is about, by id: `seller_balance`, `seller`, … */
  readonly subject: { readonly type: string; readonly id: string }
  readonly businessDate: string | null
  /** Logged in full. `amount`, a decimal string of minor units, and `currency`, where there are, are added up for Slack. */
  readonly details: object
  /** How often it was raised. */
  readonly times?: number
}
