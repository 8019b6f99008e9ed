import type { RefusalCategory } from '@remesa/domain/rail'

/** FPay's reason codes, at submission (facts: marketplace §4.1) and afterwards (§4.2), and what each means for the next step. */
const CATEGORIES: Readonly<Record<string, RefusalCategory>> = {
  INSUFFICIENT_FUNDS: 'funding',
  DAILY_LIMIT_EXCEEDED: 'funding',
  BANK_UNAVAILABLE: 'transient',
  NETWORK_ERROR: 'transient',
  TIMEOUT_AT_BANK: 'transient',
  ACCOUNT_NOT_FOUND: 'beneficiary',
  ACCOUNT_CLOSED: 'beneficiary',
  ACCOUNT_BLOCKED: 'beneficiary',
  HOLDER_MISMATCH: 'beneficiary',
  CURRENCY_NOT_SUPPORTED: 'request',
  INVALID_AMOUNT: 'request',
  INVALID_CURRENCY: 'request',
  MISSING_FIELD: 'request',
  INVALID_ACCOUNT_FORMAT: 'beneficiary',
  COMPLIANCE_REJECTED: 'compliance',
  SANCTIONS_HIT: 'compliance',
}

/**
 * What a reason code asks of us. The table decides, not the `category` FPay sends along: a code we do not know is
 * `unknown`, which a person settles, so that a new code can never start an automatic retry of money.
 */
export const categoryOf = (code: string): RefusalCategory =>
  (Object.hasOwn(CATEGORIES, code) ? CATEGORIES[code] : undefined) ?? 'unknown'
