import type { AttemptState } from '@remesa/domain/payment-steps'
import type { ProviderPayment, RailFindingCategory } from '@remesa/domain/rail-reconciliation'
import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { FindingStatus } from './reconciliation-tables.ts'

/** The rows of migration 0009. */
export interface RailReconciliationTables {
  rail_reconciliation_findings: RailFindings
  rail_staged_payments: StagedPayments
}

interface RailFindings {
  id: GeneratedAlways<bigint>
  report_id: string
  category: RailFindingCategory
  urgent: boolean
  payable_type: string | null
  payable_id: string | null
  provider_reference: string | null
  provider_key: string | null
  provider_state: ProviderPayment['state'] | null
  provider_currency: string | null
  provider_amount: bigint | null
  provider_taken_back: bigint | null
  provider_at: Date | null
  recorded_id: string | null
  recorded_reference: string | null
  recorded_state: AttemptState | null
  recorded_currency: string | null
  recorded_amount: bigint | null
  recorded_taken_back: bigint | null
  recorded_at: Date | null
  over_currency: string | null
  over_amount: bigint | null
  under_currency: string | null
  under_amount: bigint | null
  status: Generated<FindingStatus>
  assignee: string | null
  note: string | null
  decided_at: Date | null
}

interface StagedPayments {
  reading_id: string
  reference: string
  key: string | null
  payable_id: string | null
  mentions: string | null
  currency: string | null
  amount: bigint | null
  taken_back: bigint
  state: ProviderPayment['state']
  at: Date
  changed_at: Date | null
  in_window: boolean
  staged_at: ColumnType<Date, Date | undefined, Date>
}
