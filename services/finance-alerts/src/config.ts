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
      /** The operators' console; linked from messages. */
      CONSOLE_URL: httpUrl.optional(),
      /** Stands in every message: production, staging, … */
      ENVIRONMENT: z.string().min(1).describe('expected a name such as production'),
      /** How long alerts are gathered for one message. */
      ALERTS_LINGER_MS: wholeNumber({ from: 0, to: 60_000 }).default(2_000),
    }),
  )
