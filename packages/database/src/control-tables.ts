import type { Currency } from '@remesa/domain/currency'
import type { CapScope } from '@remesa/domain/payment-controls'
import type { RailName } from '@remesa/domain/rail'
import type { ColumnType, Generated, JSONColumnType } from 'kysely'

// Rows as PostgreSQL gives them through our type parsers: int8 is bigint, timestamptz is Date.

type Timestamp = ColumnType<Date, Date, Date>

/** The part of the schema by which people control payments as a whole. */
export interface ControlTables {
  control_approvals: ControlApprovals
  payment_caps: PaymentCaps
  rail_stops: RailStops
}

interface ControlApprovals {
  id: Generated<string>
  kind:
    | 'rail_restart'
    | 'cap_change'
    | 'plan_rule_change'
    | 'seller_cooling_release'
    | 'user_cooling_release'
    | 'balance_repayment'
    | 'transfer_repayment'
    | 'debt_settlement'
    | 'settlement_import'
  subject_id: string
  wish: JSONColumnType<object>
  reason: string
  requested_by: string
  requested_at: Timestamp
  status: Generated<'open' | 'approved' | 'refused' | 'void'>
  decided_by: string | null
  decision_reason: string | null
  decided_at: Date | null
}

interface RailStops {
  rail: RailName
  /** Stops so far: names the one that a restart is about. */
  stops: Generated<number>
  /** Null while it runs; so are the two after it. */
  stopped_at: Date | null
  stopped_by: string | null
  reason: string | null
  /** How it was restarted last. */
  restart_approval_id: string | null
}

interface PaymentCaps {
  id: Generated<string>
  /** Null: all of them together. */
  rail: RailName | null
  currency: Currency
  scope: CapScope
  /** Minor units. */
  amount: bigint
  reason: string
  set_by: string
  set_at: Timestamp
  /** By which it was raised last. */
  approval_id: string | null
}
