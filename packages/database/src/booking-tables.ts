import type { BookingPayoutStatus } from '@remesa/domain/booking-payout'
import type { ColumnType, Generated } from 'kysely'

// Rows as PostgreSQL gives them through our type parsers: int8 is bigint, timestamptz is Date.

type Timestamp = ColumnType<Date, Date | undefined, Date>

/** The part of the schema that is about bookings. */
export interface BookingTables {
  bookings: Bookings
  tips: Tips
  disputes: Disputes
  payouts: Payouts
}

/** All but the id is null until we hear of its completion; the account may stay null after that. */
interface Bookings {
  booking_id: string
  provider_id: string | null
  stripe_account_id: string | null
  currency: string | null
  provider_share: bigint | null
  completed_at: Date | null
  created_at: Timestamp
  updated_at: Timestamp
}

interface Tips {
  tip_id: string
  booking_id: string
  amount: bigint
  currency: string
  added_at: Date
  status: 'paid' | 'failed' | 'refunded'
  /** When the marketplace said so. */
  status_at: Date
}

interface Disputes {
  dispute_id: string
  booking_id: string
  opened_at: Date
  /** With the three below null while it is open. */
  resolved_at: Date | null
  refund_amount: bigint | null
  /** Of the refund. */
  currency: string | null
  /** When the marketplace said how it was resolved. */
  resolution_at: Date | null
}

interface Payouts {
  id: Generated<string>
  booking_id: string
  sequence: number
  provider_id: string
  currency: string
  status: Generated<BookingPayoutStatus>
  /** Gross, minor units. */
  amount: bigint
  /** Of the amount: kept back at release against what the provider owes us. */
  set_off: Generated<bigint>
  /** Of the amount: taken back after it was transferred, or being taken back. */
  corrected: Generated<bigint>
  due_at: Date
  hold_reason: string | null
  held_by: 'disputes' | 'operator' | null
  /** Disputes that an operator released it in spite of. */
  overridden_disputes: Generated<string[]>
  cancelled_by: 'rules' | 'operator' | null
  released_at: Date | null
  failure_reason: string | null
  transferred_at: Date | null
  /** It was wanted back when it ended: its booking is to be looked at. */
  look_wanted: Generated<boolean>
  /** The sweep for lost timers leaves it alone until then. */
  swept_until: Date | null
  created_at: Timestamp
  updated_at: Timestamp
}
