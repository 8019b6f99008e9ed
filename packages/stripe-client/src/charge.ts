import type { Money } from '@remesa/domain/money'
import { z } from 'zod'
import { fromStripe } from './stripe-amount.ts'

/** A charge as Stripe shows it (facts: stripe §7). Fields that nobody here reads are left out. */
export const chargeSchema = z.object({
  id: z.string().min(1),
  object: z.literal('charge'),
  /** Stripe's units of `currency`, like all amounts here. */
  amount_captured: z.int().min(0),
  amount_refunded: z.int().min(0),
  captured: z.boolean(),
  currency: z.string().min(1),
  /** Unix seconds. */
  created: z.int().positive(),
  description: z.string().nullish(),
  disputed: z.boolean(),
  payment_intent: z.string().min(1).nullable(),
  status: z.enum(['succeeded', 'pending', 'failed']),
})

/** A charge in our words and units. */
export interface ChargeFacts {
  readonly chargeId: string
  /** What the payment is matched by: the PaymentIntent's id when the charge has one, else the charge's. */
  readonly paymentId: string
  /** What was captured: 0 of a charge that failed, or that is only authorised. */
  readonly money: Money
  /** What of it was given back, minor units of the same currency; Stripe counts refunds until they fail. */
  readonly refunded: bigint
  readonly created: Date
  /** Succeeded and captured: only such a charge is a payment. */
  readonly isCounted: boolean
  readonly status: 'succeeded' | 'pending' | 'failed'
  readonly description: string | null
  readonly disputed: boolean
}

/** A refund as Stripe shows it. */
export const refundSchema = z.object({
  id: z.string().min(1),
  object: z.literal('refund'),
  amount: z.int().min(0),
  charge: z.string().min(1).nullable(),
  created: z.int().positive(),
  currency: z.string().min(1),
  payment_intent: z.string().min(1).nullish(),
  status: z.enum(['pending', 'requires_action', 'succeeded', 'failed', 'canceled']).nullable(),
})

/** A refund in our words and units. */
export interface RefundFacts {
  readonly refundId: string
  readonly paymentId: string
  /** Null where Stripe names only the PaymentIntent. */
  readonly chargeId: string | null
  readonly money: Money
  readonly status: 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled'
  readonly created: Date
}

/** A dispute as Stripe shows it. Its status is Stripe's word: new ones come now and then, and none of them matters here. */
export const disputeSchema = z.object({
  id: z.string().min(1),
  object: z.literal('dispute'),
  charge: z.string().min(1),
  created: z.int().positive(),
  payment_intent: z.string().min(1).nullish(),
  status: z.string().min(1),
})

/** A dispute in our words. */
export interface DisputeFacts {
  readonly disputeId: string
  readonly paymentId: string
  readonly status: string
  readonly created: Date
}

/** @returns undefined for amounts that are none of a currency we know */
export function chargeFacts(charge: z.output<typeof chargeSchema>): ChargeFacts | undefined {
  const money = fromStripe(charge.amount_captured, charge.currency)
  const refunded = fromStripe(charge.amount_refunded, charge.currency)
  if (!money || !refunded) return undefined
  return {
    chargeId: charge.id,
    paymentId: charge.payment_intent ?? charge.id,
    money,
    refunded: refunded.amount,
    created: new Date(charge.created * 1_000),
    isCounted: charge.status === 'succeeded' && charge.captured,
    status: charge.status,
    description: charge.description == null ? null : storable(charge.description),
    disputed: charge.disputed,
  }
}

/** @returns undefined for an amount that is none of a currency we know, or a refund of nothing that has an id */
export function refundFacts(refund: z.output<typeof refundSchema>): RefundFacts | undefined {
  const money = fromStripe(refund.amount, refund.currency)
  const paymentId = refund.payment_intent ?? refund.charge
  if (!money || paymentId === null) return undefined
  return {
    refundId: refund.id,
    paymentId,
    chargeId: refund.charge,
    money,
    status: refund.status ?? 'pending',
    created: new Date(refund.created * 1_000),
  }
}

export const disputeFacts = ({
  id,
  charge,
  created,
  payment_intent,
  status,
}: z.output<typeof disputeSchema>): DisputeFacts => ({
  disputeId: id,
  paymentId: payment_intent ?? charge,
  status,
  created: new Date(created * 1_000),
})

/** Whoever made the charge wrote it, and a database takes neither NUL nor half a surrogate pair. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '')
