import type { TransferStatus } from './payout-transfer.ts'
import type { SellerBalanceStatus } from './seller-balance.ts'

/**
 * What asking for something to be paid means where it stands. `now`: what it waits for is tried at once; nothing goes out
 * that would not go by itself later. `again`: it had ended, and money goes out once more. `refused`: why not, in words.
 */
export type RetryRule =
  | { readonly kind: 'now' }
  | { readonly kind: 'again' }
  | { readonly kind: 'refused'; readonly why: string }

const now: RetryRule = { kind: 'now' }
const again: RetryRule = { kind: 'again' }
const refused = (why: string): RetryRule => ({ kind: 'refused', why })

const OPEN = 'it may be paid already, and only its rail can tell: it is asked again by itself'

const OF_BALANCE: Readonly<Record<SellerBalanceStatus, RetryRule>> = {
  initialized: now,
  retrieved: refused('what is owed is being compared at this moment'),
  no_payment_due: refused('nothing is owed'),
  payable: now,
  blocked: refused('it is blocked; release it once its cause is mended'),
  paying: refused(OPEN),
  payment_pending: refused('the rail has taken it, and it is not known to have arrived'),
  awaiting_funds: now,
  paid: refused('it is paid'),
  failed: again,
  returned: again,
}

const OF_TRANSFER: Readonly<Record<TransferStatus, RetryRule>> = {
  awaiting_destination: refused('it waits for an account that can receive it, and goes once there is one'),
  pending: now,
  processing: refused(OPEN),
  completed: refused('it is paid'),
  retryable: now,
  failed_terminal: again,
  withdrawn: refused('its booking took it back'),
}

export const retryOfBalance = (status: SellerBalanceStatus): RetryRule => OF_BALANCE[status]

export const retryOfTransfer = (status: TransferStatus): RetryRule => OF_TRANSFER[status]

/** Rails that take no second payment under a reference whose payment came back (facts: marketplace §4.1). */
const KEEPS_ITS_REFERENCE: ReadonlySet<string> = new Set(['fpay'])

/** @returns whether what a bank sent back to `rail` can be paid again through it */
export const paysAgainAfterReturn = (rail: string): boolean => !KEEPS_ITS_REFERENCE.has(rail)

/** What is to be done about what such a rail does not pay again. */
export const SETTLED_OUTSIDE =
  'its rail keeps the reference of what came back and takes no second payment for it: settle it with the seller outside, and leave it returned'
