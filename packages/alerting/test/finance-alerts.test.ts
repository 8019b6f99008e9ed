import { afterEach, expect, test } from '@jest/globals'
import type { FinanceAlertKind } from '@remesa/domain/finance-alert'
import { severityOf } from '@remesa/domain/finance-alert'
import { type Reply, startAnswering } from '@remesa/provider-http/testing/answering'
import { createLogger } from '@remesa/service-kit/logger'
import { createFinanceAlerts, type FinanceAlertNotice } from '../src/finance-alerts.ts'
import { createSlackChannel, type SlackChannelOptions } from '../src/slack-channel.ts'

let made = 0
function notice(kind: FinanceAlertKind, change: Partial<FinanceAlertNotice> = {}): FinanceAlertNotice {
  made += 1
  return {
    id: `alert-${made}`,
    kind,
    severity: severityOf(kind),
    subject: { type: 'seller_balance', id: `balance-${made}` },
    businessDate: '2026-11-19',
    details: { amount: '1250000', currency: 'CLP' },
    ...change,
  }
}

const running: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close()
})

const HOOK = '/services/T000/B000/very-secret'
const OK: Reply = { status: 200, body: 'ok' }

/** Finance alerts against a hook that answers as told, with its lines and what it was sent. */
async function alertsAnswered(
  answers: (call: number) => Reply | 'hang up',
  { environment = 'staging', ...options }: Partial<SlackChannelOptions> & { environment?: string } = {},
) {
  let calls = 0
  const server = await startAnswering(() => {
    calls += 1
    return answers(calls)
  })
  const text: string[] = []
  const logger = createLogger({ service: 'test', level: 'debug' }, { write: (line) => void text.push(line) })
  const slack = createSlackChannel({
    logger,
    webhookUrl: `${server.url}${HOOK}`,
    intervalMs: 0,
    firstRetryMs: 1,
    timeoutMs: 500,
    ...options,
  })
  const consoleUrl = 'https://console.example.com/alerts?a=1&b=2'
  const alerts = createFinanceAlerts({ logger, slack, consoleUrl, environment })
  running.push(server, slack)
  const messages = () => server.received.map(({ body }) => JSON.parse(body))
  return { alerts, server, messages, text, lines: () => text.map((line) => JSON.parse(line)) }
}

test('a batch is one message: kinds counted, amounts added up, worst first, in its colour, with the business date', async () => {
  const { alerts, server, messages } = await alertsAnswered(() => OK)
  const batch = [
    ...Array.from({ length: 12 }, () => notice('closing_missing')),
    notice('closing_missing', { details: { amount: '1050', currency: 'USD' } }),
    notice('payment_mismatch', { details: { reference: 'fpo_1' } }),
  ]
  expect(await alerts.send(batch)).toEqual({ kind: 'sent' })
  expect(server.received[0]).toMatchObject({ method: 'POST', target: HOOK })
  expect(server.received[0]?.headers['content-type']).toBe('application/json')
  expect(messages()).toHaveLength(1)
  const [{ text, attachments }] = messages()
  expect(text).toBe('[staging] 14 finance alerts for 2026-11-19: 13 × closing missing, 1 × payment mismatch')
  expect(attachments.map(({ color }: { color: string }) => color)).toEqual(['#FF0000', '#FFA500', '#DDDDDD'])
  const shown = attachments.map(({ blocks }: { blocks: { text: { text: string } }[] }) => blocks[0]?.text.text)
  const ids = batch.map(({ subject }) => `\`${subject.id}\``)
  expect(shown[0]).toBe(
    `*payment mismatch* · 1\nThe rail’s books contradict ours about a payment. Compare them before anything is paid.\n${ids[13]}`,
  )
  expect(shown[1]).toBe(
    `*closing missing* · 13\nGSC has sent no closing for this balance. NetSuite’s figure stands.\nCLP 15,000,000 · USD 10.50\n${ids.slice(0, 10).join(' ')} and 3 more`,
  )
  expect(shown[2]).toBe('<https://console.example.com/alerts?a=1&amp;b=2|Open the console>')
})

test('each alert is logged in full, without names, tax ids and accounts, whether Slack is there or not', async () => {
  const details = {
    amount: '1250000',
    currency: 'CLP',
    legalName: 'Uno SpA',
    taxId: '90749000-9',
    accountNumber: 'FP-1',
  }
  const { alerts, lines, text } = await alertsAnswered(() => OK, { webhookUrl: undefined })
  const alert = notice('payment_rejected', { details: { ...details, reason: 'ACCOUNT_CLOSED' } })
  expect(await alerts.send([alert, notice('payment_mismatch')])).toEqual({ kind: 'logged' })
  expect(lines()).toEqual([
    expect.objectContaining({ level: 'warn', slack: 'disabled' }),
    expect.objectContaining({
      level: 'warn',
      alertId: alert.id,
      kind: 'payment_rejected',
      subject: alert.subject,
      businessDate: '2026-11-19',
      details: expect.objectContaining({ amount: '1250000', currency: 'CLP', reason: 'ACCOUNT_CLOSED' }),
    }),
    expect.objectContaining({ level: 'error', kind: 'payment_mismatch' }),
  ])
  for (const secret of ['Uno SpA', '90749000-9', 'FP-1']) expect(text.join()).not.toContain(secret)
})

