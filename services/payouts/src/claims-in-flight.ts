interface Rate {
  /** What Stripe allows for transfers, and for all endpoints together, requests per second. */
  readonly perSecond: number
  readonly accountPerSecond: number
  /** How many processes share that. */
  readonly processes: number
  /** How long a request waits for its turn at most. */
  readonly maxWaitMs: number
}

/**
 * How many transfers to hold at once: no more than our part of the rate can let out before their wait for a turn is over.
 * What is claimed beyond that would only be turned away by our own limiter, booked and claimed again. One small batch is
 * always taken.
 */
export function claimsInFlight({ perSecond, accountPerSecond, processes, maxWaitMs }: Rate): {
  readonly maxBatch: number
  readonly concurrentBatches: number
} {
  const places = Math.floor((maxWaitMs / 1_000) * (Math.min(perSecond, accountPerSecond) / processes))
  const maxBatch = Math.min(MOST.maxBatch, Math.max(LEAST_BATCH, Math.floor(places / MOST.concurrentBatches)))
  return { maxBatch, concurrentBatches: Math.min(MOST.concurrentBatches, Math.max(1, Math.floor(places / maxBatch))) }
}

/** More of either gains nothing: the database writes batches of this size as fast as larger ones. */
const MOST = { maxBatch: 50, concurrentBatches: 4 }
const LEAST_BATCH = 10
