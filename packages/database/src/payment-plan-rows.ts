import type { PlanDrift, PlanKind, PlanState, PlanVoid } from '@remesa/domain/payment-plan'
import type { LeftOutReason } from '@remesa/domain/payment-plan-lines'
import type { RailName } from '@remesa/domain/rail'
import type { Selectable } from 'kysely'
import type { Schema } from './schema.ts'

/** A plan as people see it, without its lines. */
export interface Plan {
  readonly id: string
  readonly kind: PlanKind
  /** A pay-day's business date; for payouts the UTC day on which it was planned. */
  readonly run: string
  /** SHA-256 of what it pays, in hexadecimal. */
  readonly hash: string
  readonly lineCount: number
  readonly totals: PlanTotals
  readonly funds: readonly RailFunds[]
  readonly reason: string
  readonly state: PlanState
  readonly planned: Deed
  readonly approved: Deed | null
  readonly applied: Deed | null
  readonly voided:
    | (Deed & {
        readonly why: PlanVoid
        /** Why somebody discarded it; null for every other end. */
        readonly reason: string | null
        /** The first of `count` differences; none where it did not drift. */
        readonly drift: readonly PlanDrift[]
        readonly count: number
      })
    | null
}

interface Deed {
  /** `operator:<subject>`. */
  readonly by: string
  readonly at: Date
}

/** Amounts are decimal strings of minor units, of what has one. */
export interface PlanTotals {
  readonly pays: readonly { rail: RailName; currency: string; count: number; amount: string }[]
  readonly leavesOut: readonly { reason: LeftOutReason; currency: string; count: number; amount: string }[]
}

/** What a rail said that it could pay. */
export interface RailFunds {
  readonly rail: RailName
  /** Decimal strings of minor units; null when it did not say: unknown is not zero. */
  readonly amounts: readonly { readonly currency: string; readonly amount: string }[] | null
  /** Why it is unknown; null when it is known. */
  readonly unknown: string | null
}

const deedOf = (by: string | null, at: Date | null): Deed | null => (by === null || at === null ? null : { by, at })

/** @param row - of `payment_plans` */
export const planOf = (row: Selectable<Schema['payment_plans']>): Plan => ({
  ...{ id: row.id, kind: row.kind, run: row.run, hash: row.hash, lineCount: row.line_count, reason: row.reason },
  totals: row.totals as unknown as PlanTotals,
  funds: row.funds as unknown as readonly RailFunds[],
  state: row.state,
  planned: { by: row.planned_by, at: row.planned_at },
  approved: deedOf(row.approved_by, row.approved_at),
  applied: deedOf(row.applied_by, row.applied_at),
  voided:
    row.voided_by === null || row.voided_at === null || row.void_why === null
      ? null
      : {
          ...{ by: row.voided_by, at: row.voided_at, why: row.void_why, reason: row.void_reason },
          count: row.drift_count ?? 0,
          drift: (row.drift ?? []) as unknown as readonly PlanDrift[],
        },
})
