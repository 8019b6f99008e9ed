import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { AlertMatter } from '@remesa/domain/alert-matter'
import type { AlertAction, AlertChannel } from '@remesa/domain/reconciliation-alert'
import { type PagerDutySandbox, startPagerDuty } from '@remesa/sandbox/pagerduty'
import { type SlackSandbox, startSlack } from '@remesa/sandbox/slack'
import { createLogger } from '@remesa/service-kit/logger'
import { createAlertSender } from '../src/alert-sender.ts'
import { createPagerDuty, type PagerDuty } from '../src/pagerduty.ts'
import { createSlackChannel, type SlackChannel } from '../src/slack-channel.ts'
import { aReconciliation, billing } from './told.ts'

// Payloads are judged by the sandboxes, which refuse what the real services refuse.

let slack: SlackSandbox
let pagerDuty: PagerDutySandbox
beforeAll(async () => {
  ;[slack, pagerDuty] = await Promise.all([startSlack(), startPagerDuty()])
})
afterAll(() => Promise.all([slack.stop(), pagerDuty.stop()]))

const text: string[] = []
const logger = createLogger({ service: 'test', level: 'info' }, { write: (line) => void text.push(line) })
const lines = () => text.map((line) => JSON.parse(line))
let channel: SlackChannel
let pages: PagerDuty
let clock = 0
beforeEach(() => {
  clock = 0
  channel = createSlackChannel({
    logger,
    webhookUrl: slack.webhookUrl,
    intervalMs: 0,
    firstRetryMs: 1,
    now: () => new Date(clock),
  })
  const { routingKey } = pagerDuty.credentials
  pages = createPagerDuty({ logger, baseUrl: pagerDuty.url, routingKey, firstRetryMs: 1 })
  text.splice(0)
})
afterEach(() => {
  channel.close()
  pages.close()
  slack.setFaults({ rates: {} })
  pagerDuty.setFaults({ rates: {} })
})

const createdAt = new Date('2026-11-20T05:00:00Z')
const send = (channelName: AlertChannel, action: AlertAction, matter: AlertMatter, context = {}) =>
  createAlertSender({
    slack: channel,
    pagerDuty: pages,
    logger,
    environment: 'prod',
    consoleUrl: 'https://ops.example.com',
    ...context,
  }).send({ channel: channelName, action, matter, createdAt, attempts: 1 })
const post = (matter: AlertMatter, context = {}) => send('slack', 'post', matter, context)
const trigger = (matter: AlertMatter, context = {}) => send('pagerduty', 'trigger', matter, context)

const mrkdwn = (markdown: string) => ({ type: 'mrkdwn', text: markdown })
const section = (markdown: string) => ({ type: 'section', text: mrkdwn(markdown) })

interface ShownBlock {
  readonly type: string
  readonly text?: { readonly text: string }
  readonly fields?: readonly { readonly text: string }[]
}
function shown() {
  const { payload } = slack.messages().at(-1) ?? {}
  const { attachments } = payload as { attachments: { color: string; blocks: ShownBlock[] }[] }
  const [attachment] = attachments
  if (!attachment) throw new Error('Slack shows no attachment')
  const words = attachment.blocks.flatMap(({ text: one, fields = [] }) => [one, ...fields].map((part) => part?.text))
  return { payload, ...attachment, words: words.join('\n') }
}

