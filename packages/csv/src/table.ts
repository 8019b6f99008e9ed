import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CsvRecord, readCsv } from './csv.ts'
import { type Problems, shownValue } from './problems.ts'

/** One file of a marketplace. */
export interface Table<Column extends string> {
  readonly rows: readonly Row<Column>[]
  /** False when not every row could be read: what is not here may be there all the same. */
  readonly isComplete: boolean
}

export interface Row<Column extends string> {
  readonly line: number
  /** Empty when the row is too short. */
  text(column: Column): string
  /**
   * Reports the value of a column: `sellers.csv:14:27: operation_type: expected local or international, got "Local"`.
   * @param got - the value in words, where it should not be repeated
   */
  refuse(column: Column, expected: string, got?: string): undefined
}

/**
 * Reads one CSV file: UTF-8, with or without a byte order mark, with a header that names each column once, in any
 * order. What is wrong with it goes to `problems`.
 * @param table.optional - those of the columns that may be missing; their values are empty then
 */
export async function readTable<Column extends string>(
  directory: string,
  { file, columns, optional = [] }: { file: string; columns: readonly Column[]; optional?: readonly Column[] },
  problems: Problems,
): Promise<Table<Column>> {
  const text = await readText(join(directory, file), (problem) => problems.add(file, problem))
  if (text === undefined) return { rows: [], isComplete: false }
  const report: Report = (offset, problem) => problems.addAt(file, { text, offset }, problem)

  const { records, fault } = readCsv(text)
  if (fault) report(fault.offset, fault.expected)
  reportControlCharacter(text, report)
  const [header, ...rest] = records
  if (header === undefined) {
    if (!fault) report(0, `expected the header ${columns.join(',')}, found nothing`)
    return { rows: [], isComplete: false }
  }
  const places = readHeader(header, { columns, optional }, report)
  if (places === undefined) return { rows: [], isComplete: false }
  const lineOf = lineCounter(text)
  const rows = rest.map((record) => createRow(record, { places, lineOf, report }))
  return { rows, isComplete: fault === undefined }
}

type Report = (offset: number, problem: string) => void

async function readText(path: string, report: (problem: string) => void): Promise<string | undefined> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    report(code === 'ENOENT' ? 'expected this file, there is none' : `expected a file that can be read (${code})`)
    return undefined
  }
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes) // takes its byte order mark away
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  report(isUtf16 ? 'expected UTF-8, found UTF-16' : `expected UTF-8, found other bytes in line ${lineOfInvalid(bytes)}`)
  return undefined
}

function lineOfInvalid(bytes: Buffer): number {
  let start = 0
  for (let line = 1; ; line++) {
    const end = bytes.indexOf('\n', start)
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return line
    start = end + 1
  }
}

/** @returns where each column stands, or undefined when one is missing, unknown or there twice */
function readHeader<Column extends string>(
  { values, offsets }: CsvRecord,
  { columns, optional }: { columns: readonly Column[]; optional: readonly Column[] },
  report: Report,
): ReadonlyMap<Column, number> | undefined {
  const separator = /[;\t]/.exec(values[0] ?? '')?.[0]
  if (values.length === 1 && separator) {
    const found = separator === ';' ? 'semicolons' : 'tabs'
    report(0, `expected the header ${columns.join(',')}, separated by commas, found ${found}`)
    return undefined
  }
  const places = new Map<Column, number>()
  let isGood = true
  for (const [place, value] of values.entries()) {
    const column = columns.find((known) => known === value)
    if (column !== undefined && !places.has(column)) {
      places.set(column, place)
      continue
    }
    const problem = column === undefined ? `unknown column ${shownValue(value)}` : `column ${column} is there twice`
    report(offsets[place] ?? 0, `${problem}, expected ${columns.join(',')}`)
    isGood = false
  }
  const missing = columns.filter((column) => !places.has(column) && !optional.includes(column))
  if (missing.length > 0) report(0, `expected ${columns.join(',')}, found no ${missing.join(', ')}`)
  return isGood && missing.length === 0 ? places : undefined
}

function createRow<Column extends string>(
  { values, offsets }: CsvRecord,
  parts: { places: ReadonlyMap<Column, number>; lineOf: (offset: number) => number; report: Report },
): Row<Column> {
  const { places, report } = parts
  const isWhole = values.length === places.size
  if (!isWhole) report(offsets[0] ?? 0, `expected ${places.size} values, got ${values.length}`)
  return {
    line: parts.lineOf(offsets[0] ?? 0),
    text: (column) => values[places.get(column) ?? -1] ?? '',
    refuse(column, expected, got) {
      if (!isWhole) return undefined // told already; its values may stand in the wrong columns
      const place = places.get(column) ?? 0
      report(offsets[place] ?? 0, `${column}: ${expected}, got ${got ?? shownValue(values[place] ?? '')}`)
      return undefined
    },
  }
}

/** The line of each of a series of growing offsets, in one pass over the text. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1
  let next = text.indexOf('\n')
  return (offset) => {
    for (; next >= 0 && next < offset; next = text.indexOf('\n', next + 1)) line++
    return line
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/

/** The first one tells enough: a NUL byte, say, which PostgreSQL could not store. */
function reportControlCharacter(text: string, report: Report): void {
  const found = CONTROL_CHARACTER.exec(text)
  if (!found) return
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  report(found.index, `expected text, found the control character U+${code}`)
}
