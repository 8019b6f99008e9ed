import type { PayoutDeed } from '@remesa/domain/audit-action'
import { setOffOf } from '@remesa/domain/booking-payout'
import type { Transaction } from 'kysely'
import type { AuditRow } from './audit.ts'
import { type BookingPayout, movePayout } from './booking-payouts.ts'
import { insertBookingTransfer, markWithdrawn } from './booking-transfers.ts'
import type { NewAlert } from './finance-alerts.ts'
import { type LedgerEntry, moved, owedFromBookings, payeeAccount, userPayee } from './ledger.ts'
import { markAwaitingDestination, type PayoutTransfer } from './payout-transfers.ts'
import { outstandingReceivable, receivableAccount } from './receivables.ts'
import type { Schema } from './schema.ts'
import { linkStripeAccounts } from './user-stripe-accounts.ts'

// A payout's money into the engine that moves it, and out of it again before anybody has claimed it.

/** What a transaction about a booking has to write down at its end, and to put on its way. */
export interface Sheet {
  readonly entries: LedgerEntry[]
  readonly audit: AuditRow[]
  readonly alerts: NewAlert[]
  /** Matters that are settled by this: keys of alerts to be closed. */
  readonly settledAlerts: string[]
  /** Transfers that may be paid. */
  readonly transferIds: string[]
  /** What this transaction changes about what providers owe us, minor units: in the books only at its end. */
  readonly debtChanges: Map<string, bigint>
}

export const emptySheet = (): Sheet => ({
  entries: [],
  audit: [],
  alerts: [],
  settledAlerts: [],
  transferIds: [],
  debtChanges: new Map(),
})

export const PAYOUTS_ACTOR = 'payouts'

/** Of a payout, for the audit log: what its history tells people. */
export const toldOf = ({ status, amount, currency, setOff, corrected, dueAt, holdReason }: BookingPayout) => ({
  ...{ status, amount, currency, setOff, corrected },
  dueAt: dueAt.toISOString(),
  ...(holdReason !== null && { holdReason }),
})

/** One line of a payout's history. */
export const payoutAudit = (
  what: PayoutDeed,
  { before, after }: { readonly before: BookingPayout | null; readonly after: BookingPayout },
  { actor = PAYOUTS_ACTOR, reason }: { readonly actor?: string; readonly reason: string | null },
): AuditRow => ({
  actor,
  action: `payout.${what}`,
  subject: { type: 'payout', id: after.payoutId },
  reason,
  before: before && toldOf(before),
  after: toldOf(after),
})

/**
 * Lets a payout that is due go: from here on it is owed in the books, and its transfer may be claimed. What the provider
 * owes us is kept back first.
 * @param options.account - as the marketplace named it for the booking; another than the provider has is held for a person
 * @param options.setOffPercent - of the payout at most
 */
export async function releasePayout(
  tx: Transaction<Schema>,
  payout: BookingPayout,
  options: { account: string | null; setOffPercent: number; now: Date; reason: string | null },
  sheet: Sheet,
): Promise<BookingPayout> {
  const { now, reason } = options
  const setOff = setOffOf(payout, await debtOf(tx, payout, sheet), options.setOffPercent)
  changeDebt(sheet, payout, -setOff)
  const net = payout.amount - setOff
  const after = await movePayout(tx, payout, { to: net === 0n ? 'transferred' : 'processing', setOff }, now)
  sheet.audit.push(payoutAudit('released', { before: payout, after }, { reason }))
  if (setOff > 0n) sheet.audit.push(payoutAudit('set_off', { before: payout, after }, { reason: 'receivable' }))
  if (net === 0n) {
    sheet.audit.push(payoutAudit('transferred', { before: payout, after }, { reason: 'all of it was set off' }))
    // It happens once: what is transferred stays so.
    sheet.entries.push(...releaseEntries(after, after.payoutId))
    return after
  }
  const { payoutId, providerId: userId, currency } = after
  const transferId = await insertBookingTransfer(tx, { payoutId, userId, money: { amount: net, currency } }, now)
  sheet.entries.push(...releaseEntries(after, transferId))
  const isHeld =
    options.account !== null && (await holdIfContradicted(tx, { transferId, userId }, options.account, options, sheet))
  if (!isHeld) sheet.transferIds.push(transferId)
  return after
}

/**
 * Takes a payout's transfer back that nobody has claimed, with all that its release wrote into the books. The caller holds
 * both, and knows that no attempt of it is live.
 */
