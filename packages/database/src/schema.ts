import type { BankAccounts } from '@remesa/domain/cooling'
import type { AttemptState } from '@remesa/domain/payment-steps'
import type { PayoutJobStatus } from '@remesa/domain/payout-job'
import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { RailName } from '@remesa/domain/rail'
import type { OperationType, SellerStatus, SellerType } from '@remesa/domain/seller'
import type { BlockedReason, SellerBalanceStatus } from '@remesa/domain/seller-balance'
import type { SellerDocumentType } from '@remesa/domain/seller-documents'
import type { SettlementRule } from '@remesa/domain/settlement'
import type { HeldReason } from '@remesa/domain/stripe-account'
import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely'
import type { AdminTables } from './admin-tables.ts'
import type { AlertTables } from './alert-tables.ts'
import type { BookingTables } from './booking-tables.ts'
import type { ControlTables } from './control-tables.ts'
import type { LateDocumentTables } from './late-document-tables.ts'
import type { PaymentTables } from './payment-tables.ts'
import type { PlanTables } from './plan-tables.ts'
import type { RailReconciliationTables } from './rail-reconciliation-tables.ts'
import type { ReconciliationTables } from './reconciliation-tables.ts'
import type { ReversalTables } from './reversal-tables.ts'

// Rows as PostgreSQL gives them through our type parsers: int8 is bigint, date is 'YYYY-MM-DD', timestamptz is Date.

type Timestamp = ColumnType<Date, Date | undefined, Date>
type Json<T extends object | null> = JSONColumnType<T, string | undefined, string>

export interface Schema
  extends BookingTables,
    PaymentTables,
    LateDocumentTables,
    AlertTables,
    AdminTables,
    ControlTables,
    PlanTables,
    ReversalTables,
    ReconciliationTables,
    RailReconciliationTables {
  countries: Countries
  erp_currencies: { currency: string; erp_id: string }
  sellers: Sellers
  seller_countries: SellerCountries
  pay_day_runs: PayDayRuns
  seller_balances: SellerBalances
  seller_balance_documents: SellerBalanceDocuments
  seller_closings: SellerClosings
  rails: { name: RailName; paused_until: Date | null; paused_reason: string | null }
  payment_attempts: PaymentAttempts
  ledger_entries: LedgerEntries
  ledger_postings: LedgerPostings
  ledger_payee_balances: { account: string; currency: string; balance: bigint }
  audit_log: AuditLog
  audit_seals: AuditSeals
  finance_alerts: FinanceAlerts
  outbox: Outbox
  dead_letters: DeadLetters
  webhook_events: { provider: string; event_id: string; received_at: Timestamp }
  admin_jobs: AdminJobs
  settlements: Settlements
  settlement_winners: SettlementWinners
  user_stripe_accounts: UserStripeAccounts
  payout_jobs: PayoutJobs
  payout_transfers: PayoutTransfers
}

interface Countries {
  id: string
  name: string
  currency: string
  enabled: boolean
  erp_subsidiary_id: string | null
  erp_bank_account_id: string | null
  erp_payables_account_id: string | null
}

interface Sellers {
  id: Generated<string>
  gsc_seller_id: string
  legal_name: string
  tax_id: string
  email: string | null
  phone: string | null
  operation_type: OperationType
  type: SellerType
  status: SellerStatus
  fpay_id: string | null
  payoneer_payee_id: string | null
  /** The rail and the account there, as last known; the database keeps it, and the two after it. */
  destination: Generated<string | null>
  /** When another account came in the place of an earlier one; null: never. */
  destination_changed_at: Date | null
  /** By which two people let the newest change pass before its time. */
  destination_release_id: string | null
  erp_id: string | null
  erp_customer_id: string | null
  /** Digest of what NetSuite was last told of this seller; null when it must be told. */
  erp_synced_digest: string | null
  profile_sequence: bigint | null
  profile_event_time: Date | null
  day_balance_generated: Generated<boolean>
  created_at: Timestamp
  updated_at: Timestamp
}

interface SellerCountries {
  seller_id: string
  country: string
  position: number
  currency: string
  enabled: boolean
}

