import type { BookingStep } from '@remesa/domain/booking-payout-steps'
import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { callEnd } from '@remesa/domain/rail'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What payouts report beside what every worker does; names begin with `remesa_payout_`, times are seconds. */
export interface PayoutMetrics {
  /** One call of Stripe has been answered, or turned away by our own limiter, and that is recorded. */
  answered(answer: {
    readonly outcome: ReturnType<typeof callEnd>
    /** What the answer made of the transfer; null when another call with its key had told its end before. */
    readonly status: TransferStatus | null
    readonly owner: 'contest' | 'booking'
    readonly tryNumber: number
    readonly owedSince: Date
    readonly at: Date
  }): void
  /** What the scheduler found left behind, by the status it was left in. */
  left(statuses: readonly TransferStatus[]): void
  /** A look at a booking was written down. */
  bookingLooked(steps: readonly BookingStep['kind'][]): void
  /** So many bookings had lost their timer. */
  bookingsLeft(count: number): void
  /** How long the transfer that waits longest for a worker has waited; 0 when none does. */
  queueAge(seconds: number): void
}

/** Of several workers the scheduler's message reaches one: what the others measured before says nothing after this long. */
const AGE_COUNTS_FOR_MS = 10 * 60_000

const WAITS = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 604_800]

export function createPayoutMetrics(registry: Registry, now: () => Date): PayoutMetrics {
  const registers = [registry]
  const attempts = new Counter({
    name: 'remesa_payout_attempts_total',
    help: 'Calls to pay a transfer, and those turned away unsent, by outcome and by what they made of the transfer',
    labelNames: ['outcome', 'status'] as const,
    registers,
  })
  const ended = new Counter({
    name: 'remesa_payout_transfers_total',
    help: 'Transfers that came to their end, by status',
    labelNames: ['status'] as const,
    registers,
  })
  const tries = new Histogram({
    name: 'remesa_payout_transfer_tries',
    help: 'Tries that transfers took to their end',
    buckets: [1, 2, 3, 5, 10, 20],
    registers,
  })
  const settledToPaid = new Histogram({
    name: 'remesa_payout_settlement_to_paid_seconds',
    help: 'From a settlement becoming a payout job to each of its transfers being paid',
    buckets: WAITS,
    registers,
  })
  const releasedToPaid = new Histogram({
    name: 'remesa_payout_booking_release_to_paid_seconds',
    help: 'From the release of a booking payout to its transfer being paid',
    buckets: WAITS,
    registers,
  })
  const steps = new Counter({
    name: 'remesa_payout_booking_steps_total',
    help: 'What looks at bookings did about their payouts, by step',
    labelNames: ['step'] as const,
    registers,
  })
  const sweptBookings = new Counter({
    name: 'remesa_payout_bookings_left_total',
    help: 'Bookings with a due payout whose timer was lost, as the scheduler found them',
    registers,
  })
  const left = new Counter({
    name: 'remesa_payout_left_total',
    help: 'Transfers that the scheduler had to pick up, by status',
    labelNames: ['status'] as const,
    registers,
  })
  let ageMeasuredAt = now()
  const age = new Gauge({
    name: 'remesa_payout_queue_age_seconds',
    help: 'How long the transfer that waits longest for a worker has waited, as the scheduler found it',
    registers,
    collect() {
      if (now().getTime() - ageMeasuredAt.getTime() > AGE_COUNTS_FOR_MS) this.remove()
    },
  })
  return {
    answered({ outcome, status, owner, tryNumber, owedSince, at }) {
      attempts.inc({ outcome, status: status ?? 'ended_before' })
      if (status !== 'completed' && status !== 'failed_terminal') return
      ended.inc({ status })
      tries.observe(tryNumber)
      if (status !== 'completed') return
      const waited = owner === 'contest' ? settledToPaid : releasedToPaid
      waited.observe((at.getTime() - owedSince.getTime()) / 1000)
    },
    left(statuses) {
      for (const status of statuses) left.inc({ status })
    },
    bookingLooked(kinds) {
      for (const step of kinds) steps.inc({ step })
    },
    bookingsLeft(count) {
      sweptBookings.inc(count)
    },
    queueAge(seconds) {
      ageMeasuredAt = now()
      age.set(seconds)
    },
  }
}
