import type { FinanceAlertKind } from './finance-alert.ts'
import { REFUSAL_RULES } from './payment-refusal.ts'
import type { PaymentOutcome, PaymentStatus, ProviderFacts, RefusalCategory } from './rail.ts'
import type { SellerBalanceStatus } from './seller-balance.ts'

/**
 * One intent to move money on a rail. `claimed`: in flight, or its answer never came. `postponed`: refused, and the
 * same key may be called again. `declined`: refused or rejected for certain; a new try needs a new generation.
 */
export type AttemptState = 'claimed' | 'postponed' | 'accepted' | 'paid' | 'declined' | 'reversed'

/** How patient the protocol is. Delays in milliseconds. */
export interface PaymentPatience {
  /** Refusals by the bank after which a balance fails; want of funds is counted apart. A transfer's end is `afterTransfer`'s. */
  readonly maxAttempts: number
  /** After which a balance fails; a transfer waits for funds as long as it takes. */
  readonly maxFundsRefusals: number
  /** After no answer, or haste (429). */
  readonly retry: Backoff
  /** After a refusal for a reason that passes: a bank that is closed needs longer than a network that hiccups. */
  readonly refused: Backoff
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
  refused: { firstMs: 15 * 60_000, maxMs: 4 * 3_600_000 },
  funds: { firstMs: 15 * 60_000, maxMs: 4 * 3_600_000 },
  railPauseMs: 60_000,
}

/** What has happened to the payable so far, the present answer not counted in. */
export interface Counted {
  /** Refusals, except for want of funds, for haste (429) and of our own credentials. */
  readonly attempts: number
  readonly fundsRefusals: number
  /** Calls made with the present key, the one that brought this answer included. */
  readonly calls: number
}

/**
 * Where an answer leaves what is being paid, in words that fit every payable. `open`: it may be paid; `again`: refused,
 * and tried again; `awaiting_funds`: tried again, for want of funds; `failed`: never again by itself.
 */
export type Standing = 'open' | 'accepted' | 'again' | 'awaiting_funds' | 'failed'

/** What follows from an answer, whatever is being paid. Without `retryAfterMs` nothing more happens by itself. */
export interface AnswerStep {
  readonly attempt: AttemptState
  readonly standing: Standing
  readonly counts: 'nothing' | 'attempt' | 'funds_refusal'
  readonly retryAfterMs?: number
  readonly alert?: FinanceAlertKind
  readonly pauseRailMs?: number
}

/**
 * What follows for a seller balance. A step to where the attempt and the balance already stand moves neither: it only
 * waits, and perhaps alerts.
 */
export interface PaymentStep extends Omit<AnswerStep, 'standing'> {
  readonly balance: SellerBalanceStatus
}

const BALANCE_WHEN: Readonly<Record<Standing, SellerBalanceStatus>> = {
  open: 'paying',
  accepted: 'payment_pending',
  again: 'payable',
  awaiting_funds: 'awaiting_funds',
  failed: 'failed',
}

const ofBalance = ({ standing, ...step }: AnswerStep): PaymentStep => ({ ...step, balance: BALANCE_WHEN[standing] })

/** Calls with one key that bring no answer before people are told. */
export const CALLS_BEFORE_ALERT = 8

/**
 * What a rail's answer to `pay` (or a look-up in its place) makes of a balance in `paying` and of its claimed attempt.
 * An accepted payment may have ended already: ask `afterStatus` about the status that came with it.
 * @param random - in [0, 1), spreads the retries
 */
export function afterPay(
  outcome: PaymentOutcome,
  counted: Counted,
  patience: PaymentPatience,
  random: number,
): PaymentStep {
  return ofBalance(afterAnswer(outcome, counted, patience, random))
}

/**
 * What a rail's answer to `pay` (or a look-up in its place) makes of a claimed attempt: the part that every payable has
 * in common.
 * @param random - in [0, 1), spreads the retries
 */
