import { InvalidArgumentError } from 'commander'

/** A day as commands are given it. @returns ISO 8601 @throws InvalidArgumentError for what is none */
export function readDay(text: string): string {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString()
  } catch {
    // no such day
  }
  throw new InvalidArgumentError('A day is written as 2026-11-20.')
}

/** How long to wait. @throws InvalidArgumentError for what is no whole number of seconds */
export function readSeconds(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a whole number of seconds.')
}

/** How many rows of a list. @throws InvalidArgumentError beyond what the API gives at once */
export function readLimit(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= 200) return Number(text)
  throw new InvalidArgumentError('Give a whole number from 1 to 200.')
}
