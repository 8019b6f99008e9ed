import type { ReversalStatus } from '@remesa/domain/payout-reversal'
import type { ColumnType, Generated } from 'kysely'

// Rows as PostgreSQL gives them through our type parsers: int8 is bigint, timestamptz is Date.

type Timestamp = ColumnType<Date, Date | undefined, Date>

/** The part of the schema that is about money that is taken back, or owed to us for it. */
export interface ReversalTables {
  payout_reversals: PayoutReversals
  ledger_receivable_balances: { account: string; currency: string; balance: bigint }
}

interface PayoutReversals {
  id: Generated<string>
  payout_id: string
  /** Null where the money never left: it is owed to us at once. */
  transfer_id: string | null
  provider_id: string
  amount: bigint
  currency: string
  status: Generated<ReversalStatus>
  /** Tries begun, each counted when it begins. */
  attempts: Generated<number>
  /** Of them those that the rail's own trouble ended; see domain payout-reversal. */
  refusals: Generated<number>
  /** Not tried again before this. */
  next_try_at: Date | null
  /** When somebody must have it in hand; null once it has ended. */
  due_at: Date | null
  /** Of the newest refusal: the provider's code, or our word for it. */
  failure_reason: string | null
  provider_reference: string | null
  created_at: Timestamp
  ended_at: Date | null
  updated_at: Timestamp
}
