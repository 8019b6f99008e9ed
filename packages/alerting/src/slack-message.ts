import { isCurrency } from '@remesa/domain/currency'
import { type FinanceAlertKind, type FinanceAlertSeverity, sentenceOf } from '@remesa/domain/finance-alert'
import { formatMajor } from '@remesa/domain/money'
import { z } from 'zod'
import type { FinanceAlertNotice } from './notice.ts'
import { escaped, grouped, idList, linkTo } from './slack-text.ts'

export interface SlackMessage {
  /** Shown in notifications, and alone where the rest cannot be. */
  readonly text: string
  readonly attachments?: readonly object[]
}

interface MessageContext {
  /** `production`, `staging`, …, so that nobody is alarmed by a test. */
  readonly environment: string
  /** Where alerts are settled; becomes a link. */
  readonly consoleUrl?: string | undefined
}

const SEVERITIES: readonly FinanceAlertSeverity[] = ['critical', 'warning', 'info']
const COLOURS: Readonly<Record<FinanceAlertSeverity, string>> = {
  critical: '#FF0000',
  warning: '#FFA500',
  info: '#2EB67D',
}
/** Of the 3,000 characters of a section (facts: alerts §1), the rest is for its other lines. */
const IDS_CHARACTERS = 1_500
const CURRENCIES_SHOWN = 12

/**
 * One message for a batch: a colour bar per severity, and in it a section per kind, which keeps within Slack's limits
 * of attachments and blocks however many alerts there are. No names, tax ids or accounts: Slack shows what the
 * console explains.
 */
export function slackMessage(alerts: readonly FinanceAlertNotice[], context: MessageContext): SlackMessage {
  const groups = [...Map.groupBy(alerts, ({ kind }) => kind)].sort(([, a], [, b]) => b.length - a.length)
  const attachments: object[] = SEVERITIES.flatMap((severity) => {
    const sections = groups
      .map(([kind, all]) => [kind, all.filter((alert) => alert.severity === severity)] as const)
      .filter(([, those]) => those.length > 0)
      .map(([kind, those]) => section(sectionText(kind, those)))
    return sections.length === 0 ? [] : [{ color: COLOURS[severity], fallback: severity, blocks: sections }]
  })
  const { consoleUrl, environment } = context
  if (consoleUrl)
    attachments.push({
      color: '#DDDDDD',
      fallback: consoleUrl,
      blocks: [section(linkTo(consoleUrl, 'Open the console'))],
    })
  return { text: headline(alerts, groups, environment), attachments }
}

function headline(
  alerts: readonly FinanceAlertNotice[],
  groups: readonly (readonly [FinanceAlertKind, readonly FinanceAlertNotice[]])[],
  environment: string,
): string {
  const dates = [...new Set(alerts.flatMap(({ businessDate }) => businessDate ?? []))].sort()
  const [first, last] = [dates[0], dates.at(-1)]
  const period = first === undefined ? '' : first === last ? ` for ${first}` : ` for ${first} to ${last}`
  const kinds = groups.map(([kind, those]) => `${those.length} × ${wordsOf(kind)}`).join(', ')
  return escaped(`[${environment}] ${count(alerts.length, 'finance alert')}${period}: ${kinds}`)
}

function sectionText(kind: FinanceAlertKind, alerts: readonly FinanceAlertNotice[]): string {
  return [
    `*${escaped(wordsOf(kind))}* · ${alerts.length}`,
    escaped(sentenceOf(kind)),
    escaped(totals(alerts)),
    idList(
      alerts.map(({ subject }) => subject.id),
      { count: alerts.length, characters: IDS_CHARACTERS },
    ),
  ]
    .filter((line) => line !== '')
    .join('\n')
}

const amountSchema = z.object({ amount: z.string().regex(/^-?\d{1,18}$/), currency: z.string().refine(isCurrency) })

/** What the alerts are about, per currency, in major units: `CLP 1,250,000 · USD 10.50`. */
function totals(alerts: readonly FinanceAlertNotice[]): string {
  const sums = new Map<string, bigint>()
  for (const { details } of alerts) {
    const money = amountSchema.safeParse(details).data
    if (money) sums.set(money.currency, (sums.get(money.currency) ?? 0n) + BigInt(money.amount))
  }
  const shown = [...sums]
    .sort()
    .map(([code, sum]) => (isCurrency(code) ? `${code} ${grouped(formatMajor(sum, code))}` : ''))
  return shown.slice(0, CURRENCIES_SHOWN).join(' · ')
}

const section = (text: string): object => ({ type: 'section', text: { type: 'mrkdwn', text } })
const wordsOf = (kind: FinanceAlertKind): string => kind.replaceAll('_', ' ')
const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`
