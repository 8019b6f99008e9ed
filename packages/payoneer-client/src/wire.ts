import type { HttpAnswer } from '@remesa/provider-http/http-client'
import { z } from 'zod'

/** A code that Payoneer writes as a number here and as a string there. */
const code = z.union([z.string().min(1), z.number().int()]).transform(String)

/** A payment as `GET /payouts/{client_reference_id}/status` shows it (facts: marketplace §5). */
const paymentSchema = z.object({
  status: z.string().min(1),
  /** The number's own digits: see {@link exactBody}. */
  amount: z.string(),
  currency: z.string(),
  payee_id: z.string(),
  payout_date: z.string().nullish(),
  load_date: z.string().nullish(),
  reason_code: code.nullish(),
  cancel_reason_code: code.nullish(),
})
export type Payment = z.infer<typeof paymentSchema>

/** Success bodies are wrapped. */
export const paymentAnswer = z.object({ result: paymentSchema })

/** What the program can pay; the number's own digits. */
export const balanceAnswer = z.object({ result: z.object({ balance: z.string(), currency: z.string() }) })

/** "Payments Created": the batch passed validation, nothing more. */
export const submittedAnswer = z.object({ result: z.string().min(1) })

export const errorSchema = z.object({
  error_details: z.object({
    sub_code: code.nullish(),
    target: z.string().nullish(),
    errors: z.array(z.object({ target: z.string().nullish(), sub_code: code.nullish() })).nullish(),
  }),
})
export type PayoneerError = z.infer<typeof errorSchema>

/** What names the refusal best: the item's own code, else the request's. */
export const codeOf = ({ error_details: { sub_code, errors } }: PayoneerError): string | undefined =>
  errors?.find((one) => one.sub_code)?.sub_code ?? sub_code ?? undefined

/** The answer with a body whose amounts are the digits that Payoneer sent, as strings, instead of rounded numbers. */
export function exactBody(answer: HttpAnswer): HttpAnswer {
  if (typeof answer.body !== 'object') return answer
  const body: unknown = JSON.parse(answer.raw, (key: string, value: unknown, context?: { source?: string }) =>
    AMOUNTS.has(key) && typeof value === 'number' ? (context?.source ?? String(value)) : value,
  )
  return { ...answer, body }
}

const AMOUNTS: ReadonlySet<string> = new Set(['amount', 'balance'])
