import { setTimeout as sleep } from 'node:timers/promises'
import { createHttpClient, type HttpAnswer, type HttpClientOptions } from '@remesa/provider-http/http-client'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { errorFor } from '@remesa/provider-http/read-as'
import { retrying } from '@remesa/provider-http/retrying'
import type { SlackMessage } from './slack-message.ts'

/** How a message fared. `reason` is Slack's own word, or the network's. */
export type SlackDelivery =
  | { readonly kind: 'sent' }
  /** Slack could not take it now. */
  | { readonly kind: 'later'; readonly reason: string; readonly retryAfterMs?: number }
  /** Slack will never take it like this: the hook is gone or forbidden, or the message is wrong. */
  | { readonly kind: 'failed'; readonly reason: string }

export interface SlackOptions extends Pick<HttpClientOptions, 'logger' | 'metrics'> {
  /** The incoming webhook. It is a secret as a whole. */
  readonly webhookUrl: string
  readonly timeoutMs: number
  /** Between two messages of this process: Slack allows one a second (facts: alerts §1). */
  readonly intervalMs: number
  /** The first pause before another try; doubled after that. */
  readonly firstRetryMs: number
}

export interface Slack {
  /** One after the other, three tries each. Never throws for what Slack says, or does not say. */
  post(message: SlackMessage): Promise<SlackDelivery>
  close(): void
}

/** A pause that Slack asks for is waited out up to this long (facts: alerts §1); after that the caller comes back. */
const LONGEST_PAUSE_MS = 30_000

/** @throws Error, without the URL in it, when the webhook URL is none */
export function createSlack(options: SlackOptions): Slack {
  const { webhookUrl, timeoutMs, intervalMs, firstRetryMs, logger, metrics } = options
  if (!URL.canParse(webhookUrl)) throw new Error('the Slack webhook URL is not a URL')
  const { origin, pathname, search } = new URL(webhookUrl)
  const http = createHttpClient({ provider: 'slack', baseUrl: origin, timeoutMs, maxConcurrent: 1, logger, metrics })
  let turn: Promise<unknown> = Promise.resolve()
  let postedAt = Number.NEGATIVE_INFINITY

  async function once(message: SlackMessage): Promise<void> {
    const waitMs = postedAt + intervalMs - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    postedAt = performance.now()
    const request = { operation: 'post message', method: 'POST', path: pathname + search, json: message } as const
    const error = errorIn(await http.request(request))
    if (error) throw error
  }

  async function deliver(message: SlackMessage): Promise<SlackDelivery> {
    try {
      await retrying(() => once(message), { tries: 3, firstMs: firstRetryMs, maxMs: LONGEST_PAUSE_MS })
      return { kind: 'sent' }
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      const { kind, code, status, retryAfterMs } = error
      const reason = code ?? `http_${status}`
      if (kind !== 'unavailable') return { kind: 'failed', reason }
      return { kind: 'later', reason, ...(retryAfterMs !== undefined && { retryAfterMs }) }
    }
  }

  async function deliverSomehow(message: SlackMessage): Promise<SlackDelivery> {
    const delivery = await deliver(message)
    // The text says what matters; a block that Slack dislikes must not silence it.
    const isLayout = delivery.kind === 'failed' && LAYOUT_REFUSED.has(delivery.reason)
    return isLayout && message.attachments ? deliver({ text: message.text }) : delivery
  }

  return {
    post(message) {
      const delivery = turn.then(() => deliverSomehow(message))
      turn = delivery.catch(() => undefined) // its caller is told; the next message has its turn all the same
      return delivery
    },
    close: http.close,
  }
}

/** Whether Slack's word is about the message, which no other try changes, and not about the hook, which people mend. */
export const isAboutMessage = (reason: string): boolean => MESSAGE_REFUSED.has(reason)

const LAYOUT_REFUSED: ReadonlySet<string> = new Set(['invalid_blocks', 'invalid_blocks_format', 'too_many_attachments'])

const MESSAGE_REFUSED: ReadonlySet<string> = new Set([
  ...LAYOUT_REFUSED,
  'invalid_payload',
  'no_text',
  'user_not_found',
])

/** Slack's words that settle the matter whatever the status beside them, which varies (facts: alerts §1). */
const PERMANENT: ReadonlySet<string> = new Set([
  ...MESSAGE_REFUSED,
  ...['action_prohibited', 'posting_to_general_channel_denied', 'invalid_token', 'team_disabled'],
  ...['channel_not_found', 'no_service', 'no_service_id', 'no_team', 'no_active_hooks', 'channel_is_archived'],
])
const TRANSIENT: ReadonlySet<string> = new Set(['rate_limited', 'rollup_error', 'service_unavailable'])

/** By Slack's word first, by status where it says nothing known. */
function errorIn(answer: HttpAnswer): ProviderError | undefined {
  const { status, raw } = answer
  const said = raw.trim()
  if (PERMANENT.has(said)) return errorFor(answer, { kind: 'refused', code: said })
  if (TRANSIENT.has(said)) return errorFor(answer, { kind: 'unavailable', code: said })
  if (status === 200 && said === 'ok') return undefined
  const code = `http_${status}`
  if (status === 408 || status === 429 || status >= 500) return errorFor(answer, { kind: 'unavailable', code })
  // A 200 without "ok" comes from something in between, so Slack has not spoken yet.
  if (status === 200) return errorFor(answer, { kind: 'unavailable', code: 'unexpected_answer' })
  return errorFor(answer, { kind: 'refused', code })
}
