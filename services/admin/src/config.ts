import { workerEnvironment } from '@remesa/messaging/worker-service'
import { httpUrl, parseEnvironment, timeZone, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'
import { readApprovalLimits } from './approval-limits.ts'

const DAY_MS = 86_400_000

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      /** Where operators' requests arrive; health and metrics stay on HTTP_PORT. */
      ADMIN_PORT: wholeNumber({ from: 0, to: 65_535 }).default(8082),
      /** For people. A console that does not know where it is says production, so that they take care. */
      ENVIRONMENT: z.string().min(1).default('production'),
      /** IANA; which day it is at the marketplace. */
      BUSINESS_TIME_ZONE: timeZone.default('America/Santiago'),
      /** What tokens name as their issuer, letter by letter. */
      OIDC_ISSUER: z.string().min(1).describe('expected the issuer that tokens name'),
      /** What tokens name as their audience. */
      OIDC_AUDIENCE: z.string().min(1).describe('expected the audience that tokens name'),
      OIDC_JWKS_URL: httpUrl,
      /** The claim that holds a person's roles: its name, or the way to it, e.g. `realm_access.roles`. */
      OIDC_ROLES_CLAIM: z.string().min(1).default('roles'),
      /** By how much the clock of the rules of bookings is ahead, as in the payouts service; for development. */
      BOOKING_CLOCK_OFFSET_MS: wholeNumber({ from: -3_650 * DAY_MS, to: 3_650 * DAY_MS }).default(0),
      /** Up to these amounts one person may release and cancel; unset, it always takes two. */
      ADMIN_APPROVAL_ABOVE: z
        .string()
        .transform((text, context) => {
          const limits = readApprovalLimits(text)
          if (limits) return limits
          context.addIssue('not a list of limits')
          return z.NEVER
        })
        .optional()
        .describe('expected amounts in minor units by currency, such as USD:100000,CLP:900000'),
    }),
  )
