import type { Money } from './money.ts'

// What the API answers, as /openapi.json has it. Money is in minor units, times are ISO 8601 in UTC.

export interface Page<Item> {
  readonly items: readonly Item[]
  /** The cursor of the next page; null on the last one. */
  readonly next: string | null
}
type Details = Readonly<Record<string, unknown>>
type Counts = Readonly<Record<string, number>>
export interface Subject {
  readonly type: string
  readonly id: string
}

export interface Me {
  readonly subject: string
  readonly name: string | null
  readonly roles: readonly string[]
  readonly environment: string
}

export const STAGES = ['reset', 'initialization', 'retrieval', 'payment', 'confirmation', 'report'] as const
export interface Stage {
  readonly name: (typeof STAGES)[number]
  readonly waiting: number
  readonly done: number
  readonly failed: number
  readonly perMinute: number
  readonly oldestSeconds: number | null
}
export interface Today {
  readonly businessDate: string
  readonly run: {
    readonly openedAt: string
    readonly initializedAt: string | null
    readonly state: 'none' | 'running' | 'finished'
  } | null
  readonly stages: readonly Stage[]
  readonly balances: Counts
  readonly paid: readonly { readonly rail: string; readonly money: Money; readonly count: number }[]
  readonly settlements: {
    readonly jobs: number
    readonly complete: number
    readonly rejected: number
    readonly transfers: Counts
  }
  readonly bookings: Counts
  /** The worst of those that wait for a person. */
  readonly alerts: readonly Alert[]
  /** All of those. */
  readonly alertsWaiting: number
  readonly at: string
}

export interface Alert {
  readonly id: string
  readonly kind: string
  readonly severity: 'info' | 'warning' | 'critical'
  readonly sentence: string
  readonly subject: Subject
  readonly businessDate: string | null
  readonly details: Details
  readonly status: 'open' | 'acknowledged' | 'resolved'
  readonly note: string | null
  readonly times: number
  readonly raisedAt: string
  readonly lastRaisedAt: string
}

export interface Found extends Subject {
  readonly title: string
  readonly status: string | null
  readonly money: Money | null
  readonly at: string | null
}

export interface Event {
  readonly at: string
  readonly kind: 'message' | 'attempt' | 'ledger' | 'audit' | 'alert'
  readonly title: string
  readonly actor: string | null
  readonly reason: string | null
  readonly details: Details
}

export interface Balance {
  readonly id: string
  readonly seller: {
    readonly id: string
    readonly gscSellerId: string
    readonly name: string
    readonly taxId: string
  }
  readonly country: string
  readonly businessDate: string
  readonly money: Money | null
  readonly status: string
  readonly reason: string | null
  readonly rail: string | null
  readonly updatedAt: string
}
export interface BalanceStory extends Balance {
  readonly currency: string
  readonly documents: readonly SellerDocument[]
  readonly closing: {
    readonly settlementId: string | null
    readonly money: Money | null
    readonly match: string | null
  }
  readonly nextTryAt: string | null
  readonly erp: { readonly toldAt: string | null; readonly vendorPaymentId: string | null }
  readonly gscToldAt: string | null
  readonly timeline: readonly Event[]
}
export interface SellerDocument {
  readonly type: 'vendorBill' | 'invoice'
  readonly tranId: string
  readonly currency: string
  readonly amount: string
}

export interface Seller {
  readonly id: string
  readonly gscSellerId: string
  readonly name: string
  readonly taxId: string
  readonly operationType: string
  readonly type: string
  readonly status: string
  /** The rail that it can be paid by. */
  readonly account: string | null
  readonly countries: readonly { readonly country: string; readonly currency: string; readonly enabled: boolean }[]
  readonly updatedAt: string
}
export interface SellerStory extends Seller {
  readonly erpId: string | null
  /** Owed and not yet on its way, by the ledger. */
  readonly owed: readonly Money[]
  /** The newest. */
  readonly balances: readonly Balance[]
  readonly timeline: readonly Event[]
}

export interface Transfer {
  readonly id: string
  readonly status: string
  readonly money: Money
  readonly updatedAt: string
  readonly userId: string
  /** Masked. */
  readonly destination: string | null
  readonly settlementId: string | null
  readonly bookingId: string | null
  readonly providerReference: string | null
  readonly jobId: string | null
  readonly payoutId: string | null
  readonly attempts: number
  readonly nextTryAt: string | null
  readonly reason: string | null
}
export interface TransferStory {
  readonly transfer: Transfer
  /** What Stripe says of the payee's account. */
  readonly account: {
    readonly transfersActive: boolean
    readonly payoutsEnabled: boolean
    readonly disabledReason: string | null
  } | null
  readonly timeline: readonly Event[]
}