test('a discrepancy above 5 % is red in Slack, with every figure, the top three recommendations and the report', async () => {
  expect(await post(billing())).toEqual({ kind: 'sent' })
  expect(shown().payload).toEqual({
    text: '[prod] Billing discrepancy 6.20 % (USD 620.00) on 2026-11-19, report 7f3a',
    attachments: [
      {
        color: '#FF0000',
        fallback: '[prod] Billing discrepancy 6.20 % (USD 620.00) on 2026-11-19',
        blocks: [
          { type: 'header', text: { type: 'plain_text', text: 'Billing discrepancy: critical' } },
          {
            type: 'section',
            fields: [
              mrkdwn('*Status*\ndiscrepancy_found'),
              mrkdwn('*Window (UTC)*\n2026-11-19T00:00:00Z to 2026-11-20T00:00:00Z'),
              mrkdwn('*Stripe total*\nUSD 10,620.00'),
              mrkdwn('*Database total*\nUSD 10,000.00'),
              mrkdwn('*Discrepancy*\nUSD 620.00 (6.20 %)'),
              mrkdwn('*Missing in database*\n3'),
              mrkdwn('*Missing in Stripe*\n0'),
              mrkdwn('*Amount mismatches*\n1'),
            ],
          },
          section('*Missing in database:* `pi_1` `pi_2` `pi_3`'),
          section(
            '*Recommendations*\n1. Sync pi_1 to pi_3.\n2. Ask &lt;Uno &amp; Dos&gt; about pi_9.\n3. Look at the webhook.',
          ),
          section('<https://ops.example.com/reconciliation/7f3a|Open the report>'),
          {
            type: 'context',
            elements: [
              mrkdwn(
                'prod · run 7f3a · your time <!date^1795046400^{date_num} {time}|2026-11-19T00:00:00Z> to <!date^1795132800^{date_num} {time}|2026-11-20T00:00:00Z>',
              ),
            ],
          },
        ],
      },
    ],
  })
})

test('exactly 5 % is orange; a little more reads as more', async () => {
  await post(billing({ severity: 'warning', percentage: 5 }))
  expect(shown()).toMatchObject({ color: '#FFA500', words: expect.stringContaining('5.00 %') })
  await post(billing({ percentage: 5.001 }))
  expect(shown()).toMatchObject({ color: '#FF0000', words: expect.stringContaining('5.001 %') })
})

test('several currencies are shown apart, and a report without a console has no link', async () => {
  const byCurrency = [
    { currency: 'USD', stripeTotal: '10620.00', databaseTotal: '10000.00', discrepancy: '620.00' },
    { currency: 'CLP', stripeTotal: '1250000', databaseTotal: '1350000', discrepancy: '-100000' },
  ]
  await post(billing({ byCurrency }), { consoleUrl: undefined })
  expect(shown().words).toContain('CLP: Stripe 1,250,000, database 1,350,000, difference -100,000')
  expect(shown().words).not.toContain('Open the report')
  expect(shown().payload?.text).toContain('(USD 620.00; CLP -100,000)')
})

test('differences that cancel out are no quiet morning', async () => {
  const cancelled = {
    discrepancy: { amount: '0.00', currency: 'USD' },
    moneyAtRisk: { amount: '20000.00', currency: 'USD' },
  }
  await post(billing(cancelled))
  expect(shown().payload?.text).toContain('6.20 % (USD 0.00 net, USD 20,000.00 at risk)')
  expect(shown().words).toContain('*Money at risk*\nUSD 20,000.00')
  await trigger(billing(cancelled))
  expect(pagerDuty.events().at(-1)?.payload).toMatchObject({
    summary: expect.stringContaining('at risk'),
    custom_details: { moneyAtRisk: cancelled.moneyAtRisk },
  })
  await post(billing({ ...cancelled, discrepancy: { amount: '-20000.00', currency: 'USD' } }))
  expect(shown().payload?.text).toContain('(USD -20,000.00)')
})

test('a run that failed is red, with its reason and no figures, which it has not', async () => {
  const failed = { status: 'error', severity: 'none', error: 'Stripe answered 500 on page 7', reportId: 'e1' } as const
  await post(billing(failed))
  expect(shown()).toMatchObject({ color: '#FF0000', payload: { text: expect.stringContaining('failed, report e1') } })
  expect(shown().words).toContain('Stripe answered 500 on page 7')
  expect(shown().words).not.toMatch(/total|Missing|mismatches/)
  expect(await trigger(billing(failed))).toEqual({ kind: 'sent' })
  expect(pagerDuty.events().at(-1)?.payload).toMatchObject({ severity: 'error' })
  expect(pagerDuty.events().at(-1)?.payload?.custom_details).not.toHaveProperty('stripeTotal')
})

