import type { ReversalStatus } from '@remesa/domain/payout-reversal'
import type { callEnd } from '@remesa/domain/rail'
import { Counter, type Registry } from 'prom-client'

/** What is reported of reversals; names begin with `remesa_payout_`. */
export interface ReversalMetrics {
  /**
   * One call of Stripe has been answered, or turned away by our own limiter, and that is recorded.
   * @param answer.status - what it made of the reversal; null when another call with its key had told its end before
   */
  answered(answer: { readonly outcome: ReturnType<typeof callEnd>; readonly status: ReversalStatus | null }): void
}

export function createReversalMetrics(registry: Registry): ReversalMetrics {
  const attempts = new Counter({
    name: 'remesa_payout_reversal_attempts_total',
    help: 'Calls to take a part of a transfer back, and those turned away unsent, by outcome and by what they made of the reversal',
    labelNames: ['outcome', 'status'] as const,
    registers: [registry],
  })
  return { answered: ({ outcome, status }) => attempts.inc({ outcome, status: status ?? 'ended_before' }) }
}
