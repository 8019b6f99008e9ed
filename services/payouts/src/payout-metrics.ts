import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { PaymentOutcome } from '@remesa/domain/rail'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What payouts report beside what every worker does; names begin with `remesa_payout_`, times are seconds. */
export interface PayoutMetrics {
  /** One call of Stripe has been answered and recorded. */
  answered(answer: { outcome: PaymentOutcome['kind']; status: TransferStatus | null; owedSince: Date; at: Date }): void
  /** What the scheduler found left behind, by the status it was left in. */
  left(counts: Readonly<Partial<Record<TransferStatus, number>>>): void
  queueAge(seconds: number): void
}

export function createPayoutMetrics(registry: Registry): PayoutMetrics {
  const registers = [registry]
  const attempts = new Counter({
    name: 'remesa_payout_attempts_total',
    help: 'Calls to pay a transfer, by outcome and by what they made of the transfer',
    labelNames: ['outcome', 'status'] as const,
    registers,
  })
  const settledToPaid = new Histogram({
    name: 'remesa_payout_settlement_to_paid_seconds',
    help: 'From a settlement becoming a payout job to each of its transfers being paid',
    buckets: [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 604_800],
    registers,
  })
  const left = new Counter({
    name: 'remesa_payout_left_total',
    help: 'Transfers that the scheduler had to pick up, by status',
    labelNames: ['status'] as const,
    registers,
  })
  const age = new Gauge({
    name: 'remesa_payout_queue_age_seconds',
    help: 'How long the transfer that is due longest has been due',
    registers,
  })
  return {
    answered({ outcome, status, owedSince, at }) {
      attempts.inc({ outcome, status: status ?? 'ended_before' })
      if (status === 'completed') settledToPaid.observe((at.getTime() - owedSince.getTime()) / 1000)
    },
    left(counts) {
      for (const [status, count] of Object.entries(counts)) left.inc({ status: status as TransferStatus }, count)
    },
    queueAge: (seconds) => age.set(seconds),
  }
}
