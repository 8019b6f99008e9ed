/** What a subscription's settings mean for its messages; milliseconds. */
export type DeliveryRules = {
  readonly isOrdered: boolean
  readonly retentionMs: number
  /** How long acknowledged messages stay available to a seek; 0: not at all. */
  readonly ackedRetentionMs: number
  /** Undefined: a failed message comes again at once. */
  readonly backoff: { readonly minimumMs: number; readonly maximumMs: number } | undefined
  /** Undefined: a message is tried for as long as it is retained. */
  readonly maxDeliveryAttempts: number | undefined
}

/** What the whole emulator has done since it started. */
export type Counters = { published: number; delivered: number; redelivered: number; deadLettered: number }
