import { secret, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'
import { MAX_WAIT_MS, type StripeOptions } from './stripe-connection.ts'

/** What a service that moves money through Stripe reads. */
export const stripeEnvironment = {
  STRIPE_SECRET_KEY: secret,
  /** For a sandbox; Stripe's own otherwise. */
  STRIPE_API_HOST: z
    .string()
    .regex(/^[^\s/:]+$/)
    .default('api.stripe.com')
    .describe('expected a host name, without scheme and port'),
  STRIPE_API_PORT: wholeNumber({ from: 1, to: 65_535 }).default(443),
  STRIPE_API_PROTOCOL: z.enum(['https', 'http']).default('https').describe('expected https or http'),
  STRIPE_TIMEOUT_MS: wholeNumber({ from: 100, to: 120_000 }).default(20_000),
  /** A request that would wait longer for its turn within the limits is not sent. */
  STRIPE_MAX_WAIT_MS: wholeNumber({ from: 100, to: 120_000 }).default(MAX_WAIT_MS),
  STRIPE_MAX_CONCURRENT: wholeNumber({ from: 1, to: 500 }).default(20),
  /** What Stripe allows per endpoint. */
  STRIPE_REQUESTS_PER_SECOND: wholeNumber({ from: 1, to: 10_000 }).default(25),
  /** Tries up to so many where Stripe allows them, at the price of refusals. Unset: a limit that rose is not looked for. */
  STRIPE_REQUESTS_PER_SECOND_UP_TO: wholeNumber({ from: 1, to: 10_000 }).optional(),
  /** What Stripe allows for all endpoints together: 100 in live mode, 25 in test mode. */
  STRIPE_ACCOUNT_REQUESTS_PER_SECOND: wholeNumber({ from: 1, to: 10_000 }).default(100),
  /** How many processes share those limits; each takes its equal part. */
  STRIPE_PROCESSES: wholeNumber({ from: 1, to: 1_000 }).default(1),
}

/** What a service that receives Stripe's events reads. */
export const stripeWebhookEnvironment = {
  /** `whsec_…`, separated by commas: one per endpoint, and the next one while one is being replaced. */
  STRIPE_WEBHOOK_SECRETS: z
    .string()
    .transform((text) => text.split(',').map((one) => one.trim()))
    .refine((secrets) => secrets.every((one) => /^whsec_\S+$/.test(one)))
    .describe('expected secrets that begin with whsec_, separated by commas'),
}

/**
 * How long a payment's two calls, the transfer and a look-up, may take: each waits for its turn and then for its answer.
 * @returns milliseconds
 */
export const longestPaymentMs = ({
  STRIPE_TIMEOUT_MS,
  STRIPE_MAX_WAIT_MS,
}: Pick<z.output<z.ZodObject<typeof stripeEnvironment>>, 'STRIPE_TIMEOUT_MS' | 'STRIPE_MAX_WAIT_MS'>): number =>
  2 * (STRIPE_TIMEOUT_MS + STRIPE_MAX_WAIT_MS)

export function stripeOptions(
  config: z.output<z.ZodObject<typeof stripeEnvironment>>,
): Pick<StripeOptions, 'secretKey' | 'apiBase' | 'timeoutMs' | 'rate'> {
  return {
    secretKey: config.STRIPE_SECRET_KEY,
    apiBase: { host: config.STRIPE_API_HOST, port: config.STRIPE_API_PORT, protocol: config.STRIPE_API_PROTOCOL },
    timeoutMs: config.STRIPE_TIMEOUT_MS,
    rate: {
      perSecond: config.STRIPE_REQUESTS_PER_SECOND,
      ...(config.STRIPE_REQUESTS_PER_SECOND_UP_TO && { upTo: config.STRIPE_REQUESTS_PER_SECOND_UP_TO }),
      accountPerSecond: config.STRIPE_ACCOUNT_REQUESTS_PER_SECOND,
      processes: config.STRIPE_PROCESSES,
      concurrent: config.STRIPE_MAX_CONCURRENT,
      maxWaitMs: config.STRIPE_MAX_WAIT_MS,
    },
  }
}
