import { expect, test } from '@jest/globals'
import { limitLines } from '../bench/limits.ts'

const summary = {
  sellers: 5000,
  seconds: { setup: 9, profileSync: 30, payDay: 30, settlements: 0, bookings: 0, reconciliation: 0 },
  retrievalRequestsPer1000Balances: 15,
  memory: { payouts: { secondQuarterMiB: 100, lastQuarterMiB: 110 } },
}
const verdicts = (changes: Partial<typeof summary>): string[] =>
  limitLines({ ...summary, ...changes }).map((line) => line.split(':')[0] ?? '')

test('the benchmark says of each limit whether a pay-day held it', () => {
  expect(verdicts({})).toEqual(['holds', 'holds', 'holds'])
  expect(verdicts({ seconds: { ...summary.seconds, payDay: 30.1 } })).toEqual(['BROKEN', 'holds', 'holds'])
  expect(verdicts({ sellers: 200 })).toEqual(['BROKEN', 'holds', 'holds'])
  expect(verdicts({ sellers: 20_000 })).toEqual(['no limit', 'holds', 'holds'])
  expect(verdicts({ retrievalRequestsPer1000Balances: 15.1 })).toEqual(['holds', 'BROKEN', 'holds'])
  const memory = { payouts: { secondQuarterMiB: 100, lastQuarterMiB: 111 } }
  expect(verdicts({ memory })).toEqual(['holds', 'holds', 'BROKEN'])
  expect(limitLines({ ...summary, memory }).at(-1)).toContain('payouts 100 → 111 MiB')
})
