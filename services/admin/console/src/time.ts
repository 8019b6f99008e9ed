/** A moment as its reader has it. @param iso - ISO 8601; @param timeZone - IANA; the reader's own when left out */
export function formatMoment(iso: string, locale: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', timeZone }).format(new Date(iso))
}

/** The same in UTC, as logs have it: `2026-11-21 14:03:07 UTC`. */
export const inUtc = (iso: string): string => `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** A business date: a day without a zone, which no reader's zone may move. @param date - `YYYY-MM-DD` */
export function formatDay(date: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`))
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** How long something lasts, in its largest unit that it has two of: `90 sec`, `45 min`, `3 days`. */
export function formatAge(seconds: number, locale: string): string {
  const [unit, length] = UNITS.find(([, length]) => seconds >= 2 * length) ?? (['second', 1] as const)
  const amount = Math.floor(seconds / length)
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(amount)
}

/** How long something took: `35 ms`, `2.4 sec`. */
export const formatDuration = (ms: number, locale: string): string =>
  new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: ms < 1_000 ? 'millisecond' : 'second',
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  }).format(ms < 1_000 ? ms : ms / 1_000)

const DAY_MS = 86_400_000

/**
 * A window of whole UTC days, as those days: told in another zone it would seem to begin in the evening before.
 * @param to - the first moment that does not count any more
 * @returns the day, or the first and the last one; undefined for a window of other hours
 */
export function utcDays(from: string, to: string, locale: string): string | undefined {
  const [begin, end] = [Date.parse(from), Date.parse(to)]
  if (begin % DAY_MS !== 0 || end % DAY_MS !== 0) return undefined
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
  return format.formatRange(begin, end - DAY_MS)
}

/** The UTC day that it is, `YYYY-MM-DD`. */
export const utcToday = (now = new Date()): string => now.toISOString().slice(0, 10)

/** @param date - `YYYY-MM-DD`. @param days - negative: before it */
export const dayAfter = (date: string, days: number): string => utcToday(new Date(Date.parse(date) + days * DAY_MS))
