import { COOLING_MS } from './cooling.ts'

/** What Stripe says of a connected account, as far as paying it depends on it (facts: stripe §3). */
export interface StripeAccountFacts {
  /** `capabilities.transfers` is `active`: without it Stripe refuses every transfer. */
  readonly transfersActive: boolean
  /** The account's own bank payouts. Stripe transfers without them, but the money stays on the account. */
  readonly payoutsEnabled: boolean
  readonly detailsSubmitted: boolean
  /** Stripe's own code, e.g. `requirements.past_due`. */
  readonly disabledReason: string | null
}

/** Where a user is paid. `facts` is null until Stripe has told of the account. */
export interface StripeAccount {
  readonly userId: string
  readonly stripeAccountId: string
  readonly facts: StripeAccountFacts | null
  /** When it came in the place of an earlier one, or its bank account did; null: never, or two people let it pass. */
  readonly changedAt: Date | null
}

/** Why a transfer waits for its destination. */
export type HeldReason =
  | 'no_account'
  | 'account_unverified'
  | 'transfers_inactive'
  | 'payouts_disabled'
  /** The settlement names another account than the user has: no news of an account tells which is right, a person does. */
  | 'account_differs'
  /** Its destination was changed lately: it goes by itself once the cooling time is over, or two people let it pass. */
  | 'destination_changed'

export const HELD_REASONS: readonly HeldReason[] = [
  'no_account',
  'account_unverified',
  'transfers_inactive',
  'payouts_disabled',
  'account_differs',
  'destination_changed',
]

export interface DestinationPolicy {
  /** Hold what Stripe would transfer to an account that cannot pay it out to its bank. */
  readonly payoutsMustBeEnabled: boolean
  /** How long nothing goes to a destination that was changed; 0 holds nothing. */
  readonly coolingMs: number
}

/** As Stripe recommends: hold and flag (facts: stripe §3). */
export const DESTINATION_POLICY: DestinationPolicy = { payoutsMustBeEnabled: true, coolingMs: COOLING_MS }

/**
 * Why nothing may be sent to this user yet; undefined when it may, once what was changed lately has cooled.
 * @param account - undefined when the user has none
 */
export function heldReason(account: StripeAccount | undefined, policy: DestinationPolicy): HeldReason | undefined {
  if (!account) return 'no_account'
  if (!account.facts) return 'account_unverified'
  if (!account.facts.transfersActive) return 'transfers_inactive'
  return policy.payoutsMustBeEnabled && !account.facts.payoutsEnabled ? 'payouts_disabled' : undefined
}

/**
 * Whether people must hear that a transfer waits. A user who has opened no account yet, or one that we are about to read,
 * is nobody's trouble; an account that Stripe has switched off is.
 */
export const isFlagged = (reason: HeldReason): boolean =>
  reason === 'transfers_inactive' || reason === 'payouts_disabled'
