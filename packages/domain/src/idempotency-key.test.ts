import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { payoutKey, reversalKey, sellerBalanceKey } from './idempotency-key.ts'

test('the first generation has the plain key, later ones append theirs', () => {
  expect(sellerBalanceKey('b1', 1)).toBe('seller-balance:b1')
  expect(sellerBalanceKey('b1', 2)).toBe('seller-balance:b1:g2')
  expect(payoutKey('t1', 1)).toBe('payout:t1')
  expect(payoutKey('t1', 13)).toBe('payout:t1:g13')
})

test('two intents never share a key', () => {
  const intent = fc.record({
    make: fc.constantFrom(sellerBalanceKey, payoutKey, reversalKey),
    id: fc.stringMatching(/^[a-z0-9-]{1,4}$/),
    generation: fc.integer({ min: 1, max: 30 }),
  })
  fc.assert(
    fc.property(intent, intent, (a, b) => {
      const same = a.make === b.make && a.id === b.id && a.generation === b.generation
      expect(a.make(a.id, a.generation) === b.make(b.id, b.generation)).toBe(same)
    }),
  )
})

test.each([0, -1, 1.5, Number.NaN])('%s is no generation', (generation) => {
  expect(() => sellerBalanceKey('b1', generation)).toThrow(RangeError)
})

test.each(['', 'b1:g2'])('%j cannot be part of a key', (id) => {
  expect(() => payoutKey(id, 1)).toThrow(RangeError)
})
