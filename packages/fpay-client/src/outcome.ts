import type { PaymentInstruction, PaymentOutcome, ProviderFacts } from '@remesa/domain/rail'
import type { HttpAnswer } from '@remesa/provider-http/http-client'
import { factsOf } from '@remesa/provider-http/payment-outcome'
import { z } from 'zod'
import { isFor, isMadeBy, type Payout, payoutSchema, statusOf } from './payout.ts'
import { categoryOf } from './refusal-reasons.ts'

/**
 * What an answer to `POST /payouts` means, by status and code only (facts: marketplace §4.1). A reference that is
 * already in use is not an outcome yet: the payout that has it decides.
 */
export function outcomeOf(
  answer: HttpAnswer,
  instruction: PaymentInstruction,
  seenAt: Date,
): PaymentOutcome | { readonly kind: 'duplicate'; readonly payoutId: string; readonly facts: ProviderFacts } {
  if (answer.status === 200 || answer.status === 201) {
    const payout = payoutSchema.safeParse(answer.body)
    return payout.success
      ? outcomeOfPayout(payout.data, instruction, factsOf(answer), seenAt)
      : { kind: 'unknown', reason: 'garbled', facts: factsOf(answer) }
  }

  const refusal = refusalSchema.safeParse(answer.body).data
  const facts = factsOf(answer, refusal?.code)
  // By status alone: a gateway in front of FPay gives these too, with a body of its own.
  if (answer.status === 401 || answer.status === 403) return { kind: 'unknown', reason: 'credentials', facts }
  if (answer.status === 429) return { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts }
  if (answer.status === 408) return { kind: 'unknown', reason: 'no_answer', facts }
  if (answer.status >= 500) return { kind: 'unknown', reason: 'server_error', facts }
  // Without FPay's own code nobody has refused anything: a wrong base URL must not fail every payee.
  if (!refusal) return { kind: 'unknown', reason: 'garbled', facts }

  switch (`${answer.status} ${refusal.code}`) {
    case '409 DUPLICATE_REFERENCE':
      return refusal.existingPayoutId
        ? { kind: 'duplicate', payoutId: refusal.existingPayoutId, facts }
        : { kind: 'unknown', reason: 'garbled', facts }
    case '409 REQUEST_IN_PROGRESS':
      return { kind: 'unknown', reason: 'in_progress', facts }
    case '422 IDEMPOTENCY_MISMATCH':
      return { kind: 'unknown', reason: 'mismatch', facts }
  }
  // FPay's refusals of a request, among them codes it may add: nothing was made, and a person decides unless the reason
  // passes. Of the 404s, only the account's is about the payment: another may be said of a wrong path.
  const isRefusal =
    [400, 422].includes(answer.status) || (answer.status === 404 && refusal.code === 'ACCOUNT_NOT_FOUND')
  return isRefusal ? refusedOver(refusal.code, facts) : { kind: 'unknown', reason: 'garbled', facts }
}

/** A refused request leaves nothing behind its key, which is good for the next try. */
function refusedOver(code: string, facts: ProviderFacts): PaymentOutcome {
  const category = categoryOf(code)
  switch (category) {
    case 'funding':
      return { kind: 'declined_may_change', reason: 'funds', keyIsSpent: false, facts }
    case 'transient':
      return { kind: 'declined_may_change', reason: 'rail_unavailable', keyIsSpent: false, facts }
    default:
      return { kind: 'declined_for_good', reason: code, category, facts }
  }
}

const refusalSchema = z.object({ code: z.string().min(1), existingPayoutId: z.string().min(1).nullish() })

/** A payout that FPay has, as the outcome of the instruction it should belong to. */
export function outcomeOfPayout(
  payout: Payout,
  instruction: PaymentInstruction,
  facts: ProviderFacts,
  seenAt: Date,
): PaymentOutcome {
  if (!isFor(payout, instruction)) return { kind: 'unknown', reason: 'mismatch', facts }
  return { kind: 'accepted', reference: payout.payoutId, status: statusOf(payout, seenAt), facts }
}

/**
 * The payout that keeps our reference from being used again, as this instruction's outcome. Money that is out, or on
 * its way, for the payable is this payment, whichever generation began it. One that was paid and came back is ours
 * only when ours began it: an earlier generation's would be booked as a second payment, and FPay makes no other.
 */
export function outcomeOfDuplicate(
  payout: Payout,
  instruction: PaymentInstruction,
  facts: ProviderFacts,
  seenAt: Date,
): PaymentOutcome {
  const cameBackToAnother = payout.status === 'REVERSED' && instruction.generation > 1 && !isMadeBy(payout, instruction)
  if (cameBackToAnother) return { kind: 'declined_for_good', reason: 'DUPLICATE_REFERENCE', facts }
  return outcomeOfPayout(payout, instruction, facts, seenAt)
}
