import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { CallbackSender } from '../kit/callbacks.ts'

/** Where events go. One endpoint and one secret, for events of the platform and of connected accounts alike. */
export const webhookEndpointSchema = z.strictObject({
  url: z.url(),
  /** Types it wants; all of them when left out. */
  events: z.array(z.string()).optional(),
})
export type WebhookEndpoint = z.input<typeof webhookEndpointSchema>

export interface StripeEvent {
  /** E.g. `transfer.created`. */
  readonly type: string
  /** The object as it stands now. */
  readonly object: { readonly id?: string | undefined }
  /** What was there before of all that changed. */
  readonly previous?: object | undefined
  /** The connected account that the event is about. */
  readonly account?: string | undefined
  /** The request that caused it. */
  readonly request?: { readonly id: string; readonly idempotencyKey: string | null }
  /** Faults are limited per subject. Default: the object's id, or the type. */
  readonly subject?: string
}

export interface Webhooks {
  /** Whether anybody listens for events of this type. */
  wants(type: string): boolean
  /** Sends an event, if anybody listens for its type. @returns its `evt_` id */
  emit(event: StripeEvent): string
  /** The latest event about an object (or, where it has no id, of a type) once more: the same id and body. @throws Error when there was none */
  repeat(objectId: string): void
  setEndpoint(endpoint: WebhookEndpoint | null): void
  /** Signs with each of these: two while the secret is rolled. @throws RangeError for none */
  setSecrets(secrets: readonly string[]): void
  secret(): string
}

export interface WebhooksOptions {
  readonly callbacks: CallbackSender
  readonly newId: (prefix: 'evt') => string
  readonly now: () => Date
  readonly secrets: readonly string[]
  readonly endpoint?: WebhookEndpoint | undefined
  /** What events say their shapes are of. */
  readonly apiVersion: string
}

/** Objects whose latest event can be sent again. */
const REMEMBERED = 10_000

export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { callbacks, newId, now, apiVersion } = options
  const latest = new Map<string, { subject: string; body: string }>()
  let endpoint = options.endpoint
  let secrets = options.secrets

  function send({ subject, body }: { subject: string; body: string }): void {
    if (endpoint === undefined) return
    callbacks.send({
      url: endpoint.url,
      subject,
      body,
      headers: () => ({
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        'stripe-signature': signed(body, secrets, now()),
      }),
    })
  }

  const wants = (type: string): boolean =>
    endpoint !== undefined && (endpoint.events === undefined || endpoint.events.includes(type))

  return {
    wants,
    emit({ type, object, previous, account, request, subject = object.id ?? type }) {
      const id = newId('evt')
      if (!wants(type)) return id
      const body = JSON.stringify({
        id,
        object: 'event',
        ...(account === undefined ? {} : { account }),
        api_version: apiVersion,
        created: Math.floor(now().getTime() / 1_000),
        type,
        livemode: false,
        pending_webhooks: 1,
        request: { id: request?.id ?? null, idempotency_key: request?.idempotencyKey ?? null },
        data: { object, ...(previous === undefined ? {} : { previous_attributes: previous }) },
      })
      const about = object.id ?? type
      latest.delete(about)
      latest.set(about, { subject, body })
      if (latest.size > REMEMBERED) latest.delete(latest.keys().next().value ?? '')
      send({ subject, body })
      return id
    },
    repeat(objectId) {
      const event = latest.get(objectId)
      if (!event) throw new Error(`no event about ${objectId} was sent`)
      send(event)
    },
    setEndpoint(next) {
      endpoint = next === null ? undefined : webhookEndpointSchema.parse(next)
    },
    setSecrets(next) {
      if (next.length === 0) throw new RangeError('events need at least one secret')
      secrets = next
    },
    secret: () => secrets[0] ?? '',
  }
}

/** `t=<unix seconds>,v1=<hex>`, one v1 per secret in force, and a v0 to be ignored (facts: stripe §9). */
function signed(body: string, secrets: readonly string[], at: Date): string {
  const seconds = Math.floor(at.getTime() / 1_000)
  const hmac = (secret: string): string => createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return [`t=${seconds}`, ...secrets.map((secret) => `v1=${hmac(secret)}`), `v0=${hmac('test')}`].join(',')
}
