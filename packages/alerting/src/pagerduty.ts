import { createHttpClient, type HttpAnswer } from '@remesa/provider-http/http-client'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { errorFor } from '@remesa/provider-http/read-as'
import { retrying } from '@remesa/provider-http/retrying'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { z } from 'zod'

/** An event of the Events API v2 without its routing key, which is a secret and added when it is sent. */
export interface PagerDutyEvent {
  readonly event_action: 'trigger' | 'resolve'
  /** At most 255 characters. Makes a repeated trigger harmless, and tells what is resolved. */
  readonly dedup_key: string
  /** Of a trigger. */
  readonly payload?: {
    /** At most 1,024 characters. */
    readonly summary: string
    readonly source: string
    readonly severity: 'critical' | 'error' | 'warning' | 'info'
    readonly timestamp?: string
    readonly component?: string
    readonly group?: string
    readonly class?: string
    readonly custom_details?: object
  }
  readonly client?: string
  readonly client_url?: string
  readonly links?: readonly { readonly href: string; readonly text: string }[]
}

/** How an event fared. `reason` is a code of ours or the network's. */
export type PagerDutyDelivery =
  /** Queued by PagerDuty, which says nothing of whether a person was called. */
  | { readonly kind: 'sent' }
  /** The same event may be sent again, not before `retryAfterMs`. */
  | { readonly kind: 'later'; readonly reason: string; readonly retryAfterMs: number }
  /** PagerDuty will never take this event. */
  | { readonly kind: 'failed'; readonly reason: string; readonly problems: readonly string[] }
  /** No routing key is configured. */
  | { readonly kind: 'disabled' }

export interface PagerDutyOptions {
  /** Of the service's integration; the credential. Without one, nothing is sent. */
  readonly routingKey?: string | undefined
  /** `https://events.pagerduty.com`, or `https://events.eu.pagerduty.com`. */
  readonly baseUrl: string
  readonly logger: Pick<Logger, 'debug' | 'warn'>
  readonly metrics?: Pick<Metrics, 'providerCall'>
  /** For one request. Default 5 s. */
  readonly timeoutMs?: number
  /** The first pause before another try after an outage; doubled after that. Default 1 s. */
  readonly firstRetryMs?: number
}

export interface PagerDuty {
  /** False when it is not configured. */
  readonly isEnabled: boolean
  /**
   * Sends an event, three times when PagerDuty is down. Never throws for what PagerDuty says, or does not say.
   * @param attempt - counts from 1: how often this event was sent by any process; the more, the longer it waits
   */
  send(event: PagerDutyEvent, attempt: number): Promise<PagerDutyDelivery>
  close(): void
}

/** After 429 at least this long, about three times (facts: alerts §2); then minutes. */
const SHORT_PAUSE_MS = 30_000
const SHORT_PAUSES = 3
const LONGEST_PAUSE_MS = 15 * 60_000

/** How long an event that could not be sent waits before its next try. @param attempt - how often it was tried, from 1 */
export const pauseAfter = (attempt: number): number =>
  attempt <= SHORT_PAUSES
    ? SHORT_PAUSE_MS
    : Math.min(LONGEST_PAUSE_MS, 4 * SHORT_PAUSE_MS * 2 ** Math.min(10, attempt - SHORT_PAUSES - 1))

/** A client of PagerDuty's Events API v2. Not one of its errors or log lines holds the routing key. */
export function createPagerDuty(options: PagerDutyOptions): PagerDuty {
  const { routingKey: key, baseUrl, logger, metrics, timeoutMs = 5_000, firstRetryMs = 1_000 } = options
  if (!key) {
    logger.warn({ pagerduty: 'disabled' }, 'no PagerDuty routing key is configured: nobody is paged')
    return { isEnabled: false, send: async () => ({ kind: 'disabled' }), close: () => {} }
  }
  const http = createHttpClient({ provider: 'pagerduty', baseUrl, timeoutMs, maxConcurrent: 4, logger, metrics })

  /** @throws ProviderError when PagerDuty is down, which may pass in a moment */
  const once = async (event: PagerDutyEvent, attempt: number): Promise<PagerDutyDelivery> => {
    const answer = await http.request({
      operation: event.event_action,
      method: 'POST',
      path: '/v2/enqueue',
      json: { routing_key: key, ...event },
    })
    const { status } = answer
    if (status === 202) return { kind: 'sent' }
    const reason = status === 200 ? 'unexpected_answer' : `http_${status}`
    if (status === 400 || status === 413) {
      return { kind: 'failed', reason, problems: problemsIn(answer).map((text) => text.replaceAll(key, '…')) }
    }
    const error = errorFor(answer, { kind: 'unavailable', code: reason })
    if (status === 200 || status === 408 || status >= 500) throw error
    // Haste takes at least half a minute. Whatever else it is does not come from the Events API: an address that is not
    // its own, or something in between. The event is not at fault.
    return later(error, attempt)
  }

  return {
    isEnabled: true,
    async send(event, attempt) {
      try {
        const maxMs = SHORT_PAUSE_MS - 1
        return await retrying(() => once(event, attempt), { tries: 3, firstMs: firstRetryMs, maxMs })
      } catch (error) {
        if (error instanceof ProviderError) return later(error, attempt)
        throw error
      }
    },
    close: http.close,
  }
}

function later({ code, status, retryAfterMs = 0 }: ProviderError, attempt: number): PagerDutyDelivery {
  const reason = code ?? `http_${status}`
  return { kind: 'later', reason, retryAfterMs: Math.max(retryAfterMs, pauseAfter(attempt)) }
}

const refusalSchema = z.object({ errors: z.array(z.string()).max(100) })

/** PagerDuty's sentences on what is wrong with an event. */
const problemsIn = ({ body }: HttpAnswer): readonly string[] => {
  const { success, data } = refusalSchema.safeParse(body)
  return success ? data.errors.slice(0, 10).map((text) => text.slice(0, 300)) : []
}
