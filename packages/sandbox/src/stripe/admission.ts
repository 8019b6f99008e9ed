import type { IncomingHttpHeaders } from 'node:http'
import { basicCredentials } from '../kit/bearer-tokens.ts'
import { Refusal } from '../kit/http.ts'
import { errorReply, limited } from './errors.ts'
import type { RateLimiter } from './rate-limits.ts'

/** What stable versions of the API are called, e.g. `2026-10-28.endive`. */
const VERSION = /^\d{4}-\d{2}-\d{2}(\.[a-z_]+)?$/

export interface Admission {
  /** Key first, then limits. @throws Refusal 401, 429; 400 for headers that the sandbox cannot serve */
  admit(headers: IncomingHttpHeaders, endpoint: string): void
  /** The next requests are answered 401 api_key_expired, as while a key is rolled. */
  refuse(times: number): void
}

/** Who may ask, and how often. Nothing that is refused here is stored under an idempotency key. */
export function createAdmission({ apiKey, limiter }: { apiKey: string; limiter: RateLimiter }): Admission {
  let refusals = 0
  return {
    admit(headers, endpoint) {
      const given = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
      const key = given ?? basicCredentials(headers.authorization)?.id
      if (key === undefined) throw unauthorized('You did not provide an API key.')
      if (key !== apiKey) throw unauthorized(`Invalid API Key provided: ${masked(key)}`)
      if (refusals > 0) {
        refusals -= 1
        throw unauthorized(`Expired API Key provided: ${masked(key)}`, 'api_key_expired')
      }
      const reason = limiter.admit(endpoint)
      if (reason !== 'admitted') throw new Refusal(limited(reason))

      const version = headers['stripe-version']
      if (version !== undefined && !VERSION.test(String(version))) {
        throw new Refusal(errorReply(400, { message: `Invalid Stripe API version: ${version}` }))
      }
      if (headers['stripe-account'] !== undefined) {
        throw new Refusal(errorReply(400, { message: 'The sandbox is the platform only: no Stripe-Account.' }))
      }
    },
    refuse(times) {
      refusals = times
    },
  }
}

const unauthorized = (message: string, code?: string): Refusal =>
  new Refusal(
    errorReply(
      401,
      { message, ...(code === undefined ? {} : { code }) },
      { headers: { 'www-authenticate': 'Basic realm="Stripe"' } },
    ),
  )

const masked = (key: string): string => `${key.slice(0, 7)}****${key.slice(-4)}`
