import type { PayoutDeed } from '@remesa/domain/audit-action'
import { type BookingOverride, type BookingPayoutStatus, mayOverride } from '@remesa/domain/booking-payout'
import type { Currency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import { type BookingPayout, findPayout, findPayouts, movePayout } from './booking-payouts.ts'
import { emptySheet, payoutAudit, withdrawPayout } from './booking-releases.ts'
import { findInFlight } from './booking-settling.ts'
import { failedPayoutKey } from './booking-transfer-ends.ts'
import { lockBookingTransfers } from './booking-transfers.ts'
import { findAndLock } from './bookings.ts'
import { resolveAlerts } from './finance-alerts.ts'
import { recordEntries } from './ledger.ts'
import { lockDebts } from './receivables.ts'
import type { Schema } from './schema.ts'
import { unsettledMatter } from './second-person.ts'

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
 * again. `hold` keeps it until it is resumed or released by force. `resume` undoes a person’s hold and nothing else: it is due when it
 * was, and the disputes that are open hold it again. `retry` makes a failed one due again, unless Stripe may have paid it after all. `cancel` closes the booking:
 * all of its payouts that have not gone end with this one, in every currency, and none is ever released after that; one
 * whose transfer is on its way is wanted back by the look that follows.
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
  const before = await findPayout(tx, payoutId) // under the locks
  if (!before) return { kind: 'not_found' }
  const { status } = before
  if (!mayOverride(action, status)) {
    return { kind: 'wrong_state', status, reason: `a payout that is ${status} cannot be asked to ${action}` }
  }
  if (action === 'resume' && before.heldBy !== 'operator') {
    return { kind: 'wrong_state', status, reason: HELD_BY_DISPUTES }
  }
  const inFlight = await findInFlight(tx, transfers)
  const transferOf = new Map(
    transfers.flatMap((one) => (one.owner.kind === 'booking' ? [[one.owner.payoutId, one] as const] : [])),
  )
  const isOnItsWay = (payout: BookingPayout): boolean => {
    const transfer = transferOf.get(payout.payoutId)
    return payout.status === 'processing' && (!transfer || inFlight.has(transfer.transferId))
  }
  if (isOnItsWay(before)) {
    return { kind: 'wrong_state', status, reason: 'its transfer is on its way, and may be paid already' }
  }
  const unsettled = action === 'retry' ? await unsettledMatterOf(tx, payoutId) : undefined
  if (unsettled) return { kind: 'wrong_state', status, reason: `it cannot be paid again: ${unsettled}` }
  const payouts = await findPayouts(tx, bookingId)
  if (isClosed(payouts)) {
    return { kind: 'wrong_state', status, reason: 'its booking is closed: a payout of it was cancelled' }
  }
  const meant = action === 'cancel' ? payouts.filter((one) => endsWith(one) && !isOnItsWay(one)) : [before]
  await lockDebts(tx, [before.providerId])
  const sheet = emptySheet()
  for (const one of meant) {
    const transfer = transferOf.get(one.payoutId)
    const isReleased = one.status === 'processing' && transfer !== undefined
    const standing = isReleased ? await withdrawPayout(tx, one, transfer, { now, actor, reason }, sheet) : one
    const after = await apply(tx, standing, { action, reason, now })
    sheet.audit.push(payoutAudit(ACTIONS[action], { before: standing, after }, { actor, reason }))
    if (one.status === 'failed') sheet.settledAlerts.push(failedPayoutKey(one.payoutId))
  }
  await recordEntries(tx, sheet.entries)
  await recordAudit(tx, sheet.audit)
  await resolveAlerts(tx, { dedupKeys: sheet.settledAlerts, note: `${actor} decided: ${action}.` })
  const payout = await findPayout(tx, payoutId)
  return payout ? { kind: 'done', bookingId, payout } : { kind: 'not_found' }
}

const HELD_BY_DISPUTES =
  'a payout that is on_hold for a dispute is not resumed: it goes on by itself once its disputes are resolved'

/** Why a failed payout must not go by another transfer yet: Stripe could not know that the two pay the same. */
async function unsettledMatterOf(tx: Transaction<Schema>, payoutId: string): Promise<string | undefined> {
  const transfers = await tx.selectFrom('payout_transfers').select('id').where('payout_id', '=', payoutId).execute()
  for (const { id } of transfers) {
    const why = await unsettledMatter(tx, { type: 'payout_transfer', id })
    if (why) return why
  }
  return undefined
}

/** Whether a payout ends when its booking is closed: it has not gone, and has not ended. */
const endsWith = ({ status }: BookingPayout): boolean => mayOverride('cancel', status)

const isClosed = (payouts: readonly BookingPayout[]): boolean =>
  payouts.some(({ cancelledBy }) => cancelledBy === 'operator')

/** What a cancel of any of a booking's payouts would end: all that may not have gone, sorted by currency. */
export function endedByCancel(payouts: readonly BookingPayout[]): readonly Money[] {
  const sums = new Map<Currency, bigint>()
  for (const payout of payouts) {
    if (endsWith(payout)) sums.set(payout.currency, (sums.get(payout.currency) ?? 0n) + payout.amount)
  }
  return [...sums]
    .map(([currency, amount]) => ({ amount, currency }))
    .toSorted((a, b) => (a.currency < b.currency ? -1 : 1))
}

const ACTIONS: Readonly<Record<BookingOverride, PayoutDeed>> = {
  force_release: 'overridden',
  hold: 'held',
  resume: 'resumed',
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
    case 'resume':
      return movePayout(tx, payout, { to: 'scheduled' }, now)
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
