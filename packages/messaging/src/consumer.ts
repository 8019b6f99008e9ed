import { setTimeout as sleep } from 'node:timers/promises'
import {
  Duration,
  type Message,
  type PubSub,
  type Subscription,
  SubscriptionCloseBehaviors,
} from '@google-cloud/pubsub'
import type { Logger } from '@remesa/service-kit/logger'
import type { Delivery } from './read-delivery.ts'

/** An open subscription. */
export interface Consumer {
  /** @throws Error while the subscription cannot be read: a readiness check */
  checkOpen(): void
  /** Takes no more; resolves once every message in hand was answered and its answer sent, or the grace has passed. */
  close(): Promise<void>
}

interface Parts {
  readonly pubsub: PubSub
  readonly subscription: string
  /** Messages in hand at once. */
  readonly maxMessages: number
  readonly graceMs: number
  /** Is called for each delivery and must answer it, now or later, by `ack` or `nack`. */
  readonly onMessage: (delivery: Delivery) => void
  readonly logger: Logger
}

/** Reads a subscription until it is closed; when it breaks it is opened again, after a back-off of up to a minute. */
export function openConsumer({ pubsub, subscription, maxMessages, graceMs, onMessage, logger }: Parts): Consumer {
  const closing = new AbortController()
  let current: Subscription
  let broken: Error | undefined
  let failures = 0

  function open(): void {
    const opened = pubsub.subscription(subscription, {
      // What exceeds the limit waits in the client, leased and in nobody's hands; one stream, since each brings its own.
      flowControl: { maxMessages, allowExcessMessages: false },
      streamingOptions: { maxStreams: 1 },
      // The default drops work in hand, and without a time-out it would wait for an hour (facts: pubsub §10).
      closeOptions: {
        behavior: SubscriptionCloseBehaviors.WaitForProcessing,
        timeout: Duration.from({ milliseconds: graceMs }),
      },
      // A lease is prolonged while its handler works; a short one brings back soon what a killed worker held.
      minAckDeadline: Duration.from({ seconds: 10 }),
      maxAckDeadline: Duration.from({ seconds: 15 }),
      batching: { maxMilliseconds: ANSWERS_LINGER_MS },
    })
    current = opened
    // Nothing tells that a stream is open; one that is refused is refused at once.
    const steady = setTimeout(isSteady, STEADY_AFTER_MS).unref()
    opened.on('message', (message: Message) => {
      isSteady()
      onMessage(Object.assign(message, { orderingKey: message.orderingKey ?? '' }))
    })
    opened.once('error', (error: Error) => {
      clearTimeout(steady)
      opened.on('error', () => {}) // one failure may tell of itself twice
      void reopen(error)
    })
  }

  function isSteady(): void {
    failures = 0
    broken = undefined
  }

  /** The broken one stays as it is until its messages in hand are answered. */
  async function reopen(error: Error): Promise<void> {
    if (closing.signal.aborted) return
    broken = error
    const ms = Math.min(60_000, 250 * 2 ** failures++)
    logger.error({ err: error, subscription, againInMs: ms }, 'a subscription broke and is opened again')
    try {
      await sleep(ms, undefined, { signal: closing.signal })
    } catch {
      return // closed meanwhile
    }
    open()
  }

  open()
  return {
    checkOpen() {
      if (broken) throw new Error(`subscription ${subscription} cannot be read`, { cause: broken })
    },
    async close() {
      closing.abort()
      await current.close()
    },
  }
}

const STEADY_AFTER_MS = 1000
/** How long an acknowledgement waits for others to share its request. */
const ANSWERS_LINGER_MS = 20
