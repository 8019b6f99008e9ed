import { type BookingTerms, settleBooking } from '@remesa/database/booking-settling'
import type { BookingRow } from '@remesa/database/bookings'
import type { Database } from '@remesa/database/connection'
import type { BookingStep } from '@remesa/domain/booking-payout-steps'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { enqueue } from '@remesa/messaging/outbox'
import type { Logger } from '@remesa/service-kit/logger'
import type { PayoutMetrics } from './payout-metrics.ts'

export interface BookingParts {
  readonly database: Database
  readonly terms: BookingTerms
  readonly now: () => Date
  readonly metrics: PayoutMetrics
  readonly logger: Logger
}

/**
 * Settles a booking whose row the caller holds, and puts what follows on its way in the same transaction.
 * @returns the steps that were taken, to be told of once they are committed
 */
export async function lookAtBooking(
  tx: Parameters<typeof settleBooking>[0],
  booking: BookingRow,
  { terms, now }: Pick<BookingParts, 'terms' | 'now'>,
  reason: string,
): Promise<readonly BookingStep[]> {
  const { booking_id: bookingId } = booking
  const follows = await settleBooking(tx, booking, { now: now(), terms, reason })
  await enqueue(
    tx,
    topics.payoutTransfer,
    follows.transferIds.map((payoutTransferId) => ({ data: { payoutTransferId } })),
  )
  await enqueue(
    tx,
    topics.payoutReversal,
    follows.reversalIds.map((payoutReversalId) => ({ data: { payoutReversalId } })),
  )
  await enqueue(
    tx,
    topics.bookingPayout,
    follows.lookAgainAt.map((deliverAt) => ({ data: { bookingId }, deliverAt })),
  )
  await raiseAlerts(tx, follows.alerts)
  return follows.steps
}

/** Once it is committed. */
export function tellOfLook(
  { metrics, logger }: BookingParts,
  bookingId: string,
  steps: readonly BookingStep[],
  reason: string,
): void {
  if (steps.length === 0) return
  const kinds = steps.map(({ kind }) => kind)
  metrics.bookingLooked(kinds)
  logger.info({ bookingId, steps: kinds, reason }, 'booking settled')
}
