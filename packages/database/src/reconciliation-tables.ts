import type { FindingCategory, PaymentSource } from '@remesa/domain/reconciliation'
import type {
  ReconciliationResult,
  ReconciliationSeverity,
  ReconciliationStatus,
} from '@remesa/domain/reconciliation-result'
import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely'

type Timestamp = ColumnType<Date, Date | undefined, Date>

/** The rows of migration 0007. */
export interface ReconciliationTables {
  reconciliation_reports: ReconciliationReports
  reconciliation_findings: ReconciliationFindings
  reconciliation_slices: ReconciliationSlices
  reconciliation_staged_payments: StagedPayments
  reconciliation_staged_refunds: StagedRefunds
}

export type FindingStatus = 'open' | 'assigned' | 'resolved'
/** What is read of Stripe: what was made in the window, charges from around it, and single payments that were looked up. */
export type SliceKind = 'charges' | 'refunds' | 'margin' | 'look_ups'

interface ReconciliationReports {
  id: Generated<string>
  kind: string
  window_from: Date
  window_to: Date
  include_refunds: boolean
  /** As PostgreSQL writes a numeric. */
  tolerance_percentage: string
  reporting_currency: string
  status: Generated<'running' | ReconciliationStatus>
  severity: ReconciliationSeverity | null
  result: JSONColumnType<ReconciliationResult | object, string | undefined, string> | null
  error: string | null
  reading_id: string | null
  reading_since: Date | null
  lease_token: string | null
  lease_expires_at: Date | null
  started_at: Timestamp
  finished_at: Date | null
  duration_ms: number | null
}

interface ReconciliationFindings {
  id: GeneratedAlways<bigint>
  report_id: string
  category: FindingCategory
  payment_id: string
  refund_id: string | null
  stripe_currency: string | null
  stripe_amount: bigint | null
  stripe_refunded: bigint | null
  stripe_created: Date | null
  database_currency: string | null
  database_amount: bigint | null
  database_refunded: bigint | null
  database_created: Date | null
  over_currency: string | null
  over_amount: bigint | null
  under_currency: string | null
  under_amount: bigint | null
  source: PaymentSource | null
  status: Generated<FindingStatus>
  assignee: string | null
  note: string | null
  decided_at: Date | null
}

interface ReconciliationSlices {
  reading_id: string
  kind: SliceKind
  number: number
  slice_from: Date
  slice_to: Date
  after: string | null
  staged: Generated<bigint>
  pages: Generated<number>
  done: Generated<boolean>
}

interface StagedPayments {
  reading_id: string
  payment_id: string
  charge_id: string
  currency: string
  amount: bigint
  refunded: bigint
  created: Date
  charges: number
}

interface StagedRefunds {
  reading_id: string
  refund_id: string
  payment_id: string
  currency: string
  amount: bigint
  created: Date
  pending: Generated<boolean>
}
