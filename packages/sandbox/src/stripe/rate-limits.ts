import { z } from 'zod'

const perSecond = z.number().positive().nullable()
/** Requests per second; null is no limit. Replaces what was set before. */
export const rateLimitsSchema = z.strictObject({
  /** All endpoints together. */
  global: perSecond.default(null),
  /** Each endpoint, a method and a path's template such as `POST /v1/transfers`. */
  perEndpoint: perSecond.default(null),
  /** Endpoints with a limit of their own. */
  endpoints: z.record(z.string(), perSecond).default({}),
})
export type RateLimits = z.input<typeof rateLimitsSchema>

/** What Stripe allows an account in live mode, and in a sandbox of its own (facts: stripe §6). */
export const LIVE_LIMITS: RateLimits = { global: 100, perEndpoint: 25 }
export const TEST_MODE_LIMITS: RateLimits = { global: 25, perEndpoint: 25 }

export interface RateLimiter {
  /** @throws ZodError for a limit that is not positive */
  set(limits: RateLimits): void
  /** Counts the request when it is within the limits; else says which one it broke, and counts nothing. */
  admit(endpoint: string): 'admitted' | 'global-rate' | 'endpoint-rate'
}

interface Bucket {
  readonly perSecond: number
  tokens: number
  filledAt: number
}

/** Token buckets that hold one second's worth. */
export function createRateLimiter(now: () => Date, initial: RateLimits = {}): RateLimiter {
  let limits = rateLimitsSchema.parse(initial)
  const buckets = new Map<string, Bucket>()

  function filled(name: string, allowed: number | null): Bucket | undefined {
    if (allowed === null) return undefined
    const at = now().getTime()
    const known = buckets.get(name)
    if (known === undefined || known.perSecond !== allowed) {
      const bucket = { perSecond: allowed, tokens: Math.max(1, allowed), filledAt: at }
      buckets.set(name, bucket)
      return bucket
    }
    known.tokens = Math.min(
      Math.max(1, allowed),
      known.tokens + (Math.max(0, at - known.filledAt) / 1_000) * known.perSecond,
    )
    known.filledAt = at
    return known
  }

  return {
    set(next) {
      limits = rateLimitsSchema.parse(next)
      buckets.clear()
    },
    admit(endpoint) {
      const ofEndpoint = limits.endpoints[endpoint]
      const global = filled('global', limits.global)
      if (global && global.tokens < 1) return 'global-rate'
      const own = filled(endpoint, ofEndpoint === undefined ? limits.perEndpoint : ofEndpoint)
      if (own && own.tokens < 1) return 'endpoint-rate'
      if (global) global.tokens -= 1
      if (own) own.tokens -= 1
      return 'admitted'
    },
  }
}
