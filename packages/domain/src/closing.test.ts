import { expect, test } from '@jest/globals'
import { matchClosing } from './closing.ts'
import { money } from './money.ts'

test.each([
  ['the same amount and currency', money(-1250n, 'CLP'), 'matched'],
  ['no closing yet', undefined, 'missing'],
  ['one minor unit more', money(-1249n, 'CLP'), 'different'],
  ['the same amount with another sign', money(1250n, 'CLP'), 'different'],
  ['the same amount in another currency', money(-1250n, 'USD'), 'different'],
] as const)('%s', (_, closing, match) => {
  expect(matchClosing(money(-1250n, 'CLP'), closing)).toBe(match)
})
