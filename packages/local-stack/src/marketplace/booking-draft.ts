import type { MarketplaceTip } from '@remesa/sandbox/marketplace'
import type { Random } from './random.ts'
import { digits } from './users.ts'

/** A booking as it is made up, before it is written down: a case changes what makes it special. Minor units. */
export interface BookingDraft {
  readonly random: Random
  /** From 1; its ids carry it. */
  readonly number: number
  /** Users of the marketplace who win a contest and can be paid. */
  readonly winners: readonly Provider[]
  provider: Provider
  currency: string
  share: bigint
  /** How long before now it was completed. */
  completedHoursAgo: number
  tips: TipDraft[]
  disputes: DisputeDraft[]
}

export interface Provider {
  readonly id: string
  readonly account: string | null
}

/** `afterHours`: since the completion, negative before it. */
export interface TipDraft {
  readonly amount: bigint
  readonly afterHours: number
  readonly status: MarketplaceTip['status']
}

/** Hours since the completion. */
export interface DisputeDraft {
  readonly openedAfter: number
  readonly resolved?: { readonly after: number; readonly refund: bigint }
}

/** These have several bookings: one that is no case of its own may be of any of them. */
export const BUSY_PROVIDERS = 6

export const ordinaryProvider = (number: number): Provider => ({
  id: `PR${digits(number)}`,
  account: `acct_pr${digits(number)}`,
})

/** @param cents - what it would be in a currency of two decimals. @returns minor units, such as Stripe moves */
export function amountIn(currency: string, cents: number): bigint {
  if (currency === 'CLP') return BigInt(cents) * 10n
  return currency === 'KWD' ? BigInt(cents) * 10n : BigInt(cents) // Stripe takes no single fils
}
