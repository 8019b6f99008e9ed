import { colourOf, countsOf, type ReconciliationTold } from '@remesa/domain/reconciliation-alert'
import { amountText, headlineOf, percentText, reportUrl, type WordingContext } from './billing-wording.ts'
import type { SlackMessage } from './slack-message.ts'
import { escaped, escapedWithin, grouped, idList, linkTo } from './slack-text.ts'

const RECOMMENDATIONS_SHOWN = 3
const CURRENCIES_SHOWN = 10
/** Of the 3,000 characters of a section (facts: alerts §1): three recommendations, or two lists of ids, fit into one. */
const RECOMMENDATION_CHARACTERS = 900
const IDS_CHARACTERS = 1_300
const FIELD_CHARACTERS = 500

/** One message for one reconciliation, within Slack's limits whatever the report holds. */
export function billingSlackMessage(told: ReconciliationTold, context: WordingContext): SlackMessage {
  const headline = headlineOf(told, context)
  const url = reportUrl(told, context)
  const blocks = [
    { type: 'header', text: { type: 'plain_text', text: titleOf(told) } },
    { type: 'section', fields: fieldsOf(told).map(([name, value]) => markdown(`*${name}*\n${value}`)) },
    ...[reasonText(told), currenciesText(told), idsText(told), recommendationsText(told), linkText(url)].flatMap(
      (text) => (text === undefined ? [] : [{ type: 'section', text: markdown(text) }]),
    ),
    { type: 'context', elements: [markdown(contextText(told, context))] },
  ]
  const text = escapedWithin(`${headline}, report ${told.reportId}`, 1_000)
  return { text, attachments: [{ color: colourOf(told), fallback: escapedWithin(headline, 1_000), blocks }] }
}

const titleOf = ({ status, severity }: ReconciliationTold): string =>
  status === 'error' ? 'Billing reconciliation failed' : `Billing discrepancy: ${severity}`

/** A run that failed compared nothing, so it has no figures to show. */
function fieldsOf(told: ReconciliationTold): readonly (readonly [string, string])[] {
  const { status, window, stripeTotal, databaseTotal, discrepancy, moneyAtRisk, amountMismatches } = told
  const counts = countsOf(told)
  const always = [
    ['Status', status],
    ['Window (UTC)', `${window.from} to ${window.to}`],
  ] as const
  const figures = [
    ['Stripe total', amountText(stripeTotal)],
    ['Database total', amountText(databaseTotal)],
    ['Discrepancy', `${amountText(discrepancy)} (${percentText(told)})`],
    ...(moneyAtRisk ? [['Money at risk', amountText(moneyAtRisk)] as const] : []),
    ['Missing in database', String(counts.missingInDatabase)],
    ['Missing in Stripe', String(counts.missingInStripe)],
    ['Amount mismatches', String(amountMismatches)],
  ] as const
  return [...always, ...(status === 'error' ? [] : figures)].map(([name, value]) => [
    name,
    escapedWithin(value, FIELD_CHARACTERS),
  ])
}

function reasonText({ status, error, isTriedAgain }: ReconciliationTold): string | undefined {
  if (status !== 'error') return undefined
  const again = isTriedAgain ? '\nIt is tried again by itself.' : ''
  return `*Reason*\n${escapedWithin(error ?? 'The report has it.', 2_500)}${again}`
}

/** Only where there are several: the fields have the figures of one. */
function currenciesText({ status, byCurrency }: ReconciliationTold): string | undefined {
  if (status === 'error' || byCurrency.length < 2) return undefined
  const lines = byCurrency.slice(0, CURRENCIES_SHOWN).map(({ currency, stripeTotal, databaseTotal, discrepancy }) => {
    const [stripe, database, difference] = [stripeTotal, databaseTotal, discrepancy].map(grouped)
    return escapedWithin(`${currency}: Stripe ${stripe}, database ${database}, difference ${difference}`, 250)
  })
  const more = byCurrency.length - lines.length
  return ['*By currency*', ...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
}

function idsText(told: ReconciliationTold): string | undefined {
  if (told.status === 'error') return undefined
  const counts = countsOf(told)
  const lists = [
    ['Missing in database', told.missingInDatabase, counts.missingInDatabase],
    ['Missing in Stripe', told.missingInStripe, counts.missingInStripe],
  ] as const
  const lines = lists
    .filter(([, , count]) => count > 0)
    .map(([name, ids, count]) => `*${name}:* ${idList(ids, { count, characters: IDS_CHARACTERS })}`)
  return lines.length > 0 ? lines.join('\n') : undefined
}

function recommendationsText({ recommendations }: ReconciliationTold): string | undefined {
  if (recommendations.length === 0) return undefined
  const lines = recommendations
    .slice(0, RECOMMENDATIONS_SHOWN)
    .map((text, index) => `${index + 1}. ${escapedWithin(text, RECOMMENDATION_CHARACTERS)}`)
  return ['*Recommendations*', ...lines].join('\n')
}

const linkText = (url: string | undefined): string | undefined => url && linkTo(url, 'Open the report')

/** Slack shows the window in each reader's own time, too. */
function contextText({ window, reportId }: ReconciliationTold, { environment }: WordingContext): string {
  const local = [window.from, window.to].map((time) => {
    const seconds = Math.floor(Date.parse(time) / 1_000)
    return Number.isNaN(seconds) ? escaped(time) : `<!date^${seconds}^{date_num} {time}|${escaped(time)}>`
  })
  return `${escapedWithin(environment, 200)} · run ${escapedWithin(reportId, 200)} · your time ${local.join(' to ')}`
}

const markdown = (text: string): object => ({ type: 'mrkdwn', text })
