import { httpUrl, secret, wholeNumber } from '@remesa/service-kit/environment'
import type { z } from 'zod'
import type { GscClientOptions } from './gsc-client.ts'

/** What a service that talks to GSC reads. */
export const gscEnvironment = {
  GSC_BASE_URL: httpUrl,
  GSC_TOKEN: secret,
  GSC_MAX_CONCURRENT: wholeNumber({ from: 1, to: 1_000 }).default(20),
  GSC_TIMEOUT_MS: wholeNumber({ from: 100, to: 120_000 }).default(10_000),
}

export const gscOptions = (
  config: z.output<z.ZodObject<typeof gscEnvironment>>,
): Pick<GscClientOptions, 'baseUrl' | 'token' | 'maxConcurrent' | 'timeoutMs'> => ({
  baseUrl: config.GSC_BASE_URL,
  token: config.GSC_TOKEN,
  maxConcurrent: config.GSC_MAX_CONCURRENT,
  timeoutMs: config.GSC_TIMEOUT_MS,
})
