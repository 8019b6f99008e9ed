import type { FinanceAlertSeverity } from '@remesa/domain/finance-alert'
import type { Logger } from '@remesa/service-kit/logger'
import type { FinanceAlertNotice } from './notice.ts'
import type { SlackChannel, SlackPost } from './slack-channel.ts'
import { slackMessage } from './slack-message.ts'

export type { FinanceAlertNotice } from './notice.ts'

/** How the finance team was told. `logged`: Slack is not configured, or there was nothing to tell. */
export type AlertDelivery = Exclude<SlackPost, { kind: 'disabled' }> | { readonly kind: 'logged' }

export interface FinanceAlertOptions {
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly slack: Pick<SlackChannel, 'post'>
  /** The operators' console; linked from messages. */
  readonly consoleUrl?: string | undefined
  /** `production`, `staging`, …; stands in every message. */
  readonly environment: string
}

export interface FinanceAlerts {
  /**
   * Logs each alert in full and sends one message for all of them. Never throws for Slack's sake: an alert that
   * cannot be told must not undo what it tells of. A message may come twice, since Slack knows no idempotency.
   */
  send(alerts: readonly FinanceAlertNotice[]): Promise<AlertDelivery>
}

const LEVELS: Readonly<Record<FinanceAlertSeverity, 'info' | 'warn' | 'error'>> = {
  info: 'info',
  warning: 'warn',
  critical: 'error',
}

export function createFinanceAlerts({ logger, slack, consoleUrl, environment }: FinanceAlertOptions): FinanceAlerts {
  return {
    async send(alerts) {
      for (const alert of alerts) log(logger, alert)
      if (alerts.length === 0) return { kind: 'logged' }
      const delivery = await slack.post(slackMessage(alerts, { environment, consoleUrl }))
      if (delivery.kind === 'disabled') return { kind: 'logged' }
      if (delivery.kind === 'later') logger.warn({ ...delivery, alerts: alerts.length }, 'Slack could not be told yet')
      return delivery
    },
  }
}

function log(logger: FinanceAlertOptions['logger'], alert: FinanceAlertNotice): void {
  const { id, kind, severity, subject, businessDate, details, times } = alert
  logger[LEVELS[severity]]({ alertId: id, kind, severity, subject, businessDate, times, details }, 'finance alert')
}
