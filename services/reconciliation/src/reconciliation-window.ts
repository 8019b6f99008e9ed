import type { ReconciliationWindow } from '@remesa/domain/reconciliation'
import { settledAt } from '@remesa/domain/reconciliation-window'

/** Books of these days are still being written. */
export class NotOverError extends RangeError {
  /** When they may be compared. */
  readonly settledAt: Date

  constructor({ from, to }: ReconciliationWindow, settled: Date) {
    const span = `${from.toISOString()} to ${to.toISOString()}`
    super(
      `the window from ${span} is not over, or its books are still being written: ask again from ${settled.toISOString()} on`,
    )
    this.settledAt = settled
  }
}

/**
 * The window of what is asked: from the first moment of `startDate`, up to but without the first of `endDate`, in UTC.
 * @param books - how long after its end a window's books are still being written
 * @throws RangeError for what is no date, a window of no length, or fractions of a second, which Stripe does not have
 * @throws NotOverError for a window that ended less than `graceMs` ago, or has not
 */
export function windowOf(
  {
    startDate,
    endDate,
  }: {
    readonly startDate: string | Date
    readonly endDate?: string | Date | undefined
  },
  { now, graceMs }: { now: Date; graceMs: number },
): ReconciliationWindow {
  const from = momentOf(startDate)
  const to = endDate === undefined ? new Date(from.getTime() + DAY_MS) : momentOf(endDate)
  if (from >= to) throw new RangeError(`the window from ${from.toISOString()} to ${to.toISOString()} has no length`)
  const settled = settledAt({ to }, graceMs)
  if (now < settled) throw new NotOverError({ from, to }, settled)
  return { from, to }
}

/** The UTC day before the one it is at `now`, `2026-11-20`. */
export const dayBefore = (now: Date): string => new Date(now.getTime() - DAY_MS).toISOString().slice(0, 10)

const DAY_MS = 86_400_000

function momentOf(date: string | Date): Date {
  const moment = typeof date === 'string' ? parse(date) : date
  if (moment === undefined || Number.isNaN(moment.getTime()) || moment.getTime() % 1_000 !== 0) {
    throw new RangeError(`${JSON.stringify(date)} is not a day like 2026-11-20, nor a moment in whole seconds`)
  }
  return moment
}

function parse(text: string): Date | undefined {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return new Date(Temporal.PlainDate.from(text).toString())
    return new Date(Temporal.Instant.from(text).epochMilliseconds)
  } catch {
    return undefined
  }
}
