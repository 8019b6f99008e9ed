import { type Selectable, sql, type Transaction } from 'kysely'
import type { ApprovalDecision, ApprovalStatus } from './approvals.ts'
import { bigintAsString } from './audit.ts'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

export type ControlKind = Schema['control_approvals']['kind']

/** What each kind of wish is about, as the audit log names it. */
export const CONTROL_SUBJECTS: Readonly<Record<ControlKind, string>> = {
  rail_restart: 'rail',
  cap_change: 'payment_cap',
  plan_rule_change: 'payment_plan_rule',
  seller_cooling_release: 'seller',
  user_cooling_release: 'user',
  balance_repayment: 'seller_balance',
  transfer_repayment: 'payout_transfer',
  debt_settlement: 'debt',
  settlement_import: 'settlement_import',
}

/** A wish about payments as a whole that takes a second person. */
export interface ControlApproval {
  readonly id: string
  readonly kind: ControlKind
  /** What it is about: a rail by its name. */
  readonly subjectId: string
  /** What is agreed to: this, and nothing else. */
  readonly wish: object
  readonly reason: string
  readonly requestedBy: string
  readonly requestedAt: Date
  readonly status: ApprovalStatus
  /** Null while it is open, and for one that is void. */
  readonly decidedBy: string | null
  readonly decisionReason: string | null
  readonly decidedAt: Date | null
}

/** Asks for a second person’s consent. Call it with what it is about locked. @throws from the database when one is open */
export async function insertControlApproval(
  tx: Transaction<Schema>,
  {
    kind,
    subjectId,
    wish,
    reason,
    requestedBy,
  }: Pick<ControlApproval, 'kind' | 'subjectId' | 'wish' | 'reason' | 'requestedBy'>,
  now: Date,
): Promise<ControlApproval> {
  const row = await tx
    .insertInto('control_approvals')
    .values({
      kind,
      subject_id: subjectId,
      wish: JSON.stringify(wish, bigintAsString),
      reason,
      requested_by: requestedBy,
      requested_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return approvalOf(row)
}

export async function findControlApproval(connection: Database, id: string): Promise<ControlApproval | undefined> {
  const row = await connection.selectFrom('control_approvals').selectAll().where('id', '=', id).executeTakeFirst()
  return row && approvalOf(row)
}

/** Locks an approval, after what it is about. @throws when there is none */
export async function lockControlApproval(tx: Transaction<Schema>, id: string): Promise<ControlApproval> {
  return approvalOf(
    await tx.selectFrom('control_approvals').selectAll().where('id', '=', id).forUpdate().executeTakeFirstOrThrow(),
  )
}

/** Locks the approval that is open, after what it is about. */
export async function lockOpenControlApproval(
  tx: Transaction<Schema>,
  { kind, subjectId }: Pick<ControlApproval, 'kind' | 'subjectId'>,
): Promise<ControlApproval | undefined> {
  const row = await tx
    .selectFrom('control_approvals')
    .selectAll()
    .where('kind', '=', kind)
    .where('subject_id', '=', subjectId)
    .where('status', '=', 'open')
    .forUpdate()
    .executeTakeFirst()
  return row && approvalOf(row)
}

/** Ends an open approval. @throws when it has ended, and from the database when whoever asked decides */
export async function decideControlApproval(
  tx: Transaction<Schema>,
  id: string,
  decision: ApprovalDecision,
  now: Date,
): Promise<ControlApproval> {
  const row = await tx
    .updateTable('control_approvals')
    .set({
      status: decision.status,
      decided_by: decision.status === 'void' ? null : decision.decidedBy,
      decision_reason: decision.reason,
      decided_at: now,
    })
    .where('id', '=', id)
    .where('status', '=', 'open')
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new Error(`approval ${id} is not open`)
  return approvalOf(row)
}

/**
 * Approvals, newest first; of what a wish keeps in full (`content`, which may be megabytes) nothing.
 * @param which.after - the last id of the page before
 */
export async function listControlApprovals(
  connection: Database,
  which: { status?: ApprovalStatus; kind?: ControlKind; after?: string; limit: number },
): Promise<readonly ControlApproval[]> {
  let query = connection
    .selectFrom('control_approvals')
    .select(['id', 'kind', 'subject_id', 'reason', 'requested_by', 'requested_at', 'status'])
    .select(['decided_by', 'decision_reason', 'decided_at', sql<object>`wish - 'content'`.as('wish')])
  if (which.status) query = query.where('status', '=', which.status)
  if (which.kind) query = query.where('kind', '=', which.kind)
  if (which.after) {
    query = query.where(
      sql<boolean>`(requested_at, id) < (select requested_at, id from control_approvals where id = ${which.after})`,
    )
  }
  const rows = await query.orderBy('requested_at', 'desc').orderBy('id', 'desc').limit(which.limit).execute()
  return rows.map(approvalOf)
}

const approvalOf = (row: Selectable<Schema['control_approvals']>): ControlApproval => ({
  id: row.id,
  kind: row.kind,
  subjectId: row.subject_id,
  wish: row.wish,
  reason: row.reason,
  requestedBy: row.requested_by,
  requestedAt: row.requested_at,
  status: row.status,
  decidedBy: row.decided_by,
  decisionReason: row.decision_reason,
  decidedAt: row.decided_at,
})
