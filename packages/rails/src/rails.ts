import { PATIENCE, type PaymentPatience } from '@remesa/domain/payment-steps'
import type { Rail, RailName, RefusalCategory } from '@remesa/domain/rail'
import { createFPayRail } from '@remesa/fpay-client/fpay-client'
import { createPayoneerRail } from '@remesa/payoneer-client/payoneer-client'
import { httpUrl, secret, wholeNumber } from '@remesa/service-kit/environment'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { z } from 'zod'

/** What a service that moves seller money, or follows it, reads. Times in milliseconds. */
export const railEnvironment = {
  FPAY_BASE_URL: httpUrl,
  FPAY_CLIENT_ID: secret,
  FPAY_CLIENT_SECRET: secret,
  /** Our public address for FPay's callbacks: `https://…/webhooks/fpay`. */
  FPAY_CALLBACK_URL: httpUrl,
  FPAY_MAX_CONCURRENT: wholeNumber({ from: 1, to: 500 }).default(20),
  FPAY_TIMEOUT_MS: wholeNumber({ from: 100, to: 120_000 }).default(15_000),
  PAYONEER_BASE_URL: httpUrl,
  PAYONEER_TOKEN_URL: httpUrl,
  PAYONEER_PROGRAM_ID: z.string().min(1).describe('expected a program id'),
  PAYONEER_CLIENT_ID: secret,
  PAYONEER_CLIENT_SECRET: secret,
  PAYONEER_MAX_CONCURRENT: wholeNumber({ from: 1, to: 500 }).default(10),
  PAYONEER_TIMEOUT_MS: wholeNumber({ from: 100, to: 120_000 }).default(15_000),
  /** What cancel reason codes mean that Payoneer told us of: `10304=funding,10009=beneficiary`. */
  PAYONEER_REASON_CATEGORIES: z
    .string()
    .regex(
      /^[\w-]+=(funding|transient|beneficiary|request|compliance)(,[\w-]+=(funding|transient|beneficiary|request|compliance))*$/,
    )
    .transform(
      (text): Record<string, RefusalCategory> => Object.fromEntries(text.split(',').map((pair) => pair.split('='))),
    )
    .optional()
    .describe('expected codes with a category each, such as 10304=funding,10009=beneficiary'),
  /** How long a payment may stay unseen at Payoneer after it was made (facts: marketplace §5). */
  PAYONEER_HIDDEN_MS: wholeNumber({ from: 0, to: 3_600_000 }).default(120_000),
  /** The first wait after no answer; it doubles from there. */
  PAYMENT_RETRY_FIRST_MS: wholeNumber({ from: 1, to: 3_600_000 }).default(PATIENCE.retry.firstMs),
  /** … and the longest one, however often nobody answers. */
  PAYMENT_RETRY_MAX_MS: wholeNumber({ from: 1, to: 86_400_000 }).default(PATIENCE.retry.maxMs),
  /** The first wait after a refusal for a reason that passes. */
  PAYMENT_REFUSED_RETRY_FIRST_MS: wholeNumber({ from: 1, to: 86_400_000 }).default(PATIENCE.refused.firstMs),
  PAYMENT_FUNDS_RETRY_FIRST_MS: wholeNumber({ from: 1, to: 86_400_000 }).default(PATIENCE.funds.firstMs),
  PAYMENT_MAX_ATTEMPTS: wholeNumber({ from: 1, to: 100 }).default(PATIENCE.maxAttempts),
  PAYMENT_MAX_FUNDS_REFUSALS: wholeNumber({ from: 1, to: 1_000 }).default(PATIENCE.maxFundsRefusals),
  /** How long a rail rests after it refused our own credentials. */
  PAYMENT_RAIL_PAUSE_MS: wholeNumber({ from: 100, to: 3_600_000 }).default(PATIENCE.railPauseMs),
}

export type RailConfig = z.output<z.ZodObject<typeof railEnvironment>>

/** Every rail that pays sellers, by name. */
export function createRails(
  config: RailConfig,
  { logger, metrics, now }: { logger: Logger; metrics: Metrics; now?: () => Date },
): { rails: ReadonlyMap<RailName, Rail>; close(): void } {
  const fpay = createFPayRail({
    baseUrl: config.FPAY_BASE_URL,
    clientId: config.FPAY_CLIENT_ID,
    clientSecret: config.FPAY_CLIENT_SECRET,
    callbackUrl: config.FPAY_CALLBACK_URL,
    maxConcurrent: config.FPAY_MAX_CONCURRENT,
    timeoutMs: config.FPAY_TIMEOUT_MS,
    logger,
    metrics,
    ...(now && { now }),
  })
  const payoneer = createPayoneerRail({
    baseUrl: config.PAYONEER_BASE_URL,
    tokenUrl: config.PAYONEER_TOKEN_URL,
    programId: config.PAYONEER_PROGRAM_ID,
    clientId: config.PAYONEER_CLIENT_ID,
    clientSecret: config.PAYONEER_CLIENT_SECRET,
    maxConcurrent: config.PAYONEER_MAX_CONCURRENT,
    timeoutMs: config.PAYONEER_TIMEOUT_MS,
    hiddenForMs: config.PAYONEER_HIDDEN_MS,
    ...(config.PAYONEER_REASON_CATEGORIES && { reasonCategories: config.PAYONEER_REASON_CATEGORIES }),
    logger,
    metrics,
    ...(now && { now }),
  })
  return {
    rails: new Map([fpay, payoneer].map((rail) => [rail.name, rail])),
    close() {
      fpay.close()
      payoneer.close()
    },
  }
}

/** How patient payments are, as configured. */
export const patienceOf = (config: RailConfig): PaymentPatience => ({
  maxAttempts: config.PAYMENT_MAX_ATTEMPTS,
  maxFundsRefusals: config.PAYMENT_MAX_FUNDS_REFUSALS,
  retry: {
    firstMs: config.PAYMENT_RETRY_FIRST_MS,
    maxMs: Math.max(config.PAYMENT_RETRY_MAX_MS, config.PAYMENT_RETRY_FIRST_MS),
  },
  refused: {
    firstMs: config.PAYMENT_REFUSED_RETRY_FIRST_MS,
    maxMs: Math.max(PATIENCE.refused.maxMs, config.PAYMENT_REFUSED_RETRY_FIRST_MS),
  },
  funds: {
    firstMs: config.PAYMENT_FUNDS_RETRY_FIRST_MS,
    maxMs: Math.max(PATIENCE.funds.maxMs, config.PAYMENT_FUNDS_RETRY_FIRST_MS),
  },
  railPauseMs: config.PAYMENT_RAIL_PAUSE_MS,
})
