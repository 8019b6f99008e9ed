import type { Money } from './money.ts'

/** A way to move money out. */
export type RailName = 'fpay' | 'payoneer' | 'stripe'

/**
 * What is asked of a rail. Written down with the attempt before the call, and never different between two calls
 * with one key.
 */
export interface PaymentInstruction {
  /** What is being paid: a seller balance's or a payout transfer's id. The same for every generation. */
  readonly payableId: string
  /** Names this intent at the provider; `seller-balance:<id>`, later generations append `:g2`, `:g3`. */
  readonly idempotencyKey: string
  /** 1 for the first try; a new one only after the provider refused the one before for certain. */
  readonly generation: number
  readonly money: Money
  /** The payee's account at the rail: FPay account number, Payoneer payee id, Stripe account id. */
  readonly destination: string
  /** ISO 3166 alpha-2, upper case. Absent, as the beneficiary is, where the account alone says who is paid. */
  readonly country?: string
  readonly beneficiary?: { readonly name: string; readonly taxId: string }
  /** For people: shown on statements. */
  readonly description: string
  /** Our id of the payee, for the provider's books. */
  readonly payeeId: string
}

/** What is kept of an answer: enough to argue with the provider, nothing secret or personal. */
export interface ProviderFacts {
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  readonly code?: string
  readonly requestId?: string
  /** How long the provider asked us to wait, from Retry-After. */
  readonly retryAfterMs?: number
}

/** `code` of what our own limiter did not let out: nothing was sent, and no provider saw it. */
export const NOT_ADMITTED = 'not_admitted'

/** How a call to pay, or a look-up of one, ended. Four kinds, no others (design §5). */
export type PaymentOutcome =
  | {
      readonly kind: 'accepted'
      readonly reference: string
      readonly status: PaymentStatus
      readonly facts: ProviderFacts
    }
  /**
   * It may be paid. `credentials`: our own key was refused, so the rail pauses and nobody's attempt counts.
   * `mismatch`: the provider knows this key or reference with other parameters; a person must look.
   * `replayed_error`: the work is over, and this key brings the same error for as long as it lives. Only a look-up can
   * tell: what it finds is this payment, and "not found" allows a new generation.
   */
  | {
      readonly kind: 'unknown'
      readonly reason:
        | 'no_answer'
        | 'in_progress'
        | 'server_error'
        | 'replayed_error'
        | 'garbled'
        | 'credentials'
        | 'mismatch'
      readonly facts: ProviderFacts
    }
  /**
   * Nothing was paid, and a later try may be. `keyIsSpent`: the provider stored the refusal, so a new generation is needed.
   * `superseded`: no refusal, but an attempt that we gave up, and a look-up that found nothing made by it.
   */
  | {
      readonly kind: 'declined_may_change'
      readonly reason: 'funds' | 'rate_limited' | 'rail_unavailable' | 'superseded'
      readonly keyIsSpent: boolean
      readonly facts: ProviderFacts
    }
  /** Nothing was paid, and the same instruction never will be. `category`: what the reason is about, where it is known. */
  | {
      readonly kind: 'declined_for_good'
      readonly reason: string
      readonly category?: RefusalCategory
      readonly facts: ProviderFacts
    }

/** What became of a call, for counting: the outcome's kind, or that our own limiter turned it away and nobody was asked. */
export const callEnd = (outcome: PaymentOutcome): PaymentOutcome['kind'] | 'turned_away' =>
  isTurnedAway(outcome) ? 'turned_away' : outcome.kind

/** Whether our own limiter turned a payment away, so that the provider was not asked. */
export const isTurnedAway = ({ kind, facts }: PaymentOutcome): boolean =>
  kind === 'declined_may_change' && facts.code === NOT_ADMITTED

/** Where an accepted payment stands at the provider. A reason is the provider's own code. */
export type PaymentStatus =
  | { readonly state: 'pending' }
  | { readonly state: 'paid'; readonly paidAt: Date }
  | { readonly state: 'rejected'; readonly reason: string; readonly category: RefusalCategory }
  /** Paid, then sent back by the bank. */
  | { readonly state: 'reversed'; readonly reason: string }

/** What a rejection means for the next step (facts: marketplace §4.2). */
export type RefusalCategory = 'funding' | 'transient' | 'beneficiary' | 'request' | 'compliance' | 'unknown'

/** What a rail promises; the payment protocol reads it instead of branching on the rail's name. */
export interface RailContract {
  /** How long the provider remembers a key; beyond half of it we look up before calling again. */
  readonly keyLifetime: Temporal.Duration
  /** A refusal is replayed for the life of its key, so that a new try needs a new generation. */
  readonly replaysRefusals: boolean
  readonly settles: 'at-once' | 'later'
  /** A paid payment can come back. */
  readonly reversible: boolean
  readonly lookUp: 'by-reference' | 'by-group'
}

export interface Rail {
  readonly name: RailName
  readonly contract: RailContract
  /** Never throws for an answer of the provider, or for the lack of one. */
  pay(instruction: PaymentInstruction): Promise<PaymentOutcome>
  /** Looks a payment up by what was sent. `not-found` only when the provider is certain that nothing was made. */
  find(instruction: PaymentInstruction): Promise<PaymentOutcome | 'not-found'>
  /**
   * Where an accepted payment stands now.
   * @param reference - what `accepted` gave
   * @throws ProviderError when the provider cannot be read: ask again later
   */
  status(reference: string): Promise<PaymentStatus>
}

/**
 * True when a key was first used so long ago that the provider may not know it any more: look the payment up before
 * calling again, since a forgotten key pays anew.
 */
export function mayHaveForgotten({ keyLifetime }: RailContract, firstCalledAt: Date, now: Date): boolean {
  const halfLifeMs = keyLifetime.total({ unit: 'milliseconds', relativeTo: '2026-01-01' }) / 2
  return now.getTime() - firstCalledAt.getTime() > halfLifeMs
}
