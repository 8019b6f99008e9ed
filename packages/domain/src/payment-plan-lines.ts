import { chooseRail, type PayableSeller } from './bank-choice.ts'
import type { BookingPayoutStatus } from './booking-payout.ts'
import type { Money } from './money.ts'
import type { PlanLine } from './payment-plan.ts'
import type { AttemptState } from './payment-steps.ts'
import type { TransferStatus } from './payout-transfer.ts'
import type { RailName } from './rail.ts'
import { type BlockedReason, mayBecome, type SellerBalanceStatus } from './seller-balance.ts'
import { type DestinationPolicy, type HeldReason, heldReason, type StripeAccount } from './stripe-account.ts'

/** Why something is not paid by a run that takes place now. */
export type LeftOutReason =
  | BlockedReason
  | HeldReason
  | 'not_retrieved'
  | 'no_payment_due'
  | 'on_its_way'
  | 'paid'
  | 'refused'
  | 'returned'
  | 'rail_stopped'
  | 'cap_reached'
  /** A payout of a booking that is due and becomes a transfer next. */
  | 'not_released'
  | 'disputed'
  | 'held_by_operator'
  /** A transfer that its booking wants back. */
  | 'wanted_back'

/** What becomes of one payable in a plan. */
export type Planned =
  | { readonly kind: 'line'; readonly line: PlanLine }
  | { readonly kind: 'left_out'; readonly reason: LeftOutReason; readonly rail: RailName | null }

const leftOut = (reason: LeftOutReason, rail: RailName | null = null): Planned => ({ kind: 'left_out', reason, rail })

/** What is known of every rail. */
export type IsStopped = (rail: RailName) => boolean

export interface BalanceToPlan {
  readonly payableId: string
  readonly status: SellerBalanceStatus
  readonly blockedReason: BlockedReason | null
  /** Null until its documents are read. */
  readonly money: Money | null
  readonly seller: PayableSeller
  /** Its newest; null when it has none. */
  readonly attempt: { readonly state: AttemptState; readonly rail: RailName } | null
  /** The seller's account came in the place of another lately. */
  readonly isCooling: boolean
}

const BALANCE_LEFT_OUT: Readonly<Partial<Record<SellerBalanceStatus, LeftOutReason>>> = {
  initialized: 'not_retrieved',
  retrieved: 'not_retrieved',
  no_payment_due: 'no_payment_due',
  paying: 'on_its_way',
  payment_pending: 'on_its_way',
  paid: 'paid',
  failed: 'refused',
  returned: 'returned',
}

/** What a run would do with a balance: as the claim would, whenever its next try is due. */
export function planBalance(
  { payableId, status, blockedReason, money, seller, attempt, isCooling }: BalanceToPlan,
  isStopped: IsStopped,
): Planned {
  const wasCooling = status === 'blocked' && blockedReason === 'destination_changed'
  if (status === 'blocked' && !wasCooling) return leftOut(blockedReason ?? 'not_retrieved')
  const why = BALANCE_LEFT_OUT[status]
  if (why) return leftOut(why, attempt?.rail ?? null)
  if (!mayBecome(wasCooling ? 'payable' : status, 'paying') || money === null) return leftOut('not_retrieved')
  const choice = chooseRail(seller, money)
  if ('blocked' in choice) return leftOut(choice.blocked)
  const { rail, destination } = choice
  if (isCooling) return leftOut('destination_changed', rail)
  return isStopped(rail)
    ? leftOut('rail_stopped', rail)
    : { kind: 'line', line: { payableId, money, rail, destination } }
}

export interface TransferToPlan {
  readonly payableId: string
  readonly status: TransferStatus
  readonly heldReason: HeldReason | null
  readonly withdrawRequested: boolean
  readonly money: Money
  /** Its payee's; undefined when there is none. */
  readonly account: StripeAccount | undefined
  /** That account, or the bank account behind it, came in the place of another lately. */
  readonly isCooling: boolean
}

const STRIPE: RailName = 'stripe'

/** What a run would do with a transfer that has not ended, or has failed. */
export function planTransfer(
  { payableId, status, heldReason: held, withdrawRequested, money, account, isCooling }: TransferToPlan,
  { isStopped, policy }: { readonly isStopped: IsStopped; readonly policy: DestinationPolicy },
): Planned {
  if (status === 'completed') return leftOut('paid', STRIPE)
  if (status === 'failed_terminal') return leftOut('refused', STRIPE)
  if (status === 'processing') return leftOut('on_its_way', STRIPE)
  if (withdrawRequested || status === 'withdrawn') return leftOut('wanted_back', STRIPE)
  if (held && held !== 'destination_changed') return leftOut(held, STRIPE)
  const lacks = heldReason(account, policy)
  if (lacks || !account) return leftOut(lacks ?? 'no_account', STRIPE)
  if (isCooling) return leftOut('destination_changed', STRIPE)
  if (isStopped(STRIPE)) return leftOut('rail_stopped', STRIPE)
  return { kind: 'line', line: { payableId, money, rail: STRIPE, destination: account.stripeAccountId } }
}

/** Why a payout of a booking that is due has no transfer yet. */
export const planPayout = (status: BookingPayoutStatus, heldBy: 'disputes' | 'operator' | null): Planned => {
  if (status !== 'on_hold') return leftOut('not_released', STRIPE)
  return leftOut(heldBy === 'operator' ? 'held_by_operator' : 'disputed', STRIPE)
}