interface PayDayRuns {
  id: Generated<string>
  business_date: string
  resets: Generated<number>
  opened_at: Timestamp
  initialized_at: Date | null
}

/** What happened last in one job of a balance (design §6.2). */
export interface JobNote {
  messageId: string | null
  finished: boolean
  successful: boolean
  lastExecution: string
  error: string | null
}
export type JobName = 'retrieval' | 'payment' | 'status_check' | 'erp' | 'gsc'

interface SellerBalances {
  id: Generated<string>
  run_id: string
  seller_id: string
  country: string
  business_date: string
  currency: string
  status: Generated<SellerBalanceStatus>
  amount_owed: bigint | null
  blocked_reason: BlockedReason | null
  closing_match: 'matched' | 'missing' | 'different' | null
  /** Refusals counted towards the maximum; see domain payment-steps. */
  attempts: Generated<number>
  funds_refusals: Generated<number>
  /** Not paid again before this; null: at once. */
  next_try_at: Date | null
  status_checks: Generated<number>
  erp_vendor_payment_id: string | null
  erp_told_at: Date | null
  gsc_told_at: Date | null
  /** Until then one worker alone tells NetSuite and GSC how it ended. */
  report_lease_expires_at: Date | null
  /** Times that two people had it paid again after it had ended unpaid. */
  repayments: Generated<number>
  jobs: Json<Partial<Record<JobName, JobNote>>>
  created_at: Timestamp
  updated_at: Timestamp
}

interface SellerBalanceDocuments {
  erp_id: string
  seller_balance_id: string
  type: SellerDocumentType
  tran_id: string
  currency: string
  amount: bigint
  /** What it came to in all; null of those that were counted before this was kept. */
  total: bigint | null
}

interface SellerClosings {
  settlement_id: string
  gsc_seller_id: string
  country: string
  business_date: string
  currency: string
  amount: bigint
  received_at: Timestamp
}

export type PayableType = 'seller_balance' | 'payout_transfer' | 'payout_reversal'

interface PaymentAttempts {
  id: Generated<string>
  payable_type: PayableType
  payable_id: string
  rail: RailName
  generation: number
  idempotency_key: string
  amount: bigint
  currency: string
  destination: string
  /** The PaymentInstruction as it was sent, amounts as decimal strings; the same for every call with this key. */
  instruction: Json<object>
  state: AttemptState
  calls: Generated<number>
  lease_token: string | null
  lease_expires_at: Date | null
  provider_reference: string | null
  last_facts: Json<object | null>
  refusal_reason: string | null
  created_at: Timestamp
  first_called_at: Timestamp
  /** When the try that it is at, or was accepted by, began: what a cap counts. */
  begun_at: Timestamp
  accepted_at: Date | null
  settled_at: Date | null
  updated_at: Timestamp
}

interface LedgerEntries {
  id: GeneratedAlways<bigint>
  idempotency_key: string
  kind: string
  payable_type: PayableType | null
  payable_id: string | null
  occurred_at: Timestamp
  transaction_id: GeneratedAlways<string>
}

interface LedgerPostings {
  entry_id: bigint
  line: number
  account: string
  currency: string
  /** Signed minor units: a credit is positive, a debit negative, so that a payee's balance is what we owe it. */
  amount: bigint
}

interface AuditLog {
  id: GeneratedAlways<bigint>
  occurred_at: Timestamp
  actor: string
  action: string
  subject_type: string
  subject_id: string
  reason: string | null
  before: Json<object | null>
  after: Json<object | null>
  transaction_id: GeneratedAlways<string>
}

interface AuditSeals {
  id: GeneratedAlways<bigint>
  row_ids: bigint[]
  /** SHA-256 digests of the rows, one after the other in the order of `row_ids`. */
  row_digests: Buffer
  last_transaction_id: string
  last_row_id: bigint
  previous_digest: string
  digest: string
  sealed_at: Timestamp
}

