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
    ? `[${environment}] Billing reconciliation ${whenText(told)} failed`
    : `[${environment}] Billing discrepancy ${percentText(told)} (${amountsText(told)}) ${whenText(told)}`

/** `on 2026-11-20`; of a window that is no day, its ends: whoever reads of a week must not look for one day. */
function whenText({ day }: ReconciliationTold): string {
  const [first, end] = day.split('/')
  return end === undefined ? `on ${first}` : `from ${first} to before ${end}`
}

const CURRENCIES_IN_HEADLINE = 3

/** Where differences cancel out, or lie in another currency, the reporting currency's alone would say that all is well. */
function amountsText({ discrepancy, moneyAtRisk, byCurrency }: ReconciliationTold): string {
  const others = byCurrency.filter((line) => line.currency !== discrepancy.currency && /[1-9]/.test(line.discrepancy))
  const shown = others
    .slice(0, CURRENCIES_IN_HEADLINE)
    .map((line) => amountText({ amount: line.discrepancy, currency: line.currency }))
  const more = others.length - shown.length
  const cancels = moneyAtRisk !== undefined && moneyAtRisk.amount !== discrepancy.amount.replace('-', '')
  return [
    cancels ? `${amountText(discrepancy)} net, ${amountText(moneyAtRisk)} at risk` : amountText(discrepancy),
    ...shown,
    ...(more > 0 ? [`${more} more`] : []),
  ].join('; ')
}

/** Where the console shows a report; nothing while there is no console. */
export const reportUrl = (
  { reportId }: Pick<ReconciliationTold, 'reportId'>,
  { consoleUrl }: WordingContext,
): string | undefined =>
  consoleUrl && `${consoleUrl.replace(/\/+$/, '')}/reconciliation/${encodeURIComponent(reportId)}`
