import type { Money } from '@remesa/domain/money'
import type { PaymentInstruction, Rail } from '@remesa/domain/rail'
import type { BankPayment } from '../kit/books.ts'
import type { Faults } from '../kit/faults.ts'

/** A rail under test; closed after each case when it can be. */
export type ClosableRail = Rail & { close?(): void | Promise<void> }

export interface RailChoices {
  /** How long the rail waits for an answer, milliseconds. */
  readonly timeoutMs: number
  /** `wrong`: the provider does not accept them. */
  readonly credentials: 'right' | 'wrong'
  /** `nobody`: an address where no one listens. */
  readonly at: 'provider' | 'nobody'
}

/** What the payee's account does, as the provider's test accounts have it. */
export type PayeeKind =
  | 'ordinary'
  /** Never paid, for a reason that is the payee's: the provider says so at once or later. */
  | 'refused'
  /** The provider does not know it. */
  | 'unknown'
  /** The first payment is accepted, then rejected for want of funds. */
  | 'unfunded-once'
  /** The first payment is accepted, then rejected for a reason that passes. */
  | 'busy-once'

/** What not every rail has; cases about it are declared only for rails that do. */
export type RailFeature =
  /** A key whose work is under way is refused meanwhile. */
  | 'in-progress'
  /** A server error can be stored under its key, so that the same key never gets another answer. */
  | 'stored-errors'
  /** A payment that was made can stay hidden from look-ups for a while. */
  | 'hidden-at-first'
  /** A payment that was accepted can be rejected for want of funds. */
  | 'unfunded-once'
  /** A payment that was accepted can be rejected for a reason that passes. */
  | 'busy-once'
  /** The provider itself allows one payment per payable, whatever the key. */
  | 'one-per-payable'
  /** The bank can send a paid payment back. */
  | 'reversible'
  | 'callbacks'

/** How to certify one rail: what it has, and how to set up its provider. */
export interface RailHarness {
  readonly features: readonly RailFeature[]
  start(): Promise<RailBench>
}

/** One provider's sandbox and everything the suite needs to turn at it. */
export interface RailBench {
  makeRail(choices: RailChoices): ClosableRail
  /** A payee's account that no case has used. */
  freshDestination(kind: PayeeKind): string
  /** What the cases pay. */
  readonly money: Money
  readonly country: string
  readonly faults: Faults
  /** What the sandbox counts faults by. */
  subjectOf(instruction: PaymentInstruction): string
  /** The sandbox's routes, as its faults name them. */
  readonly routes: { readonly submit: string; readonly status: string; readonly find: string }
  /** The bank's own books: what was really paid to the instruction's account. */
  booksOf(instruction: PaymentInstruction): readonly BankPayment[]
  /** What was accepted for this instruction comes to its end now. Does nothing where payments settle at once. */
  settle(instruction: PaymentInstruction): void
  /** Whether there is money to pay from. */
  setFunds(funds: 'none' | 'enough'): void
  /** Access tokens given out so far stop working. */
  expireCredentials(): void
  /** The provider forgets its idempotency keys, as it does after their lifetime. */
  forgetKeys(): void
  /** Time passes for provider and rail: on their clock where they have one to set, else really, but 20 ms at most. */
  pass(ms: number): Promise<void>
  /** `in-progress`: the next submission takes so long to work on, milliseconds. */
  slowWork?(instruction: PaymentInstruction, delayMs: number): void
  /** `reversible`: the bank sends the paid payment back. */
  reverse?(instruction: PaymentInstruction): void
  /** `hidden-at-first`: payments made from now on stay hidden from look-ups for so long, milliseconds. */
  hideFor?(ms: number): void
  readonly callbacks?: CallbackBench
  stop(): Promise<void>
}

/** Callbacks as the rail's own verifier reads them. */
export interface CallbackBench {
  /** The reference of each callback that was proven to be the provider's, in order of arrival. */
  verified(): readonly string[]
  /** Callbacks that the verifier refused. */
  refused(): number
  /** Sends the latest callback about the instruction once more. */
  repeat(instruction: PaymentInstruction): void
  /** Resolves when none is waiting or under way. */
  idle(): Promise<void>
}

/** An address where no one listens: the discard port. */
export const NOBODY = 'http://127.0.0.1:9'
