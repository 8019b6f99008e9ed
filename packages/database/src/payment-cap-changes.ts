import type { Currency } from '@remesa/domain/currency'
import type { CapScope, PaymentCap } from '@remesa/domain/payment-controls'
import type { RailName } from '@remesa/domain/rail'
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

// One person sets a cap or lowers it; it takes two to raise or remove it, and the database refuses one.

/** A cap as people see it. */
export interface CapState extends PaymentCap {
  readonly reason: string
  readonly setBy: string
  readonly setAt: Date
}

/** What a cap is on; there is one of each. */
export interface CapPlace {
  readonly rail: RailName | null
  readonly currency: Currency
  readonly scope: CapScope
}

export type CapAnswer =
  /** It stands as it was asked for. */
  | { readonly kind: 'done'; readonly cap: CapState }
  /** It takes a second person; the cap stands as it was. */
  | { readonly kind: 'asked'; readonly cap: CapState; readonly approval: ControlApproval }
  | { readonly kind: 'open'; readonly approval: ControlApproval }

/** Every cap. */
export async function listCaps(connection: Database): Promise<readonly CapState[]> {
  const rows = await connection
    .selectFrom('payment_caps')
    .selectAll()
    .orderBy('scope')
    .orderBy('currency')
    .orderBy('rail')
    .execute()
  return rows.map(capOf)
}

/** Sets a cap, lowers it at once, or asks for it to be raised. It holds for every claim that comes after. */
export async function setCap(
  tx: Transaction<Schema>,
  { rail, currency, scope, amount }: CapPlace & { readonly amount: bigint },
  asked: Asked,
): Promise<CapAnswer> {
  // A claim that saw no cap must be seen by those that see it.
  const rails = await tx.selectFrom('rails').select('name').execute()
  await lockOutClaims(tx, rail ? [rail] : rails.map(({ name }) => name))
  const before = await tx
    .selectFrom('payment_caps')
    .selectAll()
    .where('rail', 'is not distinct from', rail)
    .where('currency', '=', currency)
    .where('scope', '=', scope)
    .forUpdate()
    .executeTakeFirst()
  if (before && amount > before.amount) return askForChange(tx, capOf(before), { to: amount, ...asked })
  if (before && amount === before.amount) return { kind: 'done', cap: capOf(before) }
  const set = { amount, reason: asked.reason, set_by: asked.actor, set_at: asked.now }
  const row = before
    ? await tx.updateTable('payment_caps').set(set).where('id', '=', before.id).returningAll().executeTakeFirstOrThrow()
    : await tx
        .insertInto('payment_caps')
        .values({ rail, currency, scope, ...set })
        .returningAll()
        .executeTakeFirstOrThrow()
  const cap = capOf(row)
  if (before) await voidChange(tx, cap, asked)
  await recordAudit(tx, [
    {
      actor: asked.actor,
      action: before ? 'payment_cap.lowered' : 'payment_cap.set',
      subject: { type: 'payment_cap', id: cap.id },
      reason: asked.reason,
      before: before ? { amount: before.amount } : null,
      after: { rail, currency, scope, amount },
    },
  ])
  return { kind: 'done', cap }
}

/** Asks for a cap to be removed. @returns undefined when there is none */
export async function askForRemoval(tx: Transaction<Schema>, id: string, asked: Asked): Promise<CapAnswer | undefined> {
  const cap = await lockCap(tx, id)
  return cap && askForChange(tx, cap, { to: null, ...asked })
}

/** Locks a cap, before its approval. */
export async function lockCap(tx: Transaction<Schema>, id: string): Promise<CapState | undefined> {
  const row = await tx.selectFrom('payment_caps').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  return row && capOf(row)
}

/** Written by {@link askForChange}: decimal strings of minor units. */
function wishOf({ wish }: ControlApproval): { readonly from: bigint; readonly to: bigint | null } {
  const { from, to } = wish as { readonly from: string; readonly to: string | null }
  return { from: BigInt(from), to: to === null ? null : BigInt(to) }
}

/** @returns whether what was asked for is still a change of this cap */
export const isStillAsked = (cap: CapState | undefined, approval: ControlApproval): boolean =>
  cap?.amount === wishOf(approval).from

/**
 * Raises or removes a cap, as an approval says that has just been given. The deed is whose wish it was.
 * @throws from the database without a second person's approval of this very change
 */
export async function changeCap(tx: Transaction<Schema>, approval: ControlApproval, now: Date): Promise<void> {
  const { from, to } = wishOf(approval)
  const { id, subjectId, requestedBy, reason } = approval
  if (to === null) await tx.deleteFrom('payment_caps').where('id', '=', subjectId).execute()
  else {
    await tx
      .updateTable('payment_caps')
      .set({ amount: to, reason, set_by: requestedBy, set_at: now, approval_id: id })
      .where('id', '=', subjectId)
      .execute()
  }
  await recordAudit(tx, [
    {
      actor: requestedBy,
      action: to === null ? 'payment_cap.removed' : 'payment_cap.raised',
      subject: { type: 'payment_cap', id: subjectId },
      reason,
      before: { amount: from },
      after: { amount: to, approvalId: id },
    },
  ])
  const { rows } = await sql<{ key: string }>`
    select dedup_key as key from finance_alerts
    where subject_type = 'payment_cap' and subject_id = ${subjectId} and status <> 'resolved'`.execute(tx)
  await resolveAlerts(tx, { dedupKeys: rows.map(({ key }) => key), note: 'Two people raised or removed the cap.' })
}

async function askForChange(
  tx: Transaction<Schema>,
  cap: CapState,
  { to, actor, reason, now }: Asked & { readonly to: bigint | null },
): Promise<CapAnswer> {
  const open = await lockOpenControlApproval(tx, { kind: 'cap_change', subjectId: cap.id })
  if (open) return { kind: 'open', approval: open }
  const { scope, rail, currency } = cap
  const wish = { from: cap.amount, to, scope, rail, currency }
  const approval = await insertControlApproval(
    tx,
    { kind: 'cap_change', subjectId: cap.id, wish, reason, requestedBy: actor },
    now,
  )
  await recordAudit(tx, [
    {
      actor,
      action: 'payment_cap.change_requested',
      subject: { type: 'payment_cap', id: cap.id },
      reason,
      before: { amount: cap.amount },
      after: { amount: to, approvalId: approval.id },
    },
  ])
  return { kind: 'asked', cap, approval }
}

async function voidChange(tx: Transaction<Schema>, cap: CapState, { actor, reason, now }: Asked): Promise<void> {
  const open = await lockOpenControlApproval(tx, { kind: 'cap_change', subjectId: cap.id })
  if (!open) return
  await decideControlApproval(tx, open.id, { status: 'void', reason: `The cap was lowered: ${reason}` }, now)
  await recordAudit(tx, [
    {
      actor,
      action: 'payment_cap.change_void',
      subject: { type: 'payment_cap', id: cap.id },
      reason,
      before: { approvalId: open.id, status: 'open' },
      after: { approvalId: open.id, status: 'void' },
    },
  ])
}

const capOf = (row: Selectable<Schema['payment_caps']>): CapState => ({
  id: row.id,
  rail: row.rail,
  currency: row.currency,
  scope: row.scope,
  amount: row.amount,
  reason: row.reason,
  setBy: row.set_by,
  setAt: row.set_at,
})
