/** One row of a CSV text, and where in the text each of its values begins, its quote included. */
export interface CsvRecord {
  readonly values: readonly string[]
  readonly offsets: readonly number[]
}

/** Where a text stops being CSV, and what was expected there. */
export interface CsvFault {
  readonly offset: number
  readonly expected: string
}

/**
 * Reads CSV as RFC 4180 has it: commas, LF or CRLF, quotes around values and written twice within them. Blank lines
 * are passed over. Read here and not by a library, because who mends a file needs the place of a value, and the
 * parsers there are tell of rows only.
 * @returns the rows up to the fault, if there is one: behind it nobody knows which quote opens and which closes
 */
export function readCsv(text: string): { readonly records: readonly CsvRecord[]; readonly fault?: CsvFault } {
  const records: CsvRecord[] = []
  let at = 0
  while (at < text.length) {
    const blank = lineBreakAt(text, at)
    if (blank > 0) {
      at += blank
      continue
    }
    const values: string[] = []
    const offsets: number[] = []
    for (let first = true; first || text[at] === ','; first = false) {
      const start = first ? at : at + 1
      const value = text[start] === '"' ? quotedValue(text, start) : plainValue(text, start)
      if ('expected' in value) return { records, fault: value }
      values.push(value.text)
      offsets.push(start)
      at = value.end
    }
    records.push({ values, offsets })
    at += lineBreakAt(text, at)
  }
  return { records }
}

type Value = { readonly text: string; readonly end: number }

function quotedValue(text: string, start: number): Value | CsvFault {
  let close = start
  do close = text.indexOf('"', close + 1)
  while (close >= 0 && text[close + 1] === '"' && ++close)
  if (close < 0) return { offset: start, expected: 'expected the value to end with a quote (")' }
  const value = text.slice(start + 1, close)
  const end = close + 1
  if (!endsValue(text, end)) {
    // A quote that was forgotten shows lines later; the value it belongs to is what the reader looks for.
    const offset = value.includes('\n') ? start : end
    return { offset, expected: 'expected a comma or the end of the line after the closing quote (")' }
  }
  return { text: value.replaceAll('""', '"'), end }
}

function plainValue(text: string, start: number): Value | CsvFault {
  PLAIN.lastIndex = start
  PLAIN.exec(text)
  const end = PLAIN.lastIndex
  if (endsValue(text, end)) return { text: text.slice(start, end), end }
  return text[end] === '"'
    ? { offset: end, expected: 'expected a value with quotes in it to be quoted, and those to be written twice' }
    : { offset: end, expected: 'expected the line to end with LF or CRLF, found CR alone' }
}

const PLAIN = /[^,"\r\n]*/y

const endsValue = (text: string, at: number): boolean =>
  at >= text.length || text[at] === ',' || lineBreakAt(text, at) > 0

/** The length of the line break at a place, 0 when there is none. */
function lineBreakAt(text: string, at: number): number {
  if (text[at] === '\n') return 1
  return text[at] === '\r' && text[at + 1] === '\n' ? 2 : 0
}

/** Line and column of an offset, both from 1, as editors count them. */
export function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1
  let lineStart = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    lineStart = at + 1
  }
  return { line, column: offset - lineStart + 1 }
}
