import { expect, test } from '@jest/globals'
import { isComplete, mayBecome, PAYOUT_JOB_STATUSES } from './payout-job.ts'

test('a job goes from pending over processing to complete, never past a step, and back only to pay again what failed', () => {
  const steps = PAYOUT_JOB_STATUSES.flatMap((from) =>
    PAYOUT_JOB_STATUSES.flatMap((to) => (mayBecome(from, to) ? [`${from} → ${to}`] : [])),
  )
  expect(steps).toEqual(['pending → processing', 'processing → complete', 'complete → processing'])
})

test('a job is complete when every transfer has ended, well or badly', () => {
  expect(isComplete({ total: 3, completed: 1, failed: 1 })).toBe(false)
  expect(isComplete({ total: 3, completed: 1, failed: 2 })).toBe(true)
  expect(isComplete({ total: 3, completed: 3, failed: 0 })).toBe(true)
})

test('counts that cannot be are refused', () => {
  expect(() => isComplete({ total: 3, completed: 3, failed: 1 })).toThrow(RangeError)
})
