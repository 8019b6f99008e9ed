import { APPROVAL_LIFE_MS } from '@remesa/domain/approval'
import { COOLING_MS } from '@remesa/domain/cooling'
import { SETTLED_AFTER_MS } from '@remesa/domain/reconciliation-window'
import { workerEnvironment } from '@remesa/messaging/worker-service'
import { fundsEnvironment } from '@remesa/rails/funds'
import { httpUrl, parseEnvironment, secret, timeZone, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'
import { readApprovalLimits } from './approval-limits.ts'
import { readMetricsAddresses } from './service-metrics/metrics-addresses.ts'

const DAY_MS = 86_400_000
const SECRET_LENGTH = 32

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      /** For plans alone, and all of it may be unset: give keys that read balances and nothing else. */
      ...fundsEnvironment,
      /** As pay-seller-balance and payouts have these two: a plan says who is paid, and who waits. */
      PAYEE_COOLING_MS: wholeNumber({ from: 0, to: 30 * DAY_MS }).default(COOLING_MS),
      PAYOUT_HOLD_WITHOUT_BANK: z.stringbool().default(true).describe('expected true or false'),
      /** As reconciliation has it: who asks for a day too early is told here, and not by a message that waits. */
      BILLING_RECONCILIATION_GRACE_MS: wholeNumber({ from: 0, to: DAY_MS }).default(SETTLED_AFTER_MS),
      /** Where operators' requests arrive; health and metrics stay on HTTP_PORT. */
      ADMIN_PORT: wholeNumber({ from: 0, to: 65_535 }).default(8082),
      /** For people, so that nobody takes one installation for another. */
      ENVIRONMENT: z.string().min(1).describe('expected a name such as production'),
      /** IANA; which day it is at the marketplace. */
      BUSINESS_TIME_ZONE: timeZone.default('America/Santiago'),
      /** What tokens name as their issuer, letter by letter. */
      OIDC_ISSUER: z.string().min(1).describe('expected the issuer that tokens name'),
      /** What tokens name as their audience. */
      OIDC_AUDIENCE: z.string().min(1).describe('expected the audience that tokens name'),
      OIDC_JWKS_URL: httpUrl,
      /** The claim that holds a person's roles: its name, or the way to it, e.g. `realm_access.roles`. */
      OIDC_ROLES_CLAIM: z.string().min(1).default('roles'),
      /** The console's client at the issuer; its redirect address is ADMIN_PUBLIC_URL and `/auth/callback`. */
      OIDC_CLIENT_ID: z.string().min(1).describe('expected the client that the issuer knows the console by'),
      /** Unset for a public client, which PKCE is enough for. */
      OIDC_CLIENT_SECRET: secret.optional(),
      /** Scheme and host under which browsers find the console. */
      ADMIN_PUBLIC_URL: httpUrl,
      /** What sessions are encrypted with; another one ends them all. */
      SESSION_SECRET: z
        .string()
        .min(SECRET_LENGTH)
        .describe(`expected a secret of at least ${SECRET_LENGTH} characters`),
      /** How many proxies stand before this service: the address that they saw is whose sign-ins are counted. */
      TRUSTED_PROXY_HOPS: wholeNumber({ from: 0, to: 10 }).default(0),
      /** By how much the clock of the rules of bookings is ahead, as in the payouts service; for development. */
      BOOKING_CLOCK_OFFSET_MS: wholeNumber({ from: -3_650 * DAY_MS, to: 3_650 * DAY_MS }).default(0),
      /** Where the services tell their metrics, by name; unset, the system page says what the database knows. */
      SERVICE_METRICS_URLS: z
        .string()
        .transform((text, context) => {
          const addresses = readMetricsAddresses(text)
          if (addresses) return addresses
          context.addIssue('not a list of addresses')
          return z.NEVER
        })
        .optional()
        .describe('expected addresses by name, such as payouts=http://payouts:8080/metrics,webhooks=http://…'),
      /** How long what takes two people can be agreed to, counted from when it was asked for; after that it is void. */
      APPROVAL_LIFE_MS: wholeNumber({ from: 60_000, to: 90 * DAY_MS }).default(APPROVAL_LIFE_MS),
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
