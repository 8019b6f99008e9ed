import type { Currency } from '@remesa/domain/currency'
import type { PlanKind, PlanState, PlanVoid } from '@remesa/domain/payment-plan'
import type { LeftOutReason } from '@remesa/domain/payment-plan-lines'
import type { RailName } from '@remesa/domain/rail'
import type { ColumnType, Generated, JSONColumnType } from 'kysely'

// Rows as PostgreSQL gives them through our type parsers: int8 is bigint, date is 'YYYY-MM-DD', timestamptz is Date.

type Timestamp = ColumnType<Date, Date, Date>

/** The part of the schema by which a run is planned before it pays. */
export interface PlanTables {
  payment_plan_rules: PaymentPlanRules
  payment_plans: PaymentPlans
  payment_plan_lines: PaymentPlanLines
}

interface PaymentPlanRules {
  id: Generated<string>
  kind: PlanKind
  currency: Currency
  /** Minor units. */
  amount: bigint
  reason: string
  set_by: string
  set_at: Timestamp
  /** By which it was raised last. */
  approval_id: string | null
}

interface PaymentPlans {
  id: Generated<string>
  kind: PlanKind
  run: string
  hash: string
  line_count: number
  totals: JSONColumnType<object>
  funds: JSONColumnType<object[]>
  reason: string
  state: Generated<PlanState>
  planned_by: string
  planned_at: Timestamp
  approved_by: string | null
  approved_at: Date | null
  applied_by: string | null
  applied_at: Date | null
  voided_by: string | null
  voided_at: Date | null
  drift: JSONColumnType<object[]> | null
  drift_count: number | null
  void_why: PlanVoid | null
  void_reason: string | null
}

interface PaymentPlanLines {
  plan_id: string
  payable_type: 'seller_balance' | 'payout_transfer' | 'booking_payout'
  payable_id: string
  payee_id: string
  amount: bigint | null
  currency: Currency
  rail: RailName | null
  destination: string | null
  status: string
  left_out: LeftOutReason | null
}
