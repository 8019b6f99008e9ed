import type { z } from 'zod'

/** How a subscription is provisioned. */
export interface SubscriptionSettings {
  readonly name: string
  /** Messages of one ordering key are delivered in the order of their publication, each after the last was acknowledged. */
  readonly ordered: boolean
  /** 10 to 600. The client leases for as long as a handler works; this is what a message that met a crash waits at most. */
  readonly ackDeadlineSeconds: number
  /** For what a worker gave back or died with. What a handler wants again comes by the outbox, not by this. */
  readonly retryPolicy: { readonly minimumBackoffSeconds: number; readonly maximumBackoffSeconds: number }
  /** 5 to 100. Only crashes count towards it, and a database that cannot be reached. */
  readonly maxDeliveryAttempts: number
  /** Attributes only; cannot be changed once the subscription exists. */
  readonly filter?: string
}

/** A kind of message: what it is called, what it says, who reads it. `Data` is JSON, the same on both sides. */
export interface Topic<Data extends object> {
  readonly name: string
  readonly schemaVersion: number
  readonly schema: z.ZodType<Data>
  /** Set when messages about one thing must come in order. */
  readonly orderingKeyOf?: (data: Data) => string
  readonly subscriptions: readonly [SubscriptionSettings, ...SubscriptionSettings[]]
  /** Where Pub/Sub puts what was delivered too often, and the subscription from which workers store it. */
  readonly deadLetter: { readonly topic: string; readonly subscription: string }
}

export type DataOf<T> = T extends Topic<infer Data> ? Data : never

/** A topic of any data, for what only needs its names and settings. */
export type AnyTopic = Omit<Topic<object>, 'orderingKeyOf' | 'schema'>

interface Description<Data extends object> {
  readonly name: string
  readonly subscription: string
  /** Of consumers beside the first, each of which gets every message. */
  readonly furtherSubscriptions?: readonly string[]
  readonly schema: z.ZodType<Data>
  readonly schemaVersion?: number
  readonly orderingKeyOf?: (data: Data) => string
}

/** A topic and its subscriptions, with the settings that all of ours share. */
export function defineTopic<Data extends object>(description: Description<Data>): Topic<Data> {
  const { name, schema, schemaVersion = 1, orderingKeyOf } = description
  const settingsOf = (subscription: string): SubscriptionSettings => ({
    name: subscription,
    ordered: orderingKeyOf !== undefined,
    ackDeadlineSeconds: 15,
    retryPolicy: { minimumBackoffSeconds: 1, maximumBackoffSeconds: 600 },
    // As many as Pub/Sub takes: with backoff up to ten minutes they last most of a day, so that a database that is
    // out for hours does not set aside all that was on its way. What kills workers is set aside all the same.
    maxDeliveryAttempts: 100,
  })
  return {
    name,
    schema,
    schemaVersion,
    ...(orderingKeyOf && { orderingKeyOf }),
    subscriptions: [settingsOf(description.subscription), ...(description.furtherSubscriptions ?? []).map(settingsOf)],
    deadLetter: { topic: `${name}_dead_letter`, subscription: `${name}_dead_letter_subscription` },
  }
}
