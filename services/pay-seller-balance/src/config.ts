import { COOLING_MS } from '@remesa/domain/cooling'
import { workerEnvironment } from '@remesa/messaging/worker-service'
import { railEnvironment } from '@remesa/rails/rails'
import { parseEnvironment, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z
      .object({
        ...workerEnvironment,
        ...railEnvironment,
        /**
         * How long a claim keeps other workers away; longer than a call and its look-up take. It may still end before the call
         * is made, when the claim waits for a place at the rail: another worker then calls, too, but with the same key, which
         * pays once.
         */
        PAYMENT_LEASE_MS: wholeNumber({ from: 1_000, to: 3_600_000 }).default(60_000),
        /** How long a seller whose account was changed is held; 0 holds nothing. */
        PAYEE_COOLING_MS: wholeNumber({ from: 0, to: 30 * 86_400_000 }).default(COOLING_MS),
        /** When an accepted payment is looked at first; a callback makes it faster. */
        PAYMENT_FIRST_CHECK_MS: wholeNumber({ from: 0, to: 3_600_000 }).default(60_000),
      })
      .refine(
        ({ PAYMENT_LEASE_MS, FPAY_TIMEOUT_MS, PAYONEER_TIMEOUT_MS }) =>
          PAYMENT_LEASE_MS >= 2 * Math.max(FPAY_TIMEOUT_MS, PAYONEER_TIMEOUT_MS),
        {
          message:
            'PAYMENT_LEASE_MS is too short: expected at least twice FPAY_TIMEOUT_MS and twice PAYONEER_TIMEOUT_MS',
        },
      ),
  )