test('PagerDuty gets summary, details, a key per day and environment, and the link to the report', async () => {
  expect(await trigger(billing())).toEqual({ kind: 'sent' })
  expect(pagerDuty.events().at(-1)).toEqual({
    routing_key: pagerDuty.credentials.routingKey,
    event_action: 'trigger',
    dedup_key: 'billing-recon:prod:platform:2026-11-19',
    client: 'billing-reconciliation',
    client_url: 'https://ops.example.com/reconciliation/7f3a',
    links: [{ href: 'https://ops.example.com/reconciliation/7f3a', text: 'Reconciliation report' }],
    payload: {
      summary: '[prod] Billing discrepancy 6.20 % (USD 620.00) on 2026-11-19',
      source: 'billing-reconciliation.prod',
      severity: 'critical',
      timestamp: '2026-11-20T05:00:00.000Z',
      component: 'stripe',
      group: 'billing',
      class: 'reconciliation',
      custom_details: {
        reportId: '7f3a',
        day: '2026-11-19',
        window: { from: '2026-11-19T00:00:00Z', to: '2026-11-20T00:00:00Z' },
        status: 'discrepancy_found',
        severity: 'critical',
        recommendations: aReconciliation().recommendations,
        stripeTotal: { amount: '10620.00', currency: 'USD' },
        databaseTotal: { amount: '10000.00', currency: 'USD' },
        discrepancy: { amount: '620.00', currency: 'USD' },
        discrepancyPercentage: 6.2,
        byCurrency: [],
        missingInDatabaseCount: 3,
        missingInDatabase: ['pi_1', 'pi_2', 'pi_3'],
        missingInStripeCount: 0,
        missingInStripe: [],
        amountMismatches: 1,
      },
    },
  })
})

test('of a window that is no day, the headline and the key name both ends', async () => {
  await trigger(billing({ day: '2026-11-12/2026-11-15' }))
  expect(pagerDuty.events().at(-1)).toMatchObject({
    dedup_key: 'billing-recon:prod:platform:2026-11-12/2026-11-15',
    payload: { summary: '[prod] Billing discrepancy 6.20 % (USD 620.00) from 2026-11-12 to before 2026-11-15' },
  })
})

test('a resolution names the same incident and nothing else', async () => {
  await trigger(billing({ day: '2026-11-18' }))
  expect(await send('pagerduty', 'resolve', billing({ day: '2026-11-18', severity: 'none' }))).toEqual({ kind: 'sent' })
  expect(pagerDuty.events().at(-1)).toEqual({
    routing_key: pagerDuty.credentials.routingKey,
    event_action: 'resolve',
    dedup_key: 'billing-recon:prod:platform:2026-11-18',
  })
  expect(pagerDuty.incidents().at(-1)).toMatchObject({ status: 'resolved' })
})

test('whatever a report holds, both channels take it', async () => {
  const nasty = `<!channel>\`${'&<>😀'.repeat(3_000)}`
  const monster = billing({
    reportId: 'a report & <more>',
    day: nasty.slice(0, 50),
    discrepancy: { amount: '9'.repeat(2_000), currency: nasty },
    byCurrency: Array(40).fill({
      currency: nasty.slice(0, 60),
      stripeTotal: '1',
      databaseTotal: '1',
      discrepancy: '0',
    }),
    missingInDatabase: Array(100).fill(nasty.slice(0, 250)),
    missingInStripe: Array(100).fill('&'.repeat(250)),
    counts: { missingInDatabase: 1_000_000, missingInStripe: 100 },
    recommendations: Array(10).fill(nasty.slice(0, 800)),
    window: { from: nasty.slice(0, 100), to: 'never' },
  })
  expect(await post(monster)).toEqual({ kind: 'sent' })
  expect(slack.messages().at(-1)?.payload).toHaveProperty('attachments') // not the text alone, as after a refusal
  expect(shown().words).not.toContain('<!channel')
  expect(shown().words).toContain('more')
  expect(await trigger(monster)).toEqual({ kind: 'sent' })
  const failed = { ...aReconciliation(), status: 'error', error: nasty } as const
  expect(await post({ kind: 'billing_reconciliation', told: failed })).toEqual({ kind: 'sent' })
})

