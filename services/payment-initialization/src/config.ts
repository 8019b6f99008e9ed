import { workerEnvironment } from '@remesa/messaging/worker-service'
import { parseEnvironment, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      /** Whose calendar says which day is over. */
      BUSINESS_TIME_ZONE: z.string().default('America/Santiago').describe('expected an IANA time zone'),
      /** Sellers that one transaction initializes. */
      INITIALIZATION_BATCH: wholeNumber({ from: 1, to: 10_000 }).default(500),
    }),
  )
