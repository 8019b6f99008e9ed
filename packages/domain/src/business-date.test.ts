import { expect, test } from '@jest/globals'
import { businessDate, previousBusinessDate } from './business-date.ts'

test.each(['2026-13-01', '2026-02-30', '2026-1-1', '20261120', '2026-11-20T00:00:00Z', 'yesterday', ''])(
  '%s is no business date',
  (text) => {
    expect(() => businessDate(text)).toThrow(RangeError)
  },
)

test('a leap day is one', () => {
  expect(businessDate('2028-02-29')).toBe('2028-02-29')
})

test.each([
  ['2026-11-21T09:00:00Z', '2026-11-20', 'a summer morning in Chile'],
  ['2026-06-15T10:00:00Z', '2026-06-14', 'a winter morning in Chile'],
  ['2026-11-21T02:59:59Z', '2026-11-19', 'still the evening of the 20th in Chile'],
  ['2026-11-21T03:00:00Z', '2026-11-20', 'midnight in Chile'],
  ['2026-09-06T04:00:00Z', '2026-09-05', 'the day whose first hour does not exist'],
  ['2026-04-05T03:30:00Z', '2026-04-03', 'the evening hour that comes twice, the second time'],
  ['2027-01-01T09:00:00Z', '2026-12-31', 'a new year'],
])('at %s the previous business date is %s: %s', (now, expected) => {
  expect(previousBusinessDate(Temporal.Instant.from(now))).toBe(expected)
})

test('another zone has its own day', () => {
  expect(previousBusinessDate(Temporal.Instant.from('2026-11-21T04:00:00Z'), 'America/Lima')).toBe('2026-11-19')
})
