import type { PayoutDeed } from '@remesa/domain/audit-action'
import { type BookingRules, DISPUTE_OPEN } from '@remesa/domain/booking-payout'
import { type BookingStep, bookingSteps, type StandingPayout } from '@remesa/domain/booking-payout-steps'
import type { Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import {
  addCorrection,
  type BookingPayout,
  clearLookWanted,
  findPayouts,
  insertPayout,
  movePayout,
  type PayoutChange,
  setPayoutAmount,
} from './booking-payouts.ts'
import { emptySheet, payoutAudit, releasePayout, type Sheet, withdrawPayout } from './booking-releases.ts'
import { failedPayoutKey } from './booking-transfer-ends.ts'
import { lockBookingTransfers, setWithdrawRequested } from './booking-transfers.ts'
import { type BookingRow, readFacts } from './bookings.ts'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import { recordEntries } from './ledger.ts'
import { latestAttempts } from './payment-attempts.ts'
import { insertReversals, type NewReversal } from './payout-reversals.ts'
import type { PayoutTransfer } from './payout-transfers.ts'
import { closeSettledDebts, lockDebts } from './receivables.ts'
import type { Schema } from './schema.ts'

/** How bookings are settled; see domain booking-payout. */
export interface BookingTerms {
  readonly rules: BookingRules
  /** Of a payout at most so much is kept back against what its provider owes us; 0 to 100. */
  readonly setOffPercent: number
  /** By how much the clock of the booking rules is ahead of the real one, milliseconds. */
  readonly clockOffsetMs: number
}

/** What follows from a look at a booking, for the caller to put on its way in the same transaction. */
export interface BookingFollows {
  /** Transfers that may be paid. */
  readonly transferIds: readonly string[]
  /** Reversals to be made. */
  readonly reversalIds: readonly string[]
  /** When to look again, by the real clock. */
  readonly lookAgainAt: readonly Date[]
  readonly alerts: readonly NewAlert[]
  /** The steps that were taken, for the log. */
  readonly steps: readonly BookingStep[]
}

/**
 * Looks at all that is known of a booking and does what must be done about its payouts: schedules, adjusts, holds, releases,
 * takes back. Harmless when repeated: it decides by what stands, under the lock of the booking, which the caller holds, and
 * of its transfers. So a dispute that opens while a transfer is claimed either has the transfer withdrawn before the claim,
 * or finds it claimed and waits for its end: there is no third case.
 * @param reason - what it is asked after, for the audit log
 */
export async function settleBooking(
  tx: Transaction<Schema>,
  booking: BookingRow,
  { now, terms, reason }: { now: Date; terms: BookingTerms; reason: string },
): Promise<BookingFollows> {
  const transfers = await lockBookingTransfers(tx, booking.booking_id)
  const inFlight = await findInFlight(tx, transfers)
  const transferOf = new Map(
    transfers.flatMap((transfer) =>
      transfer.owner.kind === 'booking' ? [[transfer.owner.payoutId, transfer] as const] : [],
    ),
  )
  await clearLookWanted(tx, booking.booking_id)
  const payouts = await findPayouts(tx, booking.booking_id) // after the locks: whatever was answered meanwhile is seen
  const steps = bookingSteps(
    await readFacts(tx, booking),
    payouts.map((payout) => standing(payout, transferOf.get(payout.payoutId), inFlight)),
    rulesTime(now, terms),
    terms.rules,
  )
  if (steps.some(({ kind }) => kind === 'release' || kind === 'withdraw') && booking.provider_id !== null) {
    await lockDebts(tx, [booking.provider_id])
  }
  const sheet = emptySheet()
  const looked: Looked = { tx, booking, transferOf, now, terms, reason, sheet, lookAgainAt: [], corrections: [] }
  const bySequence = new Map(payouts.map((payout) => [payout.sequence, payout]))
  for (const step of steps) bySequence.set(step.sequence, await take(looked, step, bySequence.get(step.sequence)))
  looked.lookAgainAt.push(...nearlyDue([...bySequence.values()], steps, now, terms))
  const reversals = await insertReversals(tx, looked.corrections, now)
  await recordEntries(tx, sheet.entries)
  await recordAudit(tx, sheet.audit)
  await resolveAlerts(tx, { dedupKeys: sheet.settledAlerts, note: 'Nothing is left to be paid of it.' })
  const released = steps.flatMap(({ kind, sequence }) => (kind === 'release' ? [sequence] : []))
  const keptWhole = released
    .flatMap((sequence) => bySequence.get(sequence) ?? [])
    .filter(({ status }) => status === 'transferred')
  await closeSettledDebts(tx, keptWhole)
  return {
    transferIds: sheet.transferIds,
    reversalIds: reversals.reversalIds,
    lookAgainAt: looked.lookAgainAt,
    alerts: [...sheet.alerts, ...reversals.alerts],
    steps,
  }
}

/** A timer may fire a little early: the database's clock says when, and ours whether the payout is due. */
const EARLY_MS = 60_000

/** When payouts fall due that are newly scheduled, or so near that their timer may be the one that was just spent. */
function nearlyDue(
  payouts: readonly BookingPayout[],
  steps: readonly BookingStep[],
  now: Date,
  terms: BookingTerms,
): readonly Date[] {
  const isNew = new Set(steps.flatMap(({ kind, sequence }) => (kind === 'schedule' ? [sequence] : [])))
  return payouts.flatMap(({ status, sequence, dueAt }) => {
    const inMs = dueAt.getTime() - rulesTime(now, terms).getTime()
    if (status !== 'scheduled' || inMs <= 0 || (inMs > EARLY_MS && !isNew.has(sequence))) return []
    return [new Date(now.getTime() + inMs)]
  })
}

/** What the booking rules take for now. */
export const rulesTime = (now: Date, { clockOffsetMs }: BookingTerms): Date => new Date(now.getTime() + clockOffsetMs)

interface Looked {
  readonly tx: Transaction<Schema>
  readonly booking: BookingRow
  readonly transferOf: ReadonlyMap<string, PayoutTransfer>
  readonly now: Date
  readonly terms: BookingTerms
  readonly reason: string
  readonly sheet: Sheet
  readonly lookAgainAt: Date[]
  readonly corrections: NewReversal[]
}

/** Of these transfers the ones that may be with the rail: claimed, or refused under a key that may be called again. */
export async function findInFlight(
  tx: Transaction<Schema>,
  transfers: readonly PayoutTransfer[],
): Promise<ReadonlySet<string>> {
  if (transfers.length === 0) return new Set()
  const attempts = await latestAttempts(
    tx,
    'payout_transfer',
    transfers.map(({ transferId }) => transferId),
  )
  const isLive = (transferId: string): boolean => {
    const state = attempts.get(transferId)?.state
    return state !== undefined && state !== 'declined' && state !== 'reversed'
  }
  return new Set(
    transfers.flatMap(({ transferId, status }) => (status === 'processing' || isLive(transferId) ? [transferId] : [])),
  )
}

function standing(
  payout: BookingPayout,
  transfer: PayoutTransfer | undefined,
  inFlight: ReadonlySet<string>,
): StandingPayout {
  return {
    ...payout,
    transfer: transfer
      ? { isInFlight: inFlight.has(transfer.transferId), withdrawRequested: transfer.withdrawRequested }
      : null,
  }
}

/** @returns the payout as the step leaves it */
async function take(looked: Looked, step: BookingStep, known: BookingPayout | undefined): Promise<BookingPayout> {
  const { tx, now, reason, sheet } = looked
  if (step.kind === 'schedule') return schedule(looked, step)
  const payout = known ?? missing(looked.booking, step.sequence)
  switch (step.kind) {
    case 'adjust': {
      const after = await setPayoutAmount(tx, payout, step.amount, now)
      sheet.audit.push(payoutAudit('adjusted', { before: payout, after }, { reason }))
      return after
    }
    case 'cancel': {
      if (payout.status === 'failed') sheet.settledAlerts.push(failedPayoutKey(payout.payoutId))
      const why = payout.amount === 0n ? 'nothing is owed' : 'the booking is closed'
      return move(looked, payout, 'cancelled', { to: 'cancelled', by: 'rules' }, why)
    }
    case 'hold': {
      const why = `${DISPUTE_OPEN}: ${step.disputes.join(', ')}`
      return move(looked, payout, 'held', { to: 'on_hold', by: 'disputes', reason: DISPUTE_OPEN }, why)
    }
    case 'unhold':
      return move(looked, payout, 'unheld', { to: 'scheduled' }, reason)
    case 'release': {
      const options = {
        account: looked.booking.stripe_account_id,
        setOffPercent: looked.terms.setOffPercent,
        now,
        reason,
      }
      return releasePayout(tx, payout, options, sheet)
    }
    case 'withdraw':
      return withdrawPayout(tx, payout, transferOf(looked, payout), { now, reason: step.why }, sheet)
    case 'request_withdrawal':
    case 'let_go': {
      const { transferId } = transferOf(looked, payout)
      const isRequested = step.kind === 'request_withdrawal'
      await setWithdrawRequested(tx, transferId, isRequested, now)
      sheet.audit.push({
        actor: 'payouts',
        action: isRequested ? 'payout_transfer.withdrawal_requested' : 'payout_transfer.withdrawal_dropped',
        subject: { type: 'payout_transfer', id: transferId },
        reason: isRequested ? step.why : reason,
      })
      // Its next try may have been passed over while it was wanted back.
      if (!isRequested) sheet.transferIds.push(transferId)
      return payout
    }
    case 'correct':
      return correct(looked, payout, step.amount)
  }
}

async function schedule(
  { tx, booking, now, reason, sheet }: Looked,
  { sequence, currency, amount, dueAt }: BookingStep & { kind: 'schedule' },
): Promise<BookingPayout> {
  const { booking_id: bookingId, provider_id: providerId } = booking
  if (providerId === null) throw new Error(`booking ${bookingId} is paid out before it is completed`)
  const after = await insertPayout(tx, { bookingId, sequence, providerId, currency, amount, dueAt }, now)
  sheet.audit.push(payoutAudit('scheduled', { before: null, after }, { reason }))
  return after
}

async function move(
  { tx, now, sheet }: Looked,
  payout: BookingPayout,
  what: PayoutDeed,
  change: PayoutChange,
  reason: string,
): Promise<BookingPayout> {
  const after = await movePayout(tx, payout, change, now)
  sheet.audit.push(payoutAudit(what, { before: payout, after }, { reason }))
  return after
}

async function correct(looked: Looked, payout: BookingPayout, amount: bigint): Promise<BookingPayout> {
  const { tx, now, reason, sheet, corrections } = looked
  const { payoutId, providerId, currency } = payout
  const after = await addCorrection(tx, payout, amount, now)
  sheet.audit.push(payoutAudit('reversed', { before: payout, after }, { reason }))
  const transfer = await tx
    .selectFrom('payout_transfers')
    .select('id')
    .where('payout_id', '=', payoutId)
    .where('status', '=', 'completed')
    .executeTakeFirst()
  corrections.push({ payoutId, transferId: transfer?.id ?? null, providerId, money: { amount, currency } })
  return after
}

function transferOf({ transferOf: ofPayout }: Looked, { payoutId }: BookingPayout): PayoutTransfer {
  const transfer = ofPayout.get(payoutId)
  if (!transfer) throw new Error(`payout ${payoutId} is in processing without a transfer`)
  return transfer
}

function missing({ booking_id }: BookingRow, sequence: number): never {
  throw new Error(`booking ${booking_id} has no payout ${sequence}`)
}
