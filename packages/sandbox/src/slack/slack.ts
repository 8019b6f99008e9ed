import { z } from 'zod'
import { createFaults, type FaultPlan } from '../kit/faults.ts'
import type { ErrorShapes, Reply, SandboxRequest } from '../kit/http.ts'
import { commonControls, type SandboxProvider } from '../kit/provider.ts'
import { startServer } from '../kit/server.ts'
import { wrongWith } from './message.ts'

export interface SlackOptions {
  readonly port?: number
  readonly host?: string
  /** Default the machine's clock; the rate limit follows it. */
  readonly now?: () => Date
  /** Default: none. Slack itself takes one message per second. */
  readonly messagesPerSecond?: number
  readonly faults?: FaultPlan
  readonly latencyMs?: number
}

/** A message that the channel shows. */
export interface SlackMessage {
  readonly text: string | undefined
  readonly receivedAt: Date
  /** The whole payload. */
  readonly payload: Readonly<Record<string, unknown>>
}

export interface SlackSandbox extends SandboxProvider {
  /** What a client is configured with. It is the credential too. */
  readonly webhookUrl: string
  /** What the channel shows, oldest first. A retry after a lost reply shows twice: Slack knows no idempotency. */
  messages(): readonly SlackMessage[]
  /** The next `times` messages are refused with this body, e.g. `no_service`, `channel_is_archived`. @throws ZodError */
  refuse(error: string, times?: number): void
}

/** Slack's own refusals (facts: alerts §1). */
const STATUSES = {
  invalid_payload: 400,
  no_text: 400,
  invalid_blocks: 400,
  invalid_blocks_format: 400,
  too_many_attachments: 400,
  user_not_found: 400,
  action_prohibited: 403,
  posting_to_general_channel_denied: 403,
  invalid_token: 403,
  team_disabled: 403,
  no_active_hooks: 404,
  channel_not_found: 404,
  no_service: 404,
  no_service_id: 404,
  no_team: 404,
  channel_is_archived: 410,
  rollup_error: 500,
  service_unavailable: 503,
} as const
type SlackRefusal = keyof typeof STATUSES
const refusalSchema = z.strictObject({
  error: z.enum(Object.keys(STATUSES) as [SlackRefusal, ...SlackRefusal[]]),
  times: z.int().positive().default(1),
})

/** Slack cuts what is longer, without a word. */
const LONGEST_TEXT = 40_000
const PATH = '/services/T00000000/B00000000/sandbox-webhook-token'
/** Faults are limited per message, and a message has no name but what it says. */
const messageOf = ({ rawBody }: SandboxRequest): string => rawBody.toString('utf8', 0, 300)

/** Slack answers in plain text. */
const errors: ErrorShapes = {
  badRequest: () => refusal('invalid_payload'),
  notFound: () => refusal('no_service'),
  serverError: (status) => refusal(status === 500 ? 'rollup_error' : 'service_unavailable'),
  rateLimited: (seconds) => ({ status: 429, headers: { 'retry-after': String(seconds) }, body: 'rate_limited' }),
}
const refusal = (error: SlackRefusal): Reply => ({ status: STATUSES[error], body: error })

/** A Slack incoming webhook as a local server (facts: alerts §1, §4). */
export async function startSlack(options: SlackOptions = {}): Promise<SlackSandbox> {
  const now = options.now ?? (() => new Date())
  const faults = createFaults(options.faults)
  const shown: SlackMessage[] = []
  const refusals: { error: SlackRefusal; left: number }[] = []
  let free = 0

  function receive(request: SandboxRequest): Reply {
    const payload = request.json()
    const planned = refusals[0]
    if (planned) {
      planned.left -= 1
      if (planned.left === 0) refusals.shift()
      return refusal(planned.error)
    }
    const wrong = wrongWith(payload)
    if (wrong) return refusal(wrong)
    const at = now()
    if (options.messagesPerSecond !== undefined) {
      if (at.getTime() < free) return errors.rateLimited(Math.ceil((free - at.getTime()) / 1_000))
      free = at.getTime() + 1_000 / options.messagesPerSecond
    }
    const message = payload as Record<string, unknown>
    const text = (message.text as string | undefined)?.slice(0, LONGEST_TEXT)
    shown.push({ text, receivedAt: at, payload: message })
    return { status: 200, body: 'ok' }
  }

  const server = await startServer({
    ...options,
    errors,
    faults,
    routes: [{ method: 'POST', path: PATH, subject: messageOf, handle: receive }],
  })
  const { calls } = server
  function refuse(error: string, times = 1): void {
    const planned = refusalSchema.parse({ error, times })
    refusals.push({ error: planned.error, left: planned.times })
  }
  return {
    url: server.url,
    webhookUrl: server.url + PATH,
    calls,
    faults,
    setFaults: (plan) => faults.set(plan),
    messages: () => shown,
    refuse,
    controls: {
      ...commonControls({ calls, faults }),
      messages: () => shown.map(({ text, receivedAt, payload }) => ({ text, receivedAt, payload })),
      refuse: (input) => {
        const { error, times } = refusalSchema.parse(input)
        refuse(error, times)
      },
    },
    stop: server.stop,
  }
}
