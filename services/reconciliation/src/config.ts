import { isCurrency } from '@remesa/domain/currency'
import { SETTLED_AFTER_MS } from '@remesa/domain/reconciliation-window'
import { workerEnvironment } from '@remesa/messaging/worker-service'
import { booksEnvironment } from '@remesa/rails/books'
import { parseEnvironment, timeZone, wholeNumber } from '@remesa/service-kit/environment'
import { stripeEnvironment } from '@remesa/stripe-client/environment'
import { z } from 'zod'

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      ...stripeEnvironment,
      ...booksEnvironment.fpay,
      ...booksEnvironment.payoneer,
      ...booksEnvironment.netsuite,
      /** In whose calendar a vendor payment has its day: as the service has it that tells NetSuite. */
      BUSINESS_TIME_ZONE: timeZone.default('America/Santiago'),
      /** Of a discrepancy up to it nobody is told; the report has it. Above 5 % people are told whatever it is. */
      BILLING_RECONCILIATION_TOLERANCE_PERCENT: z.coerce
        .number()
        .min(0)
        .max(100)
        .default(1)
        .describe('expected a percentage from 0 to 100'),
      BILLING_RECONCILIATION_INCLUDE_REFUNDS: z.stringbool().default(true).describe('expected true or false'),
      /** Whose figures stand at the top of a report. */
      BILLING_RECONCILIATION_CURRENCY: z
        .string()
        .refine(isCurrency)
        .prefault('USD')
        .describe('expected an ISO 4217 currency'),
      /** Parts of the window that are read at once, each page after page. */
      BILLING_RECONCILIATION_SLICES_AT_ONCE: wholeNumber({ from: 1, to: 100 }).default(8),
      /** The first wait after a page that could not be read; it doubles, and the sixth failure in a row ends the run. */
      BILLING_RECONCILIATION_RETRY_FIRST_MS: wholeNumber({ from: 1, to: 60_000 }).default(1_000),
      /** How long after its end a window may not be compared yet: what Stripe tells of it is still under way. */
      BILLING_RECONCILIATION_GRACE_MS: wholeNumber({ from: 0, to: 86_400_000 }).default(SETTLED_AFTER_MS),
      /** How long a run whose worker died waits for another one. */
      BILLING_RECONCILIATION_LEASE_MS: wholeNumber({ from: 1_000, to: 3_600_000 }).default(30_000),
    }),
  )
