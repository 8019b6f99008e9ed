import type { Money } from '@remesa/domain/money'
import type { RailName } from '@remesa/domain/rail'
import { createPayoneerReads } from '@remesa/payoneer-client/payoneer-reads'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { EnvironmentError, httpUrl, secret, wholeNumber } from '@remesa/service-kit/environment'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { stripeEnvironment } from '@remesa/stripe-client/environment'
import { createStripeReads } from '@remesa/stripe-client/stripe-reads'
import { z } from 'zod'
import { railEnvironment } from './rails.ts'

/** Why nobody knows what a rail could pay. */
export type FundsUnknown =
  /** Nobody gave this service the rail's credentials. */
  | 'not_configured'
  /** The rail has no call that tells. */
  | 'not_offered'
  | 'credentials_refused'
  | 'no_answer'

/** What a rail could pay; `unknown` is never zero. */
export type FundsOfRail = { readonly rail: RailName } & (
  | { readonly amounts: readonly Money[]; readonly unknown: null }
  | { readonly amounts: null; readonly unknown: FundsUnknown }
)

export interface Funds {
  /** Asks each of these rails at once, by a read that changes nothing. Never throws for a rail: that is unknown then. */
  ask(rails: readonly RailName[]): Promise<readonly FundsOfRail[]>
  close(): void
}

const { STRIPE_API_HOST, STRIPE_API_PORT, STRIPE_API_PROTOCOL } = stripeEnvironment

/**
 * What whoever asks rails for their funds reads, to be spread into a service's schema. The credentials may be unset, and are
 * not those that pay: they should be able to read balances and nothing else, such as a restricted key of Stripe's.
 */
export const fundsEnvironment = {
  ...{ STRIPE_API_HOST, STRIPE_API_PORT, STRIPE_API_PROTOCOL },
  FUNDS_STRIPE_SECRET_KEY: secret.optional(),
  FUNDS_PAYONEER_BASE_URL: httpUrl.optional(),
  FUNDS_PAYONEER_TOKEN_URL: httpUrl.optional(),
  FUNDS_PAYONEER_PROGRAM_ID: railEnvironment.PAYONEER_PROGRAM_ID.optional(),
  FUNDS_PAYONEER_CLIENT_ID: secret.optional(),
  FUNDS_PAYONEER_CLIENT_SECRET: secret.optional(),
  /** Somebody waits at a screen. */
  FUNDS_TIMEOUT_MS: wholeNumber({ from: 100, to: 20_000 }).default(5_000),
} as const

export type FundsConfig = z.output<z.ZodObject<typeof fundsEnvironment>>

/**
 * Connects to the rails whose credentials are given. Holds connections open: call `close` when done.
 * @throws EnvironmentError when only some of Payoneer's variables are set
 */
export function openFunds(
  config: FundsConfig,
  parts: { readonly logger?: Pick<Logger, 'debug' | 'warn'>; readonly metrics?: Pick<Metrics, 'providerCall'> } = {},
): Funds {
  const sources = [stripeSource(config, parts), payoneerSource(config, parts)].filter((one) => one !== undefined)
  const sourceOf = new Map(sources.map((source) => [source.rail, source]))

  async function askOne(rail: RailName): Promise<FundsOfRail> {
    const source = sourceOf.get(rail)
    if (!source) return { rail, amounts: null, unknown: rail === 'fpay' ? 'not_offered' : 'not_configured' }
    try {
      return { rail, amounts: await source.read(), unknown: null }
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      parts.logger?.warn({ rail, err: error }, 'a rail did not tell what it holds')
      return { rail, amounts: null, unknown: error.credentials ? 'credentials_refused' : 'no_answer' }
    }
  }

  return {
    ask: (rails) => Promise.all(rails.map(askOne)),
    close() {
      for (const { close } of sources) close()
    },
  }
}

interface Source {
  readonly rail: RailName
  read(): Promise<readonly Money[]>
  close(): void
}

type Parts = Parameters<typeof openFunds>[1]

function stripeSource(config: FundsConfig, parts: Parts): Source | undefined {
  if (config.FUNDS_STRIPE_SECRET_KEY === undefined) return undefined
  const stripe = createStripeReads({
    secretKey: config.FUNDS_STRIPE_SECRET_KEY,
    apiBase: { host: config.STRIPE_API_HOST, port: config.STRIPE_API_PORT, protocol: config.STRIPE_API_PROTOCOL },
    timeoutMs: config.FUNDS_TIMEOUT_MS,
    rate: { perSecond: 5, concurrent: 2 },
    ...parts,
  })
  return { rail: 'stripe', read: stripe.getBalance, close: stripe.close }
}

const payoneerSchema = z.object({
  FUNDS_PAYONEER_BASE_URL: z.string(),
  FUNDS_PAYONEER_TOKEN_URL: z.string(),
  FUNDS_PAYONEER_PROGRAM_ID: z.string(),
  FUNDS_PAYONEER_CLIENT_ID: z.string(),
  FUNDS_PAYONEER_CLIENT_SECRET: z.string(),
})

function payoneerSource(config: FundsConfig, parts: Parts): Source | undefined {
  const names = Object.keys(payoneerSchema.shape) as (keyof typeof payoneerSchema.shape)[]
  const missing = names.filter((name) => config[name] === undefined)
  if (missing.length === names.length) return undefined
  const given = payoneerSchema.safeParse(config).data
  if (!given)
    throw new EnvironmentError(`the environment is wrong: ${missing.join(', ')} not set, but others of it are`)
  const payoneer = createPayoneerReads({
    ...{ baseUrl: given.FUNDS_PAYONEER_BASE_URL, tokenUrl: given.FUNDS_PAYONEER_TOKEN_URL },
    ...{ programId: given.FUNDS_PAYONEER_PROGRAM_ID, clientId: given.FUNDS_PAYONEER_CLIENT_ID },
    ...{ clientSecret: given.FUNDS_PAYONEER_CLIENT_SECRET, maxConcurrent: 1, timeoutMs: config.FUNDS_TIMEOUT_MS },
    retry: { tries: 1, firstMs: 1, maxMs: 1 },
    ...parts,
  })
  return { rail: 'payoneer', read: async () => [await payoneer.getBalance()], close: payoneer.close }
}
