import { z } from 'zod'
import { countOf, ONLY_FOR, RETRIES } from './attributes.ts'
import type { Message } from './handler.ts'
import { parseJsonObject } from './json-object.ts'
import type { Topic } from './topic.ts'

/** A message as Pub/Sub's client hands it over. */
export interface Delivery {
  readonly id: string
  readonly data: Buffer
  readonly attributes: Readonly<Record<string, string>>
  readonly orderingKey: string
  readonly deliveryAttempt: number
  readonly publishTime: Date
  ack(): void
  nack(): void
}

export type Reading<Data extends object> =
  /** `raw` has also the fields that the schema does not know, for when it is published again. */
  | { readonly kind: 'message'; readonly message: Message<Data>; readonly raw: object }
  /** A retry or replay that another subscription of the topic asked for. */
  | { readonly kind: 'for-another' }
  | { readonly kind: 'unreadable'; readonly reason: string }

export function readDelivery<Data extends object>(
  topic: Topic<Data>,
  subscription: string,
  delivery: Delivery,
): Reading<Data> {
  const { id, attributes, orderingKey } = delivery
  if (attributes[ONLY_FOR] !== undefined && attributes[ONLY_FOR] !== subscription) return { kind: 'for-another' }
  const { data: raw, problem } = parseJsonObject(delivery.data)
  if (!raw) return { kind: 'unreadable', reason: `unreadable: ${problem}` }
  const parsed = topic.schema.safeParse(raw)
  if (!parsed.success) return { kind: 'unreadable', reason: `unreadable: ${z.prettifyError(parsed.error)}` }
  return {
    kind: 'message',
    raw,
    message: {
      id,
      data: parsed.data,
      attributes,
      orderingKey,
      deliveryAttempt: Math.max(1, delivery.deliveryAttempt), // 0 where Pub/Sub does not count
      retries: countOf(attributes, RETRIES),
    },
  }
}
