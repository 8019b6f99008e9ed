import type { RefusalCategory } from '@remesa/domain/rail'

/** What each of Stripe's codes for a refused transfer is about (facts: stripe §5). */
const CATEGORIES: Readonly<Record<string, RefusalCategory>> = {
  account_closed: 'beneficiary',
  account_country_invalid_address: 'beneficiary',
  account_invalid: 'beneficiary',
  capability_not_active: 'beneficiary',
  country_unsupported: 'beneficiary',
  insufficient_capabilities_for_transfer: 'beneficiary',
  no_account: 'beneficiary',
  not_allowed_on_standard_account: 'beneficiary',
  payouts_not_allowed: 'beneficiary',
  resource_missing: 'beneficiary', // the destination: a transfer of ours names no other object
  transfers_not_allowed: 'beneficiary',
  amount_too_large: 'request',
  amount_too_small: 'request',
  balance_invalid_parameter: 'request',
  parameter_invalid_empty: 'request',
  parameter_invalid_integer: 'request',
  parameter_invalid_string_blank: 'request',
  parameter_invalid_string_empty: 'request',
  parameter_missing: 'request',
  parameter_unknown: 'request',
  parameters_exclusive: 'request',
  transfer_source_balance_parameters_mismatch: 'request',
  action_blocked: 'compliance',
  request_blocked: 'compliance',
}

/** What a refusal is about. A code that is not listed is `unknown`: a person decides, and nothing is tried again. */
export const categoryOf = (code: string): RefusalCategory =>
  (Object.hasOwn(CATEGORIES, code) ? CATEGORIES[code] : undefined) ?? 'unknown'

/** Codes that say that our own key or platform account is at fault, whatever the status (facts: stripe §5). */
export const OUR_FAULT: ReadonlySet<string> = new Set([
  'api_key_expired',
  'livemode_mismatch',
  'platform_api_key_expired',
  'testmode_charges_only',
])
