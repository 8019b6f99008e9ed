import type { AlertMatter, SlackRefusal } from '@remesa/domain/alert-matter'
import type { AlertAction, AlertChannel } from '@remesa/domain/reconciliation-alert'
import type { Logger } from '@remesa/service-kit/logger'
import { billingSlackMessage } from './billing-slack-message.ts'
import type { WordingContext } from './billing-wording.ts'
import type { PagerDuty } from './pagerduty.ts'
import { resolveEvent, triggerEvent } from './pagerduty-events.ts'
import { isAboutMessage } from './slack.ts'
import type { SlackChannel } from './slack-channel.ts'

export interface AlertSenderOptions extends WordingContext {
  readonly slack: Pick<SlackChannel, 'post'>
  readonly pagerDuty: Pick<PagerDuty, 'send'>
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** An alert for one channel. */
export interface AlertToSend {
  readonly channel: AlertChannel
  readonly action: AlertAction
  readonly matter: AlertMatter
  /** When what it tells of was found. */
  readonly createdAt: Date
  /** Counts from 1: the tries of all processes, this one included. */
  readonly attempts: number
}

export type AlertOutcome =
  | { readonly kind: 'sent' }
  /** The channel is not configured. */
  | { readonly kind: 'disabled' }
  /** To be sent again, no sooner than that. `slackRefusal`: Slack has just been given up for a while. */
  | {
      readonly kind: 'later'
      readonly reason: string
      readonly retryAfterMs: number
      readonly slackRefusal?: SlackRefusal
    }
  /** The channel will never take it as it is: a fault of ours. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface AlertSender {
  /** Never throws for a channel's sake: an alert that cannot be told must not undo what it tells of. */
  send(alert: AlertToSend): Promise<AlertOutcome>
}

const AFTER_OUTAGE_MS = 30_000
/** A hook that was removed takes a person. */
const AFTER_REFUSAL_MS = 3_600_000

/** Words stored alerts for Slack and PagerDuty, and sends each by its channel alone. */
export function createAlertSender({ slack, pagerDuty, logger, ...context }: AlertSenderOptions): AlertSender {
  async function toSlack(matter: AlertMatter): Promise<AlertOutcome> {
    // Slack is told of no refusal of its own.
    if (matter.kind !== 'billing_reconciliation') throw new Error(`${matter.kind} is nothing for Slack`)
    const post = await slack.post(billingSlackMessage(matter.told, context))
    if (post.kind === 'later') return { retryAfterMs: AFTER_OUTAGE_MS, ...post }
    if (post.kind !== 'failed') return post
    if (isAboutMessage(post.reason)) return { kind: 'refused', reason: post.reason }
    const { reason } = post
    const refusal = 'leftAloneUntil' in post && { slackRefusal: { reason, until: post.leftAloneUntil.toISOString() } }
    return { kind: 'later', reason, retryAfterMs: AFTER_REFUSAL_MS, ...refusal }
  }

  async function toPagerDuty({ matter, action, createdAt, attempts }: AlertToSend): Promise<AlertOutcome> {
    const event = action === 'resolve' ? resolveEvent(matter, context) : triggerEvent(matter, createdAt, context)
    const delivery = await pagerDuty.send(event, attempts)
    if (delivery.kind !== 'failed') return delivery
    logger.error({ problems: delivery.problems }, 'PagerDuty finds an event wrong')
    return { kind: 'refused', reason: delivery.reason }
  }

  return {
    async send(alert) {
      const outcome = alert.channel === 'slack' ? await toSlack(alert.matter) : await toPagerDuty(alert)
      const name = alert.channel === 'slack' ? 'Slack' : 'PagerDuty'
      const facts = { ...factsOf(alert), ...outcome, kind: alert.matter.kind }
      if (outcome.kind === 'sent') logger.info(factsOf(alert), `${name} alert sent successfully`)
      if (outcome.kind === 'later') logger.warn(facts, `Failed to send ${name} alert`)
      if (outcome.kind === 'refused') logger.error(facts, `Failed to send ${name} alert`)
      return outcome
    },
  }
}

const factsOf = ({ matter, action, attempts }: AlertToSend): object => ({
  kind: matter.kind,
  action,
  attempts,
  ...(matter.kind === 'billing_reconciliation' && {
    reportId: matter.told.reportId,
    day: matter.told.day,
    severity: matter.told.severity,
  }),
})
