import { expect, test } from '@jest/globals'
import { askAgainAt } from './payment-controls.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const waitAfter = (stoppedForMs: number) =>
  askAgainAt({ stoppedAt: new Date(NOW.getTime() - stoppedForMs), now: NOW }).getTime() - NOW.getTime()

test.each([
  [-5_000, 15_000], // another clock stopped it
  [0, 15_000],
  [15_000, 15_000],
  [100_000, 100_000],
  [300_000, 300_000],
  [86_400_000, 300_000],
])('what waits for a rail that has been stopped for %d ms asks again in %d ms', (stoppedForMs, waitMs) => {
  expect(waitAfter(stoppedForMs)).toBe(waitMs)
})