interface FinanceAlerts {
  id: Generated<string>
  kind: string
  dedup_key: string
  severity: 'info' | 'warning' | 'critical'
  subject_type: string
  subject_id: string
  business_date: string | null
  details: Json<object>
  status: Generated<'open' | 'acknowledged' | 'resolved'>
  note: string | null
  times: Generated<number>
  raised_at: Timestamp
  last_raised_at: Timestamp
  /** While a sender holds it; an alert whose sender died is claimed again after this. */
  send_lease_expires_at: Date | null
  sent_at: Date | null
}

interface Outbox {
  id: GeneratedAlways<bigint>
  topic: string
  ordering_key: string | null
  data: Json<object>
  attributes: Json<Record<string, string>>
  deliver_at: Timestamp
}

interface DeadLetters {
  id: Generated<string>
  topic: string
  subscription: string
  message_id: string
  ordering_key: string | null
  data: Buffer
  attributes: Json<Record<string, string>>
  reason: string
  received_at: Timestamp
  replayed_at: Date | null
}

interface AdminJobs {
  name: string
  schedule: string
  time_zone: string
  enabled: Generated<boolean>
  next_run_at: Date | null
  last_run_at: Date | null
  last_duration_ms: number | null
  last_outcome: 'succeeded' | 'failed' | null
  last_error: string | null
}

/** As the marketplace wrote it: nothing in it has been checked. */
interface Settlements {
  settlement_id: string
  contest_id: string
  currency: string
  total: bigint
  status: string
  /** The rule it broke when it was looked at last. */
  rejected_rule: SettlementRule | null
  rejected_at: Date | null
  created_at: Timestamp
  /** When a sweep saw it over without a job; `-infinity`: it did not yet; null: it has its job, or people were told of it. */
  over_since: Generated<Date | number | null>
}

interface SettlementWinners {
  id: GeneratedAlways<bigint>
  settlement_id: string
  user_id: string
  stripe_account_id: string | null
  amount: bigint
  currency: string
}

interface UserStripeAccounts {
  user_id: string
  stripe_account_id: string
  transfers_active: Generated<boolean>
  payouts_enabled: Generated<boolean>
  details_submitted: Generated<boolean>
  disabled_reason: string | null
  /** When Stripe said so; null: it has not told us of this account yet. */
  last_event_created: Date | null
  /** When another account came in the place of an earlier one, here or behind it; null: never. */
  destination_changed_at: Date | null
  /** By which two people let the newest change pass before its time. */
  destination_release_id: string | null
  /** The bank accounts behind it, by currency, as far as Stripe has told of them. */
  bank_accounts: Json<BankAccounts>
  /** Since when Stripe says that it pays out to a bank, or did so once; null: not as far as it has told. */
  paid_out_since: Date | null
  updated_at: Timestamp
}

interface PayoutJobs {
  id: Generated<string>
  settlement_id: string
  status: Generated<PayoutJobStatus>
  transfers_total: number
  transfers_completed: Generated<number>
  transfers_failed: Generated<number>
  created_at: Timestamp
  completed_at: Date | null
  updated_at: Timestamp
}

/** Of a contest's job, or of a booking's payout. */
interface PayoutTransfers {
  id: Generated<string>
  job_id: string | null
  contest_id: string | null
  payout_id: string | null
  user_id: string
  amount: bigint
  currency: string
  destination: string | null
  status: Generated<TransferStatus>
  held_reason: HeldReason | null
  /** Tries begun, each counted when it begins, and no more when it was turned away. */
  attempts: Generated<number>
  /** Refusals counted towards the maximum; see domain payment-steps. */
  refusals: Generated<number>
  funds_refusals: Generated<number>
  /** Not tried again before this. */
  next_try_at: Date | null
  /** When somebody must have it in hand; null when it waits for nobody. */
  due_at: Date | null
  /** Of the newest refusal: the provider's code, or our word for it. */
  failure_reason: string | null
  provider_reference: string | null
  /** Its booking wants it back: no new attempt begins. */
  withdraw_requested: Generated<boolean>
  /** Times that two people had it paid again after it had failed. */
  repayments: Generated<number>
  /** Tries that our own limiter let nothing of out: they are no `attempts`. */
  turned_away: Generated<number>
  created_at: Timestamp
  completed_at: Date | null
  updated_at: Timestamp
}
