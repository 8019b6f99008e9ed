import { retryOfTransfer } from '@remesa/domain/repayment'
import { sql, type Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import type { ControlApproval } from './control-approvals.ts'
import { payeeBalances, userPayee } from './ledger.ts'
import { latestAttempts } from './payment-attempts.ts'
import { lockJobs, updateCounts, updateStatus } from './payout-jobs.ts'
import { countTerminalByJobId, jobIdOf, lockTransfers, type PayoutTransfer } from './payout-transfers.ts'
import type { Asked } from './rail-stops.ts'
import type { Schema } from './schema.ts'
import { type Asking, askSecondPerson, closeEndAlerts, isSameWish, unsettledMatter } from './second-person.ts'
import { shareLockAccounts } from './user-stripe-accounts.ts'

// What operators do about one payout transfer. The next claim decides by the rows, as always: nothing here makes an attempt
// or a key, and a transfer that may be paid is left alone.

/** What came of what an operator asked for. */
export type TransferAnswer =
  /** Done: its message must follow in the same transaction. */
  | { readonly kind: 'done' }
  | Asking
  /** Nothing was changed; one sentence for people. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'not_found' }

/**
 * Has a transfer tried now: what waits for its next try or for a message, at once; a contest's that failed for good, once a
 * second person agrees.
 */
export async function retryTransfer(tx: Transaction<Schema>, id: string, asked: Asked): Promise<TransferAnswer> {
  const transfer = (await lockTransfers(tx, [id])).get(id)
  if (!transfer) return { kind: 'not_found' }
  const rule = retryOfTransfer(transfer.status)
  switch (rule.kind) {
    case 'refused':
      return refused(`A transfer that is ${transfer.status} is not retried: ${rule.why}.`)
    case 'now':
      return tryNow(tx, transfer, asked)
    case 'again':
      return askToPayAgain(tx, transfer, asked)
  }
}

/** @returns whether what two people are about to agree to is still how the transfer stands. Locks the transfer. */
export async function isTransferRepaymentStillAsked(
  tx: Transaction<Schema>,
  approval: ControlApproval,
): Promise<boolean> {
  const transfer = (await lockTransfers(tx, [approval.subjectId])).get(approval.subjectId)
  if (!transfer || retryOfTransfer(transfer.status).kind !== 'again') return false
  const seen = await seenOf(tx, transfer)
  return 'wish' in seen && isSameWish(seen.wish, approval.wish)
}

/**
 * Makes a transfer that had failed pending again, and its job open, as an approval says that has just been given: the next
 * claim makes a new generation. The deed is whose wish it was.
 * @throws from the database without a second person's approval of this very repayment
 */
export async function payTransferAgain(tx: Transaction<Schema>, approval: ControlApproval, now: Date): Promise<void> {
  const { id, subjectId, requestedBy, reason } = approval
  const transfer = (await lockTransfers(tx, [subjectId])).get(subjectId)
  if (!transfer) throw new Error(`payout transfer ${subjectId} is gone`)
  await sql`
    update payout_transfers set status = 'pending', refusals = 0, funds_refusals = 0, failure_reason = null,
      repayments = repayments + 1, due_at = ${now}, updated_at = ${now}
    where id = ${subjectId}`.execute(tx)
  const jobIds = jobIdOf(transfer.owner)
  await lockJobs(tx, jobIds)
  // Open before it is counted: a complete job has nothing left.
  const reopened = await updateStatus(tx, jobIds, { from: 'complete', to: 'processing', now })
  await updateCounts(tx, await countTerminalByJobId(tx, jobIds), now)
  await recordAudit(tx, [
    {
      actor: requestedBy,
      action: 'payout_transfer.paid_again',
      subject: subjectOf(subjectId),
      reason,
      before: { status: transfer.status, failureReason: transfer.failureReason },
      after: { status: 'pending', approvalId: id },
    },
    ...reopened.map(
      (jobId): AuditRow => ({
        actor: requestedBy,
        action: 'payout_job.reopened',
        subject: { type: 'payout_job', id: jobId },
        reason,
        before: { status: 'complete' },
        after: { status: 'processing', payoutTransferId: subjectId },
      }),
    ),
  ])
  await closeEndAlerts(tx, subjectOf(subjectId), `Two people have it paid again: ${reason}`)
}

const subjectOf = (id: string) => ({ type: 'payout_transfer', id })
const refused = (why: string): TransferAnswer => ({ kind: 'refused', why })

async function tryNow(
  tx: Transaction<Schema>,
  { transferId, status, nextTryAt }: PayoutTransfer,
  { actor, reason, now }: Asked,
): Promise<TransferAnswer> {
  await sql`
    update payout_transfers set due_at = ${now}, updated_at = ${now},
      next_try_at = case when status = 'retryable' then ${now}::timestamptz end
    where id = ${transferId}`.execute(tx)
  await recordAudit(tx, [
    {
      actor,
      action: 'payout_transfer.retried',
      subject: subjectOf(transferId),
      reason,
      before: { status, nextTryAt: nextTryAt?.toISOString() ?? null },
      after: { status },
    },
  ])
  return { kind: 'done' }
}

async function askToPayAgain(tx: Transaction<Schema>, transfer: PayoutTransfer, asked: Asked): Promise<TransferAnswer> {
  const seen = await seenOf(tx, transfer)
  if ('why' in seen) return refused(`It cannot be paid again: ${seen.why}.`)
  const { wish } = seen
  return askSecondPerson(tx, { kind: 'transfer_repayment', subject: subjectOf(transfer.transferId), wish }, asked)
}

/** The transfer as two people agree to pay it again, or why nobody may. */
async function seenOf(tx: Transaction<Schema>, { transferId, owner, userId, money, failureReason }: PayoutTransfer) {
  if (owner.kind === 'booking') return { why: `it is of a booking’s payout; retry the payout ${owner.payoutId}` }
  // None where it was ended by hand before anything was tried.
  const attempt = (await latestAttempts(tx, 'payout_transfer', [transferId])).get(transferId)
  if (attempt && attempt.state !== 'declined' && attempt.state !== 'reversed') {
    return { why: 'its last attempt has not ended for certain, and may be paid' }
  }
  const unsettled = await unsettledMatter(tx, subjectOf(transferId))
  if (unsettled) return { why: unsettled }
  const account = (await shareLockAccounts(tx, [userId])).get(userId)
  if (!account) return { why: 'its payee has no account on record' }
  const owed = await payeeBalances(tx, [userPayee(userId)])
  if (!owed.some((one) => one.money.currency === money.currency && one.money.amount >= money.amount)) {
    return { why: 'the ledger does not owe its payee so much' }
  }
  return {
    wish: {
      repayment: (await repaymentsOf(tx, transferId)) + 1,
      amount: money.amount,
      currency: money.currency,
      failureReason,
      destination: account.stripeAccountId,
      afterGeneration: attempt?.generation ?? 0,
    },
  }
}

async function repaymentsOf(tx: Transaction<Schema>, id: string): Promise<number> {
  const row = await tx
    .selectFrom('payout_transfers')
    .select('repayments')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return row.repayments
}
