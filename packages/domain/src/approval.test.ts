import { expect, test } from '@jest/globals'
import { APPROVAL_LIFE_MS, hasExpired } from './approval.ts'

test('a wish can be agreed to until its time is over, and not at that moment any more', () => {
  const requestedAt = new Date('2026-11-14T12:00:00Z')
  const after = (ms: number) => ({ lifeMs: APPROVAL_LIFE_MS, now: new Date(requestedAt.getTime() + ms) })
  expect(hasExpired(requestedAt, after(0))).toBe(false)
  expect(hasExpired(requestedAt, after(APPROVAL_LIFE_MS - 1))).toBe(false)
  expect(hasExpired(requestedAt, after(APPROVAL_LIFE_MS))).toBe(true)
})
