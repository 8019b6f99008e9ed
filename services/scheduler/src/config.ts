import { APPROVAL_LIFE_MS } from '@remesa/domain/approval'
import { workerEnvironment } from '@remesa/messaging/worker-service'
import { parseEnvironment, timeZone, wholeNumber } from '@remesa/service-kit/environment'
import { Cron } from 'croner'
import { z } from 'zod'

const cron = z
  .string()
  .refine((text) => isCron(text))
  .describe('expected a cron expression of five fields that comes some time')

export type Config = ReturnType<typeof readConfig>

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      BUSINESS_TIME_ZONE: timeZone.default('America/Santiago'),
      PAYMENT_RESET_CRON: cron.default('0 6 * * *'), // never skipped or doubled by a change of clocks
      PAYOUT_SCHEDULER_CRON: cron.default('*/5 * * * *'),
      BALANCE_SWEEP_CRON: cron.default('*/5 * * * *'),
      /** How long a balance's own message has to bring it to a worker. */
      BALANCE_SWEEP_GRACE_MS: wholeNumber({ from: 60_000, to: 86_400_000 }).default(600_000),
      /** How long after its reset a pay-day may take before people are told. */
      PAY_DAY_STALLED_MS: wholeNumber({ from: 60_000, to: 7 * 86_400_000 }).default(6 * 3_600_000),
      /** As in admin, which agrees to nothing older: what is too old is voided, so that it can be asked for anew. */
      APPROVAL_LIFE_MS: wholeNumber({ from: 60_000, to: 90 * 86_400_000 }).default(APPROVAL_LIFE_MS),
      /** In the marketplace's zone: when finance is at work, and after the pay-day. */
      LATE_DOCUMENT_SWEEP_CRON: cron.default('0 9,13,17 * * *'),
      AUDIT_SEAL_CRON: cron.default('* * * * *'),
      /** In UTC, two hours after the day that it reconciles: Stripe's own lists take a while to be whole. */
      BILLING_RECONCILIATION_CRON: cron.default('0 2 * * *'),
      /** In UTC: when every rail's books, and NetSuite's, are held against our payments. */
      RAIL_RECONCILIATION_CRON: cron.default('30 2 * * *'),
      HOUSEKEEPING_CRON: cron.default('30 3 * * *'),
      /** How often due jobs are looked for. */
      SCHEDULER_POLL_MS: wholeNumber({ from: 100, to: 60_000 }).default(1_000),
    }),
  )

/** The 30th of February is well written, and never comes. */
function isCron(text: string): boolean {
  if (text.trim().split(/\s+/).length !== 5) return false
  try {
    return new Cron(text, { paused: true }).nextRun() !== null
  } catch {
    return false
  }
}
