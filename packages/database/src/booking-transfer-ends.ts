import type { Transaction } from 'kysely'
import type { AuditRow } from './audit.ts'
import { type BookingPayout, type EndedPayout, endPayouts } from './booking-payouts.ts'
import { payoutAudit, withdrawnEntry } from './booking-releases.ts'
import type { NewAlert } from './finance-alerts.ts'
import type { LedgerEntry } from './ledger.ts'
import { type Debt, lockDebts } from './receivables.ts'
import type { Schema } from './schema.ts'

/** How the transfer of a booking's payout ended. */
export interface EndedTransfer extends EndedPayout {
  readonly transferId: string
}

/**
 * Ends the payouts of transfers that have ended; the caller holds the transfers. A failed payout is owed by the books no
 * longer, nor is anything kept back for it: an operator's retry releases it anew.
 * @returns what to write down in the same transaction, after everything else that locks
 */
export async function endBookingPayouts(
  tx: Transaction<Schema>,
  ended: readonly EndedTransfer[],
  now: Date,
): Promise<{
  entries: readonly LedgerEntry[]
  audit: readonly AuditRow[]
  alerts: readonly NewAlert[]
  /** Debts of which something was kept back, to be closed where they are settled by this. */
  keptBack: readonly Debt[]
}> {
  const before = await endPayouts(tx, ended, now)
  const plans = ended.map((end) => ({ ...end, payout: known(before, end) }))
  const failed = plans.filter(({ failureReason }) => failureReason !== null)
  // What was kept back is owed to us again, or settled for good: locked before the payees, as in every release.
  const keptBack = plans.filter(({ payout }) => payout.setOff > 0n).map(({ payout }) => payout)
  await lockDebts(
    tx,
    keptBack.map(({ providerId }) => providerId),
  )
  return {
    entries: failed.map(({ payout, transferId }) => withdrawnEntry(payout, transferId)),
    audit: plans.map(({ payout, failureReason, transferId }) => {
      const status = failureReason === null ? 'transferred' : 'failed'
      const after: BookingPayout = { ...payout, status, ...(status === 'failed' && { setOff: 0n }) }
      const row = payoutAudit(status, { before: payout, after }, { reason: failureReason })
      return { ...row, after: { ...row.after, transferId } }
    }),
    alerts: failed.map(failedAlert),
    keptBack,
  }
}

function known(before: ReadonlyMap<string, BookingPayout>, { payoutId }: EndedTransfer): BookingPayout {
  const payout = before.get(payoutId)
  if (!payout) throw new Error(`payout ${payoutId} was not in processing`)
  return payout
}

/** Names the matter of a payout that has failed, to be closed when an operator has decided. */
export const failedPayoutKey = (payoutId: string): string => `booking_payout_failed:${payoutId}`

const failedAlert = ({
  payout,
  transferId,
  failureReason,
}: EndedTransfer & { readonly payout: BookingPayout }): NewAlert => ({
  kind: 'booking_payout_failed',
  dedupKey: failedPayoutKey(payout.payoutId),
  subject: { type: 'payout', id: payout.payoutId },
  businessDate: null,
  details: {
    bookingId: payout.bookingId,
    providerId: payout.providerId,
    transferId,
    amount: payout.amount.toString(),
    currency: payout.currency,
    reason: failureReason,
  },
})
