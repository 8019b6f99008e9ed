import { PENDING_LIMITS, POLL_SCHEDULE_MS } from '@remesa/domain/payment-polling'
import { gscEnvironment } from '@remesa/gsc-client/environment'
import { workerEnvironment } from '@remesa/messaging/worker-service'
import { netsuiteEnvironment } from '@remesa/netsuite-client/environment'
import { railEnvironment } from '@remesa/rails/rails'
import { parseEnvironment, timeZone, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'

const delays = z
  .string()
  .regex(/^\d{1,9}(\s*,\s*\d{1,9})*$/)
  .transform((text) => text.split(',').map(Number))
  .describe('expected delays in milliseconds, separated by commas')

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      ...railEnvironment,
      ...netsuiteEnvironment,
      ...gscEnvironment,
      /** In whose calendar NetSuite's vendor payments are dated. */
      BUSINESS_TIME_ZONE: timeZone.default('America/Santiago'),
      /** The delay before each look at a pending payment; the last one repeats. */
      PAYMENT_POLL_SCHEDULE_MS: delays.default([...POLL_SCHEDULE_MS]),
      /** How long telling of a payment's end keeps other workers from telling of it, too. */
      PAYMENT_REPORT_LEASE_MS: wholeNumber({ from: 1_000, to: 3_600_000 }).default(30_000),
      PAYMENT_PENDING_ALERT_MS: wholeNumber({ from: 1_000, to: 30 * 86_400_000 }).default(PENDING_LIMITS.alertAfterMs),
      PAYMENT_PENDING_HAND_OVER_MS: wholeNumber({ from: 1_000, to: 30 * 86_400_000 }).default(
        PENDING_LIMITS.handOverAfterMs,
      ),
    }),
  )
