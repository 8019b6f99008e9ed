import { createFinanceAlerts } from '@remesa/alerting/finance-alerts'
import { topics } from '@remesa/messaging/catalogue'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { runService } from '@remesa/service-kit/run-service'
import { readConfig } from './config.ts'
import { sendAlerts } from './send-alerts.ts'

/** Longer than all tries of one message to Slack. */
const LEASE_MS = 120_000

await runService({
  name: 'finance-alerts',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger, metrics } = parts
    const alerts = createFinanceAlerts({
      slackWebhookUrl: config.SLACK_WEBHOOK_URL,
      consoleUrl: config.CONSOLE_URL,
      environment: config.ENVIRONMENT,
      logger,
      metrics,
    })
    parts.stopWith('alerting', () => alerts.close())
    const { database, work } = await connectWorkerService('finance-alerts', parts)
    work({
      topic: topics.financeAlert,
      maxBatch: 200,
      lingerMs: config.ALERTS_LINGER_MS,
      concurrentBatches: 1, // one message a second is all that Slack takes
      handle: sendAlerts({ database, alerts, leaseMs: LEASE_MS, logger }),
    })
  },
})