test('nothing to tell sends nothing', async () => {
  const { alerts, server } = await alertsAnswered(() => OK)
  expect(await alerts.send([])).toEqual({ kind: 'logged' })
  expect(server.received).toEqual([])
})

test('what others wrote cannot mention the channel, break the layout, or grow beyond Slack’s limits', async () => {
  const { alerts, messages } = await alertsAnswered(() => OK, { environment: '<prod> & co' })
  const id = `<!channel>\`${'&'.repeat(5_000)}`
  await alerts.send([
    notice('closing_missing', { subject: { type: 'seller', id: '<!here>`x' }, businessDate: '2026-11-18' }),
    notice('closing_missing', { subject: { type: 'seller', id }, details: { amount: '1e9', currency: 'CLP' } }),
    notice('closing_missing', { businessDate: null, details: { amount: '5', currency: 'XXX' } }),
  ])
  const [{ text, attachments }] = messages()
  expect(text).toBe('[&lt;prod&gt; &amp; co] 3 finance alerts for 2026-11-18 to 2026-11-19: 3 × closing missing')
  const shown: string = attachments[0].blocks[0].text.text
  expect(shown).toContain("\nCLP 1,250,000\n`&lt;!here&gt;'x` and 2 more")
  expect(shown).not.toContain('<!')
  expect(shown.length).toBeLessThanOrEqual(3_000)
})

test('however many kinds and alerts, the message keeps within Slack’s limits', async () => {
  const { FINANCE_ALERT_KINDS } = await import('@remesa/domain/finance-alert')
  const { alerts, messages } = await alertsAnswered(() => OK)
  const batch = FINANCE_ALERT_KINDS.flatMap((kind) =>
    Array.from({ length: 50 }, () => notice(kind, { subject: { type: 'seller', id: '&<>'.repeat(100) } })),
  )
  await alerts.send(batch)
  const [{ text, attachments }] = messages()
  expect(text.length).toBeLessThan(4_000)
  expect(attachments.length).toBeLessThanOrEqual(4)
  const blocks = attachments.flatMap((attachment: { blocks: { text: { text: string } }[] }) => attachment.blocks)
  expect(blocks.length).toBeLessThanOrEqual(50)
  for (const block of blocks) expect(block.text.text.length).toBeLessThanOrEqual(3_000)
})

test.each<[string, Reply | 'hang up', object]>([
  ...[
    'invalid_payload',
    'no_text',
    'user_not_found',
    'action_prohibited',
    'invalid_token',
    'no_service',
    'no_team',
  ].map((word): [string, Reply, object] => [
    `400 ${word}`,
    { status: 400, body: word },
    { kind: 'failed', reason: word },
  ]),
  ['404 no_active_hooks', { status: 404, body: 'no_active_hooks' }, { kind: 'failed', reason: 'no_active_hooks' }],
  [
    '410 channel_is_archived',
    { status: 410, body: 'channel_is_archived\n' },
    { kind: 'failed', reason: 'channel_is_archived' },
  ],
  [
    '200 and yet channel_not_found',
    { status: 200, body: 'channel_not_found' },
    { kind: 'failed', reason: 'channel_not_found' },
  ],
  ['500 and yet no_team', { status: 500, body: 'no_team' }, { kind: 'failed', reason: 'no_team' }],
  ['403 with a new word', { status: 403, body: 'added_later' }, { kind: 'failed', reason: 'http_403' }],
  ['302', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, { kind: 'failed', reason: 'http_302' }],
])('a hook that answers %s is not asked again', async (_, reply, delivery) => {
  const { alerts, server, lines, text } = await alertsAnswered(() => reply)
  expect(await alerts.send([notice('closing_missing')])).toEqual(delivery)
  expect(server.received).toHaveLength(1)
  expect(lines()).toContainEqual(
    expect.objectContaining({ level: 'error', ...('reason' in delivery && { reason: delivery.reason }) }),
  )
  expect(text.join()).not.toContain('very-secret')
})

