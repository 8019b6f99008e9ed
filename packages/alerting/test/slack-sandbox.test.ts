import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { FINANCE_ALERT_KINDS, severityOf } from '@remesa/domain/finance-alert'
import { type SlackSandbox, startSlack } from '@remesa/sandbox/slack'
import { createLogger } from '@remesa/service-kit/logger'
import { createFinanceAlerts, type FinanceAlertNotice, type FinanceAlerts } from '../src/finance-alerts.ts'
import { createSlackChannel, type SlackChannel } from '../src/slack-channel.ts'

let slack: SlackSandbox
let channel: SlackChannel
let alerts: FinanceAlerts
beforeAll(async () => {
  slack = await startSlack()
  const logger = createLogger({ service: 'test', level: 'fatal' }, { write: () => undefined })
  channel = createSlackChannel({ logger, webhookUrl: slack.webhookUrl, intervalMs: 0, firstRetryMs: 1 })
  const consoleUrl = 'https://console.example.com/'
  alerts = createFinanceAlerts({ logger, slack: channel, consoleUrl, environment: 'test' })
})
afterEach(() => slack.setFaults({ rates: {} }))
afterAll(async () => {
  channel.close()
  await slack.stop()
})

const everything: readonly FinanceAlertNotice[] = FINANCE_ALERT_KINDS.flatMap((kind) =>
  Array.from({ length: 40 }, (_, index) => ({
    id: `${kind}-${index}`,
    kind,
    severity: severityOf(kind),
    subject: { type: 'seller_balance', id: `<${kind}&${index}>` },
    businessDate: '2026-11-19',
    details: { amount: '999999999999999999', currency: 'USD' },
  })),
)

test('a batch with every kind of alert is one message that Slack shows', async () => {
  const before = slack.messages().length
  expect(await alerts.send(everything)).toEqual({ kind: 'sent' })
  expect(slack.messages().slice(before)).toHaveLength(1)
  expect(slack.messages().at(-1)?.text).toContain('finance alerts for 2026-11-19')
})

test.each(['error-before', 'error-after', 'lost-response', 'garbage-before'] as const)(
  'an alert gets through %s',
  async (kind) => {
    const before = slack.messages().length
    slack.faults.script({ kind, times: 2 })
    expect(await alerts.send(everything)).toEqual({ kind: 'sent' })
    expect(slack.messages().length).toBeGreaterThan(before)
  },
)

test('blocks that Slack refuses are followed by the text, and a hook that is gone is said so', async () => {
  slack.refuse('invalid_blocks')
  expect(await alerts.send(everything)).toEqual({ kind: 'sent' })
  expect(slack.messages().at(-1)?.payload).toEqual({ text: expect.stringContaining('[test]') })
  slack.refuse('no_service')
  expect(await alerts.send(everything)).toEqual({ kind: 'failed', reason: 'no_service' })
})
