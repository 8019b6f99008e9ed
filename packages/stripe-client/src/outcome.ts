import { NOT_ADMITTED, type PaymentOutcome, type ProviderFacts } from '@remesa/domain/rail'
import { outcomeOfFailure } from '@remesa/provider-http/payment-outcome'
import { NoAnswerError, ProviderError } from '@remesa/provider-http/provider-error'
import { errorByStatus, errorFor, parseRetryAfter } from '@remesa/provider-http/read-as'
import Stripe from 'stripe'
import { categoryOf, OUR_FAULT } from './refusal-codes.ts'
import { UNREADABLE } from './transport.ts'

/**
 * How a transfer that threw ended, by status and code only (facts: stripe §5). No answer may mean paid: that is
 * `unknown`, never declined.
 * @throws the error again when it is none of Stripe's: a bug of ours is not an answer
 */
export function outcomeOf(error: unknown): PaymentOutcome {
  const refusal = readRefusal(error)
  if (refusal instanceof NoAnswerError) return outcomeWithoutAnswer(refusal)
  const { status, type, code, replayed, facts } = refusal

  // Our key stays at fault whatever was asked for, and no payee's transfer should fail for it.
  if (status === 401 || (code !== undefined && OUR_FAULT.has(code))) return unknown('credentials', facts)
  // By status alone, since what stands before Stripe answers these too, with a body of its own.
  if (status === 429 || code === 'rate_limit') {
    return { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts }
  }
  if (status === 409) return unknown('in_progress', facts)
  // The work of a reply from Stripe's memory is over, and the same key brings the same reply for as long as it lives.
  if (status >= 500 || status === 424) return unknown(replayed ? 'replayed_error' : 'server_error', facts)
  if (status === 408) return unknown('no_answer', facts)
  // Without Stripe's own words nobody has refused anything: a wrong host must not fail every payee.
  if (![400, 402, 403, 404].includes(status) || !TYPES.has(type)) return unknown('garbled', facts)
  if (type === 'idempotency_error') return unknown('mismatch', facts)
  if (status === 404 && code === undefined) return unknown('garbled', facts) // no such address: it is ours that is wrong

  // Stripe stores this refusal and replays it for the life of the key, so the next try needs a new generation.
  if (code === 'balance_insufficient') {
    return { kind: 'declined_may_change', reason: 'funds', keyIsSpent: true, facts }
  }
  const reason = code ?? type
  const category = categoryOf(reason)
  // A 403 that is not about the payee is about what our key may do.
  if (status === 403 && category !== 'beneficiary' && category !== 'compliance') return unknown('credentials', facts)
  return { kind: 'declined_for_good', reason, category, facts }
}

/** How a look-up that threw ended: never with "not found", and never with a refusal. */
export const outcomeOfLookUp = (error: unknown, operation: string): PaymentOutcome & { readonly kind: 'unknown' } =>
  outcomeOfFailure(readErrorOf(error, operation))

/**
 * What a read that threw means to whoever asked.
 * @throws the error again when it is none of Stripe's
 */
export function readErrorOf(error: unknown, operation: string): ProviderError {
  if (error instanceof ProviderError) return error
  const refusal = readRefusal(error)
  if (refusal instanceof NoAnswerError) return refusal
  const { status, type, code, facts, headers } = refusal
  const { requestId = '' } = facts
  const answer = { provider: 'stripe', operation, status, headers, body: undefined, raw: '', requestId }
  if (code !== undefined && OUR_FAULT.has(code)) {
    return errorFor(answer, { kind: 'unavailable', code, credentials: true })
  }
  if (code === 'rate_limit' || status === 409 || status === 424) return errorFor(answer, { kind: 'unavailable', code })
  const byWhom = TYPES.has(type) || status === 401 || status === 403 || status === 429 || status >= 500
  return status < 300 || !byWhom
    ? errorFor(answer, { kind: 'garbled', code: code ?? type })
    : errorByStatus(answer, code ?? type)
}

/** Types that only Stripe's own errors have; what stands before it may write `error`, too. */
const TYPES: ReadonlySet<string> = new Set([
  'api_error',
  'card_error',
  'idempotency_error',
  'invalid_request_error',
  'rate_limit_error',
])

interface Refusal {
  readonly status: number
  readonly type: string
  readonly code: string | undefined
  /** The reply came from Stripe's memory of the key. */
  readonly replayed: boolean
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Not the error: it carries headers and bodies. */
  readonly facts: ProviderFacts
}

function readRefusal(error: unknown): Refusal | NoAnswerError {
  if (!(error instanceof Stripe.errors.StripeError)) throw error
  const cause = error.detail instanceof Error ? error.detail.cause : undefined
  if (cause instanceof NoAnswerError) return cause
  const { statusCode: status, code, requestId } = error
  if (status === undefined) throw error // the transport gives every answer its status: a bug of ours
  const headers = (error.headers ?? {}) as Record<string, string | undefined>
  const retryAfterMs = parseRetryAfter(headers['retry-after'])
  const facts: ProviderFacts = {
    status,
    ...(code !== undefined && { code }),
    ...(requestId !== undefined && { requestId }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
  const type = error.rawType ?? UNREADABLE
  return { status, type, code, replayed: headers['idempotent-replayed'] === 'true', headers, facts }
}

/** What our own limiter did not let out was refused as Stripe would have, before anything was done under the key. */
function outcomeWithoutAnswer(error: NoAnswerError): PaymentOutcome {
  if (error.code !== NOT_ADMITTED) return outcomeOfFailure(error)
  const facts = { status: 0, code: NOT_ADMITTED, ...(error.retryAfterMs && { retryAfterMs: error.retryAfterMs }) }
  return { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts }
}

type UnknownReason = (PaymentOutcome & { kind: 'unknown' })['reason']
const unknown = (reason: UnknownReason, facts: ProviderFacts): PaymentOutcome => ({ kind: 'unknown', reason, facts })
