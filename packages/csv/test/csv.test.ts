import { expect, test } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { positionOf, readCsv } from '../src/csv.ts'

const rowsOf = (text: string) => readCsv(text).records.map(({ values }) => values)

test('quotes, commas, line breaks and CRLF are read as RFC 4180 has them', () => {
  expect(rowsOf('a,b\r\n"x, ""y""","two\r\nlines"\r\n,\r\n')).toEqual([
    ['a', 'b'],
    ['x, "y"', 'two\r\nlines'],
    ['', ''],
  ])
})

test('the last line may lack its line break, and blank lines are no rows', () => {
  expect(rowsOf('a,b\n\n1,2\n\r\n3,')).toEqual([
    ['a', 'b'],
    ['1', '2'],
    ['3', ''],
  ])
  expect(rowsOf('')).toEqual([])
  expect(rowsOf('\n\n')).toEqual([])
})

test('whatever a library writes as CSV is read back, value for value', () => {
  const value = fc.oneof(fc.string(), fc.stringMatching(/^[",\r\n a]{0,6}$/), fc.string({ unit: 'grapheme' }))
  const table = fc
    .integer({ min: 2, max: 5 })
    .chain((width) => fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 1 }))
  const properties = fc.property(table, fc.constantFrom('\n', '\r\n'), (rows, lineBreak) => {
    const text = stringify(rows, { record_delimiter: lineBreak, quoted: true, quoted_empty: true })
    expect(rowsOf(text)).toEqual(rows)
    // Every value is found again where it is said to stand.
    for (const { values, offsets } of readCsv(text).records) {
      values.forEach((one, place) => {
        expect(text.slice(offsets[place]).startsWith(`"${one.replaceAll('"', '""')}"`)).toBe(true)
      })
    }
  })
  fc.assert(properties)
})

test('any text is read as a library reads it, or refused as it refuses it', () => {
  const text = fc.stringMatching(/^[a",\n]{0,14}$/)
  const properties = fc.property(text, (csv) => {
    const { records, fault } = readCsv(csv)
    let theirs: string[][] | undefined
    try {
      theirs = parse(csv, { relax_column_count: true, skip_empty_lines: true, record_delimiter: ['\r\n', '\n'] })
    } catch {
      theirs = undefined
    }
    expect(fault ? undefined : records.map(({ values }) => values)).toEqual(theirs)
  })
  fc.assert(properties, { numRuns: 1000 })
})

test.each([
  ['a,b\n1,"2\n3,4\n', 2, 3, 'expected the value to end with a quote (")'],
  ['a,b\n1,2"x\n', 2, 4, 'expected a value with quotes in it to be quoted, and those to be written twice'],
  ['a,b\n1,"2"x\n', 2, 6, 'expected a comma or the end of the line after the closing quote (")'],
  ['a,b\n"1,2\n3,"4"\n', 2, 1, 'expected a comma or the end of the line after the closing quote (")'],
  ['a,b\r1,2\r', 1, 4, 'expected the line to end with LF or CRLF, found CR alone'],
])('%j stops being CSV at line %i, column %i', (text, line, column, expected) => {
  const { fault } = readCsv(text)
  expect(fault && { ...positionOf(text, fault.offset), expected: fault.expected }).toEqual({ line, column, expected })
})
