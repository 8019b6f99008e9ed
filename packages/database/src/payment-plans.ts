import {
  driftOf,
  PLAN_KINDS,
  type PlanKind,
  type PlanRule,
  payoutRun,
  rulesToApprove,
} from '@remesa/domain/payment-plan'
import { sql, type Transaction } from 'kysely'
import { bigintAsString, recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { resolveAlerts } from './finance-alerts.ts'
import { rulesOf, usedWithoutPlan } from './payment-plan-claims.ts'
import { endPlan, movePlan, planAudit, planHash, worthless } from './payment-plan-ends.ts'
import { linesIn, lockPayables, type PlanRow, type PlanTerms, readPlan } from './payment-plan-payables.ts'
import { planLines } from './payment-plan-reads.ts'
import { type Plan, planOf, type RailFunds } from './payment-plan-rows.ts'
import type { Asked } from './rail-stops.ts'
import type { Schema } from './schema.ts'

// A plan from its making to its end. Who pays heeds it in `payment-plan-claims`.

/** What may be found wrong with a plan when it is to be approved or applied. */
export type PlanRefusal =
  /** Somebody decided about it already. */
  | { readonly kind: 'state' }
  /** It is another plan than the one that was seen. */
  | { readonly kind: 'hash' }
  /** Whoever planned it. */
  | { readonly kind: 'own' }

/** Writes down what a run would pay now. Nothing is paid, and nothing that is paid changes by it. */
export async function insertPlan(
  tx: Transaction<Schema>,
  kind: PlanKind,
  { funds, actor, reason, ...terms }: PlanTerms & Asked & { readonly funds: readonly RailFunds[] },
): Promise<Plan> {
  const rows = await readPlan(tx, kind, terms)
  const lines = linesIn(rows)
  const inserted = await tx
    .insertInto('payment_plans')
    .values({
      ...{ kind, run: terms.run, hash: planHash(lines), line_count: lines.length, reason },
      ...{ totals: JSON.stringify(totalsOf(rows), bigintAsString), funds: JSON.stringify(funds) },
      ...{ planned_by: actor, planned_at: terms.now },
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  await insertLines(tx, inserted.id, rows)
  const plan = planOf(inserted)
  await recordAudit(tx, [planAudit(plan, 'planned', { actor, reason, before: null })])
  return plan
}

/** What somebody decides about a plan: the hash as it was seen, and how long a plan may be approved and applied. */
export type PlanDecision = Asked & { readonly hash: string; readonly lifeMs: number }

/** It could be paid no more, and is void by now. */
export interface VoidedPlan {
  readonly kind: 'void'
  readonly plan: Plan
}

/** Agrees, as a second person, to exactly what a plan pays. @param plan - locked by this transaction */
export async function approvePlan(
  tx: Transaction<Schema>,
  plan: Plan,
  { hash, lifeMs, ...asked }: PlanDecision,
): Promise<{ readonly kind: 'done'; readonly plan: Plan } | VoidedPlan | PlanRefusal> {
  const { actor, reason, now } = asked
  if (plan.planned.by === actor) return { kind: 'own' }
  if (plan.hash !== hash) return { kind: 'hash' }
  if (plan.state !== 'planned') return { kind: 'state' }
  const why = worthless(plan, { lines: await planLines(tx, plan.id), lifeMs, now })
  if (why) return { kind: 'void', plan: await endPlan(tx, plan, { why, ...asked }) }
  const after = await movePlan(tx, plan, sql`state = 'approved', approved_by = ${actor}, approved_at = ${now}`)
  await recordAudit(tx, [planAudit(after, 'approved', { actor, reason, before: plan.state })])
  return { kind: 'done', plan: after }
}

export type AppliedPlan =
  /** Its payables may go, and are to be put on their way in the same transaction. */
  | { readonly kind: 'done'; readonly plan: Plan; readonly payableIds: readonly string[] }
  /** With it its run would send out more than a rule allows without a second person. */
  | { readonly kind: 'approval_required' }
  | VoidedPlan
  | PlanRefusal

/**
 * Releases what a plan pays, if it is still the same to the last line. Nothing of it is claimed, or changes, until the
 * transaction ends. One that no rule wants approved is applied by one person, and releases nothing beyond the rules.
 * @param plan - locked by this transaction
 */
export async function applyPlan(
  tx: Transaction<Schema>,
  plan: Plan,
  { hash, lifeMs, actor, reason, ...terms }: Omit<PlanTerms, 'run'> & PlanDecision,
): Promise<AppliedPlan> {
  if (plan.hash !== hash) return { kind: 'hash' }
  if (plan.state !== 'planned' && plan.state !== 'approved') return { kind: 'state' }
  const asked = { actor, reason, now: terms.now }
  const lines = await planLines(tx, plan.id)
  const why = worthless(plan, { lines, lifeMs, now: terms.now })
  if (why) return { kind: 'void', plan: await endPlan(tx, plan, { why, ...asked }) }
  if ((await plansToApprove(tx, [plan], terms.now)).has(plan.id)) return { kind: 'approval_required' }
  await lockPayables(tx, plan.kind, plan.run)
  const drift = driftOf(lines, linesIn(await readPlan(tx, plan.kind, { ...terms, run: plan.run })))
  if (drift.length > 0) return { kind: 'void', plan: await endPlan(tx, plan, { why: 'drift', drift, ...asked }) }
  const after = await movePlan(tx, plan, sql`state = 'applied', applied_by = ${actor}, applied_at = ${terms.now}`)
  const payableIds = lines.map(({ payableId }) => payableId)
  await wake(tx, plan.kind, payableIds, terms.now)
  await closeAlerts(tx, plan)
  await recordAudit(tx, [planAudit(after, 'applied', { actor, reason, before: plan.state })])
  return { kind: 'done', plan: after, payableIds }
}

/** The ids of those among these plans that nobody has approved, and that are more than their runs may send out without. */
export async function plansToApprove(
  connection: Database,
  plans: readonly Plan[],
  now: Date,
): Promise<ReadonlySet<string>> {
  const runOf = ({ kind, run }: Plan) => (kind === 'pay_day' ? run : payoutRun(now))
  const found: string[] = []
  for (const kind of PLAN_KINDS) {
    const open = plans.filter((plan) => plan.kind === kind && plan.state === 'planned')
    const rules = open.length === 0 ? [] : await rulesOf(connection, kind)
    if (rules.length === 0) continue
    const isBeyond = ({ totals }: Plan, used: (rule: PlanRule) => bigint) => {
      const amounts = totals.pays.map(({ amount, currency }) => ({ amount: BigInt(amount), currency }))
      return rulesToApprove(amounts, rules, used).length > 0
    }
    // Most are beyond by themselves: what a run has sent out is summed for the others alone.
    const { beyond = [], within = [] } = Object.groupBy(open, (plan) =>
      isBeyond(plan, () => 0n) ? 'beyond' : 'within',
    )
    const used = await usedWithoutPlan(connection, { rules, runs: [...new Set(within.map(runOf))] })
    const withOthers = within.filter((plan) => isBeyond(plan, (rule) => used(rule, runOf(plan))))
    found.push(...[...beyond, ...withOthers].map(({ id }) => id))
  }
  return new Set(found)
}

/** Locks a plan. */
export async function lockPlan(tx: Transaction<Schema>, id: string): Promise<Plan | undefined> {
  const row = await tx.selectFrom('payment_plans').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  return row && planOf(row)
}

function totalsOf(rows: readonly PlanRow[]): object {
  const sum = <Key extends object>(of: readonly { key: Key; amount: bigint | null }[]) => {
    const sums = new Map<string, Key & { count: number; amount: bigint }>()
    for (const { key, amount } of of) {
      const before = sums.get(JSON.stringify(key)) ?? { ...key, count: 0, amount: 0n }
      sums.set(JSON.stringify(key), { ...before, count: before.count + 1, amount: before.amount + (amount ?? 0n) })
    }
    return [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, total]) => total)
  }
  return {
    pays: sum(
      rows.flatMap(({ planned, amount, currency }) =>
        planned.kind === 'line' ? [{ key: { rail: planned.line.rail, currency }, amount }] : [],
      ),
    ),
    leavesOut: sum(
      rows.flatMap(({ planned, amount, currency }) =>
        planned.kind === 'left_out' ? [{ key: { reason: planned.reason, currency }, amount }] : [],
      ),
    ),
  }
}

async function insertLines(tx: Transaction<Schema>, planId: string, rows: readonly PlanRow[]): Promise<void> {
  const told = rows.map(({ planned, amount, ...row }) => ({
    ...{ payable_type: row.payableType, payable_id: row.payableId, payee_id: row.payeeId },
    ...{ amount, currency: row.currency, status: row.status },
    rail: planned.kind === 'line' ? planned.line.rail : planned.rail,
    destination: planned.kind === 'line' ? planned.line.destination : null,
    left_out: planned.kind === 'line' ? null : planned.reason,
  }))
  await sql`
    insert into payment_plan_lines (plan_id, payable_type, payable_id, payee_id, amount, currency, rail, destination,
      status, left_out)
    select ${planId}, r.* from jsonb_to_recordset(${JSON.stringify(told, bigintAsString)}::jsonb) as r(payable_type text,
      payable_id uuid, payee_id text, amount bigint, currency text, rail text, destination text, status text,
      left_out text)`.execute(tx)
}

/**
 * What waited for a plan alone waits no longer; what the rail refused for now still waits for its next try. It is due from now
 * on: sweeps leave its message as long as any other.
 */
async function wake(tx: Transaction<Schema>, kind: PlanKind, ids: readonly string[], now: Date): Promise<void> {
  if (kind === 'payouts') {
    await sql`
      update payout_transfers set due_at = ${now} where id = any(${ids}::uuid[]) and status = 'pending'`.execute(tx)
    return
  }
  await sql`
    update seller_balances b set next_try_at = ${now}
    where id = any(${ids}::uuid[]) and status = 'payable' and next_try_at is not null and not exists (
      select from payment_attempts a where a.payable_type = 'seller_balance' and a.payable_id = b.id
        and a.state in ('postponed', 'declined'))`.execute(tx)
}

/** A plan of payouts holds all that is due, whichever day people heard of it. */
async function closeAlerts(tx: Transaction<Schema>, { kind, run }: Plan): Promise<void> {
  const { rows } = await sql<{ key: string }>`
    select dedup_key as key from finance_alerts where kind = 'plan_required' and status <> 'resolved'
      and details->>'kind' = ${kind} and (${kind} = 'payouts' or details->>'run' = ${run})`.execute(tx)
  await resolveAlerts(tx, { dedupKeys: rows.map(({ key }) => key), note: 'A plan with what waited was applied.' })
}
