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

/** What became of a wish about a cap. */
export interface CapAnswer {
  readonly cap: Cap
  /** It waits for a second person; null: it is done. */
  readonly approval: ControlApproval | null
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

export interface System {
  readonly subscriptions: readonly { readonly name: string; readonly topic: string }[]
  readonly outbox: { readonly waiting: number; readonly due: number; readonly oldestSeconds: number | null }
  readonly deadLetters: number
  readonly attempts: readonly {
    readonly rail: string
    readonly claimed: number
    readonly unknown: number
    readonly lastHour: { readonly accepted: number; readonly declined: number }
  }[]
  readonly at: string
}
