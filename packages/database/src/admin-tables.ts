import type { BookingPayoutStatus } from '@remesa/domain/booking-payout'
import type { ColumnType, Generated, JSONColumnType } from 'kysely'

// Rows as PostgreSQL gives them through our type parsers: int8 is bigint, timestamptz is Date.

type Timestamp = ColumnType<Date, Date, Date>

/** The part of the schema that is about operators and what they ask for. */
export interface AdminTables {
  admin_requests: AdminRequests
  approvals: Approvals
}

interface AdminRequests {
  actor: string
  key: string
  digest: string
  status: number
  answer: JSONColumnType<object>
  answered_at: Timestamp
}

interface Approvals {
  id: Generated<string>
  payout_id: string
  action: 'force_release' | 'cancel' | 'retry'
  reason: string
  seen_status: BookingPayoutStatus
  seen_amount: bigint
  currency: string
  seen_disputes: string[]
  seen_sums: JSONColumnType<readonly { amount: string; currency: string }[]>
  requested_by: string
  requested_at: Timestamp
  status: Generated<'open' | 'approved' | 'refused' | 'void'>
  decided_by: string | null
  decision_reason: string | null
  decided_at: Date | null
}
