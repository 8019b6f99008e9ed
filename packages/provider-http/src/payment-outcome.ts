import type { PaymentOutcome, ProviderFacts } from '@remesa/domain/rail'
import type { HttpAnswer } from './http-client.ts'
import type { ProviderError } from './provider-error.ts'
import { parseRetryAfter } from './read-as.ts'

/** What is kept of an answer about money. */
export function factsOf({ status, requestId, headers }: HttpAnswer, code?: string): ProviderFacts {
  const retryAfterMs = parseRetryAfter(headers['retry-after'])
  return {
    status,
    requestId,
    ...(code !== undefined && { code }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

/**
 * A payment, or a look-up of one, without a usable answer. Whatever was sent may have been done, even where this call
 * was not sent at all: an earlier one with the same key may have arrived.
 */
export function outcomeOfFailure(error: ProviderError): PaymentOutcome & { readonly kind: 'unknown' } {
  const { status, code, requestId, retryAfterMs, credentials, kind } = error
  const facts: ProviderFacts = {
    status,
    ...(code !== undefined && { code }),
    ...(requestId !== undefined && { requestId }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
  if (credentials) return { kind: 'unknown', reason: 'credentials', facts }
  if (kind !== 'unavailable') return { kind: 'unknown', reason: 'garbled', facts }
  return { kind: 'unknown', reason: status === 0 ? 'no_answer' : 'server_error', facts }
}