test('what became of an alert is logged in these words, with its report', async () => {
  await post(billing())
  await trigger(billing())
  slack.refuse('no_service')
  await post(billing())
  pagerDuty.faults.script({ kind: 'rate-limited' })
  await trigger(billing())
  expect(lines().map(({ level, msg }) => [level, msg])).toEqual([
    ['info', 'Slack alert sent successfully'],
    ['info', 'PagerDuty alert sent successfully'],
    ['error', 'Slack refuses alerts'],
    ['warn', 'Failed to send Slack alert'],
    ['warn', 'Failed to send PagerDuty alert'],
  ])
  for (const line of lines().filter(({ msg }) => /sent|send/.test(msg)))
    expect(line).toMatchObject({ reportId: '7f3a' })
  expect(text.join()).not.toContain(pagerDuty.credentials.routingKey)
  expect(text.join()).not.toContain('sandbox-webhook-token')
})

test('an event that PagerDuty finds wrong is refused for good, with what is wrong in the log', async () => {
  expect(await trigger(billing(), { consoleUrl: 'no url' })).toEqual({ kind: 'refused', reason: 'http_400' })
  expect(lines()).toContainEqual(expect.objectContaining({ problems: [expect.any(String), expect.any(String)] }))
  expect(lines().at(-1)).toMatchObject({ level: 'error', msg: 'Failed to send PagerDuty alert', reason: 'http_400' })
})

test('a hook that refuses is tried in an hour; after five refusals Slack is left alone, and that is told once', async () => {
  const refused = { kind: 'later', reason: 'no_service', retryAfterMs: 3_600_000 }
  slack.refuse('no_service', 5)
  for (let time = 0; time < 4; time += 1) expect(await post(billing())).toEqual(refused)
  const slackRefusal = { reason: 'no_service', until: '1970-01-01T01:00:00.000Z' }
  expect(await post(billing())).toEqual({ ...refused, slackRefusal })
  clock = 600_000
  expect(await post(billing())).toEqual({ kind: 'later', reason: 'left_alone', retryAfterMs: 3_000_000 })
  expect(await trigger({ kind: 'slack_refuses', refusal: slackRefusal })).toEqual({ kind: 'sent' })
  expect(pagerDuty.events().at(-1)).toMatchObject({
    dedup_key: 'slack-refuses:prod',
    payload: { severity: 'warning', summary: expect.stringContaining('no_service') },
  })
  clock = 3_600_000
  expect(await post(billing())).toEqual({ kind: 'sent' })
})

test('a message that Slack finds wrong in itself is refused for good; one whose layout it dislikes goes as text', async () => {
  slack.refuse('invalid_payload')
  expect(await post(billing())).toEqual({ kind: 'refused', reason: 'invalid_payload' })
  slack.refuse('invalid_blocks')
  expect(await post(billing())).toEqual({ kind: 'sent' })
  expect(slack.messages().at(-1)?.payload).toEqual({ text: expect.stringContaining('6.20 %') })
})

test('a channel that is not configured is disabled, and says so once, at the start', async () => {
  text.splice(0)
  const none = createSlackChannel({ logger })
  expect(await post(billing(), { slack: none })).toEqual({ kind: 'disabled' })
  await post(billing(), { slack: none })
  expect(lines()).toEqual([expect.objectContaining({ level: 'warn', slack: 'disabled' })])
  expect(await trigger(billing(), { slack: none })).toEqual({ kind: 'sent' })
})
