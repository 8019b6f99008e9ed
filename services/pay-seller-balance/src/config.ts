import { COOLING_MS } from '@remesa/domain/cooling'
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
      /**
       * How long a claim keeps other workers away; longer than a call takes. It may end before the call is made, when the
       * claim waits for a place at the rail: another worker then calls, too, but with the same key, which pays once.
       */
      PAYMENT_LEASE_MS: wholeNumber({ from: 1_000, to: 3_600_000 }).default(60_000),
      /** How long a seller whose account was changed is held; 0 holds nothing. */
      PAYEE_COOLING_MS: wholeNumber({ from: 0, to: 30 * 86_400_000 }).default(COOLING_MS),
      /** When an accepted payment is looked at first; a callback makes it faster. */
      PAYMENT_FIRST_CHECK_MS: wholeNumber({ from: 0, to: 3_600_000 }).default(60_000),
    }),
  )
