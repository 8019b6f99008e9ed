import type { TransferStatus } from '@remesa/domain/payout-transfer'
import { sql, type Transaction } from 'kysely'
import { type Approval, listApprovals } from './approvals.ts'
import { type AuditEntry, auditOfSubjects } from './audit-rows.ts'
import { type BookingPayout, findPayout } from './booking-payouts.ts'
import type { Database } from './connection.ts'
import { type AttemptView, attemptsOf, type LedgerEntryView, ledgerOf } from './payable-story.ts'
import type { Schema } from './schema.ts'

/** All that is known of a payout, in one snapshot. Amounts are minor units of the currency beside them. */
export interface PayoutStory {
  readonly payout: BookingPayout
  readonly booking: BookingView
  readonly tips: readonly TipView[]
  readonly disputes: readonly DisputeView[]
  readonly transfers: readonly TransferView[]
  /** What was taken back, or is to be. */
  readonly reversals: readonly ReversalView[]
  /** Of its transfers and reversals: every intent to move money. */
  readonly attempts: readonly AttemptView[]
  readonly ledger: readonly LedgerEntryView[]
  readonly audit: readonly AuditEntry[]
  readonly approvals: readonly Approval[]
}

export interface BookingView {
  readonly bookingId: string
  readonly stripeAccountId: string | null
  readonly currency: string | null
  readonly providerShare: bigint | null
  /** Null until we have heard of it. */
  readonly completedAt: Date | null
}

export interface TipView {
  readonly tipId: string
  readonly amount: bigint
  readonly currency: string
  readonly status: 'paid' | 'failed' | 'refunded'
  readonly addedAt: Date
  readonly statusAt: Date
}

export interface DisputeView {
  readonly disputeId: string
  readonly openedAt: Date
  /** Null while it is open, as the refund is. */
  readonly resolvedAt: Date | null
  readonly refundAmount: bigint | null
  readonly currency: string | null
}

export interface TransferView {
  readonly id: string
  readonly amount: bigint
  readonly currency: string
  readonly status: TransferStatus
  readonly destination: string | null
  readonly heldReason: string | null
  readonly withdrawRequested: boolean
  /** Tries begun. */
  readonly attempts: number
  readonly nextTryAt: Date | null
  readonly failureReason: string | null
  readonly providerReference: string | null
  readonly createdAt: Date
  readonly completedAt: Date | null
}

export interface ReversalView {
  readonly id: string
  /** Null for money that never left, since it was kept back at release. */
  readonly transferId: string | null
  readonly amount: bigint
  readonly currency: string
  readonly status: string
  readonly attempts: number
  readonly nextTryAt: Date | null
  readonly failureReason: string | null
  readonly providerReference: string | null
  readonly createdAt: Date
}

/** More approvals than any payout ever has. */
const ALL_APPROVALS = 1_000

/** @returns undefined when there is no such payout */
export async function findPayoutStory(database: Database, id: string): Promise<PayoutStory | undefined> {
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const payout = await findPayout(tx, id)
      return payout && storyOf(tx, payout)
    })
}

async function storyOf(tx: Transaction<Schema>, payout: BookingPayout): Promise<PayoutStory> {
  const transfers = await transfersOf(tx, payout.payoutId)
  const reversals = await reversalsOf(tx, payout.payoutId)
  const payables = [
    ...transfers.map((transfer) => ({ type: 'payout_transfer', id: transfer.id })),
    ...reversals.map((reversal) => ({ type: 'payout_reversal', id: reversal.id })),
  ]
  const subjects = [{ type: 'payout', id: payout.payoutId }, { type: 'booking', id: payout.bookingId }, ...payables]
  return {
    payout,
    booking: await bookingOf(tx, payout.bookingId),
    tips: await tipsOf(tx, payout.bookingId),
    disputes: await disputesOf(tx, payout.bookingId),
    transfers,
    reversals,
    attempts: await attemptsOf(tx, payables),
    ledger: await ledgerOf(tx, payables, ownEntries(payout.payoutId)),
    audit: await auditOfSubjects(tx, subjects),
    approvals: await listApprovals(tx, { payoutId: payout.payoutId, limit: ALL_APPROVALS }),
  }
}

async function bookingOf(tx: Transaction<Schema>, bookingId: string): Promise<BookingView> {
  const row = await tx.selectFrom('bookings').selectAll().where('booking_id', '=', bookingId).executeTakeFirstOrThrow()
  return {
    bookingId: row.booking_id,
    stripeAccountId: row.stripe_account_id,
    currency: row.currency,
    providerShare: row.provider_share,
    completedAt: row.completed_at,
  }
}

async function tipsOf(tx: Transaction<Schema>, bookingId: string): Promise<readonly TipView[]> {
  const rows = await tx.selectFrom('tips').selectAll().where('booking_id', '=', bookingId).orderBy('added_at').execute()
  return rows.map((row) => ({
    tipId: row.tip_id,
    amount: row.amount,
    currency: row.currency,
    status: row.status,
    addedAt: row.added_at,
    statusAt: row.status_at,
  }))
}

async function disputesOf(tx: Transaction<Schema>, bookingId: string): Promise<readonly DisputeView[]> {
  const rows = await tx
    .selectFrom('disputes')
    .selectAll()
    .where('booking_id', '=', bookingId)
    .orderBy('opened_at')
    .execute()
  return rows.map((row) => ({
    disputeId: row.dispute_id,
    openedAt: row.opened_at,
    resolvedAt: row.resolved_at,
    refundAmount: row.refund_amount,
    currency: row.currency,
  }))
}

async function transfersOf(tx: Transaction<Schema>, payoutId: string): Promise<readonly TransferView[]> {
  const rows = await tx
    .selectFrom('payout_transfers')
    .selectAll()
    .where('payout_id', '=', payoutId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    amount: row.amount,
    currency: row.currency,
    status: row.status,
    destination: row.destination,
    heldReason: row.held_reason,
    withdrawRequested: row.withdraw_requested,
    attempts: row.attempts,
    nextTryAt: row.next_try_at,
    failureReason: row.failure_reason,
    providerReference: row.provider_reference,
    createdAt: row.created_at,
    completedAt: row.completed_at,
  }))
}

async function reversalsOf(tx: Transaction<Schema>, payoutId: string): Promise<readonly ReversalView[]> {
  const { rows } = await sql<ReversalView>`
    select id, transfer_id as "transferId", amount, currency, status, attempts, next_try_at as "nextTryAt",
      failure_reason as "failureReason", provider_reference as "providerReference", created_at as "createdAt"
    from payout_reversals where payout_id = ${payoutId} order by created_at, id`.execute(tx)
  return rows
}

/** What was wholly set off at release moved no money: its entries are named for the payout itself. */
const ownEntries = (payoutId: string): readonly string[] => [`owed:${payoutId}`, `set_off:${payoutId}`]
