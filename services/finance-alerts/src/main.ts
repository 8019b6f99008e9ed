import { createAlertSender } from '@remesa/alerting/alert-sender'
import { createFinanceAlerts } from '@remesa/alerting/finance-alerts'
import { createPagerDuty } from '@remesa/alerting/pagerduty'
import { createSlackChannel } from '@remesa/alerting/slack-channel'
import { topics } from '@remesa/messaging/catalogue'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { runService } from '@remesa/service-kit/run-service'
import { readConfig } from './config.ts'
import { sendAlerts } from './send-alerts.ts'
import { sendDeliveries } from './send-deliveries.ts'

/** Longer than all tries of one message to Slack, and of one that is ahead of it. */
const SLACK_LEASE_MS = 180_000
/** Longer than all tries of one event at PagerDuty. */
const PAGERDUTY_LEASE_MS = 60_000

await runService({
  name: 'finance-alerts',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger, metrics } = parts
    const now = () => new Date()
    const slack = createSlackChannel({ webhookUrl: config.SLACK_WEBHOOK_URL, logger, metrics, now })
    parts.stopWith('Slack', () => slack.close())
    parts.readyWhen('slack', () => (slack.isEnabled ? 'ok' : 'disabled'))
    const pagerDuty = createPagerDuty({
      routingKey: config.PAGERDUTY_ROUTING_KEY,
      baseUrl: config.PAGERDUTY_BASE_URL,
      logger,
      metrics,
    })
    parts.stopWith('PagerDuty', () => pagerDuty.close())
    parts.readyWhen('pagerduty', () => (pagerDuty.isEnabled ? 'ok' : 'disabled'))
    const told = { slack, logger, consoleUrl: config.CONSOLE_URL, environment: config.ENVIRONMENT }
    const { database, work } = await connectWorkerService('finance-alerts', parts)
    work({
      topic: topics.financeAlert,
      maxBatch: 200,
      lingerMs: config.ALERTS_LINGER_MS,
      concurrentBatches: 1, // one message a second is all that Slack takes
      handle: sendAlerts({ database, alerts: createFinanceAlerts(told), leaseMs: SLACK_LEASE_MS, now, logger }),
    })
    work({
      topic: topics.alertDelivery,
      maxBatch: 20,
      lingerMs: 0,
      concurrentBatches: 8, // a batch that waits for one channel must not hold up the other's
      handle: sendDeliveries({
        database,
        alerts: createAlertSender({ ...told, pagerDuty }),
        leaseMs: { slack: SLACK_LEASE_MS, pagerduty: PAGERDUTY_LEASE_MS },
        now,
      }),
    })
  },
})
