import { createHash } from 'node:crypto'
import { hasExpired } from '@remesa/domain/approval'
import {
  canonicalPlan,
  type PlanDrift,
  type PlanLine,
  type PlanState,
  type PlanVoid,
} from '@remesa/domain/payment-plan'
import { type RawBuilder, type Selectable, sql, type Transaction } from 'kysely'
import { type AuditRow, bigintAsString, recordAudit } from './audit.ts'
import { type Plan, planOf } from './payment-plan-rows.ts'
import type { Asked } from './rail-stops.ts'
import type { Schema } from './schema.ts'

// How a plan becomes void, and what each step of a plan writes down.

const DRIFT_LISTED = 100

export const planHash = (lines: readonly PlanLine[]): string =>
  createHash('sha256').update(canonicalPlan(lines)).digest('hex')

/** @returns why a plan is no longer to be approved or applied, whatever would be paid now */
export function worthless(
  plan: Plan,
  { lines, lifeMs, now }: { readonly lines: readonly PlanLine[]; readonly lifeMs: number; readonly now: Date },
): PlanVoid | undefined {
  if (hasExpired(plan.planned.at, { lifeMs, now })) return 'expired'
  return planHash(lines) === plan.hash ? undefined : 'altered'
}

/**
 * Ends a plan that nobody wants, before it is applied; one person is enough, since nothing is paid by it.
 * @param plan - locked by this transaction
 * @returns undefined when it has ended already
 */
export async function discardPlan(tx: Transaction<Schema>, plan: Plan, asked: Asked): Promise<Plan | undefined> {
  return isOpen(plan) ? endPlan(tx, plan, { why: 'discarded', ...asked }) : undefined
}

/**
 * Voids what was planned so long ago that nobody may approve or apply it any more. One that is being decided at this moment is
 * left to whoever decides.
 * @returns how many there were
 */
export async function voidExpiredPlans(
  tx: Transaction<Schema>,
  { now, lifeMs }: { readonly now: Date; readonly lifeMs: number },
): Promise<number> {
  const old = await tx
    .selectFrom('payment_plans')
    .selectAll()
    .where('state', 'in', ['planned', 'approved'])
    .where('planned_at', '<=', new Date(now.getTime() - lifeMs))
    .orderBy('id')
    .forUpdate()
    .skipLocked()
    .execute()
  for (const row of old) {
    const asked = { actor: 'scheduler', reason: 'Nobody applied it in time.', now }
    await endPlan(tx, planOf(row), { why: 'expired', ...asked })
  }
  return old.length
}

/** Voids an open plan. */
export async function endPlan(
  tx: Transaction<Schema>,
  plan: Plan,
  { why, drift = [], actor, reason, now }: Asked & { readonly why: PlanVoid; readonly drift?: readonly PlanDrift[] },
): Promise<Plan> {
  const drifted = why === 'drift'
  const listed = drifted ? JSON.stringify(drift.slice(0, DRIFT_LISTED), bigintAsString) : null
  const after = await movePlan(
    tx,
    plan,
    sql`state = 'void', voided_by = ${actor}, voided_at = ${now}, void_why = ${why},
      void_reason = ${why === 'discarded' ? reason : null}, drift = ${listed}::jsonb,
      drift_count = ${drifted ? drift.length : null}`,
  )
  const facts = { why, ...(drifted && { drifted: drift.length }) }
  const deed = why === 'discarded' ? 'discarded' : 'void'
  await recordAudit(tx, [planAudit(after, deed, { actor, reason, before: plan.state, facts })])
  return after
}

const isOpen = ({ state }: Plan): boolean => state === 'planned' || state === 'approved'

/** Moves a plan on that is locked. @throws when it has moved all the same */
export async function movePlan(tx: Transaction<Schema>, { id, state }: Plan, set: RawBuilder<unknown>): Promise<Plan> {
  const { rows } = await sql<Selectable<Schema['payment_plans']>>`
    update payment_plans set ${set} where id = ${id} and state = ${state} returning *`.execute(tx)
  const [row] = rows
  if (!row) throw new Error(`plan ${id} is no longer ${state}, though it is locked`)
  return planOf(row)
}

export const planAudit = (
  { id, kind, run, hash, lineCount, state }: Plan,
  what: 'planned' | 'approved' | 'applied' | 'void' | 'discarded',
  { actor, reason, before, facts = {} }: { actor: string; reason: string; before: PlanState | null; facts?: object },
): AuditRow => ({
  actor,
  action: `payment_plan.${what}`,
  subject: { type: 'payment_plan', id },
  reason,
  before: before && { state: before },
  after: { state, kind, run, hash, lines: lineCount, ...facts },
})
