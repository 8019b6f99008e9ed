import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { PENDING_LIMITS, POLL_SCHEDULE_MS, pendingAlert, pollDelayMs, watchDelayMs } from './payment-polling.ts'

const HOUR_MS = 3_600_000

test('a pending payment is asked after at 1, 2, 5, 10, 20, 30 minutes, then every hour', () => {
  const minutes = [0, 1, 2, 3, 4, 5, 6, 7, 500].map((checks) => pollDelayMs(checks) / 60_000)
  expect(minutes).toEqual([1, 2, 5, 10, 20, 30, 60, 60, 60])
})

test('another schedule can be given; an empty one is refused', () => {
  expect([0, 1, 9].map((checks) => pollDelayMs(checks, [50, 100]))).toEqual([50, 100, 100])
  expect(() => pollDelayMs(0, [])).toThrow(RangeError)
})

test('waiting gets no shorter', () => {
  fc.assert(fc.property(fc.nat(), (checks) => pollDelayMs(checks + 1) >= pollDelayMs(checks)))
  expect(POLL_SCHEDULE_MS).toHaveLength(7)
})

test('people are told after a day, and finance takes over after three', () => {
  expect([23.9, 24, 71.9, 72, 1000].map((hours) => pendingAlert(hours * HOUR_MS))).toEqual([
    undefined,
    'payment_pending_too_long',
    'payment_pending_too_long',
    'payment_handed_over',
    'payment_handed_over',
  ])
  expect(pendingAlert(10, { ...PENDING_LIMITS, alertAfterMs: 10 })).toBe('payment_pending_too_long')
})

test('a paid payment is watched until its bank cannot send it back any more', () => {
  const days = [0, 1, 2, 3, 4].map((looks) => watchDelayMs(looks))
  expect(days.map((delay) => (delay === undefined ? undefined : delay / 86_400_000))).toEqual([1, 1, 2, 4, undefined])
})
