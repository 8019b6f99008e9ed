import type { HttpAnswer } from '@remesa/provider-http/http-client'
import type { ProviderError } from '@remesa/provider-http/provider-error'
import { errorByStatus, errorFor } from '@remesa/provider-http/read-as'
import { z } from 'zod'

/** GSC's own word in an answer that is no success. */
export const codeOf = (answer: HttpAnswer): string | undefined => codeSchema.safeParse(answer.body).data?.code

const codeSchema = z.object({ code: z.string().min(1) })

/** What a failing answer of GSC means. Without GSC's code nobody has refused anything: a wrong address or a gateway answered. */
export function answerError(answer: HttpAnswer): ProviderError {
  const code = codeOf(answer)
  const error = errorByStatus(answer, code)
  const answeredByOther = error.kind === 'refused' && code === undefined
  return answeredByOther ? errorFor(answer, { kind: 'garbled', code: 'no_refusal_code' }) : error
}