export function afterAnswer(
  outcome: PaymentOutcome,
  counted: Counted,
  patience: PaymentPatience,
  random: number,
): AnswerStep {
  const retryAfterMs = waitMs(outcome.facts, backoffMs(counted.calls, patience.retry, random))
  switch (outcome.kind) {
    case 'accepted':
      return { attempt: 'accepted', standing: 'accepted', counts: 'nothing' }
    case 'unknown': {
      // It may be paid: only the same key or a look-up can tell, however often it takes.
      const open = { attempt: 'claimed', standing: 'open', counts: 'nothing' } as const
      if (outcome.reason === 'credentials') {
        return { ...open, retryAfterMs: patience.railPauseMs, pauseRailMs: patience.railPauseMs, alert: 'rail_paused' }
      }
      if (outcome.reason === 'mismatch') {
        return { ...open, retryAfterMs: patience.retry.maxMs, alert: 'payment_mismatch' }
      }
      const tellPeople = counted.calls >= CALLS_BEFORE_ALERT
      return { ...open, retryAfterMs, ...(tellPeople && { alert: 'payment_unknown' }) }
    }
    case 'declined_may_change': {
      const attempt = outcome.keyIsSpent ? 'declined' : 'postponed'
      // Nobody refused anything: the next claim makes a new generation, for where the money goes now.
      if (outcome.reason === 'superseded') return { attempt, standing: 'again', counts: 'nothing', retryAfterMs: 0 }
      if (outcome.reason === 'funds') return wantOfFunds(attempt, counted, patience, random)
      if (outcome.reason === 'rate_limited') return { attempt, standing: 'again', counts: 'nothing', retryAfterMs }
      return newTry(
        attempt,
        'transient',
        counted,
        patience,
        waitMs(outcome.facts, refusedMs(counted, patience, random)),
      )
    }
    case 'declined_for_good':
      return failed(outcome.category ?? 'unknown')
  }
}

/**
 * What the provider's word on an accepted payment makes of its balance.
 * @param attempt - where the attempt stands with us
 * @returns undefined when the word is no news: states never go backwards, whatever order callbacks come in. Ask
 *   `contradicts` whether it may be passed over in silence
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
      // Also straight from `accepted`, when it was paid and sent back between two looks.
      return { attempt: 'reversed', balance: 'returned', counts: 'nothing', alert: 'payment_reversed' }
    case 'rejected': {
      if (attempt === 'paid') return undefined // a paid payment comes back as reversed, never as rejected
      const { follows } = REFUSAL_RULES[status.category]
      if (follows === 'funds') return ofBalance(wantOfFunds('declined', counted, patience, random))
      const retryAfterMs = refusedMs(counted, patience, random)
      return ofBalance(
        follows === 'new_try'
          ? newTry('declined', status.category, counted, patience, retryAfterMs)
          : failed(status.category),
      )
    }
  }
}

/**
 * True when the provider says of a payment what cannot be true if our record of it is: that one we saw end otherwise
 * was paid, or refused. Nothing moves then; a person compares the books (`payment_mismatch`).
 */
export function contradicts(status: PaymentStatus, attempt: AttemptState): boolean {
  if (attempt === 'declined') return status.state === 'paid' || status.state === 'reversed'
  return status.state === 'rejected' && (attempt === 'paid' || attempt === 'reversed')
}

function newTry(
  attempt: AttemptState,
  category: RefusalCategory,
  counted: Counted,
  patience: PaymentPatience,
  retryAfterMs: number,
): AnswerStep {
  if (counted.attempts + 1 >= patience.maxAttempts) return failed(category)
  return { attempt, standing: 'again', counts: 'attempt', retryAfterMs }
}

/** `declined`, also where the key could be used again: whoever releases it means a new payment. */
const failed = (category: RefusalCategory): AnswerStep => ({
  attempt: 'declined',
  standing: 'failed',
  counts: 'attempt',
  alert: REFUSAL_RULES[category].alert,
})

function wantOfFunds(attempt: AttemptState, counted: Counted, patience: PaymentPatience, random: number): AnswerStep {
  const refusals = counted.fundsRefusals + 1
  if (refusals >= patience.maxFundsRefusals) {
    return { attempt: 'declined', standing: 'failed', counts: 'funds_refusal', alert: 'payment_tries_used_up' }
  }
  return {
    attempt,
    standing: 'awaiting_funds',
    counts: 'funds_refusal',
    retryAfterMs: backoffMs(refusals, patience.funds, random),
    alert: 'insufficient_funds',
  }
}

const refusedMs = ({ attempts }: Counted, { refused }: PaymentPatience, random: number): number =>
  backoffMs(attempts + 1, refused, random)

const HOUR_MS = 3_600_000

/** At least what the provider asked for, unless it asks for more than an hour, and spread by our own backoff. */
export const waitMs = ({ retryAfterMs = 0 }: ProviderFacts, backoff: number): number =>
  Math.min(retryAfterMs, HOUR_MS) + backoff

/**
 * Exponential, with jitter over the upper half so that many that failed together do not return together.
 * @param tries - how many were made so far, from 1
 * @param random - in [0, 1)
 * @returns whole milliseconds between half of `firstMs` and `maxMs`
 */
export function backoffMs(tries: number, { firstMs, maxMs }: Backoff, random: number): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(tries - 1, 30))
  return Math.round(ceiling * (0.5 + random / 2))
}
