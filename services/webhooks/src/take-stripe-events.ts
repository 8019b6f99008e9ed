import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import { insertWebhookEventsOnce } from '@remesa/database/webhook-events'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { DataOf } from '@remesa/messaging/topic'
import type { Logger } from '@remesa/service-kit/logger'
import { verifyStripeEvent } from '@remesa/stripe-client/webhook'
import { type Callback, type CallbackAnswer, isStorable } from './callback.ts'

type StripeEvent = DataOf<typeof topics.stripeEvent>

export interface StripeParts {
  readonly database: Database
  /** One per endpoint, and the next one while one is being replaced. */
  readonly stripeSecrets: readonly string[]
  readonly now: () => Date
  /** Sends what was just committed on its way. */
  readonly nudge: () => void
  readonly logger: Logger
}

/**
 * Takes Stripe's events in, of every type: proves that Stripe sent them, remembers their ids, puts them on their topic.
 * Answered once that is committed; an event that Stripe repeats, or somebody replays, goes no further.
 */
export function stripeEventTaker(parts: StripeParts): (callback: Callback) => Promise<CallbackAnswer> {
  const { logger } = parts
  const store = groupCommit<StripeEvent, CallbackAnswer>({
    database: parts.database,
    maximum: 100,
    write: async (tx, events) => {
      const fresh = await insertWebhookEventsOnce(
        tx,
        events.map(({ eventId }) => ({ provider: 'stripe', eventId })),
      )
      await enqueue(
        tx,
        topics.stripeEvent,
        events.filter((_, place) => fresh.has(place)).map((data) => ({ data })),
      )
      return events.map((_, place) => ({ kind: fresh.has(place) ? 'taken' : 'known_before' }))
    },
  })

  return async ({ rawBody, header }) => {
    const read = verifyStripeEvent({
      rawBody,
      signatureHeader: header('stripe-signature'),
      secrets: parts.stripeSecrets,
      now: parts.now(),
    })
    if ('refused' in read) return refuse(read.refused)
    const event = topics.stripeEvent.schema.safeParse({
      eventId: read.eventId,
      type: read.type,
      created: Math.floor(read.created.getTime() / 1000),
      account: read.account ?? null,
      object: read.object,
    } satisfies StripeEvent)
    if (!event.success || !isStorable(event.data)) return refuse('body_unreadable')
    const answer = await store(event.data)
    parts.nudge()
    const { eventId, type } = event.data
    logger.info({ provider: 'stripe', eventId, type, answer: answer.kind }, 'callback taken in')
    return answer
  }

  function refuse(reason: string): CallbackAnswer {
    logger.warn({ provider: 'stripe', reason }, 'callback refused')
    return reason === 'body_unreadable' || reason === 'thin_event'
      ? { kind: 'unreadable', reason }
      : { kind: 'refused', reason }
  }
}
