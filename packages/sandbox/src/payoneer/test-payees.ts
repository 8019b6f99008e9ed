/** Why a payment was cancelled. Payoneer's table is not public; 10009 and 30013 have been seen (facts: marketplace §5). */
export interface CancelReason {
  readonly code: number
  readonly description: string
}

/** Reason codes that nothing public names: the sandbox's own choice, for a client's configuration in tests. */
export const SANDBOX_CODES = {
  /** Cancel reason: the program's balance was too low when the payment was due. */
  insufficientFunds: 10301,
  /** Cancel reason: cancelled at our own request. */
  cancelledByClient: 10302,
  /** `sub_code` of a 400: the client_reference_id was used before. */
  duplicateReference: 2107,
  /** `sub_code` of a 400: the program has no such payee. */
  payeeNotFound: 2201,
  /** `sub_code` of a 400: a field is missing or makes no sense. */
  invalidField: 2001,
} as const

export const INSUFFICIENT_FUNDS: CancelReason = {
  code: SANDBOX_CODES.insufficientFunds,
  description: 'Insufficient funds in program balance',
}
export const CANCELLED_BY_CLIENT: CancelReason = {
  code: SANDBOX_CODES.cancelledByClient,
  description: 'Cancelled by client',
}

/** What becomes of payments to a payee. */
export interface PayeeBehaviour {
  /** Refused when it is submitted. */
  readonly unknown?: true
  /** Every payment is cancelled. */
  readonly cancels?: CancelReason
  /** The first payment of each amount is cancelled, the next one of that amount paid. */
  readonly cancelsOnce?: CancelReason
  /** Stays pending until its 4th status read, or for much longer than others. */
  readonly slow?: true
  /** Registration is not finished: `Pending Payee` until the payee is approved. */
  readonly unregistered?: true
  readonly inactive?: true
}

const BEHAVIOURS: ReadonlyMap<string, PayeeBehaviour> = new Map<string, PayeeBehaviour>([
  ['CLOSED', { cancels: { code: 30013, description: 'Bank details - invalid branch code' } }],
  ['INACTIVE', { cancels: { code: 10009, description: 'Payee is inactive' }, inactive: true }],
  ['NEWCODE', { cancels: { code: 99999, description: 'Some reason added later' } }],
  ['NOFUNDS', { cancelsOnce: INSUFFICIENT_FUNDS }],
  ['SLOW', { slow: true }],
  ['PENDING', { unregistered: true }],
  ['UNKNOWN', { unknown: true }],
])

const PAID: PayeeBehaviour = {}

/** What a payee id stands for, by the word after `PY-`; every other well-formed one is paid. */
export function behaviourOf(payeeId: string): PayeeBehaviour {
  return BEHAVIOURS.get(payeeId.split('-', 2)[1] ?? '') ?? PAID
}

/** `PY-`, then letters, digits and dashes, at most 40 characters in all. */
export const isPayeeId = (text: string): boolean => /^PY-[A-Za-z0-9][A-Za-z0-9-]{0,36}$/.test(text)
