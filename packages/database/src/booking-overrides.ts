import { type BookingOverride, type BookingPayoutStatus, mayOverride } from '@remesa/domain/booking-payout'
import type { Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import { type BookingPayout, findPayout, movePayout } from './booking-payouts.ts'
import { emptySheet, payoutAudit, type Sheet, withdrawPayout } from './booking-releases.ts'
import { findInFlight } from './booking-settling.ts'
import { failedPayoutKey } from './booking-transfer-ends.ts'
import { lockBookingTransfers } from './booking-transfers.ts'
import { findAndLock } from './bookings.ts'
import { resolveAlerts } from './finance-alerts.ts'
import { recordEntries } from './ledger.ts'
import type { Schema } from './schema.ts'

/** What an operator decides about a payout. */
export interface PayoutOverride {
  readonly payoutId: string
  readonly action: BookingOverride
  /** `operator:<who>`. */
  readonly actor: string
  /** In the operator's words; never empty. */
  readonly reason: string
  readonly now: Date
}

export type OverrideAnswer =
  /** The booking is to be looked at again: what follows happens there. */
  | { readonly kind: 'done'; readonly bookingId: string; readonly payout: BookingPayout }
  /** Nothing was changed. `reason` says why in words for people. */
  | { readonly kind: 'wrong_state'; readonly status: BookingPayoutStatus; readonly reason: string }
  | { readonly kind: 'not_found' }

/**
 * Does what an operator decided about a payout, where it stands so that it can be done, under the same locks as the rules:
 * `force_release` lets it go whatever the delay, a hold or the disputes that are open now; one that opens later holds it
 * again. `hold` keeps it until it is released by force. `cancel` pays nothing more of the booking by itself. `retry` makes a
 * failed one due again.
 */
export async function overridePayout(
  tx: Transaction<Schema>,
  { payoutId, action, actor, reason, now }: PayoutOverride,
): Promise<OverrideAnswer> {
  if (reason.trim() === '') throw new RangeError('an override has a reason')
  const found = await findPayout(tx, payoutId)
  if (!found || !(await findAndLock(tx, found.bookingId))) return { kind: 'not_found' }
  const { bookingId } = found
  const transfers = await lockBookingTransfers(tx, bookingId)
  const transfer = transfers.find(({ owner }) => owner.kind === 'booking' && owner.payoutId === payoutId)
  const before = await findPayout(tx, payoutId) // under the locks
  if (!before) return { kind: 'not_found' }
  const { status } = before
  if (!mayOverride(action, status)) {
    return { kind: 'wrong_state', status, reason: `a payout that is ${status} cannot be asked to ${action}` }
  }
  const sheet = emptySheet()
  let standing = before
  if (status === 'processing') {
    const inFlight = await findInFlight(tx, transfers)
    if (!transfer || inFlight.has(transfer.transferId)) {
      return { kind: 'wrong_state', status, reason: 'its transfer is on its way, and may be paid already' }
    }
    standing = await withdrawPayout(tx, before, transfer, { now, actor, reason }, sheet)
  }
  const payout = await apply(tx, standing, { action, reason, now })
  sheet.audit.push(payoutAudit(ACTIONS[action], { before: standing, after: payout }, { actor, reason }))
  await write(tx, sheet)
  if (status === 'failed') {
    await resolveAlerts(tx, { dedupKeys: [failedPayoutKey(payoutId)], note: `${actor} decided: ${action}.` })
  }
  return { kind: 'done', bookingId, payout }
}

const ACTIONS: Readonly<Record<BookingOverride, string>> = {
  force_release: 'overridden',
  hold: 'held',
  cancel: 'cancelled',
  retry: 'retried',
}

async function apply(
  tx: Transaction<Schema>,
  payout: BookingPayout,
  { action, reason, now }: { action: BookingOverride; reason: string; now: Date },
): Promise<BookingPayout> {
  switch (action) {
    case 'force_release': {
      const dueAt = payout.dueAt < now ? payout.dueAt : now
      const overriddenDisputes = await openDisputes(tx, payout.bookingId)
      return movePayout(tx, payout, { to: 'scheduled', dueAt, overriddenDisputes }, now)
    }
    case 'hold':
      return movePayout(tx, payout, { to: 'on_hold', by: 'operator', reason }, now)
    case 'cancel':
      return movePayout(tx, payout, { to: 'cancelled', by: 'operator' }, now)
    case 'retry':
      return movePayout(tx, payout, { to: 'scheduled', dueAt: now }, now)
  }
}

async function openDisputes(tx: Transaction<Schema>, bookingId: string): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom('disputes')
    .select('dispute_id')
    .where('booking_id', '=', bookingId)
    .where('resolved_at', 'is', null)
    .orderBy('dispute_id')
    .execute()
  return rows.map(({ dispute_id }) => dispute_id)
}

async function write(tx: Transaction<Schema>, { entries, audit }: Sheet): Promise<void> {
  await recordEntries(tx, entries)
  await recordAudit(tx, audit)
}
