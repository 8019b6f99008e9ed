import { workerEnvironment } from '@remesa/messaging/worker-service'
import { railEnvironment } from '@remesa/rails/rails'
import { parseEnvironment, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      ...railEnvironment,
      /** Longer than a call can take: until then no other worker calls with the same key. */
      PAYMENT_LEASE_MS: wholeNumber({ from: 1_000, to: 3_600_000 }).default(60_000),
      /** When an accepted payment is looked at first; a callback makes it faster. */
      PAYMENT_FIRST_CHECK_MS: wholeNumber({ from: 0, to: 3_600_000 }).default(60_000),
    }),
  )
