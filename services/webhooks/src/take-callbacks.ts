import { groupCommit } from '@remesa/database/group-commit'
import { insertWebhookEventsOnce } from '@remesa/database/webhook-events'
import { verifyFPayCallback } from '@remesa/fpay-client/callback'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { paymentStatusToJson } from '@remesa/messaging/payment-status-json'
import type { DataOf } from '@remesa/messaging/topic'
import { verifyPayoneerCallback } from '@remesa/payoneer-client/callback'
import { type Callback, type CallbackAnswer, isStorable } from './callback.ts'
import { type StripeParts, stripeEventTaker } from './take-stripe-events.ts'

type BankEvent = DataOf<typeof topics.bankPaymentEvent>

export interface CallbackTaker {
  fpay(callback: Callback): Promise<CallbackAnswer>
  payoneer(callback: Callback): Promise<CallbackAnswer>
  stripe(callback: Callback): Promise<CallbackAnswer>
}

interface Parts extends StripeParts {
  readonly fpaySecrets: readonly string[]
  readonly payoneerSecret: string
  /** Scheme and host under which providers call us: Payoneer signs the whole URL. */
  readonly publicUrl: string
}

/**
 * Takes providers' callbacks in: proves who sent them, remembers them, puts them on their topic. Answered once that is
 * committed, so that nothing is lost; a repeated or replayed callback goes no further.
 */
export function callbackTaker(parts: Parts): CallbackTaker {
  const store = groupCommit<BankEvent, CallbackAnswer>({
    database: parts.database,
    maximum: 100,
    write: async (tx, events) => {
      const fresh = await insertWebhookEventsOnce(
        tx,
        events.map(({ rail, eventId }) => ({ provider: rail, eventId })),
      )
      await enqueue(
        tx,
        topics.bankPaymentEvent,
        events.filter((_, place) => fresh.has(place)).map((data) => ({ data })),
      )
      return events.map((_, place) => ({ kind: fresh.has(place) ? 'taken' : 'known_before' }))
    },
  })

  async function take(event: BankEvent): Promise<CallbackAnswer> {
    if (!isReadable(event)) return refuse(event.rail, 'body_unreadable')
    const answer = await store(event)
    parts.nudge()
    const { rail, eventId, reference } = event
    parts.logger.info({ rail, eventId, reference, answer: answer.kind }, 'callback taken in')
    return answer
  }

  function refuse(rail: string, reason: string): CallbackAnswer {
    parts.logger.warn({ rail, reason }, 'callback refused')
    return reason === 'body_unreadable' ? { kind: 'unreadable', reason } : { kind: 'refused', reason }
  }

  return {
    async fpay({ rawBody, header }) {
      const event = verifyFPayCallback({
        rawBody,
        signatureHeader: header('x-fpay-signature'),
        secrets: parts.fpaySecrets,
        now: parts.now(),
      })
      if ('refused' in event) return refuse('fpay', event.refused)
      // Half of FPay's callbacks say that a payment goes on. That is no news, and each would cost as much as one that is.
      if (event.status.state === 'pending') return { kind: 'of_no_concern' }
      return take({
        rail: 'fpay',
        reference: event.payoutId,
        eventId: event.eventId,
        externalReference: event.externalReference,
        status: paymentStatusToJson(event.status),
      })
    },

    async payoneer({ method, path, rawBody, header }) {
      const event = verifyPayoneerCallback({
        method,
        url: parts.publicUrl + path,
        rawBody,
        authorizationHeader: header('authorization'),
        secret: parts.payoneerSecret,
        now: parts.now(),
      })
      if ('refused' in event) return refuse('payoneer', event.refused)
      if (event.kind === 'payee_changed') return { kind: 'of_no_concern' }
      return take({
        rail: 'payoneer',
        reference: event.reference,
        eventId: event.eventId, // the signed nonce: a replay is known by it, whichever instance took the first
        externalReference: null,
        status: null,
      })
    },

    stripe: stripeEventTaker(parts),
  }
}

const isReadable = (event: BankEvent): boolean =>
  topics.bankPaymentEvent.schema.safeParse(event).success && isStorable(event)