export async function withdrawPayout(
  tx: Transaction<Schema>,
  payout: BookingPayout,
  transfer: PayoutTransfer,
  { now, ...why }: { now: Date; actor?: string; reason: string | null },
  sheet: Sheet,
): Promise<BookingPayout> {
  const { transferId } = transfer
  if (payout.setOff > 0n) await debtOf(tx, payout, sheet) // locked before the payee, as in every release
  changeDebt(sheet, payout, payout.setOff)
  await markWithdrawn(tx, transferId, now)
  const after = await movePayout(tx, payout, { to: 'scheduled' }, now)
  sheet.entries.push(withdrawnEntry(payout, transferId))
  sheet.audit.push(
    {
      actor: why.actor ?? PAYOUTS_ACTOR,
      action: 'payout_transfer.withdrawn',
      subject: { type: 'payout_transfer', id: transferId },
      reason: why.reason,
      before: { status: transfer.status },
      after: { status: 'withdrawn' },
    },
    payoutAudit('withdrawn', { before: payout, after }, why),
  )
  return after
}

/** Undoes what the release of a payout wrote into the books: its transfer moved nothing and never will. */
export const withdrawnEntry = (payout: BookingPayout, transferId: string): LedgerEntry => {
  const { amount, setOff, currency } = payout
  const payee = payeeAccount(userPayee(payout.providerId))
  const receivable = receivableAccount(userPayee(payout.providerId))
  return {
    idempotencyKey: `withdrawn:${transferId}`,
    kind: 'withdrawn',
    payable: { type: 'payout_transfer', id: transferId },
    postings: [
      ...moved({ amount: amount - setOff, currency }, { from: payee, to: owedFromBookings }),
      ...(setOff > 0n ? moved({ amount: setOff, currency }, { from: receivable, to: owedFromBookings }) : []),
    ],
  }
}

/** @param name - of the release: the transfer's id, or the payout's where there is none */
function releaseEntries(payout: BookingPayout, name: string): readonly LedgerEntry[] {
  const { amount, setOff, currency, providerId } = payout
  const payee = payeeAccount(userPayee(providerId))
  const payable = name === payout.payoutId ? {} : { payable: { type: 'payout_transfer' as const, id: name } }
  const owed: LedgerEntry = {
    idempotencyKey: `owed:${name}`,
    kind: 'owed',
    ...payable,
    postings: moved({ amount, currency }, { from: owedFromBookings, to: payee }),
  }
  if (setOff === 0n) return [owed]
  const keptBack: LedgerEntry = {
    idempotencyKey: `set_off:${name}`,
    kind: 'set_off',
    ...payable,
    postings: moved({ amount: setOff, currency }, { from: payee, to: receivableAccount(userPayee(providerId)) }),
  }
  return [owed, keptBack]
}

/** What the provider owes us once this transaction is written down; locked until it ends. */
async function debtOf(tx: Transaction<Schema>, payout: BookingPayout, sheet: Sheet): Promise<bigint> {
  const owed = await outstandingReceivable(tx, payout.providerId, payout.currency)
  return owed + (sheet.debtChanges.get(debtKey(payout)) ?? 0n)
}

function changeDebt({ debtChanges }: Sheet, payout: BookingPayout, by: bigint): void {
  debtChanges.set(debtKey(payout), (debtChanges.get(debtKey(payout)) ?? 0n) + by)
}

const debtKey = ({ providerId, currency }: BookingPayout): string => `${currency} ${providerId}`

/** Nobody's money goes to an account that the booking did not name: it waits until a person has told which is right. */
async function holdIfContradicted(
  tx: Transaction<Schema>,
  { transferId, userId }: { transferId: string; userId: string },
  stripeAccountId: string,
  { now }: { now: Date },
  sheet: Sheet,
): Promise<boolean> {
  const refused = await linkStripeAccounts(tx, [{ userId, stripeAccountId }], now)
  if (refused.length === 0) return false
  await markAwaitingDestination(tx, [{ transferId, reason: 'account_differs' }], now)
  sheet.audit.push({
    actor: PAYOUTS_ACTOR,
    action: 'payout_transfer.held',
    subject: { type: 'payout_transfer', id: transferId },
    reason: 'account_differs',
    before: { status: 'pending' },
    after: { status: 'awaiting_destination' },
  })
  sheet.alerts.push({
    kind: 'destination_differs',
    dedupKey: `destination_differs:user:${userId}`,
    subject: { type: 'user', id: userId },
    businessDate: null,
    details: { named: stripeAccountId },
  })
  return true
}
