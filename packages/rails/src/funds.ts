import type { Money } from '@remesa/domain/money'
import type { RailName } from '@remesa/domain/rail'
import { createPayoneerReads } from '@remesa/payoneer-client/payoneer-reads'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { EnvironmentError, httpUrl, secret } from '@remesa/service-kit/environment'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { stripeEnvironment, stripeOptions } from '@remesa/stripe-client/environment'
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

/**
 * What whoever asks rails for their funds reads, to be spread into a service's schema. All of it may be unset; what is
 * given should be able to read balances and nothing else, such as a restricted key of Stripe's.
 */
export const fundsEnvironment = {
  ...stripeEnvironment,
  STRIPE_SECRET_KEY: secret.optional(),
  PAYONEER_BASE_URL: httpUrl.optional(),
  PAYONEER_TOKEN_URL: httpUrl.optional(),
  PAYONEER_PROGRAM_ID: railEnvironment.PAYONEER_PROGRAM_ID.optional(),
  PAYONEER_CLIENT_ID: secret.optional(),
  PAYONEER_CLIENT_SECRET: secret.optional(),
  PAYONEER_TIMEOUT_MS: railEnvironment.PAYONEER_TIMEOUT_MS,
} as const

export type FundsConfig = z.output<z.ZodObject<typeof fundsEnvironment>>

/** Somebody waits at a screen. */
const LONGEST_WAIT_MS = 5_000

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

function stripeSource({ STRIPE_SECRET_KEY, ...config }: FundsConfig, parts: Parts): Source | undefined {
  if (STRIPE_SECRET_KEY === undefined) return undefined
  const options = stripeOptions({ ...config, STRIPE_SECRET_KEY })
  const timeoutMs = Math.min(options.timeoutMs, LONGEST_WAIT_MS)
  const stripe = createStripeReads({ ...options, timeoutMs, ...parts })
  return { rail: 'stripe', read: stripe.getBalance, close: stripe.close }
}

const payoneerSchema = z.object({
  PAYONEER_BASE_URL: z.string(),
  PAYONEER_TOKEN_URL: z.string(),
  PAYONEER_PROGRAM_ID: z.string(),
  PAYONEER_CLIENT_ID: z.string(),
  PAYONEER_CLIENT_SECRET: z.string(),
})

function payoneerSource(config: FundsConfig, parts: Parts): Source | undefined {
  const names = Object.keys(payoneerSchema.shape) as (keyof typeof payoneerSchema.shape)[]
  const missing = names.filter((name) => config[name] === undefined)
  if (missing.length === names.length) return undefined
  const given = payoneerSchema.safeParse(config).data
  if (!given)
    throw new EnvironmentError(`the environment is wrong: ${missing.join(', ')} not set, but others of it are`)
  const payoneer = createPayoneerReads({
    ...{ baseUrl: given.PAYONEER_BASE_URL, tokenUrl: given.PAYONEER_TOKEN_URL, programId: given.PAYONEER_PROGRAM_ID },
    ...{ clientId: given.PAYONEER_CLIENT_ID, clientSecret: given.PAYONEER_CLIENT_SECRET, maxConcurrent: 1 },
    timeoutMs: Math.min(config.PAYONEER_TIMEOUT_MS, LONGEST_WAIT_MS),
    retry: { tries: 1, firstMs: 1, maxMs: 1 },
    ...parts,
  })
  return { rail: 'payoneer', read: async () => [await payoneer.getBalance()], close: payoneer.close }
}
