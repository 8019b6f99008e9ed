import type { StripeError } from './errors.ts'

/** What becomes of a transfer to an account, and how the account looks when it is first read. */
export interface AccountBehaviour {
  /** Stripe does not know it, or it never was connected to this platform. */
  readonly missing?: true
  /** Every transfer is refused so, whatever the account looks like. */
  readonly refuses?: { readonly status: 400 | 403; readonly error: StripeError }
  /** The first transfer of each group is refused for want of funds; a new key is paid. */
  readonly unfundedOnce?: true
  /** `capabilities.transfers` at first. Default active. */
  readonly transfers?: 'inactive' | 'pending'
  /** Default true. */
  readonly payoutsEnabled?: false
  readonly disabledReason?: string
}

const refuses = (status: 400 | 403, code: string, message: string) =>
  ({ refuses: { status, error: { code, message } } }) as const

/** Test accounts by the word after `acct_`, as in `acct_closed1`. The README lists them for people. */
const BEHAVIOURS: readonly (readonly [string, AccountBehaviour])[] = [
  // It still looks able when it is read, as one does that was closed since: only the transfer tells.
  ['closed', refuses(400, 'account_closed', 'The destination account was closed.')],
  ['missing', { missing: true }],
  ['nocap', { transfers: 'inactive', payoutsEnabled: false, disabledReason: 'requirements.past_due' }],
  ['pending', { transfers: 'pending', disabledReason: 'requirements.pending_verification' }],
  ['nofunds', { unfundedOnce: true }],
  ['restricted', { payoutsEnabled: false, disabledReason: 'requirements.past_due' }],
  ['notallowed', refuses(400, 'transfers_not_allowed', 'Transfers to this account need a source transaction.')],
  ['forbidden', refuses(403, 'account_invalid', 'The provided key does not have access to this account.')],
  ['newcode', refuses(400, 'some_code_added_later', 'A refusal that no table names.')],
]

const PAID: AccountBehaviour = {}

/** What a well-formed account id stands for; every one without a test prefix is simply paid. */
export function behaviourOf(id: string): AccountBehaviour {
  const name = id.slice('acct_'.length)
  return BEHAVIOURS.find(([prefix]) => name.startsWith(prefix))?.[1] ?? PAID
}

/** `acct_`, then letters, digits and underscores, at most 255 characters in all. */
export const isAccountId = (text: string): boolean => /^acct_[A-Za-z0-9_]{1,250}$/.test(text)
