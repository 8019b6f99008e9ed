import type { FinanceAlertKind } from './finance-alert.ts'
import type { RefusalCategory } from './rail.ts'

/** What a refusal asks of us. The clients translate their provider's codes into categories; this says what follows. */
export interface RefusalRule {
  /** `funds`: again when there are funds. `new_try`: again by itself, a few times. `person`: never by itself. */
  readonly follows: 'funds' | 'new_try' | 'person'
  /** For `new_try`, once the tries are used up. */
  readonly alert: FinanceAlertKind
}

/** Facts: marketplace §4.2. Money is never retried for a reason that nobody knows. */
export const REFUSAL_RULES: Readonly<Record<RefusalCategory, RefusalRule>> = {
  funding: { follows: 'funds', alert: 'insufficient_funds' },
  transient: { follows: 'new_try', alert: 'payment_tries_used_up' },
  beneficiary: { follows: 'person', alert: 'payment_rejected' },
  request: { follows: 'person', alert: 'payment_request_refused' },
  compliance: { follows: 'person', alert: 'payment_compliance' },
  unknown: { follows: 'person', alert: 'payment_rejected' },
}
