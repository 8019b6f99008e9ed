/**
 * Files name payments, and Stripe has charges: that of `pi_X` is `ch_X`, a second one `ch_X_2`. Any other id is that of a
 * charge without a PaymentIntent.
 * @param nth - which charge of the payment, from 1
 */
export function chargeIdOf(paymentId: string, nth = 1): string {
  const first = paymentId.replace(/^pi_/, 'ch_')
  return nth === 1 ? first : `${first}_${nth}`
}
