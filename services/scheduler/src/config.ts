import { workerEnvironment } from '@remesa/messaging/worker-service'
import { parseEnvironment, wholeNumber } from '@remesa/service-kit/environment'
import { Cron } from 'croner'
import { z } from 'zod'

const cron = z
  .string()
  .refine((text) => isCron(text))
  .describe('expected a cron expression of five fields')
const timeZone = z
  .string()
  .refine((name) => isTimeZone(name))
  .describe('expected an IANA time zone')

export type Config = ReturnType<typeof readConfig>

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      BUSINESS_TIME_ZONE: timeZone.default('America/Santiago'),
      PAYMENT_RESET_CRON: cron.default('0 6 * * *'), // never skipped or doubled by a change of clocks
      AUDIT_SEAL_CRON: cron.default('* * * * *'),
      /** How often due jobs are looked for. */
      SCHEDULER_POLL_MS: wholeNumber({ from: 100, to: 60_000 }).default(1_000),
    }),
  )

function isCron(text: string): boolean {
  if (text.trim().split(/\s+/).length !== 5) return false
  try {
    new Cron(text, { paused: true }).stop()
    return true
  } catch {
    return false
  }
}

const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
