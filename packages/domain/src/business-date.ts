/** A calendar day of the marketplace, `YYYY-MM-DD`; it has no time and no zone. */
export type BusinessDate = string & { readonly [businessDateBrand]: true }
declare const businessDateBrand: unique symbol

/** @throws RangeError when the text is not a real day written as `YYYY-MM-DD`. */
export function businessDate(text: string): BusinessDate {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) throw noDate(text)
  try {
    Temporal.PlainDate.from(text)
  } catch (cause) {
    throw noDate(text, cause)
  }
  return text as BusinessDate
}

const noDate = (text: string, cause?: unknown): RangeError =>
  new RangeError(`${JSON.stringify(text)} is not a date like 2026-11-20`, { cause })

/** The day it is in `timeZone` at `instant`. */
export const businessDateAt = (instant: Temporal.Instant, timeZone: string): BusinessDate =>
  instant.toZonedDateTimeISO(timeZone).toPlainDate().toString() as BusinessDate

/** The day before the one it is in `timeZone` at `now`: what a pay-day that starts in the morning pays. */
export function previousBusinessDate(now: Temporal.Instant, timeZone = 'America/Santiago'): BusinessDate {
  return now.toZonedDateTimeISO(timeZone).toPlainDate().subtract({ days: 1 }).toString() as BusinessDate
}
