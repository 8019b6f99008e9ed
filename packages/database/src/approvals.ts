import type { BookingOverride, BookingPayoutStatus } from '@remesa/domain/booking-payout'
import { type Selectable, sql, type Transaction } from 'kysely'
import { bigintAsString } from './audit.ts'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

export const APPROVAL_STATUSES = ['open', 'approved', 'refused', 'void'] as const
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number]
/** What needs a second person above an amount. */
export const APPROVABLE_ACTIONS = ['force_release', 'cancel', 'retry'] as const
export type ApprovableAction = (typeof APPROVABLE_ACTIONS)[number]

/** @returns whether an action is one that needs a second person above an amount */
export const isApprovable = (action: BookingOverride): action is ApprovableAction =>
  APPROVABLE_ACTIONS.some((one) => one === action)

/** A payout as somebody saw it who asked for something to be done with it: what is agreed to is this, and nothing else. */
export interface SeenPayout {
  readonly status: BookingPayoutStatus
  /** Gross, minor units. */
  readonly amount: bigint
  readonly currency: string
  /** Ids of the booking's open disputes, sorted. */
  readonly openDisputes: readonly string[]
  /** What the deed is about, sorted by currency: of a cancel all that it ends of the booking, else the payout's amount. */
  readonly sums: readonly { readonly amount: bigint; readonly currency: string }[]
}

export interface Approval {
  readonly id: string
  readonly payoutId: string
  readonly action: ApprovableAction
  readonly reason: string
  readonly seen: SeenPayout
  readonly requestedBy: string
  readonly requestedAt: Date
  readonly status: ApprovalStatus
  /** Null while it is open, and for one that is void. */
  readonly decidedBy: string | null
  readonly decisionReason: string | null
  readonly decidedAt: Date | null
}

/**
 * Asks for a second person's consent. Call it with the payout's booking locked.
 * @throws from the database when one is open for this payout
 */
export async function insertApproval(
  tx: Transaction<Schema>,
  wish: Pick<Approval, 'payoutId' | 'action' | 'reason' | 'seen' | 'requestedBy'>,
  now: Date,
): Promise<Approval> {
  const { seen } = wish
  const row = await tx
    .insertInto('approvals')
    .values({
      payout_id: wish.payoutId,
      action: wish.action,
      reason: wish.reason,
      seen_status: seen.status,
      seen_amount: seen.amount,
      currency: seen.currency,
      seen_disputes: [...seen.openDisputes],
      seen_sums: JSON.stringify(seen.sums, bigintAsString),
      requested_by: wish.requestedBy,
      requested_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return approvalOf(row)
}

export async function findApproval(connection: Database, id: string): Promise<Approval | undefined> {
  const row = await connection.selectFrom('approvals').selectAll().where('id', '=', id).executeTakeFirst()
  return row && approvalOf(row)
}

/** Locks an approval. Bookings are locked before their approvals. @throws when there is none */
export async function lockApproval(tx: Transaction<Schema>, id: string): Promise<Approval> {
  return approvalOf(
    await tx.selectFrom('approvals').selectAll().where('id', '=', id).forUpdate().executeTakeFirstOrThrow(),
  )
}

/** Locks the approval that is open for a payout. Bookings are locked before their approvals. */
export async function lockOpenApproval(tx: Transaction<Schema>, payoutId: string): Promise<Approval | undefined> {
  const row = await tx
    .selectFrom('approvals')
    .selectAll()
    .where('payout_id', '=', payoutId)
    .where('status', '=', 'open')
    .forUpdate()
    .executeTakeFirst()
  return row && approvalOf(row)
}

/** How an approval ends. */
export type ApprovalDecision =
  | { readonly status: 'approved'; readonly decidedBy: string; readonly reason: string | null }
  | { readonly status: 'refused'; readonly decidedBy: string; readonly reason: string }
  | { readonly status: 'void'; readonly reason: string }

/** Ends an open approval. @throws when it has ended, and from the database when whoever asked decides */
export async function decideApproval(
  tx: Transaction<Schema>,
  id: string,
  decision: ApprovalDecision,
  now: Date,
): Promise<Approval> {
  const row = await tx
    .updateTable('approvals')
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
 * Approvals, newest first.
 * @param which.after - the last id of the page before
 */
export async function listApprovals(
  connection: Database,
  which: { status?: ApprovalStatus; payoutId?: string; after?: string; limit: number },
): Promise<readonly Approval[]> {
  let query = connection.selectFrom('approvals').selectAll()
  if (which.status) query = query.where('status', '=', which.status)
  if (which.payoutId) query = query.where('payout_id', '=', which.payoutId)
  if (which.after) {
    query = query.where(
      sql<boolean>`(requested_at, id) < (select requested_at, id from approvals where id = ${which.after})`,
    )
  }
  const rows = await query.orderBy('requested_at', 'desc').orderBy('id', 'desc').limit(which.limit).execute()
  return rows.map(approvalOf)
}

const approvalOf = (row: Selectable<Schema['approvals']>): Approval => ({
  id: row.id,
  payoutId: row.payout_id,
  action: row.action,
  reason: row.reason,
  seen: {
    status: row.seen_status,
    amount: row.seen_amount,
    currency: row.currency,
    openDisputes: row.seen_disputes,
    sums: row.seen_sums.map(({ amount, currency }) => ({ amount: BigInt(amount), currency })),
  },
  requestedBy: row.requested_by,
  requestedAt: row.requested_at,
  status: row.status,
  decidedBy: row.decided_by,
  decisionReason: row.decision_reason,
  decidedAt: row.decided_at,
})
