import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import Stripe from 'stripe'
import { createLimiter } from './limiter.ts'
import { createTransport } from './transport.ts'

/** The version whose replies this package reads. The SDK knows exactly one, so both are upgraded together. */
export const STRIPE_API_VERSION = '2026-10-28.endive'

export interface StripeOptions {
  readonly secretKey: string
  /** Where Stripe is. Default: the real one. */
  readonly apiBase?: { readonly host: string; readonly port: number; readonly protocol: 'http' | 'https' }
  /** For one request, from when the limiter lets it out to the last byte of its answer. */
  readonly timeoutMs: number
  readonly rate: {
    /** What each endpoint allows this account, requests per second. Default 25 (facts: stripe §6). */
    readonly perSecond?: number
    /** Tries up to so many, at the price of refusals. Default `perSecond`. */
    readonly upTo?: number
    /** What all endpoints together allow. Default 100, or `perSecond` when that is more. */
    readonly accountPerSecond?: number
    /** How many processes share these limits. Default 1. */
    readonly processes?: number
    /** Requests under way at once. */
    readonly concurrent: number
    /** A request that would wait longer for its turn is not sent. Default 10 s. */
    readonly maxWaitMs?: number
  }
  readonly logger?: Pick<Logger, 'debug'>
  readonly metrics?: Pick<Metrics, 'providerCall'>
}

/** How long a request waits for its turn, where nothing else is said. */
export const MAX_WAIT_MS = 10_000

/** The SDK at our pace, over our transport. */
export interface StripeConnection {
  readonly stripe: Stripe
  /** Lets no more requests out, and closes what is open. */
  close(): void
}

export function connectStripe(options: StripeOptions): StripeConnection {
  const { secretKey, apiBase, timeoutMs, rate, logger, metrics } = options
  const { perSecond = 25, concurrent, maxWaitMs = MAX_WAIT_MS } = rate
  const limiter = createLimiter({ ...rate, perSecond, maxWaitMs })
  const protocol = apiBase?.protocol ?? 'https'
  const transport = createTransport({ protocol, concurrent, limiter, logger, metrics })
  const stripe = new Stripe(secretKey, {
    apiVersion: STRIPE_API_VERSION,
    maxNetworkRetries: 0, // whoever asks owns retries
    timeout: timeoutMs,
    telemetry: false,
    httpClient: transport.client,
    ...apiBase,
  })
  return {
    stripe,
    close() {
      limiter.close()
      transport.close()
    },
  }
}
