import { expect, test } from '@jest/globals'
import { nextRun } from './run-due-jobs.ts'

const atSix = { schedule: '0 6 * * *', timeZone: 'America/Santiago' }
const after = (instant: string) => nextRun(atSix, new Date(instant)).toISOString()

test('six in Chile is 09:00 UTC in summer and 10:00 UTC in winter', () => {
  expect(after('2026-01-15T00:00:00Z')).toBe('2026-01-15T09:00:00.000Z')
  expect(after('2026-07-15T00:00:00Z')).toBe('2026-07-15T10:00:00.000Z')
})

test('on the days that clocks change, it is six by the clock on the wall', () => {
  expect(after('2026-04-04T09:00:00Z')).toBe('2026-04-05T10:00:00.000Z') // a night of 25 hours
  expect(after('2026-09-05T10:00:00Z')).toBe('2026-09-06T09:00:00.000Z') // a night of 23 hours
})

test('every day of three years has one run, at six on the wall', () => {
  let at = new Date('2026-01-01T00:00:00-03:00')
  let day = Temporal.PlainDate.from('2025-12-31')
  for (let runs = 0; runs < 3 * 365; runs += 1) {
    at = nextRun(atSix, at)
    day = day.add({ days: 1 })
    const local = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO('America/Santiago')
    expect(local.toPlainDateTime().toString()).toBe(`${day}T06:00:00`)
  }
})

test('a run does not follow itself', () => {
  expect(after('2026-11-21T09:00:00Z')).toBe('2026-11-22T09:00:00.000Z')
})
