import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { createSlack, type SlackDelivery } from './slack.ts'
import type { SlackMessage } from './slack-message.ts'

export interface SlackChannelOptions {
  /** Slack's incoming webhook, a secret as a whole; without one, nothing is posted. */
  readonly webhookUrl?: string | undefined
  readonly logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  readonly metrics?: Pick<Metrics, 'providerCall'>
  /** For one request to Slack. Default 5 s. */
  readonly timeoutMs?: number
  /** Between two messages of this process. Default 1 s. */
  readonly intervalMs?: number
  /** The first pause before another try. Default 1 s. */
  readonly firstRetryMs?: number
  readonly now?: () => Date
}

export type SlackPost =
  | SlackDelivery
  /** With the refusal after which Slack is left alone, until then. */
  | { readonly kind: 'failed'; readonly reason: string; readonly leftAloneUntil: Date }
  /** No webhook is configured. */
  | { readonly kind: 'disabled' }

/** The one channel that all alerts of a process go through: one message a second, and one count of refusals. */
export interface SlackChannel {
  /** False when it is not configured. */
  readonly isEnabled: boolean
  /** Never throws for what Slack says, or does not say. A message may come twice, since Slack knows no idempotency. */
  post(message: SlackMessage): Promise<SlackPost>
  close(): void
}

/** After so many refusals in a row Slack is left alone for a while: going on gets the hook disabled (facts: alerts §3). */
const REFUSALS_BEFORE_REST = 5
const REST_MS = 3_600_000

/** @throws Error, without the URL in it, when the webhook URL is none */
export function createSlackChannel(options: SlackChannelOptions): SlackChannel {
  const { webhookUrl, logger, metrics, now = () => new Date() } = options
  if (!webhookUrl) {
    logger.warn({ slack: 'disabled' }, 'no Slack webhook is configured: alerts are only logged')
    return { isEnabled: false, post: async () => ({ kind: 'disabled' }), close: () => {} }
  }
  const slack = createSlack({
    webhookUrl,
    timeoutMs: options.timeoutMs ?? 5_000,
    intervalMs: options.intervalMs ?? 1_000,
    firstRetryMs: options.firstRetryMs ?? 1_000,
    logger,
    metrics,
  })
  let refusals = 0
  let restsUntil = 0

  function counted(delivery: SlackDelivery): SlackPost {
    if (delivery.kind === 'later') return delivery // says nothing about the hook
    refusals = delivery.kind === 'failed' ? refusals + 1 : 0
    if (delivery.kind === 'failed') logger.error({ reason: delivery.reason, refusals }, 'Slack refuses alerts')
    if (delivery.kind !== 'failed' || refusals < REFUSALS_BEFORE_REST) return delivery
    refusals = 0
    restsUntil = now().getTime() + REST_MS
    const leftAloneUntil = new Date(restsUntil)
    logger.error({ until: leftAloneUntil.toISOString() }, 'Slack is left alone: it refused too often')
    return { ...delivery, leftAloneUntil }
  }

  return {
    isEnabled: true,
    async post(message) {
      const restMs = restsUntil - now().getTime()
      if (restMs > 0) return { kind: 'later', reason: 'left_alone', retryAfterMs: restMs }
      return counted(await slack.post(message))
    },
    close: slack.close,
  }
}
