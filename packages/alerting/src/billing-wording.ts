import type { MajorAmount, ReconciliationTold } from '@remesa/domain/reconciliation-alert'
import { grouped } from './slack-text.ts'

export interface WordingContext {
  /** `production`, `staging`, …, so that nobody is alarmed by a test. */
  readonly environment: string
  /** The operators' console, which shows reports. */
  readonly consoleUrl?: string | undefined
}

const percent = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 4 })

/** `6.20 %`; what lies just above 5 must not read as 5. */
export const percentText = ({ percentage }: Pick<ReconciliationTold, 'percentage'>): string =>
  `${percent.format(percentage)} %`

/** `USD 10,620.00` */
export const amountText = ({ amount, currency }: MajorAmount): string => `${currency} ${grouped(amount)}`

/** What happened, in one line. */
export const headlineOf = (told: ReconciliationTold, { environment }: WordingContext): string =>
  told.status === 'error'
    ? `[${environment}] Billing reconciliation of ${told.day} failed`
    : `[${environment}] Billing discrepancy ${percentText(told)} (${amountText(told.discrepancy)}) on ${told.day}`

/** Where the console shows a report; nothing while there is no console. */
export const reportUrl = (
  { reportId }: Pick<ReconciliationTold, 'reportId'>,
  { consoleUrl }: WordingContext,
): string | undefined =>
  consoleUrl && `${consoleUrl.replace(/\/+$/, '')}/reconciliation/${encodeURIComponent(reportId)}`
