/** A query the sandbox does not understand; its message is a sentence for the person who wrote the query. */
export class SqlProblem extends Error {}

/**
 * A value of a query: text, a number in millionths (so that ids and amounts stay exact), a date or timestamp in UTC, or
 * nothing.
 */
export type SqlValue = string | bigint | Date | null

const MILLION = 1_000_000n

/** @throws SqlProblem when the text is no number: Oracle's ORA-01722. */
export function sqlNumber(text: string): bigint {
  const match = /^\s*(-?)(\d+)(?:\.(\d{1,6}))?\s*$/.exec(text)
  if (!match) throw new SqlProblem(`${JSON.stringify(text)} is not a number (ORA-01722).`)
  const millionths = BigInt(match[2] ?? '') * MILLION + BigInt((match[3] ?? '').padEnd(6, '0'))
  return match[1] === '-' ? -millionths : millionths
}

/** An internal id, which is a whole number. */
export const sqlId = (id: string): bigint => BigInt(id) * MILLION

/** As SuiteQL answers it: every value a string, numbers without needless zeros, dates as the user prefers them. */
export function sqlText(value: Exclude<SqlValue, null>): string {
  if (typeof value === 'string') return value
  if (value instanceof Date) return formatDate(value, 'DD/MM/YYYY')
  const digits = (value < 0n ? -value : value).toString().padStart(7, '0')
  const fraction = digits.slice(-6).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -6)}${fraction === '' ? '' : `.${fraction}`}`
}

/**
 * @returns below, at or above zero as `a` is before, equal to or after `b`
 * @throws SqlProblem when the two cannot be compared, as a date with text
 */
export function compareValues(a: Exclude<SqlValue, null>, b: Exclude<SqlValue, null>): number {
  if (a instanceof Date || b instanceof Date) {
    if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime()
    throw new SqlProblem("A date is compared with text or a number: wrap it in TO_DATE('2026-11-20', 'YYYY-MM-DD').")
  }
  if (typeof a === 'bigint' || typeof b === 'bigint') {
    const [x, y] = [typeof a === 'bigint' ? a : sqlNumber(a), typeof b === 'bigint' ? b : sqlNumber(b)]
    return x < y ? -1 : x > y ? 1 : 0
  }
  return a < b ? -1 : a > b ? 1 : 0
}

const PARTS = /"([^"]*)"|YYYY|MM|DD|HH24|MI|SS|FF\d?|[^A-Z"]+|(.)/gi

/** TO_CHAR of a date. @throws SqlProblem for a format the sandbox does not know. */
export function formatDate(date: Date, format: string): string {
  const iso = date.toISOString()
  return format.replace(PARTS, (part, quoted?: string, unknown?: string) => {
    if (quoted !== undefined) return quoted
    if (unknown !== undefined) throw new SqlProblem(`The date format ${format} is not understood at ${unknown}.`)
    const position = POSITIONS[part.toUpperCase().replace(/^FF\d?$/, 'FF')]
    return position === undefined ? part : iso.slice(...position)
  })
}

const POSITIONS: Readonly<Record<string, [number, number]>> = {
  YYYY: [0, 4],
  MM: [5, 7],
  DD: [8, 10],
  HH24: [11, 13],
  MI: [14, 16],
  SS: [17, 19],
  FF: [20, 23],
}

/** TO_DATE and TO_TIMESTAMP. @throws SqlProblem when the text is not a date in that format. */
export function parseDate(text: string, format: string): Date {
  const found: Record<string, string> = {}
  let at = 0
  for (const [part, quoted, unknown] of format.matchAll(PARTS)) {
    if (unknown !== undefined) throw new SqlProblem(`The date format ${format} is not understood at ${unknown}.`)
    const name = part.toUpperCase().replace(/^FF\d?$/, 'FF')
    const position = quoted === undefined ? POSITIONS[name] : undefined
    const length = position ? position[1] - position[0] : (quoted ?? part).length
    const piece = text.slice(at, at + length)
    if (position) found[name] = piece
    at += length
  }
  const { YYYY, MM, DD, HH24 = '00', MI = '00', SS = '00', FF = '000' } = found
  const date = new Date(`${YYYY}-${MM}-${DD}T${HH24}:${MI}:${SS}.${FF}Z`)
  if (Number.isNaN(date.getTime()) || at !== text.length || date.toISOString().slice(8, 10) !== DD) {
    throw new SqlProblem(`${JSON.stringify(text)} is not a date in the format ${format} (ORA-01861).`)
  }
  return date
}
