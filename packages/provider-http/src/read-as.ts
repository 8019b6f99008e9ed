import type { z } from 'zod'
import type { HttpAnswer } from './http-client.ts'
import { ProviderError, type ProviderErrorFacts } from './provider-error.ts'

/**
 * An answer's body as its schema describes it.
 * @throws ProviderError `garbled`, naming each path and what was expected there, never a value
 */
export function readAs<Schema extends z.ZodType>(schema: Schema, answer: HttpAnswer): z.output<Schema> {
  const read = schema.safeParse(answer.body)
  if (read.success) return read.data
  const problems = read.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  throw errorFor(answer, { kind: 'garbled', code: 'unexpected_body', detail: problems.join('; ') })
}

/** The error that an answer stands for, with the facts that any answer has. */
export function errorFor(
  answer: HttpAnswer,
  facts: Pick<ProviderErrorFacts, 'kind' | 'code' | 'credentials' | 'detail'>,
): ProviderError {
  const { provider, operation, status, requestId } = answer
  return new ProviderError({
    provider,
    operation,
    status,
    requestId,
    retryAfterMs: parseRetryAfter(answer.headers['retry-after']),
    ...facts,
  })
}

/**
 * What a failing status means when the provider's own code says nothing else. A redirect is garbled: none of our
 * providers moves, and following one would hand our token to another host.
 * @throws RangeError for a 2xx, which is no failure
 */
export function errorByStatus(answer: HttpAnswer, code?: string): ProviderError {
  const { status } = answer
  if (status >= 200 && status < 300) throw new RangeError(`${status} is a success`)
  if (status === 401 || status === 403) return errorFor(answer, { kind: 'unavailable', code, credentials: true })
  if ([408, 425, 429].includes(status) || status >= 500) return errorFor(answer, { kind: 'unavailable', code })
  return errorFor(answer, { kind: status < 400 ? 'garbled' : 'refused', code })
}

/**
 * @param header - Retry-After: seconds, or an HTTP date
 * @param now - epoch milliseconds, for dates
 * @returns milliseconds from `now`, at least 0; undefined for a missing or unreadable header
 */
export function parseRetryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined
  if (/^\s*\d{1,9}(\.\d+)?\s*$/.test(header)) return Math.round(Number(header) * 1000)
  const at = /[a-z]/i.test(header) ? Date.parse(header) : Number.NaN // Date.parse reads "-1" as a year
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
