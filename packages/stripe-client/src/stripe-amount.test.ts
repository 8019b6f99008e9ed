import { expect, test } from '@jest/globals'
import { isCurrency, transferUnitOf } from '@remesa/domain/currency'
import { money } from '@remesa/domain/money'
import fc from 'fast-check'
import { fromStripe, toStripe, wholeFromStripe } from './stripe-amount.ts'

test.each([
  ['USD', 1_250n, 1_250],
  ['CLP', 1_000n, 1_000],
  ['COP', 100_000n, 100_000],
  ['JPY', 500n, 500],
  ['KWD', 1_230n, 1_230],
  ['ISK', 7n, 700],
  ['UGX', 7n, 700],
  ['MGA', 300n, 3],
])('%s: %s minor units are %s of Stripe’s', (code, minor, units) => {
  expect(toStripe(money(minor, code))).toEqual({ amount: units, currency: code.toLowerCase() })
  expect(fromStripe(units, code.toLowerCase())).toEqual(money(minor, code))
})

test.each([
  ['nothing', money(0n, 'USD')],
  ['a debt', money(-5n, 'USD')],
  ['a thousandth of a dinar', money(1_231n, 'KWD')],
  ['part of an ariary', money(250n, 'MGA')],
  ['what JSON would round', money(2n ** 53n, 'USD')],
  ['what JSON would round once it is in Stripe’s units', money(2n ** 50n, 'ISK')],
])('Stripe has no way to say %s', (_, amount) => {
  expect(toStripe(amount)).toBeUndefined()
})

test.each([
  [100, 'zzz'],
  [2 ** 60, 'usd'],
  [1.5, 'usd'],
  [150, 'isk'],
])('%s %s is no amount that we know', (amount, currency) => {
  expect(fromStripe(amount, currency)).toBeUndefined()
})

test('what can be said is whole multiples of the unit that the domain knows, in every currency', () => {
  const currencies = fc.constantFrom(...Intl.supportedValuesOf('currency').filter(isCurrency))
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), currencies, (amount, code) => {
      expect(toStripe({ amount, currency: code }) !== undefined).toBe(amount % transferUnitOf(code) === 0n)
      expect(toStripe({ amount: amount * transferUnitOf(code), currency: code })).toBeDefined()
    }),
  )
})

test('whatever can be said comes back as it was', () => {
  const currencies = fc.constantFrom('USD', 'CLP', 'COP', 'MXN', 'KWD', 'ISK', 'UGX', 'MGA', 'BRL')
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n }), currencies, (amount, code) => {
      const said = toStripe(money(amount, code))
      if (said) expect(fromStripe(said.amount, said.currency)).toEqual(money(amount, code))
    }),
  )
})

test.each([
  ['isk', 12_345, 123n],
  ['ugx', 99, 0n],
  ['ugx', -1, -1n],
  ['isk', -12_300, -123n],
  ['usd', 12_345, 12_345n],
  ['clp', 7, 7n],
  ['mga', 7, 700n],
] as const)('of a balance in %s of %s there can be transferred what is whole', (code, units, whole) => {
  expect(wholeFromStripe(units, code)).toEqual(money(whole, code.toUpperCase()))
})
