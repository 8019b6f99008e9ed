/** Why a payout was refused, as FPay words it (facts: marketplace §4.2). */
export interface PayoutReason {
  readonly code: string
  readonly message: string
  readonly category: 'FUNDING' | 'TRANSIENT' | 'BENEFICIARY' | 'REQUEST' | 'COMPLIANCE' | 'UNKNOWN'
}

/** What becomes of a payout to an account. */
export interface AccountBehaviour {
  /** Refused when it is submitted: no payout is made. */
  readonly unknownAtSubmit?: true
  /** Each payout ends REJECTED with this reason. */
  readonly rejects?: PayoutReason
  /** The first payout of each external reference ends REJECTED with this reason; the next generation is paid. */
  readonly rejectsOnce?: PayoutReason
  /** Stays pending until its 4th status read, or for much longer than others. */
  readonly slow?: true
  /** Paid, then sent back by the bank with this reason. */
  readonly reverses?: PayoutReason
}

const reason = (code: string, category: PayoutReason['category']): PayoutReason => ({
  code,
  category,
  message: `test account: ${code.toLowerCase().replaceAll('_', ' ')}`,
})

export const INSUFFICIENT_FUNDS = reason('INSUFFICIENT_FUNDS', 'FUNDING')
export const RETURNED_BY_BANK = reason('ACCOUNT_CLOSED', 'BENEFICIARY')

/** Test accounts by the word after `FP-`, as in `FP-CLOSED-001`. The README lists them for people. */
const BEHAVIOURS: ReadonlyMap<string, AccountBehaviour> = new Map([
  ['CLOSED', { rejects: reason('ACCOUNT_CLOSED', 'BENEFICIARY') }],
  ['BLOCKED', { rejects: reason('ACCOUNT_BLOCKED', 'BENEFICIARY') }],
  ['HOLDER', { rejects: reason('HOLDER_MISMATCH', 'BENEFICIARY') }],
  ['COMPLIANCE', { rejects: reason('COMPLIANCE_REJECTED', 'COMPLIANCE') }],
  ['SANCTIONS', { rejects: reason('SANCTIONS_HIT', 'COMPLIANCE') }],
  ['NEWCODE', { rejects: reason('SOME_CODE_ADDED_LATER', 'UNKNOWN') }],
  ['NOFUNDS', { rejectsOnce: INSUFFICIENT_FUNDS }],
  ['LIMIT', { rejectsOnce: reason('DAILY_LIMIT_EXCEEDED', 'FUNDING') }],
  ['BUSY', { rejectsOnce: reason('BANK_UNAVAILABLE', 'TRANSIENT') }],
  ['SLOW', { slow: true }],
  ['UNKNOWN', { unknownAtSubmit: true }],
  ['REVERSED', { reverses: RETURNED_BY_BANK }],
])

const PAID: AccountBehaviour = {}

/** What a well-formed account number stands for; every one without a test prefix is simply paid. */
export function behaviourOf(accountNumber: string): AccountBehaviour {
  return BEHAVIOURS.get(accountNumber.split('-', 2)[1] ?? '') ?? PAID
}

/** `FP-`, then letters, digits and dashes, at most 40 characters in all. */
export const isAccountNumber = (text: string): boolean => /^FP-[A-Za-z0-9][A-Za-z0-9-]{0,36}$/.test(text)
