import { runWithTrace } from '@remesa/service-kit/trace'

/** A message as a handler gets it: read, checked against its topic's schema, and held until it is answered. */
export interface Message<Data extends object> {
  /** Pub/Sub's id: equal across redeliveries, another one after a retry by the outbox. */
  readonly id: string
  readonly data: Data
  readonly attributes: Readonly<Record<string, string>>
  /** Empty when the message has none. */
  readonly orderingKey: string
  /** Counts from 1; best effort, and may start again. Limits of the business are counted in the database. */
  readonly deliveryAttempt: number
  /** How often handlers have asked for it again. */
  readonly retries: number
}

/** What became of a message. */
export type Verdict =
  | { readonly kind: 'done' }
  /** The same data comes again, `afterMs` milliseconds from now or a little later. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly reason: string }
  /** Set aside as a dead letter, for an operator to look at and replay. */
  | { readonly kind: 'reject'; readonly reason: string }
  /** A handler's promise failed. The runtime makes this; handlers throw. */
  | { readonly kind: 'threw'; readonly error: unknown }

export const done: Verdict = { kind: 'done' }
export const retry = (afterMs: number, reason: string): Verdict => ({ kind: 'retry', afterMs, reason })
export const reject = (reason: string): Verdict => ({ kind: 'reject', reason })

/**
 * Handles messages and answers each, in their order. It may be called with messages that were handled before, late, or
 * beside itself. One that throws for the batch is called again for each message alone.
 */
export type BatchHandler<Data extends object> = (batch: readonly Message<Data>[]) => Promise<readonly Verdict[]>

/**
 * Lifts a handler of one message. Those of a batch are handled side by side, those of one ordering key one after the
 * other; each in its own trace, and one that throws leaves its neighbours alone.
 */
export function eachMessage<Data extends object>(
  handle: (data: Data, message: Message<Data>) => Promise<Verdict>,
): BatchHandler<Data> {
  const handleOne = async (message: Message<Data>): Promise<Verdict> => {
    try {
      return await runWithTrace(message.attributes.traceparent, () => handle(message.data, message))
    } catch (error) {
      return { kind: 'threw', error }
    }
  }
  return (batch) => {
    const lastOfKey = new Map<string, Promise<Verdict>>()
    return Promise.all(
      batch.map((message) => {
        const before = message.orderingKey === '' ? undefined : lastOfKey.get(message.orderingKey)
        const verdict = before ? before.then(() => handleOne(message)) : handleOne(message)
        if (message.orderingKey !== '') lastOfKey.set(message.orderingKey, verdict)
        return verdict
      }),
    )
  }
}
