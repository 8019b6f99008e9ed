/** What an entry of the ledger tells. A new kind is written here first. */
export const LEDGER_KINDS = [
  'owed',
  'payment_reserved',
  'payment_accepted',
  'payment_pending',
  'payment_paid',
  'payment_refused',
  'payment_rejected',
  'payment_reversed',
  'payout_reversed',
  'receivable_opened',
  'receivable_settled',
  'set_off',
  'withdrawn',
] as const

export type LedgerKind = (typeof LEDGER_KINDS)[number]
