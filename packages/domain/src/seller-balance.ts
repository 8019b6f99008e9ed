/**
 * The life of what is owed to one seller, in one country, for one business date (design §6.2).
 * `paid` may reopen only when the bank sends the money back: `returned` waits for a person.
 */
export type SellerBalanceStatus =
  | 'initialized'
  | 'retrieved'
  | 'no_payment_due'
  | 'payable'
  | 'blocked'
  | 'paying'
  | 'payment_pending'
  | 'awaiting_funds'
  | 'paid'
  | 'failed'
  | 'returned'

/** Why a balance is blocked; each names who can release it. */
export type BlockedReason =
  | 'bank_id_missing'
  | 'rail_currency'
  | 'document_currency'
  | 'documents_unreadable'
  | 'seller_closed'

const NEXT: Readonly<Record<SellerBalanceStatus, readonly SellerBalanceStatus[]>> = {
  initialized: ['retrieved', 'blocked'],
  retrieved: ['no_payment_due', 'payable'],
  no_payment_due: [],
  payable: ['paying', 'blocked'],
  blocked: ['payable', 'initialized'], // the bank id arrived; or the documents were mended and are read again
  paying: ['payment_pending', 'paid', 'awaiting_funds', 'payable', 'failed'],
  payment_pending: ['paid', 'awaiting_funds', 'payable', 'failed'],
  awaiting_funds: ['payable', 'paying'],
  paid: ['returned'],
  failed: ['payable'], // an operator, after the payee's details were mended
  returned: ['payable'], // an operator
}

export const SELLER_BALANCE_STATUSES = Object.keys(NEXT) as readonly SellerBalanceStatus[]

export const mayBecome = (from: SellerBalanceStatus, to: SellerBalanceStatus): boolean => NEXT[from].includes(to)

/** Nothing more happens to it by itself: done, or waiting for a person. */
export const isFinal = (status: SellerBalanceStatus): boolean => FINAL.has(status)
const FINAL: ReadonlySet<SellerBalanceStatus> = new Set(['no_payment_due', 'paid', 'failed', 'blocked', 'returned'])
