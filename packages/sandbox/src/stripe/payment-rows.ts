import type { Placed } from './sorted-list.ts'

/** A customer's payment, or a try at one. Amounts in Stripe's minor units. */
export interface Charge extends Placed {
  /** Null for one that was made without a PaymentIntent. */
  readonly paymentIntent: string | null
  /** Lower case. */
  readonly currency: string
  readonly amount: number
  amountCaptured: number
  /** Refunds that did not fail. */
  amountRefunded: number
  readonly status: 'succeeded' | 'pending' | 'failed'
  captured: boolean
  disputed: boolean
  readonly description: string | null
}

export interface Refund extends Placed {
  readonly charge: Charge
  readonly amount: number
  status: RefundStatus
}

export interface Dispute extends Placed {
  readonly charge: Charge
  readonly amount: number
  status: string
}

export type RefundStatus = 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled'

/** What a payment is called: by its PaymentIntent, if it has one. */
export const paymentIdOf = ({ id, paymentIntent }: Charge): string => paymentIntent ?? id
