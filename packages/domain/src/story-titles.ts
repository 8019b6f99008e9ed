import type { LedgerKind } from './ledger-kind.ts'

// What the lines of a story are called, in English. Codes come from a database that a newer Remesa may have written to, so
// that each function takes any text.

/** What of a seller's balance runs as a job of its own. */
export const STORY_JOBS = {
  retrieval: 'Reading of NetSuite’s documents',
  payment: 'Payment',
  status_check: 'Look at the payment',
  erp: 'Report to NetSuite',
  gsc: 'Report to GSC',
} as const

export const JOB_ENDS = ['succeeded', 'failed', 'goes on'] as const

export const titleOfJob = (job: keyof typeof STORY_JOBS, end: (typeof JOB_ENDS)[number]): string =>
  `${STORY_JOBS[job]}: ${end}`

/** @param action - of the audit log, e.g. `seller_balance.retrieved` */
export const titleOfAction = (action: string): string => inWords(action)

export const titleOfEntry = (kind: LedgerKind | (string & {})): string => `Ledger: ${inWords(kind)}`

/** @param attempt.state - where it stands, or `begun` */
export const titleOfAttempt = ({
  generation,
  rail,
  state,
}: {
  readonly generation: number
  readonly rail: string
  readonly state: string
}): string => `Attempt ${generation} through ${calledRightly(rail)}: ${state}`

export const titleOfTip = (tipId: string): string => `Tip ${tipId}`

export const titleOfDispute = (disputeId: string, what: 'opened' | 'resolved'): string => `Dispute ${disputeId} ${what}`

/** @param source - by whom what a customer paid came to be on record */
export const titleOfRecording = (source: 'webhook' | 'sync' | 'manual'): string =>
  ({ webhook: 'Stripe told of it', sync: 'Taken over from Stripe', manual: 'Entered by hand' })[source]

export const PAID_BY_CUSTOMER = 'The customer paid'
export const titleOfRefund = (refundId: string, status: string): string => `Refund ${refundId}: ${inStatus(status)}`
export const titleOfBankDispute = (disputeId: string, status: string): string =>
  `The customer’s bank disputes it, ${disputeId}: ${inStatus(status)}`
export const titleOfFinding = (category: string): string => `A comparison with Stripe found: ${inStatus(category)}`
const inStatus = (text: string): string => text.replaceAll('_', ' ')

/** @param rule - that a contest's settlement broke, by which somebody was to win */
export const titleOfNaming = (contestId: string, rule: string | null): string =>
  rule === null
    ? `Named as a winner of contest ${contestId}, whose settlement is not paid yet`
    : `Named as a winner of contest ${contestId}, whose settlement was rejected`

export const SETTLED_BY_MARKETPLACE = 'The marketplace settled the contest'
export const BREAKS_A_RULE = 'It breaks a rule'

const NAMES: Readonly<Record<string, string>> = {
  ...{ netsuite: 'NetSuite', gsc: 'GSC', fpay: 'FPay', payoneer: 'Payoneer', stripe: 'Stripe' },
}

/** Names of others as they write them. */
const calledRightly = (text: string): string =>
  text.replaceAll(/\b(?:netsuite|gsc|fpay|payoneer|stripe)\b/g, (name) => NAMES[name] ?? name)

/** `seller_balance.retrieved` as people read it. */
const inWords = (name: string): string => {
  const words = calledRightly(name.replaceAll(/[._]/g, ' '))
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}
