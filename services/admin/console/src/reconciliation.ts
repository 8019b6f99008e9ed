import type { Finding, FindingSide, Reconciliation } from './api.ts'
import { toCsv } from './csv.ts'
import { type Money, majorUnits, readAmount } from './money.ts'

/** A report's money at risk, in minor units: these are the only amounts that the API gives in major ones. */
export const atRisk = ({ moneyAtRisk }: Reconciliation): readonly Money[] =>
  moneyAtRisk.map(({ amount, currency }) => ({ amount: readAmount(amount, currency) ?? '0', currency }))

/** One currency over time, oldest first. `value` is a float: it becomes pixels, never a figure. */
export function trendPoints(
  reports: readonly Reconciliation[],
  currency: string,
): readonly { readonly at: string; readonly to: string; readonly money: Money; readonly value: number }[] {
  return reports
    .filter(({ status }) => status === 'success' || status === 'discrepancy_found')
    .map((report) => {
      const money = atRisk(report).find((one) => one.currency === currency) ?? { amount: '0', currency }
      return { at: report.from, to: report.to, money, value: Number(majorUnits(money)) }
    })
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

const COLUMNS = [
  ...['id', 'category', 'status', 'urgent', 'about', 'their_reference', 'their_amount', 'their_currency', 'their_time'],
  ...['our_reference', 'our_amount', 'our_currency', 'our_time', 'over', 'over_currency', 'under', 'under_currency'],
  ...['assignee', 'note'],
]

/** Findings for a spreadsheet. Amounts are in major units, with a point, whatever the language. */
export function findingsCsv(findings: readonly Finding[]): string {
  const rows = findings.map(({ id, category, status, urgent, about, theirs, ours, over, under, assignee, note }) => [
    ...[id, category, status, String(urgent), about, ...sideOf(theirs), ...sideOf(ours)],
    ...[over && majorUnits(over), over?.currency ?? null, under && majorUnits(under), under?.currency ?? null],
    ...[assignee, note],
  ])
  return toCsv(COLUMNS, rows)
}

function sideOf(side: FindingSide | null): (string | null)[] {
  if (!side) return [null, null, null, null]
  const { reference, amount, currency, at } = side
  return [reference, amount !== null && currency !== null ? majorUnits({ amount, currency }) : null, currency, at]
}
