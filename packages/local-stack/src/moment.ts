const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/

/** Reads a moment with its offset from UTC, like `2026-11-20T14:30:00Z`, to the millisecond. @returns undefined for anything else */
export function momentOf(text: string): Temporal.Instant | undefined {
  if (!MOMENT.test(text)) return undefined
  try {
    return Temporal.Instant.from(text)
  } catch {
    return undefined // of this form, only what no calendar or clock has is refused: a thirteenth month
  }
}
