import { type ErrorShapes, Refusal, type Reply } from '../kit/http.ts'

/** What stands in `error` of a refused request, as Stripe words it (facts: stripe §5). */
export interface StripeError {
  /** Default `invalid_request_error`. */
  readonly type?: 'invalid_request_error' | 'idempotency_error' | 'api_error'
  readonly code?: string
  readonly message: string
  readonly param?: string
}

/** @param shouldRetry - what `Stripe-Should-Retry` says; the header is left out when undefined */
export function errorReply(
  status: number,
  { type = 'invalid_request_error', code, message, param }: StripeError,
  { shouldRetry, headers = {} }: { shouldRetry?: boolean; headers?: Readonly<Record<string, string>> } = {},
): Reply {
  return {
    status,
    headers: { ...headers, ...(shouldRetry === undefined ? {} : { 'stripe-should-retry': String(shouldRetry) }) },
    body: {
      error: {
        type,
        ...(code === undefined ? {} : { code, doc_url: `https://stripe.com/docs/error-codes/${dashed(code)}` }),
        message,
        ...(param === undefined ? {} : { param }),
      },
    },
  }
}

const dashed = (code: string): string => code.replaceAll('_', '-')

/** A parameter that makes no sense: 400, found before the work and stored under no key. */
export const invalid = (param: string, message: string, code?: string): Refusal =>
  new Refusal(errorReply(400, { message, param, ...(code === undefined ? {} : { code }) }))

/** A refusal found while the work was done: the same key gets it again. */
export const declined = (status: 400 | 403, error: StripeError): Refusal =>
  new Refusal(errorReply(status, error, { shouldRetry: false }))

export const missing = (what: string, id: string, { status, param }: { status: 400 | 404; param: string }): Refusal =>
  new Refusal(errorReply(status, { code: 'resource_missing', message: `No such ${what}: '${id}'`, param }))

/** An account that never was ours, or is not any more: Stripe does not say which. */
export const accountNotOurs = (id: string): Refusal =>
  new Refusal(
    errorReply(403, {
      code: 'account_invalid',
      message: `The provided key does not have access to account '${id}' (or that account does not exist). Application access may have been revoked.`,
    }),
  )

/** Why a request was limited; `lock_timeout` is no limit but two writes to one object, and has no reason header. */
export type LimitReason = 'global-rate' | 'endpoint-rate' | 'global-concurrency' | 'lock_timeout'

export function limited(reason: LimitReason): Reply {
  if (reason === 'lock_timeout') {
    const message =
      'This object cannot be accessed right now because another API request or Stripe process is currently accessing it.'
    return errorReply(429, { code: 'lock_timeout', message }, { shouldRetry: true })
  }
  const message = 'Request rate limit exceeded.'
  return errorReply(429, { code: 'rate_limit', message }, { headers: { 'stripe-rate-limited-reason': reason } })
}

/** A 500 of the endpoint itself: stored, so that every retry with its key gets it again. */
export const storedServerError = (): Refusal =>
  new Refusal(errorReply(500, { type: 'api_error', message: 'An error occurred on our side.' }, { shouldRetry: false }))

/** What never reaches an endpoint, and is therefore never stored. */
export const errors: ErrorShapes = {
  badRequest: (message) => errorReply(400, { message }),
  notFound: (path) => errorReply(404, { message: `Unrecognized request URL (${path}).` }),
  // A proxy in front of the endpoints answers: the endpoint's own 500 would have been stored.
  serverError: (status) => errorReply(status === 500 ? 502 : 503, { type: 'api_error', message: 'Try again later.' }),
  rateLimited: () => limited('endpoint-rate'), // Stripe sends no Retry-After
  tooManyAtOnce: () => limited('global-concurrency'),
}
