import type { FinanceAlertKind } from './finance-alert.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** When a pending payment is asked after: the delay before each look; the last one repeats (facts: marketplace §4.4). */
export const POLL_SCHEDULE_MS: readonly number[] = [1, 2, 5, 10, 20, 30, 60].map((minutes) => minutes * MINUTE_MS)

/**
 * How long to wait before the next look at a pending payment.
 * @param checks - looks made so far, from 0
 * @param scheduleMs - at least one delay
 * @throws RangeError for an empty schedule
 */
export function pollDelayMs(checks: number, scheduleMs: readonly number[] = POLL_SCHEDULE_MS): number {
  const delay = scheduleMs[Math.min(checks, scheduleMs.length - 1)]
  if (delay === undefined) throw new RangeError('a poll schedule needs at least one delay')
  return delay
}

const DAY_MS = 24 * HOUR_MS

/**
 * When a paid payment is looked at, for it may come back: the time since it was paid. Banks return money within five
 * business days (facts: marketplace §4.2), and a callback that tells of it may be lost.
 */
export const RETURN_WATCH_MS: readonly number[] = [1, 2, 4, 8].map((days) => days * DAY_MS)

/**
 * How long to wait before the next look at a paid payment.
 * @param looks - taken so far since it was paid, from 0
 * @returns undefined when it cannot come back any more
 */
export function watchDelayMs(looks: number, scheduleMs: readonly number[] = RETURN_WATCH_MS): number | undefined {
  const next = scheduleMs[looks]
  return next === undefined ? undefined : next - (scheduleMs[looks - 1] ?? 0)
}

/** How long a payment may be pending before people are told, and before finance settles it by hand. */
export interface PendingLimits {
  readonly alertAfterMs: number
  readonly handOverAfterMs: number
}

/** Facts: marketplace §4.4. */
export const PENDING_LIMITS: PendingLimits = { alertAfterMs: 24 * HOUR_MS, handOverAfterMs: 72 * HOUR_MS }

/**
 * Who must hear of a payment that is still pending. It is asked after all the same: pending is no error, and only the
 * provider knows the end.
 * @param pendingMs - since it was accepted
 */
export function pendingAlert(pendingMs: number, limits: PendingLimits = PENDING_LIMITS): FinanceAlertKind | undefined {
  if (pendingMs >= limits.handOverAfterMs) return 'payment_handed_over'
  return pendingMs >= limits.alertAfterMs ? 'payment_pending_too_long' : undefined
}
