import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Currency, currency, exponentOf, isCurrency } from './currency.ts'
import { add, formatMajor, money, parseMajor } from './money.ts'

const CLP = currency('CLP')
const USD = currency('USD')
const anyCurrency = fc.constantFrom(...['CLP', 'USD', 'COP', 'KWD', 'PEN', 'JPY'].map(currency))
const anyAmount = fc
  .bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })
  .filter((minor) => minor > -(10n ** 18n) && minor < 10n ** 18n)

test.each([
  ['1250000', CLP, 1250000n],
  ['1250000.00', CLP, 1250000n],
  ['12.5', USD, 1250n],
  ['-0.05', USD, -5n],
  ['7.1000', USD, 710n],
  ['0', USD, 0n],
] as const)('%s in %s is %s minor units', (text, code, minor) => {
  expect(parseMajor(text, code)).toBe(minor)
})

test.each([
  ['1.5', CLP],
  ['1.005', USD],
  ['1,50', USD],
  ['+1', USD],
  ['1.', USD],
  ['.5', USD],
  ['1e3', USD],
  ['', USD],
  [' 1', USD],
  ['١٢', USD],
  ['NaN', USD],
  ['999999999999999999', USD],
] as const)('%s in %s is refused, never rounded', (text, code) => {
  expect(() => parseMajor(text, code)).toThrow(RangeError)
})

test('what is formatted is parsed to the same amount', () => {
  fc.assert(
    fc.property(anyAmount, anyCurrency, (minor, code) => {
      const text = formatMajor(minor, code)
      expect(parseMajor(text, code)).toBe(minor)
      expect(text.split('.')[1]?.length ?? 0).toBe(exponentOf(code))
    }),
  )
})

test('no text is read as an amount that it does not say', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^-?\d{1,15}(\.\d{0,4})?$/), anyCurrency, (text, code) => {
      let minor: bigint
      try {
        minor = parseMajor(text, code)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
        return
      }
      const [whole = '', fraction = ''] = text.replace('-', '').split('.')
      const said = BigInt(whole + fraction.padEnd(4, '0'))
      expect((minor < 0n ? -minor : minor) * 10n ** BigInt(4 - exponentOf(code))).toBe(said)
    }),
  )
})

test('money of two currencies is never added', () => {
  expect(add(money(5n, 'USD'), money(-7n, 'USD'))).toEqual({ amount: -2n, currency: USD })
  expect(() => add(money(5n, 'USD'), money(5n, 'CLP'))).toThrow('cannot add CLP to USD')
})

test('each currency has the decimals of ISO 4217, not those of custom', () => {
  const decimals = (codes: string) => codes.split(' ').map((code) => exponentOf(currency(code)))
  expect(new Set(decimals('CLP PYG JPY KRW VND ISK UGX XAF XOF XPF RWF KMF GNF DJF BIF VUV'))).toEqual(new Set([0]))
  expect(new Set(decimals('USD PEN COP MXN ARS BRL UYU BOB EUR HUF IDR PKR IRR'))).toEqual(new Set([2]))
  expect(new Set(decimals('BHD IQD JOD KWD LYD OMR TND'))).toEqual(new Set([3]))
})

test.each(['CLF', 'XAU', 'XTS', 'usd', 'US', '', 'ABC'])('%s is no currency that can be paid', (code) => {
  expect(isCurrency(code)).toBe(false)
  expect(() => currency(code)).toThrow(RangeError)
  expect(() => exponentOf(code as Currency)).toThrow(RangeError)
})
