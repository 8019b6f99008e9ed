import { BOOKING_PAYOUT_STATUSES } from '@remesa/domain/booking-payout'
import { FINANCE_ALERT_KINDS, sentenceOf } from '@remesa/domain/finance-alert'
import { TRANSFER_STATUSES } from '@remesa/domain/payout-transfer'
import { FINDING_CATEGORIES } from '@remesa/domain/reconciliation'
import { SELLER_BALANCE_STATUSES } from '@remesa/domain/seller-balance'
import pc from 'picocolors'
import type { Progress } from './run.ts'
import type { Summary } from './summary.ts'

/** Where progress goes: one line that is rewritten on a terminal, a line now and then elsewhere. */
export interface ProgressPrinter {
  show(progress: Progress): void
  /** Leaves the last line standing. */
  end(): void
}

const LINE_EVERY_MS = 2_000

export function progressPrinter(out: NodeJS.WriteStream): ProgressPrinter {
  let printedAt = 0
  let printed = ''
  const rate = rateOf()
  const print = (line: string): void => {
    if (line === printed) return
    printed = line
    if (out.isTTY) out.write(`\r\x1b[2K${line.slice(0, (out.columns || 120) - 1)}`)
    else out.write(`${line}\n`)
  }
  return {
    show(progress) {
      const line = lineOf(progress, rate)
      if (!out.isTTY && performance.now() - printedAt < LINE_EVERY_MS) return
      printedAt = performance.now()
      print(line)
    },
    end() {
      if (out.isTTY && printed !== '') out.write('\r\x1b[2K')
      printed = ''
    },
  }
}

function lineOf(progress: Progress, rate: (done: number) => string): string {
  if (progress.phase === 'profiles') {
    return `  sellers in NetSuite ${progress.synced}/${progress.sellers}  ${rate(progress.synced)}`
  }
  if (progress.phase === 'settlements') {
    const { jobs, rejected, transfers } = progress.progress
    const ended = transfers.completed + transfers.failed_terminal
    return `  settlements ${jobs + rejected}/${progress.settlements}  ${countsLine(TRANSFER_STATUSES, transfers)}  ${rate(ended)}`
  }
  if (progress.phase === 'bookings') {
    const { heard, payouts, reversing } = progress.progress
    const back = reversing > 0 ? `  being taken back ${reversing}` : ''
    const ended = payouts.transferred + payouts.failed + payouts.cancelled
    return `  bookings ${heard.bookings}/${progress.bookings}  ${countsLine(BOOKING_PAYOUT_STATUSES, payouts)}${back}  ${rate(ended)}`
  }
  if (progress.phase === 'payments') {
    return `  payments on record ${progress.recorded}/${progress.payments}  ${rate(progress.recorded)}`
  }
  if (progress.phase === 'reconciliation') {
    return progress.isCompared
      ? `  compared  alerts on their way ${progress.alerts}`
      : `  charges and refunds read of Stripe ${progress.read}  ${rate(progress.read)}`
  }
  const { balances, open } = progress.run
  const total = Object.values(balances).reduce((sum, count) => sum + count, 0)
  const states = countsLine(SELLER_BALANCE_STATUSES, balances)
  return `  balances ${total - open}/${total}  ${states}  to report ${progress.unreported}  ${rate(total - open)}`
}

const countsLine = <Status extends string>(
  statuses: readonly Status[],
  counts: Readonly<Record<Status, number>>,
): string =>
  statuses
    .filter((status) => counts[status] > 0)
    .map((status) => `${status} ${counts[status]}`)
    .join('  ')

/** Per second, over the last few looks. */
function rateOf(): (done: number) => string {
  const looks: { at: number; done: number }[] = []
  return (done) => {
    looks.push({ at: performance.now(), done })
    if (looks.length > 15) looks.shift()
    const [first] = looks
    if (!first || looks.length < 2 || done < first.done) return ''
    const perSecond = ((done - first.done) * 1000) / Math.max(1, performance.now() - first.at)
    return `${Math.round(perSecond)}/s`
  }
}

