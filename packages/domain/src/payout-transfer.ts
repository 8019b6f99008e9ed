import { type AnswerStep, afterAnswer, type Counted, type PaymentPatience, type Standing } from './payment-steps.ts'
import type { PaymentOutcome } from './rail.ts'

/** The life of what one winner is paid for one contest (design §6.3). */
export type TransferStatus =
  | 'awaiting_destination'
  | 'pending'
  | 'processing'
  | 'completed'
  | 'retryable'
  | 'failed_terminal'

const NEXT: Readonly<Record<TransferStatus, readonly TransferStatus[]>> = {
  awaiting_destination: ['pending'], // the payee's account became able to receive
  pending: ['processing', 'awaiting_destination'],
  processing: ['completed', 'retryable', 'failed_terminal'],
  retryable: ['processing', 'awaiting_destination'],
  completed: [],
  failed_terminal: [],
}

export const TRANSFER_STATUSES = Object.keys(NEXT) as readonly TransferStatus[]

export const mayBecome = (from: TransferStatus, to: TransferStatus): boolean => NEXT[from].includes(to)

/** Nothing more happens to it, ever: its job no longer waits for it. */
export const isTerminal = (status: TransferStatus): boolean => NEXT[status].length === 0

/** What follows from an answer for a transfer. `processing` moves nothing: it only waits, and perhaps alerts. */
export interface TransferStep extends Omit<AnswerStep, 'standing'> {
  readonly status: TransferStatus
}

const STATUS_WHEN: Readonly<Record<Standing, TransferStatus>> = {
  open: 'processing',
  accepted: 'completed',
  again: 'retryable',
  awaiting_funds: 'retryable',
  failed: 'failed_terminal',
}

/**
 * What a rail's answer makes of a transfer in `processing` and of its claimed attempt. Transfers move at once or not
 * at all: one that was made is paid, and has no state after that but reversed (facts: stripe §2).
 * @param counted - its `attempts` are the refusals that count towards `patience.maxAttempts`
 * @param random - in [0, 1), spreads the retries
 */
export function afterTransfer(
  outcome: PaymentOutcome,
  counted: Counted,
  patience: PaymentPatience,
  random: number,
): TransferStep {
  if (outcome.kind !== 'accepted') {
    const { standing, ...step } = afterAnswer(outcome, counted, patience, random)
    return { ...step, status: STATUS_WHEN[standing] }
  }
  switch (outcome.status.state) {
    case 'paid':
      return { attempt: 'paid', status: 'completed', counts: 'nothing' }
    case 'reversed':
      // A look-up found it, and somebody had taken it back by hand: they know why, and a person decides.
      return { attempt: 'reversed', status: 'failed_terminal', counts: 'nothing', alert: 'payment_reversed' }
    case 'pending':
    case 'rejected':
      // No transfer is ever in such a state. It may be paid, so its key stays, and a person compares the books.
      return {
        attempt: 'claimed',
        status: 'processing',
        counts: 'nothing',
        retryAfterMs: patience.retry.maxMs,
        alert: 'payment_mismatch',
      }
  }
}
