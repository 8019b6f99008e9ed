import type { ColumnType, Generated } from 'kysely'

type Timestamp = ColumnType<Date, Date | undefined, Date>

/** How a payment came to be on record. */
export type PaymentSource = 'webhook' | 'sync' | 'manual'

/** Stripe's words for how a refund stands (facts: stripe §7). */
export type RefundStatus = 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled'

/** The rows of migration 0006. */
export interface PaymentTables {
  payments: Payments
  payment_refunds: PaymentRefunds
  payment_disputes: PaymentDisputes
}

interface Payments {
  /** The PaymentIntent's id when the charge has one, else the charge's. */
  payment_id: string
  charge_id: string
  currency: string
  amount: bigint
  /** What is known of its refunds, or what the charge itself says: whichever tells of more. */
  refunded: Generated<bigint>
  /** When Stripe made the charge. */
  created: Date
  description: string | null
  disputed: Generated<boolean>
  source: PaymentSource
  charge_refunded: Generated<bigint>
  charge_disputed: Generated<boolean>
  /** When Stripe said what the charge says; null for what a person entered. */
  last_event_at: Date | null
  recorded_at: Timestamp
}

interface PaymentRefunds {
  refund_id: string
  payment_id: string
  amount: bigint
  currency: string
  status: RefundStatus
  created: Date
  last_event_at: Date
  recorded_at: Timestamp
}

interface PaymentDisputes {
  dispute_id: string
  payment_id: string
  /** Stripe's word. */
  status: string
  created: Date
  last_event_at: Date
  recorded_at: Timestamp
}