/** The summary for a person. */
export function summaryText(summary: Summary): string {
  const { balances, seconds, calls, messages, checks } = summary
  const alerts = FINANCE_ALERT_KINDS.flatMap((kind) => {
    const count = summary.alerts[kind]
    return count ? [`  ${String(count).padStart(6)}  ${kind.padEnd(32)} ${pc.dim(sentenceOf(kind))}`] : []
  })
  return [
    '',
    pc.bold(`Pay-day of ${summary.businessDate}: ${summary.sellers} sellers, ${balances.total} balances`),
    ...countLines(SELLER_BALANCE_STATUSES, balances),
    pc.bold('Paid'),
    ...amountLines(summary.paid),
    ...settlementLines(summary),
    ...bookingLines(summary),
    ...transferredLines(summary),
    ...reconciliationLines(summary),
    ...(alerts.length > 0 ? [pc.bold('For the finance team'), ...alerts] : []),
    pc.bold('How'),
    `  setup ${seconds.setup} s, profiles ${seconds.profileSync} s, pay-day ${seconds.payDay} s, settlements ${seconds.settlements} s, bookings ${seconds.bookings} s, reconciliation ${seconds.reconciliation} s`,
    `  calls: NetSuite ${calls.netsuite}, GSC ${calls.gsc}, FPay ${calls.fpay}, Payoneer ${calls.payoneer}, Stripe ${calls.stripe}`,
    `  NetSuite was asked what is owed ${summary.retrievalRequestsPer1000Balances} times per 1,000 balances`,
    messages
      ? `  messages: ${messages.published} published, ${messages.delivered} delivered, ${messages.redelivered} of them again, ${messages.deadLettered} dead letters`
      : '  messages: not counted, Pub/Sub is not ours',
    '  memory, mean of the second → the last quarter of the pay-day:',
    ...memoryLines(summary),
    `  ledger: ${checkText(checks.ledger)}; banks’ books: ${checkText(checks.banks)}`,
    '',
  ].join('\n')
}

function settlementLines({ settlements, transfers }: Summary): readonly string[] {
  const { jobs, complete, rejected } = settlements
  if (jobs + rejected === 0) return []
  return [
    pc.bold(`Settlements: ${jobs} payout jobs, ${complete} complete, ${rejected} settlements rejected`),
    ...countLines(TRANSFER_STATUSES, transfers),
  ]
}

function bookingLines({ bookings }: Summary): readonly string[] {
  const payouts = Object.values(bookings).reduce((sum, count) => sum + count, 0)
  if (payouts === 0) return []
  return [pc.bold(`Bookings: ${payouts} payouts`), ...countLines(BOOKING_PAYOUT_STATUSES, bookings)]
}

/** For settlements and bookings together. */
const transferredLines = ({ transferred }: Summary): readonly string[] =>
  Object.keys(transferred).length === 0 ? [] : [pc.bold('Transferred'), ...amountLines(transferred)]

const ADVICE_SHOWN = 3

/** Figures are those of each currency: sums across currencies mean nothing. */
function reconciliationLines({ reconciliation, findings, alertsSent }: Summary): readonly string[] {
  if (!reconciliation) return []
  const { status, date, byCurrency, recommendations } = reconciliation
  const colour = status === 'success' ? pc.green : status === 'error' ? pc.red : pc.yellow
  const rows = byCurrency.map((one) => [
    one.currency,
    one.stripeTotal,
    one.databaseTotal,
    one.discrepancy,
    `${one.discrepancyPercentage} %`,
    one.moneyAtRisk,
    `${one.grossPercentage} %`,
  ])
  const columns = ['', 'Stripe', 'database', 'discrepancy', '', 'at risk', '']
  const more = recommendations.length - ADVICE_SHOWN
  return [
    `${pc.bold(`Stripe and the database on ${date}:`)} ${colour(status)}`,
    ...(status === 'error' ? [] : aligned([columns, ...rows])),
    ...countLines(FINDING_CATEGORIES, findings),
    ...recommendations.slice(0, ADVICE_SHOWN).map((text, index) => `  ${index + 1}. ${text}`),
    ...(more > 0 ? [pc.dim(`     and ${more} more`)] : []),
    `  alerts sent: Slack ${alertsSent.slack}, PagerDuty ${alertsSent.pagerduty}`,
  ]
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((text, column) => `  ${column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)}`)
      .join('')
      .trimEnd(),
  )
}

const countLines = <Status extends string>(
  statuses: readonly Status[],
  counts: Partial<Readonly<Record<Status, number>>>,
): readonly string[] =>
  statuses.flatMap((status) => (counts[status] ? [`  ${String(counts[status]).padStart(6)}  ${status}`] : []))

const amountLines = (amounts: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(amounts).map(([currency, amount]) => `  ${currency} ${amount}`)

const memoryLines = ({ memory }: Summary): readonly string[] =>
  Object.entries(memory).map(
    ([name, { secondQuarterMiB, lastQuarterMiB }]) =>
      `    ${name.padEnd(24)}${secondQuarterMiB} → ${lastQuarterMiB} MiB`,
  )

const checkText = (check: string | readonly string[]): string =>
  typeof check === 'string' ? pc.green(check) : pc.red(check.join('; '))
