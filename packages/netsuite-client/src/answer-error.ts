import type { HttpAnswer } from '@remesa/provider-http/http-client'
import type { ProviderError } from '@remesa/provider-http/provider-error'
import { errorByStatus, errorFor } from '@remesa/provider-http/read-as'
import { z } from 'zod'

/** Too many requests at once for the account; which one depends on the door that refused (facts: netsuite §4). */
const OVERLOAD: ReadonlySet<string> = new Set([
  'CONCURRENCY_LIMIT_EXCEEDED',
  'REQUEST_LIMIT_EXCEEDED',
  'SSS_REQUEST_LIMIT_EXCEEDED',
  'WS_REQUEST_BLOCKED',
])

/** Two upserts of one new external id met: the record exists now, and the same request updates it. */
const MADE_MEANWHILE = 'DUP_RCRD'

/**
 * What a failing answer of NetSuite means, by status and o:errorCode (facts: netsuite §4).
 * @param nearLimit - about as many requests were under way as may be: overload then also shows as a failed login. With
 *   credentials that are really refused, each such answer lowers the limit until one request alone settles it
 */
export function answerError(answer: HttpAnswer, { nearLimit }: { nearLimit: boolean }): ProviderError {
  const { status } = answer
  const details = errorSchema.safeParse(answer.body).data?.['o:errorDetails']
  const code =
    details?.find((detail) => OVERLOAD.has(detail['o:errorCode'] ?? ''))?.['o:errorCode'] ??
    details?.[0]?.['o:errorCode']
  // The path is a field's name; the detail's text may hold its value.
  const detail = details?.flatMap((one) => one['o:errorPath'] ?? []).join(', ')

  if (status === 401 && nearLimit) return errorFor(answer, { kind: 'unavailable', code: OVERLOADED_LOGIN })
  if (code !== undefined && (OVERLOAD.has(code) || code === MADE_MEANWHILE)) {
    return errorFor(answer, { kind: 'unavailable', code })
  }
  // Without NetSuite's own words nobody has refused anything: a wrong address or a gateway answered.
  if (!details && status >= 400 && status < 500 && ![401, 403, 408, 425, 429].includes(status)) {
    return errorFor(answer, { kind: 'garbled', code: 'no_error_details' })
  }
  const byStatus = errorByStatus(answer, code)
  return byStatus.kind === 'refused' ? errorFor(answer, { kind: 'refused', code, detail }) : byStatus
}

/** Our word for a failed login that looks like overload. */
const OVERLOADED_LOGIN = 'LOGIN_REFUSED_NEAR_LIMIT'

/** Fewer requests at once would help. */
export const isOverload = (error: ProviderError): boolean =>
  error.status === 429 || error.code === OVERLOADED_LOGIN || OVERLOAD.has(error.code ?? '')

const errorSchema = z.object({
  'o:errorDetails': z
    .array(z.object({ 'o:errorCode': z.string().optional(), 'o:errorPath': z.string().optional() }))
    .min(1),
})
