import type { ReconciliationWindow } from '@remesa/domain/reconciliation'

/**
 * The window of what is asked: from the first moment of `startDate`, up to but without the first of `endDate`, in UTC.
 * @throws RangeError for what is no date, a window of no length, or fractions of a second, which Stripe does not have
 */
export function windowOf({
  startDate,
  endDate,
}: {
  readonly startDate: string | Date
  readonly endDate?: string | Date | undefined
}): ReconciliationWindow {
  const from = momentOf(startDate)
  const to = endDate === undefined ? new Date(from.getTime() + DAY_MS) : momentOf(endDate)
  if (from >= to) throw new RangeError(`the window from ${from.toISOString()} to ${to.toISOString()} has no length`)
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
