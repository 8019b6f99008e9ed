import type { Mover, NextMove } from './explain-next.ts'

/**
 * Of what a customer paid. Nobody is paid by it directly.
 * @param payment.isRecorded - false where only a comparison with Stripe told of it
 * @param payment.finding - of the newest comparison that found something about it
 * @param payment.disputes - Stripe's words for where the disputes of the customer's bank stand
 * @param payment.isRefundOpen - a refund has begun and has not ended
 */
export function nextOfPayment({
  isRecorded,
  finding,
  disputes,
  isRefundOpen,
}: {
  readonly isRecorded: boolean
  readonly finding: 'open' | 'assigned' | 'resolved' | null
  readonly disputes: readonly string[]
  readonly isRefundOpen: boolean
}): NextMove {
  const told = (who: Mover, text: string): NextMove => ({
    who,
    text: `${text} Which booking or contest it was for is not known here: neither Stripe nor the marketplace tells.`,
  })
  if (finding !== null && finding !== 'resolved') {
    return isRecorded
      ? told(
          'finance',
          'A comparison with Stripe found that it differs: take Stripe’s word over, or resolve the finding.',
        )
      : told(
          'finance',
          'A comparison found it at Stripe and not here: take it over from Stripe, or resolve the finding.',
        )
  }
  if (disputes.some((status) => status.endsWith('needs_response'))) {
    return told('finance', 'The customer’s bank disputes it: answer at Stripe before the time for that runs out.')
  }
  if (disputes.some((status) => status.endsWith('under_review'))) {
    return told('provider', 'The customer’s bank disputes it, and looks at what was answered.')
  }
  if (isRefundOpen) return told('provider', 'Stripe is giving money back to the customer.')
  return told('nobody', 'Nothing is open about it.')
}