export interface Payout {
  readonly id: string
  readonly bookingId: string
  readonly sequence: number
  readonly providerId: string
  readonly status: string
  readonly amount: string
  readonly setOff: string
  readonly corrected: string
  readonly currency: string
  readonly dueAt: string
  readonly holdReason: string | null
  readonly heldBy: 'disputes' | 'operator' | null
  readonly overriddenDisputes: readonly string[]
  readonly failureReason: string | null
  readonly transferredAt: string | null
  readonly createdAt: string
  readonly updatedAt: string
}
export interface Approval {
  readonly id: string
  readonly payoutId: string
  readonly action: string
  readonly reason: string
  readonly seen: {
    readonly status: string
    readonly amount: string
    readonly currency: string
    /** What the deed is about: of a cancel all that is open of the booking. */
    readonly sums: readonly { readonly amount: string; readonly currency: string }[]
  }
  readonly requestedBy: string
  readonly requestedAt: string
  readonly status: 'open' | 'approved' | 'refused' | 'void'
  readonly decidedBy: string | null
  readonly decisionReason: string | null
  readonly decidedAt: string | null
}

interface Attempt {
  readonly id: string
  readonly rail: string
  readonly generation: number
  readonly amount: string
  readonly currency: string
  readonly state: string
  readonly calls: number
  readonly createdAt: string
  readonly acceptedAt: string | null
  readonly settledAt: string | null
  readonly updatedAt: string
}
export interface PayoutStory {
  readonly payout: Payout
  readonly booking: Details
  readonly tips: readonly {
    readonly tipId: string
    readonly amount: string
    readonly currency: string
    readonly status: string
    readonly addedAt: string
  }[]
  readonly disputes: readonly {
    readonly disputeId: string
    readonly openedAt: string
    readonly resolvedAt: string | null
  }[]
  readonly transfers: readonly { readonly id: string; readonly status: string }[]
  readonly attempts: readonly Attempt[]
  readonly ledger: readonly LedgerEntry[]
  readonly audit: readonly AuditEntry[]
  readonly approvals: readonly Approval[]
}
/** How an action on a payout ended: with an open approval, a second person must agree first. */
export interface ActionAnswer {
  readonly payout: Payout
  readonly approval: Approval | null
}

export interface Explanation {
  readonly subject: Subject & { readonly title: string; readonly status: string | null; readonly money: Money | null }
  readonly amount: readonly { readonly label: string; readonly money: Money }[]
  readonly story: readonly { readonly at: string; readonly text: string }[]
  readonly next: { readonly who: string; readonly text: string }
  readonly links: readonly (Subject & { readonly label: string })[]
}

export interface Reconciliation {
  readonly id: string
  readonly books: string
  readonly from: string
  readonly to: string
  readonly status: 'running' | 'success' | 'discrepancy_found' | 'error'
  readonly severity: 'none' | 'warning' | 'critical' | null
  readonly startedAt: string
  readonly finishedAt: string | null
  readonly error: string | null
  /** The one place where amounts are in major units. */
  readonly moneyAtRisk: readonly { readonly currency: string; readonly amount: string }[]
}
export interface ReconciliationReport extends Reconciliation {
  readonly result: Details | null
  readonly options: { readonly includeRefunds: boolean; readonly tolerancePercentage: number } | null
  /** The newest comparison of the same books and window, where this is none. */
  readonly newer: Pick<Reconciliation, 'id' | 'status' | 'startedAt'> | null
}
export interface FindingSide {
  readonly reference: string | null
  readonly state: string | null
  readonly currency: string | null
  readonly amount: string | null
  readonly takenBack: string
  readonly at: string
}
export interface Finding {
  readonly id: string
  readonly reportId: string
  readonly category: string
  readonly urgent: boolean
  readonly about: string | null
  readonly theirs: FindingSide | null
  readonly ours: FindingSide | null
  readonly over: Money | null
  readonly under: Money | null
  readonly status: 'open' | 'assigned' | 'resolved'
  readonly assignee: string | null
  readonly note: string | null
}

export interface LedgerAccount {
  readonly account: string
  readonly money: Money
}
export interface LedgerEntry {
  readonly idempotencyKey: string
  readonly kind: string
  readonly occurredAt: string
  /** Of which balance or transfer it is; not told within a payout's own story. */
  readonly payable?: Subject | null
  readonly postings: readonly { readonly account: string; readonly currency: string; readonly amount: string }[]
}
export interface LedgerProof {
  readonly currencies: readonly { readonly currency: string; readonly entries: number; readonly sum: string }[]
  /** Accounts whose kept balance is not the sum of their postings. */
  readonly disagreements: readonly {
    readonly account: string
    readonly currency: string
    readonly posted: string
    readonly kept: string
  }[]
  readonly isBalanced: boolean
}

export interface AuditEntry {
  readonly id: string
  readonly occurredAt: string
  readonly actor: string
  readonly action: string
  readonly subject: Subject
  readonly reason: string | null
  readonly before: Details | null
  readonly after: Details | null
}
export interface Seals {
  readonly sealedRows: number
  readonly unsealedRows: number
  readonly lastSeal: { readonly at: string; readonly digest: string } | null
}

export interface DeadLetter {
  readonly id: string
  readonly topic: string
  /** Whose worker could not handle it. */
  readonly subscription: string
  readonly reason: string
  readonly receivedAt: string
  readonly replayedAt: string | null
}
export interface DeadLetterStory extends DeadLetter {
  readonly payload: unknown
  readonly attributes: Details
}
export interface ReplayAnswer {
  readonly items: readonly { readonly id: string; readonly outcome: string }[]
  readonly replayed: number
}
