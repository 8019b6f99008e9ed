import { FINANCE_ALERT_KINDS, sentenceOf } from '@remesa/domain/finance-alert'
import { SELLER_BALANCE_STATUSES } from '@remesa/domain/seller-balance'
import pc from 'picocolors'
import type { Progress } from './pay-day.ts'
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
  const { balances, open } = progress.run
  const total = Object.values(balances).reduce((sum, count) => sum + count, 0)
  const states = SELLER_BALANCE_STATUSES.filter((status) => balances[status] > 0).map(
    (status) => `${status} ${balances[status]}`,
  )
  return `  balances ${total - open}/${total}  ${states.join('  ')}  to report ${progress.unreported}  ${rate(total - open)}`
}

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
  const states = SELLER_BALANCE_STATUSES.filter((status) => balances[status] > 0)
  const alerts = FINANCE_ALERT_KINDS.flatMap((kind) => {
    const count = summary.alerts[kind]
    return count ? [`  ${String(count).padStart(6)}  ${kind.padEnd(32)} ${pc.dim(sentenceOf(kind))}`] : []
  })
  return [
    '',
    pc.bold(`Pay-day of ${summary.businessDate}: ${summary.sellers} sellers, ${balances.total} balances`),
    ...states.map((status) => `  ${String(balances[status]).padStart(6)}  ${status}`),
    pc.bold('Paid'),
    ...Object.entries(summary.paid).map(([currency, amount]) => `  ${currency} ${amount}`),
    ...(alerts.length > 0 ? [pc.bold('For the finance team'), ...alerts] : []),
    pc.bold('How'),
    `  setup ${seconds.setup} s, profiles ${seconds.profileSync} s, pay-day ${seconds.payDay} s`,
    `  calls: NetSuite ${calls.netsuite}, GSC ${calls.gsc}, FPay ${calls.fpay}, Payoneer ${calls.payoneer}`,
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

const memoryLines = ({ memory }: Summary): readonly string[] =>
  Object.entries(memory).map(
    ([name, { secondQuarterMiB, lastQuarterMiB }]) =>
      `    ${name.padEnd(24)}${secondQuarterMiB} → ${lastQuarterMiB} MiB`,
  )

const checkText = (check: string | readonly string[]): string =>
  typeof check === 'string' ? pc.green(check) : pc.red(check.join('; '))
