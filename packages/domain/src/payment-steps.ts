import type { FinanceAlertKind } from './finance-alert.ts'
import type { PaymentOutcome, PaymentStatus } from './rail.ts'
import type { SellerBalanceStatus } from './seller-balance.ts'

/**
 * One intent to move money on a rail. `claimed`: in flight, or its answer never came. `postponed`: refused, and the
 * same key may be called again. `declined`: refused or rejected for certain; a new try needs a new generation.
 */
export type AttemptState = 'claimed' | 'postponed' | 'accepted' | 'paid' | 'declined' | 'reversed'

/** How patient the protocol is. Delays in milliseconds. */
export interface PaymentPatience {
  /** Refusals by the bank after which a balance fails; want of funds is counted apart. */
  readonly maxAttempts: number
  readonly maxFundsRefusals: number
  readonly retry: Backoff
  readonly funds: Backoff
  /** How long a rail rests after it refused our own credentials. */
  readonly railPauseMs: number
}

export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

export const PATIENCE: PaymentPatience = {
  maxAttempts: 3, // facts: marketplace §4.2
  maxFundsRefusals: 20,
  retry: { firstMs: 2_000, maxMs: 10 * 60_000 },
  funds: { firstMs: 15 * 60_000, maxMs: 4 * 3_600_000 },
  railPauseMs: 60_000,
}

/** What has happened to the payable so far. */
export interface Counted {
  readonly attempts: number
  readonly fundsRefusals: number
  /** Calls made with the present key, this one included. */
  readonly calls: number
}

/** What follows from an answer. Without `retryAfterMs` nothing more happens by itself. */
export interface PaymentStep {
  readonly attempt: AttemptState
  readonly balance: SellerBalanceStatus
  readonly counts: 'nothing' | 'attempt' | 'funds_refusal'
  readonly retryAfterMs?: number
  readonly alert?: FinanceAlertKind
  readonly pauseRailMs?: number
}

/** Calls with one key that bring no answer before people are told. */
const CALLS_BEFORE_ALERT = 8

/**
 * What a rail's answer to `pay` (or a look-up in its place) makes of a balance in `paying` and of its claimed attempt.
 * @param random - in [0, 1), spreads the retries
 */
export function afterPay(
  outcome: PaymentOutcome,
  counted: Counted,
  patience: PaymentPatience,
  random: number,
): PaymentStep {
  const retryAfterMs = backoffMs(counted.calls, patience.retry, random)
  switch (outcome.kind) {
    case 'accepted':
      return { attempt: 'accepted', balance: 'payment_pending', counts: 'nothing' }
    case 'unknown': {
      // It may be paid: only the same key or a look-up can tell, however often it takes.
      const open = { attempt: 'claimed', balance: 'paying', counts: 'nothing' } as const
      if (outcome.reason === 'credentials') {
        return { ...open, retryAfterMs: patience.railPauseMs, pauseRailMs: patience.railPauseMs, alert: 'rail_paused' }
      }
      if (outcome.reason === 'mismatch')
        return { ...open, retryAfterMs: patience.retry.maxMs, alert: 'payment_mismatch' }
      return counted.calls < CALLS_BEFORE_ALERT
        ? { ...open, retryAfterMs }
        : { ...open, retryAfterMs, alert: 'payment_unknown' }
    }
    case 'declined_may_change':
      if (outcome.reason === 'funds') return wantOfFunds(outcome.keyIsSpent, counted, patience, random)
      return {
        attempt: outcome.keyIsSpent ? 'declined' : 'postponed',
        balance: 'payable',
        counts: 'nothing',
        retryAfterMs: outcome.facts.retryAfterMs ?? retryAfterMs,
      }
    case 'declined_for_good':
      return { attempt: 'declined', balance: 'failed', counts: 'attempt', alert: 'payment_rejected' }
  }
}

/**
 * What the provider's word on an accepted payment makes of its balance.
 * @param attempt - where the attempt stands with us
 * @returns undefined when the word is no news: states never go backwards, whatever order callbacks come in
 */
export function afterStatus(
  status: PaymentStatus,
  attempt: AttemptState,
  counted: Counted,
  patience: PaymentPatience,
  random: number,
): PaymentStep | undefined {
  if (attempt !== 'accepted' && attempt !== 'paid') return undefined
  switch (status.state) {
    case 'pending':
      return undefined
    case 'paid':
      return attempt === 'accepted' ? { attempt: 'paid', balance: 'paid', counts: 'nothing' } : undefined
    case 'reversed':
      return { attempt: 'reversed', balance: 'returned', counts: 'nothing', alert: 'payment_reversed' }
    case 'rejected':
      if (attempt === 'paid') return undefined // a paid payment comes back as reversed, never as rejected
      if (status.category === 'funding') return wantOfFunds(true, counted, patience, random)
      if (status.category === 'transient' && counted.attempts + 1 < patience.maxAttempts) {
        const retryAfterMs = backoffMs(counted.attempts + 1, patience.retry, random)
        return { attempt: 'declined', balance: 'payable', counts: 'attempt', retryAfterMs }
      }
      return { attempt: 'declined', balance: 'failed', counts: 'attempt', alert: 'payment_rejected' }
  }
}

function wantOfFunds(keyIsSpent: boolean, counted: Counted, patience: PaymentPatience, random: number): PaymentStep {
  const refusals = counted.fundsRefusals + 1
  if (refusals >= patience.maxFundsRefusals) {
    return { attempt: 'declined', balance: 'failed', counts: 'funds_refusal', alert: 'payment_rejected' }
  }
  return {
    attempt: keyIsSpent ? 'declined' : 'postponed',
    balance: 'awaiting_funds',
    counts: 'funds_refusal',
    retryAfterMs: backoffMs(refusals, patience.funds, random),
    alert: 'insufficient_funds',
  }
}

/**
 * Exponential, with jitter over the upper half so that many that failed together do not return together.
 * @param tries - how many were made so far, from 1
 * @param random - in [0, 1)
 */
export function backoffMs(tries: number, { firstMs, maxMs }: Backoff, random: number): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(tries - 1, 30))
  return Math.round(ceiling * (0.5 + random / 2))
}
