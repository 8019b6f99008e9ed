import { workerEnvironment } from '@remesa/messaging/worker-service'
import { httpUrl, parseEnvironment, secret, wholeNumber } from '@remesa/service-kit/environment'
import { stripeWebhookEnvironment } from '@remesa/stripe-client/environment'
import { z } from 'zod'

/** A comma too many would make a secret that everybody knows. */
const EMPTY_SECRET = 'one of the secrets is empty'

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      /** Where callbacks arrive; health and metrics stay on HTTP_PORT, which the public need not reach. */
      WEBHOOKS_PORT: wholeNumber({ from: 0, to: 65_535 }).default(8081),
      /** Scheme and host under which providers call us: Payoneer signs the whole URL. */
      WEBHOOKS_PUBLIC_URL: httpUrl,
      /** Of one address: far above what any provider sends, far below what would keep us from theirs. */
      WEBHOOKS_REQUESTS_PER_MINUTE: wholeNumber({ from: 1, to: 10_000_000 }).default(30_000),
      /** How many proxies stand before this service: the address that they saw is whose requests are counted. */
      TRUSTED_PROXY_HOPS: wholeNumber({ from: 0, to: 10 }).default(0),
      /** Two, separated by a comma, while the secret is rotated. */
      FPAY_WEBHOOK_SECRETS: z
        .string()
        .transform((text) => text.split(',').map((one) => one.trim()))
        .refine((secrets) => !secrets.includes(''), EMPTY_SECRET)
        .describe('expected secrets separated by commas, none of them empty'),
      PAYONEER_WEBHOOK_SECRET: secret,
      ...stripeWebhookEnvironment,
    }),
  )
