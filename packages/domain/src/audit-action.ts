/** What the audit log tells of, and what may be done to each: `seller_balance.retrieved`. A new deed is written here first. */
const DEEDS = {
  admin_job: ['paused', 'resumed', 'run_now'],
  balance_repayment: ['requested', 'request_void'],
  control: ['approved', 'refused', 'void'],
  dead_letter: ['replayed'],
  debt_settlement: ['requested', 'request_void'],
  destination: ['released'],
  finance_alert: ['acknowledged', 'resolved'],
  gsc: ['told'],
  netsuite: ['told'],
  pay_day_run: ['opened'],
  payment: [
    ...['claimed', 'accepted', 'unknown', 'declined_may_change', 'declined_for_good'],
    ...['pending', 'paid', 'rejected', 'reversed', 'synced'],
  ],
  payment_cap: ['set', 'lowered', 'raised', 'removed', 'change_requested', 'change_void'],
  payment_plan: ['planned', 'approved', 'applied', 'void', 'discarded'],
  payment_plan_rule: ['set', 'lowered', 'raised', 'removed', 'change_requested', 'change_void'],
  payment_refund: ['canceled'],
  payout: [
    ...[
      'scheduled',
      'adjusted',
      'held',
      'resumed',
      'unheld',
      'released',
      'set_off',
      'overridden',
      'resumed',
      'retried',
    ],
    ...['withdrawn', 'transferred', 'failed', 'cancelled', 'reversed', 'reversal_made', 'receivable_opened'],
    ...['approval_requested', 'approval_given', 'approval_refused', 'approval_void'],
  ],
  payout_job: ['created', 'started', 'completed', 'reopened'],
  payout_reversal: ['created', 'claimed', 'accepted', 'unknown', 'declined_may_change', 'declined_for_good'],
  payout_transfer: [
    ...['held', 'released', 'claimed', 'accepted', 'unknown', 'declined_may_change', 'declined_for_good'],
    ...['withdrawal_requested', 'withdrawal_dropped', 'withdrawn', 'retried', 'paid_again'],
  ],
  rail: ['stopped', 'restart_requested', 'restart_void', 'restarted'],
  rail_finding: ['assigned', 'resolved'],
  receivable: ['settled'],
  reconciliation: ['requested', 'sync_requested', 'repeat_requested'],
  reconciliation_finding: ['assigned', 'resolved'],
  seller: ['created', 'changed', 'refused', 'vendor_synced'],
  seller_balance: ['retrieved', 'blocked', 'released', 'closing_arrived', 'retried', 'paid_again'],
  settlement: ['imported', 'replaced', 'rejected'],
  settlement_import: ['requested', 'request_void'],
  seller_cooling_release: ['requested', 'request_void'],
  stripe_account: ['updated', 'bank_changed'],
  transfer_repayment: ['requested', 'request_void'],
  user_cooling_release: ['requested', 'request_void'],
} as const

type Deeds = typeof DEEDS

/** What a row of the audit log tells. */
export type AuditAction = { [Of in keyof Deeds]: `${Of}.${Deeds[Of][number]}` }[keyof Deeds]

/** What is told of a payout. */
export type PayoutDeed = Deeds['payout'][number]

/** Each of them. */
export const AUDIT_ACTIONS: readonly AuditAction[] = Object.entries(DEEDS).flatMap(([of, deeds]) =>
  deeds.map((deed) => `${of}.${deed}` as AuditAction),
)
