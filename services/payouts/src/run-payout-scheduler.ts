import { noteRun } from '@remesa/database/admin-jobs'
import { type BookingTerms, rulesTime } from '@remesa/database/booking-settling'
import { claimOverdueBookings } from '@remesa/database/booking-sweep'
import type { Database } from '@remesa/database/connection'
import { claimTransfersToQueue, findQueuedSince } from '@remesa/database/transfer-queue'
import type { DestinationPolicy } from '@remesa/domain/stripe-account'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { Logger } from '@remesa/service-kit/logger'
import type { PayoutMetrics } from './payout-metrics.ts'
import { queueReversals } from './queue-reversals.ts'
import { tellOfSettlements } from './tell-of-settlements.ts'
import type { DestinationVerifier } from './verify-destinations.ts'

interface Parts {
  readonly database: Database
  readonly policy: DestinationPolicy
  readonly terms: BookingTerms
  /** How long a transfer's own message has to bring it to a worker before it counts as left behind. */
  readonly graceMs: number
  readonly now: () => Date
  readonly metrics: PayoutMetrics
  readonly logger: Logger
}

/** Of each kind, in one transaction. */
const LIMIT = 1_000

/**
 * Puts on their way again what is pending, retryable and due, or abandoned by a dead worker, and what is held although
 * its account can receive. Messages do all of this by themselves; this is for the ones that were lost. A settlement whose own message
 * never came is not paid: people are told of it. Two at once do no harm.
 * @returns how many transfers were queued
 */
export async function runPayoutScheduler(parts: Parts): Promise<number> {
  const { database, policy, graceMs, now, metrics, logger } = parts
  const startedAt = now() // for every round alike: what was just queued is not due again within this run
  const since = await findQueuedSince(database, startedAt)
  metrics.queueAge(since === null ? 0 : (startedAt.getTime() - since.getTime()) / 1000)
  let queued = 0
  for (;;) {
    const { left, released } = await database.transaction().execute(async (tx) => {
      const found = await claimTransfersToQueue(tx, { now: startedAt, graceMs, limit: LIMIT, policy })
      const ids = [...found.left.map(({ transferId }) => transferId), ...found.released]
      await enqueue(
        tx,
        topics.payoutTransfer,
        ids.map((payoutTransferId) => ({ data: { payoutTransferId } })),
      )
      await raiseAlerts(tx, found.alerts)
      return found
    })
    metrics.left(left.map(({ status }) => status))
    queued += left.length + released.length
    if (left.length < LIMIT && released.length < LIMIT) break
  }
  if (queued > 0) logger.warn({ queued }, 'transfers that were left behind are on their way again')
  await queueReversals({ database, graceMs, logger }, startedAt)
  await lookAtOverdueBookings(parts, startedAt)
  await tellOfSettlements({ database, logger }, startedAt)
  return queued
}

/** Bookings whose payout is due and whose timer was lost are looked at again. */
async function lookAtOverdueBookings({ database, terms, graceMs, metrics, logger }: Parts, now: Date): Promise<void> {
  const dueBefore = new Date(rulesTime(now, terms).getTime() - graceMs)
  for (;;) {
    const bookingIds = await database.transaction().execute(async (tx) => {
      const found = await claimOverdueBookings(tx, { now, dueBefore, graceMs: Math.max(graceMs, 1), limit: LIMIT })
      await enqueue(
        tx,
        topics.bookingPayout,
        found.map((bookingId) => ({ data: { bookingId } })),
      )
      return found
    })
    metrics.bookingsLeft(bookingIds.length)
    if (bookingIds.length > 0)
      logger.warn({ bookings: bookingIds.length }, 'bookings whose timer was lost are looked at')
    if (bookingIds.length < LIMIT) return
  }
}

/** As the scheduler service registers it in `admin_jobs`. */
const JOB = 'payout-scheduler'

/**
 * The same, told to by the clock, and noted in `admin_jobs` with what it took and how it ended; accounts that could not
 * be read from Stripe are read again, too.
 */
export function scheduledRun(parts: Parts & { verifier: Pick<DestinationVerifier, 'ask'> }): BatchHandler<object> {
  const { database, now, verifier } = parts
  return async (batch) => {
    const startedAt = now()
    const began = performance.now()
    const note = (error: string | null): Promise<void> =>
      noteRun(database, { name: JOB, startedAt, durationMs: performance.now() - began, error })
    try {
      await runPayoutScheduler(parts) // once for all that fell due meanwhile
    } catch (error) {
      await note(error instanceof Error ? error.message : String(error))
      throw error
    }
    verifier.ask()
    await note(null)
    return batch.map(() => done)
  }
}