test.each<[string, Reply | 'hang up', string]>([
  ['500', { status: 500, body: 'rollup_error' }, 'rollup_error'],
  ['503 with a page', { status: 503, body: '<html>' }, 'http_503'],
  ['429', { status: 429, body: 'rate_limited', headers: { 'retry-after': '0' } }, 'rate_limited'],
  ['200 and yet rate_limited', { status: 200, body: 'rate_limited' }, 'rate_limited'],
  ['200 without ok', { status: 200, body: '<html>welcome</html>' }, 'unexpected_answer'],
  ['200 with nothing', { status: 200, body: '' }, 'unexpected_answer'],
])('a hook that answers %s is tried three times, then left for later', async (_, reply, reason) => {
  const { alerts, server } = await alertsAnswered(() => reply)
  expect(await alerts.send([notice('closing_missing')])).toMatchObject({ kind: 'later', reason })
  expect(server.received).toHaveLength(3)
  const second = await alertsAnswered((call) => (call < 3 ? reply : OK))
  expect(await second.alerts.send([notice('closing_missing')])).toEqual({ kind: 'sent' })
})

test('a hook that hangs up, or is not there, leaves the alert for later, and its URL unsaid', async () => {
  const { alerts, text } = await alertsAnswered(() => 'hang up')
  expect(await alerts.send([notice('closing_missing')])).toMatchObject({ kind: 'later' })
  const gone = await alertsAnswered(() => OK, { webhookUrl: `http://127.0.0.1:9${HOOK}` })
  expect(await gone.alerts.send([notice('closing_missing')])).toMatchObject({ kind: 'later', reason: 'ECONNREFUSED' })
  for (const line of [...text, ...gone.text]) expect(line).not.toContain('very-secret')
})

test('Retry-After is waited out before the next try', async () => {
  const limited: Reply = { status: 429, body: 'rate_limited', headers: { 'retry-after': '0.2' } }
  const { alerts } = await alertsAnswered((call) => (call === 1 ? limited : OK))
  const startedAt = performance.now()
  expect(await alerts.send([notice('closing_missing')])).toEqual({ kind: 'sent' })
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(195)
})

test('a Retry-After longer than half a minute is handed on, not waited for', async () => {
  const limited: Reply = { status: 429, body: 'rate_limited', headers: { 'retry-after': '31' } }
  const { alerts, server } = await alertsAnswered(() => limited)
  const later = { kind: 'later', reason: 'rate_limited', retryAfterMs: 31_000 }
  expect(await alerts.send([notice('closing_missing')])).toEqual(later)
  expect(server.received).toHaveLength(1)
})

test('a layout that Slack dislikes is sent again as text alone, once', async () => {
  const dislike: Reply = { status: 400, body: 'invalid_blocks' }
  const { alerts, messages } = await alertsAnswered((call) => (call === 1 ? dislike : OK))
  expect(await alerts.send([notice('closing_missing')])).toEqual({ kind: 'sent' })
  expect(messages()[1]).toEqual({ text: '[staging] 1 finance alert for 2026-11-19: 1 × closing missing' })
  const stubborn = await alertsAnswered(() => dislike)
  expect(await stubborn.alerts.send([notice('closing_missing')])).toEqual({ kind: 'failed', reason: 'invalid_blocks' })
  expect(stubborn.server.received).toHaveLength(2)
})

test('messages go out one after the other, no faster than allowed', async () => {
  const { alerts, server } = await alertsAnswered(() => OK, { intervalMs: 60 })
  const startedAt = performance.now()
  await Promise.all([1, 2, 3].map(() => alerts.send([notice('closing_missing')])))
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(115)
  expect(server.received).toHaveLength(3)
})

test('a hook that refuses five times in a row is left alone for an hour', async () => {
  const clock = { ms: 0 }
  const { alerts, server, lines } = await alertsAnswered(() => ({ status: 404, body: 'no_service' }), {
    now: () => new Date(clock.ms),
  })
  const refused = { kind: 'failed', reason: 'no_service' }
  for (let time = 0; time < 4; time += 1) expect(await alerts.send([notice('closing_missing')])).toEqual(refused)
  const givenUp = { ...refused, leftAloneUntil: new Date(3_600_000) }
  expect(await alerts.send([notice('closing_missing')])).toEqual(givenUp)
  const leftAlone = { kind: 'later', reason: 'left_alone', retryAfterMs: 3_600_000 }
  expect(await alerts.send([notice('closing_missing')])).toEqual(leftAlone)
  expect(server.received).toHaveLength(5)
  expect(lines()).toContainEqual(expect.objectContaining({ level: 'error', until: '1970-01-01T01:00:00.000Z' }))
  clock.ms = 3_600_000
  expect(await alerts.send([notice('closing_missing')])).toEqual(refused)
})

test('a webhook URL that is none stops the start, without saying it', () => {
  const logger = createLogger({ service: 'test', level: 'error' }, { write: () => undefined })
  const start = () => createSlackChannel({ logger, webhookUrl: 'hooks/very-secret' })
  expect(start).toThrow(/^the Slack webhook URL is not a URL$/)
})
