import { coolingUntil } from '@remesa/domain/cooling'
import { payoutKey } from '@remesa/domain/idempotency-key'
import type { PaymentInstruction, RailName } from '@remesa/domain/rail'
import {
  type DestinationPolicy,
  type HeldReason,
  heldReason,
  isFlagged,
  type StripeAccount,
} from '@remesa/domain/stripe-account'
import type { Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import { coolingAlert } from './destination-cooling.ts'
import type { NewAlert } from './finance-alerts.ts'
import { heldAlert } from './held-transfers.ts'
import type { LatestAttempt } from './payment-attempts.ts'
import { markAwaitingDestination, markPending, type PayoutTransfer } from './payout-transfers.ts'
import type { Schema } from './schema.ts'
import { findStripeAccounts } from './user-stripe-accounts.ts'

// Where transfers that are being claimed go, and what waits because it has nowhere to go, or goes somewhere else since lately.

const RAIL: RailName = 'stripe'

interface FreshTransfer {
  readonly transfer: PayoutTransfer
  readonly generation: number
}

interface PostponedTransfer {
  readonly transfer: PayoutTransfer
  readonly attempt: LatestAttempt
}

interface InstructedTransfer {
  readonly transfer: PayoutTransfer
  readonly rail: RailName
  readonly instruction: PaymentInstruction
}

/** A transfer that waits for its destination. */
export interface HeldTransfer {
  readonly transfer: PayoutTransfer
  readonly reason: HeldReason
  /** When it goes on by itself; null for what waits for news. */
  readonly until: Date | null
}

/** What becomes of transfers that are due. */
export interface ChosenDestinations {
  readonly instructed: readonly InstructedTransfer[]
  /** Refused for now, and sent again to where they were to go. */
  readonly directed: readonly PostponedTransfer[]
  /** Refused for now, and to go elsewhere, or not yet: what was asked for is looked up, and given up. */
  readonly misdirected: readonly PostponedTransfer[]
  readonly held: readonly HeldTransfer[]
  readonly alerts: readonly NewAlert[]
}

/** Where each goes, by the accounts as they stand in this transaction. */
export function chooseDestinations(
  { fresh, postponed }: { readonly fresh: readonly FreshTransfer[]; readonly postponed: readonly PostponedTransfer[] },
  {
    accounts,
    policy,
    now,
  }: { readonly accounts: ReadonlyMap<string, StripeAccount>; readonly policy: DestinationPolicy; readonly now: Date },
): ChosenDestinations {
  const instructed: InstructedTransfer[] = []
  const directed: PostponedTransfer[] = []
  const misdirected: PostponedTransfer[] = []
  const held: HeldTransfer[] = []
  const alerts = new Map<string, NewAlert>()
  const coolsUntil = (account: StripeAccount | undefined) =>
    account && coolingUntil(account.changedAt, { coolingMs: policy.coolingMs, now })
  for (const { transfer, generation } of fresh) {
    const account = accounts.get(transfer.userId)
    const reason = heldReason(account, policy)
    const until = coolsUntil(account)
    if (account && !reason && until) {
      held.push({ transfer, reason: 'destination_changed', until })
      const { userId, changedAt } = account
      if (changedAt) alerts.set(userId, coolingAlert({ type: 'user', id: userId }, { changedAt, until }))
    } else if (account && !reason) {
      instructed.push({ transfer, rail: RAIL, instruction: instructionOf(transfer, account, generation) })
    } else {
      held.push({ transfer, reason: reason ?? 'no_account', until: null })
      if (account && reason && isFlagged(reason)) alerts.set(account.userId, heldAlert(account, reason))
    }
  }
  for (const one of postponed) {
    const { transfer, attempt } = one
    const account = accounts.get(transfer.userId)
    // What is held has no live attempt, so that its booking can have it back at once: also what only has to cool is given up.
    const isToGo =
      !transfer.withdrawRequested &&
      account?.stripeAccountId === attempt.destination &&
      heldReason(account, policy) === undefined &&
      coolsUntil(account) === undefined
    if (isToGo) directed.push(one)
    else misdirected.push(one)
  }
  return { instructed, directed, misdirected, held, alerts: [...alerts.values()] }
}

const instructionOf = (
  { transferId, owner, userId, money }: PayoutTransfer,
  { stripeAccountId }: StripeAccount,
  generation: number,
): PaymentInstruction => ({
  payableId: transferId,
  idempotencyKey: payoutKey(transferId, generation),
  generation,
  money,
  destination: stripeAccountId,
  description: owner.kind === 'contest' ? `Contest ${owner.contestId}` : `Booking ${owner.bookingId}`,
  payeeId: userId,
})

/** Holds them, and says so. */
export async function hold(
  tx: Transaction<Schema>,
  held: readonly HeldTransfer[],
  { now, actor }: { readonly now: Date; readonly actor: string },
): Promise<void> {
  await markAwaitingDestination(
    tx,
    held.map(({ transfer, reason, until }) => ({ transferId: transfer.transferId, reason, until })),
    now,
  )
  await recordAudit(
    tx,
    held.map(({ transfer, reason }) => ({
      actor,
      action: 'payout_transfer.held',
      subject: { type: 'payout_transfer', id: transfer.transferId },
      reason,
      before: { status: transfer.status },
      after: { status: 'awaiting_destination' },
    })),
  )
}

/**
 * Puts those back to pending that were held for a changed destination and whose time is over, or whom two people let pass.
 * The caller has their rows, and judges their destinations anew: it may have been changed again.
 */
export async function wakeCooled(
  tx: Transaction<Schema>,
  transfers: readonly PayoutTransfer[],
  { now, actor }: { readonly now: Date; readonly actor: string },
): Promise<readonly PayoutTransfer[]> {
  const cooling = transfers.filter(({ heldReason: reason }) => reason === 'destination_changed')
  if (cooling.length === 0) return transfers
  const accounts = await findStripeAccounts(tx, [...new Set(cooling.map(({ userId }) => userId))])
  const cooled = new Set(
    cooling.filter(
      ({ userId, nextTryAt }) => (nextTryAt !== null && nextTryAt <= now) || accounts.get(userId)?.changedAt === null,
    ),
  )
  await markPending(
    tx,
    [...cooled].map(({ transferId }) => transferId),
    now,
  )
  await recordAudit(
    tx,
    [...cooled].map(({ transferId, heldReason: was }) => ({
      actor,
      action: 'payout_transfer.released',
      subject: { type: 'payout_transfer', id: transferId },
      before: { status: 'awaiting_destination', heldReason: was },
      after: { status: 'pending' },
    })),
  )
  return transfers.map((one) =>
    cooled.has(one) ? { ...one, status: 'pending', heldReason: null, nextTryAt: null } : one,
  )
}
