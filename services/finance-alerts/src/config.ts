import { workerEnvironment } from '@remesa/messaging/worker-service'
import { httpUrl, parseEnvironment, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      /** Unset: alerts are only logged. */
      SLACK_WEBHOOK_URL: httpUrl.optional(),
      /** Of a service's Events API v2 integration. Unset: nobody is paged. */
      PAGERDUTY_ROUTING_KEY: z
        .string()
        .regex(/^[0-9A-Za-z]{32}$/)
        .describe('expected the 32 characters of a routing key')
        .optional(),
      PAGERDUTY_BASE_URL: httpUrl.default('https://events.pagerduty.com'),
      /** The operators' console; linked from messages. */
      CONSOLE_URL: httpUrl.optional(),
      /** Stands in every message: production, staging, … */
      ENVIRONMENT: z.string().min(1).describe('expected a name such as production'),
      /** How long alerts are gathered for one message. */
      ALERTS_LINGER_MS: wholeNumber({ from: 0, to: 60_000 }).default(2_000),
    }),
  )
