// What the API answers about payments as a whole, and about the machinery.

/** A wish about payments as a whole that takes a second person. */
export interface ControlApproval {
  readonly id: string
  readonly kind: string
  /** What it is about: a rail by its name, a cap by its id. */
  readonly subjectId: string
  /** What is agreed to: this, and nothing else. */
  readonly wish: Readonly<Record<string, unknown>>
  readonly reason: string
  readonly requestedBy: string
  readonly requestedAt: string
  readonly status: 'open' | 'approved' | 'refused' | 'void'
  readonly decidedBy: string | null
  readonly decisionReason: string | null
  readonly decidedAt: string | null
}

export interface Rail {
  readonly name: string
  /** A person stopped it; null while it runs. */
  readonly stopped: { readonly at: string; readonly by: string; readonly reason: string } | null
  /** It refuses our credentials, and rests by itself. */
  readonly paused: { readonly until: string; readonly reason: string | null } | null
  /** The restart that waits for a second person. */
  readonly restart: ControlApproval | null
}

/** How much may go out at most. */
export interface Cap {
  readonly id: string
  /** Null: all of them together. */
  readonly rail: string | null
  readonly currency: string
  readonly scope: string
  readonly amount: string
  readonly reason: string
  readonly setBy: string
  readonly setAt: string
}

/** What a provider owes us. */
export interface Debt {
  readonly providerId: string
  readonly money: { readonly amount: string; readonly currency: string }
}

/** A payee for whom something waits because the account was changed lately. */
export interface Cooling {
  readonly payee: { readonly type: 'seller' | 'user'; readonly id: string; readonly name: string | null }
  readonly changedAt: string
  /** When the last of what waits goes on by itself. */
  readonly until: string
  readonly payments: number
  /** The release that waits for a second person. */
  readonly release: ControlApproval | null
}

export interface Job {
  readonly name: string
  readonly schedule: string
  readonly timeZone: string
  readonly enabled: boolean
  readonly nextRunAt: string | null
  readonly lastRunAt: string | null
  readonly lastDurationMs: number | null
  readonly lastOutcome: string | null
  readonly lastError: string | null
}

interface Waiting {
  readonly waiting: number
  readonly due: number
  readonly oldestSeconds: number | null
}

export interface SystemSubscription {
  readonly name: string
  readonly topic: string
  /** Of its topic, not yet published. */
  readonly outbox: Waiting
  readonly deadLetters: number
  /** Null where no service told anything of it. */
  readonly workers: {
    readonly done: number
    readonly retried: number
    readonly failed: number
    readonly perMinute: number
    readonly inHand: number
    readonly oldestSeconds: number
  } | null
}

export interface SystemProvider {
  readonly name: string
  readonly calls: number
  readonly refused: number
  readonly failed: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  /** Calls under way at once, on average. */
  readonly inUse: number
}

export interface SystemService {
  readonly name: string
  /** When it last told something. */
  readonly at: string | null
  readonly trouble: string | null
  readonly windowSeconds: number
}

export interface System {
  readonly subscriptions: readonly SystemSubscription[]
  readonly outbox: Waiting
  readonly deadLetters: number
  readonly attempts: readonly {
    readonly rail: string
    readonly claimed: number
    readonly unknown: number
    readonly lastHour: {
      readonly accepted: number
      readonly declined: number
      readonly p50Ms: number | null
      readonly p95Ms: number | null
    }
  }[]
  readonly providers: readonly SystemProvider[]
  /** Whose metrics are read; null where none are configured. */
  readonly services: readonly SystemService[] | null
  readonly at: string
}
