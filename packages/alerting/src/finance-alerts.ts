import type { FinanceAlertSeverity } from '@remesa/domain/finance-alert'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import type { FinanceAlertNotice } from './notice.ts'
import { createSlack, type SlackDelivery } from './slack.ts'
import { slackMessage } from './slack-message.ts'

export type { FinanceAlertNotice } from './notice.ts'

/** How the finance team was told. `logged`: Slack is not configured, or there was nothing to tell. */
export type AlertDelivery = SlackDelivery | { readonly kind: 'logged' }

export interface FinanceAlertOptions {
  readonly logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  readonly metrics?: Pick<Metrics, 'providerCall'>
  /** Slack's incoming webhook; without one, alerts are logged only. */
  readonly slackWebhookUrl?: string | undefined
  /** The operators' console; linked from messages. */
  readonly consoleUrl?: string | undefined
  /** `production`, `staging`, …; stands in every message. */
  readonly environment: string
  /** For one request to Slack. Default 5 s. */
  readonly timeoutMs?: number
  /** Between two messages of this process. Default 1 s. */
  readonly intervalMs?: number
  /** The first pause before another try. Default 1 s. */
  readonly firstRetryMs?: number
  readonly now?: () => Date
}

export interface FinanceAlerts {
  /**
   * Logs each alert in full and sends one message for all of them. Never throws for Slack's sake: an alert that
   * cannot be told must not undo what it tells of. A message may come twice, since Slack knows no idempotency.
   */
  send(alerts: readonly FinanceAlertNotice[]): Promise<AlertDelivery>
  close(): void
}

/** After so many refusals in a row Slack is left alone for a while: going on gets the hook disabled (facts: alerts §3). */
const REFUSALS_BEFORE_REST = 5
const REST_MS = 3_600_000

const LEVELS: Readonly<Record<FinanceAlertSeverity, 'info' | 'warn' | 'error'>> = {
  info: 'info',
  warning: 'warn',
  critical: 'error',
}

export function createFinanceAlerts(options: FinanceAlertOptions): FinanceAlerts {
  const { logger, metrics, slackWebhookUrl, consoleUrl, environment, now = () => new Date() } = options
  const slack = slackWebhookUrl
    ? createSlack({
        webhookUrl: slackWebhookUrl,
        timeoutMs: options.timeoutMs ?? 5_000,
        intervalMs: options.intervalMs ?? 1_000,
        firstRetryMs: options.firstRetryMs ?? 1_000,
        logger,
        metrics,
      })
    : undefined
  if (!slack) logger.warn({ slack: 'disabled' }, 'no Slack webhook is configured: finance alerts are only logged')

  let refusals = 0
  let restsUntil = 0

  function count(delivery: SlackDelivery): void {
    if (delivery.kind === 'later') return // says nothing about the hook
    refusals = delivery.kind === 'failed' ? refusals + 1 : 0
    if (delivery.kind === 'failed') logger.error({ reason: delivery.reason, refusals }, 'Slack refuses finance alerts')
    if (refusals < REFUSALS_BEFORE_REST) return
    refusals = 0
    restsUntil = now().getTime() + REST_MS
    logger.error({ until: new Date(restsUntil).toISOString() }, 'Slack is left alone: it refused too often')
  }

  return {
    async send(alerts) {
      for (const alert of alerts) log(logger, alert)
      if (!slack || alerts.length === 0) return { kind: 'logged' }
      const restMs = restsUntil - now().getTime()
      if (restMs > 0) return { kind: 'later', reason: 'left_alone', retryAfterMs: restMs }

      const delivery = await slack.post(slackMessage(alerts, { environment, consoleUrl }))
      count(delivery)
      if (delivery.kind === 'later') logger.warn({ ...delivery, alerts: alerts.length }, 'Slack could not be told yet')
      return delivery
    },
    close: () => slack?.close(),
  }
}

function log(logger: FinanceAlertOptions['logger'], alert: FinanceAlertNotice): void {
  const { id, kind, severity, subject, businessDate, details, times } = alert
  logger[LEVELS[severity]]({ alertId: id, kind, severity, subject, businessDate, times, details }, 'finance alert')
}
