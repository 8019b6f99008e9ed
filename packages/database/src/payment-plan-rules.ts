import type { Currency } from '@remesa/domain/currency'
import type { PlanKind, PlanRule } from '@remesa/domain/payment-plan'
import { type Selectable, sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import {
  type ControlApproval,
  decideControlApproval,
  insertControlApproval,
  lockOpenControlApproval,
} from './control-approvals.ts'
import { resolveAlerts } from './finance-alerts.ts'
import { type Asked, lockOutClaims } from './rail-stops.ts'
import type { Schema } from './schema.ts'

// From which amount a run needs an approved plan. As with caps, one person sets a rule or lowers it, two raise or remove
// it, and the database refuses one.

/** A rule as people see it. */
export interface RuleState extends PlanRule {
  readonly reason: string
  readonly setBy: string
  readonly setAt: Date
}

export type RuleAnswer =
  /** It stands as it was asked for. */
  | { readonly kind: 'done'; readonly rule: RuleState }
  /** It takes a second person; the rule stands as it was. */
  | { readonly kind: 'asked'; readonly rule: RuleState; readonly approval: ControlApproval }
  | { readonly kind: 'open'; readonly approval: ControlApproval }

/** Every rule. */
export async function listPlanRules(connection: Database): Promise<readonly RuleState[]> {
  const rows = await connection
    .selectFrom('payment_plan_rules')
    .selectAll()
    .orderBy('kind')
    .orderBy('currency')
    .execute()
  return rows.map(ruleOf)
}

/** Sets a rule, lowers it at once, or asks for it to be raised. It holds for every claim that comes after. */
export async function setPlanRule(
  tx: Transaction<Schema>,
  { kind, currency, amount }: { readonly kind: PlanKind; readonly currency: Currency; readonly amount: bigint },
  asked: Asked,
): Promise<RuleAnswer> {
  // A claim that saw no rule must be counted by those that see it.
  const rails = await tx.selectFrom('rails').select('name').execute()
  await lockOutClaims(
    tx,
    rails.map(({ name }) => name),
  )
  const before = await tx
    .selectFrom('payment_plan_rules')
    .selectAll()
    .where('kind', '=', kind)
    .where('currency', '=', currency)
    .forUpdate()
    .executeTakeFirst()
  if (before && amount > before.amount) return askForChange(tx, ruleOf(before), { to: amount, ...asked })
  if (before && amount === before.amount) return { kind: 'done', rule: ruleOf(before) }
  const set = { amount, reason: asked.reason, set_by: asked.actor, set_at: asked.now }
  const row = before
    ? await tx
        .updateTable('payment_plan_rules')
        .set(set)
        .where('id', '=', before.id)
        .returningAll()
        .executeTakeFirstOrThrow()
    : await tx
        .insertInto('payment_plan_rules')
        .values({ kind, currency, ...set })
        .returningAll()
        .executeTakeFirstOrThrow()
  const rule = ruleOf(row)
  if (before) await voidChange(tx, rule, asked)
  await recordAudit(tx, [
    {
      actor: asked.actor,
      action: before ? 'payment_plan_rule.lowered' : 'payment_plan_rule.set',
      subject: { type: 'payment_plan_rule', id: rule.id },
      reason: asked.reason,
      before: before ? { amount: before.amount } : null,
      after: { kind, currency, amount },
    },
  ])
  return { kind: 'done', rule }
}

/** Asks for a rule to be removed. @returns undefined when there is none */
export async function askForRuleRemoval(
  tx: Transaction<Schema>,
  id: string,
  asked: Asked,
): Promise<RuleAnswer | undefined> {
  const rule = await lockPlanRule(tx, id)
  return rule && askForChange(tx, rule, { to: null, ...asked })
}

/** Locks a rule, before its approval. */
export async function lockPlanRule(tx: Transaction<Schema>, id: string): Promise<RuleState | undefined> {
  const row = await tx.selectFrom('payment_plan_rules').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  return row && ruleOf(row)
}

/** Written by {@link askForChange}: decimal strings of minor units. */
function wishOf({ wish }: ControlApproval): { readonly from: bigint; readonly to: bigint | null } {
  const { from, to } = wish as { readonly from: string; readonly to: string | null }
  return { from: BigInt(from), to: to === null ? null : BigInt(to) }
}

/** @returns whether what was asked for is still a change of this rule */
export const isRuleStillAsked = (rule: RuleState | undefined, approval: ControlApproval): boolean =>
  rule?.amount === wishOf(approval).from

/**
 * Raises or removes a rule, as an approval says that has just been given. The deed is whose wish it was.
 * @throws from the database without a second person's approval of this very change
 */
export async function changePlanRule(tx: Transaction<Schema>, approval: ControlApproval, now: Date): Promise<void> {
  const { from, to } = wishOf(approval)
  const { id, subjectId, requestedBy, reason } = approval
  if (to === null) await tx.deleteFrom('payment_plan_rules').where('id', '=', subjectId).execute()
  else {
    await tx
      .updateTable('payment_plan_rules')
      .set({ amount: to, reason, set_by: requestedBy, set_at: now, approval_id: id })
      .where('id', '=', subjectId)
      .execute()
  }
  await recordAudit(tx, [
    {
      actor: requestedBy,
      action: to === null ? 'payment_plan_rule.removed' : 'payment_plan_rule.raised',
      subject: { type: 'payment_plan_rule', id: subjectId },
      reason,
      before: { amount: from },
      after: { amount: to, approvalId: id },
    },
  ])
  const { rows } = await sql<{ key: string }>`
    select dedup_key as key from finance_alerts
    where subject_type = 'payment_plan_rule' and subject_id = ${subjectId} and status <> 'resolved'`.execute(tx)
  await resolveAlerts(tx, { dedupKeys: rows.map(({ key }) => key), note: 'Two people raised or removed the rule.' })
}

async function askForChange(
  tx: Transaction<Schema>,
  rule: RuleState,
  { to, actor, reason, now }: Asked & { readonly to: bigint | null },
): Promise<RuleAnswer> {
  const open = await lockOpenControlApproval(tx, { kind: 'plan_rule_change', subjectId: rule.id })
  if (open) return { kind: 'open', approval: open }
  const approval = await insertControlApproval(
    tx,
    {
      ...{ kind: 'plan_rule_change', subjectId: rule.id, reason, requestedBy: actor },
      wish: { from: rule.amount, to, kind: rule.kind, currency: rule.currency },
    },
    now,
  )
  await recordAudit(tx, [
    {
      actor,
      action: 'payment_plan_rule.change_requested',
      subject: { type: 'payment_plan_rule', id: rule.id },
      reason,
      before: { amount: rule.amount },
      after: { amount: to, approvalId: approval.id },
    },
  ])
  return { kind: 'asked', rule, approval }
}

async function voidChange(tx: Transaction<Schema>, rule: RuleState, { actor, reason, now }: Asked): Promise<void> {
  const open = await lockOpenControlApproval(tx, { kind: 'plan_rule_change', subjectId: rule.id })
  if (!open) return
  await decideControlApproval(tx, open.id, { status: 'void', reason: `The rule was lowered: ${reason}` }, now)
  await recordAudit(tx, [
    {
      actor,
      action: 'payment_plan_rule.change_void',
      subject: { type: 'payment_plan_rule', id: rule.id },
      reason,
      before: { approvalId: open.id, status: 'open' },
      after: { approvalId: open.id, status: 'void' },
    },
  ])
}

const ruleOf = (row: Selectable<Schema['payment_plan_rules']>): RuleState => ({
  ...{ id: row.id, kind: row.kind, currency: row.currency, amount: row.amount },
  ...{ reason: row.reason, setBy: row.set_by, setAt: row.set_at },
})
