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

/** Why a balance is blocked; `RELEASED_BY` tells what ends it. */
export type BlockedReason =
  | 'bank_id_missing'
  | 'rail_currency'
  | 'document_currency'
  | 'documents_unreadable'
  | 'document_in_other_balance'
  | 'seller_closed'
  | 'destination_changed'

/** What a blocked balance waits for, and so where it goes on: paid as it is, or read from NetSuite again. */
export const RELEASED_BY: Readonly<Record<BlockedReason, 'seller_update' | 'mended_documents' | 'time'>> = {
  bank_id_missing: 'seller_update',
  rail_currency: 'seller_update',
  seller_closed: 'seller_update',
  document_currency: 'mended_documents',
  documents_unreadable: 'mended_documents',
  document_in_other_balance: 'mended_documents',
  destination_changed: 'time', // or two people, before it
}

/** Where a blocked balance goes on once what blocked it has ended. */
export const statusAfterRelease = (reason: BlockedReason): SellerBalanceStatus =>
  RELEASED_BY[reason] === 'mended_documents' ? 'initialized' : 'payable'

const NEXT: Readonly<Record<SellerBalanceStatus, readonly SellerBalanceStatus[]>> = {
  initialized: ['retrieved', 'blocked'],
  retrieved: ['no_payment_due', 'payable'],
  no_payment_due: [],
  payable: ['paying', 'blocked'],
  blocked: ['payable', 'initialized'], // the bank id arrived; or the documents were mended and are read again
  paying: ['payment_pending', 'paid', 'awaiting_funds', 'payable', 'failed'],
  payment_pending: ['paid', 'awaiting_funds', 'payable', 'failed', 'returned'], // paid and sent back between two looks
  awaiting_funds: ['payable', 'paying', 'blocked'], // an operator; the wait is over; or the bank id went meanwhile
  paid: ['returned'],
  failed: ['payable'], // an operator, after the payee's details were mended
  returned: ['payable'], // an operator
}

export const SELLER_BALANCE_STATUSES = Object.keys(NEXT) as readonly SellerBalanceStatus[]

export const mayBecome = (from: SellerBalanceStatus, to: SellerBalanceStatus): boolean => NEXT[from].includes(to)

/** Nothing more happens to it by itself: done, or waiting for a person. */
export const isFinal = (status: SellerBalanceStatus): boolean => FINAL.has(status)
const FINAL: ReadonlySet<SellerBalanceStatus> = new Set(['no_payment_due', 'paid', 'failed', 'blocked', 'returned'])
