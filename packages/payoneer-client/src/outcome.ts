import type { PaymentInstruction, PaymentOutcome, ProviderFacts, RefusalCategory } from '@remesa/domain/rail'
import type { HttpAnswer } from '@remesa/provider-http/http-client'
import { factsOf } from '@remesa/provider-http/payment-outcome'
import { categoryOf } from './cancel-reasons.ts'
import { isFor, type Reading, statusOf } from './payment.ts'
import { codeOf, errorSchema, type Payment, submittedAnswer } from './wire.ts'

/** A submission that Payoneer turned down, for this payment's sake or because its reference exists: only a look-up can tell. */
export interface TurnedDown {
  readonly kind: 'turned_down'
  /** Payoneer's own code. */
  readonly reason: string
  /** It was the reference that Payoneer turned down, so it may well be in use. */
  readonly forItsReference: boolean
  readonly facts: ProviderFacts
}

/**
 * What an answer to `POST /masspayouts` means, by status and code only (facts: marketplace §5). The code of a
 * duplicate is not public, so any refusal of the request may be one.
 */
export function outcomeOf(answer: HttpAnswer, { idempotencyKey }: PaymentInstruction): PaymentOutcome | TurnedDown {
  const { status } = answer
  if (status === 200 || status === 201) {
    return submittedAnswer.safeParse(answer.body).success
      ? { kind: 'accepted', reference: idempotencyKey, status: { state: 'pending' }, facts: factsOf(answer) }
      : { kind: 'unknown', reason: 'garbled', facts: factsOf(answer) }
  }

  const error = errorSchema.safeParse(answer.body).data
  const reason = error && codeOf(error)
  const facts = factsOf(answer, reason)
  if (status === 401 || status === 403) return { kind: 'unknown', reason: 'credentials', facts }
  if (status === 429) return { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts }
  if (status === 408) return { kind: 'unknown', reason: 'no_answer', facts }
  if (status >= 500) return { kind: 'unknown', reason: 'server_error', facts }
  // Without Payoneer's own code nobody has refused anything: a wrong base URL must not fail every payee.
  if (!reason || ![400, 404, 409, 422].includes(status)) return { kind: 'unknown', reason: 'garbled', facts }
  const { target, errors } = error.error_details
  const targets = [target, ...(errors ?? []).map((one) => one.target)]
  const forItsReference = targets.some((one) => one?.endsWith('client_reference_id'))
  return { kind: 'turned_down', reason, forItsReference, facts }
}

/** A payment that Payoneer has under our reference, as the outcome of the instruction. */
export function outcomeOfPayment(
  payment: Payment,
  instruction: PaymentInstruction,
  { facts, reading }: { facts: ProviderFacts; reading: Reading },
): PaymentOutcome {
  if (!isFor(payment, instruction)) return { kind: 'unknown', reason: 'mismatch', facts }
  return { kind: 'accepted', reference: instruction.idempotencyKey, status: statusOf(payment, reading), facts }
}

/**
 * A submission that was turned down, and no payment to be seen.
 * @param hiddenForMs - how long an earlier submission's payment may still be hidden
 * @param reasonCategories - what codes mean that Payoneer told us of and that are not built in
 */
export function outcomeWithoutPayment(
  turnedDown: TurnedDown,
  hiddenForMs: number,
  reasonCategories?: Readonly<Record<string, RefusalCategory>>,
): PaymentOutcome {
  const { reason, forItsReference, facts } = turnedDown
  if (hiddenForMs > 0) return { kind: 'unknown', reason: 'in_progress', facts: { ...facts, retryAfterMs: hiddenForMs } }
  // Payoneer holds the reference and shows no payment for it: neither of the two may be believed.
  if (forItsReference) return { kind: 'unknown', reason: 'mismatch', facts }
  return { kind: 'declined_for_good', reason, category: categoryOf(reason, reasonCategories), facts }
}
