import { workerEnvironment } from '@remesa/messaging/worker-service'
import { parseEnvironment, timeZone, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      /** Whose calendar says which day is over. */
      BUSINESS_TIME_ZONE: timeZone.default('America/Santiago'),
      /** Sellers that one transaction initializes. */
      INITIALIZATION_BATCH: wholeNumber({ from: 1, to: 10_000 }).default(500),
    }),
  )
