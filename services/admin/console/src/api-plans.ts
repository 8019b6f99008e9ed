// What the API answers about plans: what a run would pay, before it pays.

interface Deed {
  readonly by: string
  readonly at: string
}

interface DriftedLine {
  readonly payableId: string
  readonly amount: string
  readonly currency: string
  readonly rail: string
  /** Its end alone. */
  readonly destination: string
}

export interface PlanTotal {
  readonly rail: string
  readonly currency: string
  readonly count: number
  readonly amount: string
  /** What the rail had when it was planned; null: unknown, and `unknown` says why. */
  readonly available: string | null
  readonly unknown: string | null
  /** By how much the rail has too little. */
  readonly short: string | null
}

export interface Drift {
  readonly kind: 'added' | 'gone' | 'changed'
  readonly planned: DriftedLine | null
  readonly now: DriftedLine | null
}

export interface Plan {
  readonly id: string
  readonly kind: string
  /** The business date; of payouts the UTC day on which it was planned. */
  readonly run: string
  readonly hash: string
  readonly lineCount: number
  readonly state: 'planned' | 'approved' | 'applied' | 'void'
  readonly reason: string
  readonly planned: Deed
  readonly approved: Deed | null
  readonly applied: Deed | null
  readonly voided:
    | (Deed & {
        readonly why: 'drift' | 'altered' | 'expired' | 'discarded'
        readonly reason: string | null
        readonly count: number
        readonly drift: readonly Drift[]
      })
    | null
  readonly pays: readonly PlanTotal[]
  readonly leavesOut: readonly {
    readonly reason: string
    readonly currency: string
    readonly count: number
    readonly amount: string
  }[]
}

export interface PlanDetail extends Plan {
  /** A rule wants a second person, and nobody has approved it yet. */
  readonly needsApproval: boolean
}

/** One payable in a plan. */
export interface PlanLine {
  readonly payableType: string
  readonly payableId: string
  readonly payee: { readonly id: string; readonly name: string | null }
  readonly amount: string | null
  readonly currency: string
  readonly rail: string | null
  readonly destination: string | null
  readonly status: string
  /** Null for what is paid. */
  readonly leftOut: string | null
}

/** What a run sends out at most without an approved plan. */
export interface PlanRule {
  readonly id: string
  readonly kind: string
  readonly currency: string
  readonly amount: string
  readonly reason: string
  readonly setBy: string
  readonly setAt: string
}
