import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { keptTaxId, maskTaxId, normaliseTaxId, type TaxIdScheme, taxIdProblem, taxIdSchemeOf } from './tax-id.ts'

const local = (country: string) => ({ operationType: 'local', countries: [{ country }] }) as const
const international = { operationType: 'international', countries: [{ country: 'cl' }] } as const

const VALID: Readonly<Record<TaxIdScheme, readonly string[]>> = {
  RUT: ['12345678-5', '96806980-2', '61704000-K', '90749000-9', '76192083-9', '11111111-1', '1000005-K'],
  RUC: ['20131312955', '20100128056', '20100070970', '10467793549'],
  NIT: ['890903938-8', '860002964-4', '899999068-1', '800197268-4'],
}
const valid = Object.entries(VALID).flatMap(([scheme, ids]) => ids.map((id) => [scheme as TaxIdScheme, id] as const))

test.each(valid)('%s %s is valid as it stands', (scheme, id) => {
  expect(normaliseTaxId(scheme, id)).toBe(id)
})

test.each([
  ['RUT', '12.345.678-5', '12345678-5'],
  ['RUT', ' 61.704.000-k', '61704000-K'],
  ['RUT', '123456785', '12345678-5'],
  ['RUT', '012345678-5', '12345678-5'],
  ['RUC', '20 131 312 955', '20131312955'],
  ['NIT', '890.903.938-8', '890903938-8'],
  ['NIT', '8909039388', '890903938-8'],
] as const)('%s %s is kept as %s', (scheme, written, kept) => {
  expect(normaliseTaxId(scheme, written)).toBe(kept)
})

test.each([
  ['RUT', '12345678-6'],
  ['RUT', '123456789-2'],
  ['RUT', '-5'],
  ['RUT', '0-0'],
  ['RUT', '12345678–5'],
  ['RUC', '20131312954'],
  ['RUC', '30131312955'],
  ['RUC', '2013131295'],
  ['NIT', '890903938-7'],
  ['NIT', '890903938-K'],
] as const)('%s %s is refused', (scheme, id) => {
  expect(normaliseTaxId(scheme, id)).toBeUndefined()
})

/** The check digit as the standard words it: weights from the right, `base` less the rest of 11. */
const DIGIT_BY_RULE: Readonly<Record<TaxIdScheme, (body: string) => string>> = {
  RUT: (body) => byRule(body, [2, 3, 4, 5, 6, 7, 2, 3], (rest) => ({ 11: '0', 10: 'K' })[11 - rest] ?? `${11 - rest}`),
  RUC: (body) =>
    byRule(body, [2, 3, 4, 5, 6, 7, 2, 3, 4, 5], (rest) => ({ 10: '0', 11: '1' })[11 - rest] ?? `${11 - rest}`),
  NIT: (body) =>
    byRule(
      body,
      [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71],
      (rest) => `${rest < 2 ? rest : 11 - rest}`,
    ),
}
function byRule(body: string, weights: readonly number[], digit: (rest: number) => string): string {
  const digits = [...body].toReversed()
  return digit(digits.reduce((sum, each, position) => sum + Number(each) * (weights[position] ?? Number.NaN), 0) % 11)
}
const bodies: Readonly<Record<TaxIdScheme, fc.Arbitrary<string>>> = {
  RUT: fc.integer({ min: 1, max: 99_999_999 }).map(String),
  RUC: fc
    .tuple(fc.constantFrom('10', '15', '16', '17', '20'), fc.integer({ min: 0, max: 99_999_999 }))
    .map(([prefix, rest]) => prefix + String(rest).padStart(8, '0')),
  NIT: fc.bigInt({ min: 1n, max: 999_999_999_999_999n }).map(String),
}

test.each(['RUT', 'RUC', 'NIT'] as const)(
  'of every %s body, exactly the check digit of the rule is accepted',
  (scheme) => {
    fc.assert(
      fc.property(bodies[scheme], (body) => {
        const dash = scheme === 'RUC' ? '' : '-'
        const accepted = [...'0123456789K'].filter((check) => normaliseTaxId(scheme, body + dash + check) !== undefined)
        expect(accepted).toEqual([DIGIT_BY_RULE[scheme](body)])
      }),
    )
  },
)

test('one wrong digit of a RUT is always found', () => {
  const change = fc.record({ position: fc.nat(6), by: fc.integer({ min: 1, max: 9 }) })
  fc.assert(
    fc.property(fc.integer({ min: 1_000_000, max: 99_999_999 }).map(String), change, (body, { position, by }) => {
      const wrong = [...body].with(position, String((Number(body[position]) + by) % 10)).join('')
      fc.pre(!wrong.startsWith('0')) // a zero before a RUT is not part of it
      expect(normaliseTaxId('RUT', `${wrong}-${DIGIT_BY_RULE.RUT(body)}`)).toBeUndefined()
    }),
  )
})

test('a spelling is normalised once and for all', () => {
  fc.assert(
    fc.property(fc.constantFrom<TaxIdScheme>('RUT', 'RUC', 'NIT'), fc.string(), (scheme, text) => {
      const kept = normaliseTaxId(scheme, text)
      if (kept !== undefined) expect(normaliseTaxId(scheme, kept)).toBe(kept)
    }),
  )
})

test('a local seller’s id follows the scheme of its first country; no other country and no international seller has one', () => {
  expect(taxIdSchemeOf({ operationType: 'local', countries: [{ country: 'pe' }, { country: 'cl' }] })).toBe('RUC')
  expect([local('cl'), local('co'), local('mx'), international].map(taxIdSchemeOf)).toEqual([
    'RUT',
    'NIT',
    undefined,
    undefined,
  ])
  expect(taxIdSchemeOf({ operationType: 'local', countries: [] })).toBeUndefined()
})

test('a problem says what was expected and never repeats the id', () => {
  expect(taxIdProblem(local('cl'), '12.345.678-5')).toBeUndefined()
  expect(taxIdProblem(local('cl'), '98765432-1')).toBe('expected a RUT like 12345678-5; its check digit does not fit')
  expect(taxIdProblem(local('pe'), '98765432-1')).toBe('expected a RUC like 20131312955')
  expect(taxIdProblem(local('mx'), 'XAXX010101000')).toBeUndefined()
  expect(taxIdProblem(international, '98765432-1')).toBeUndefined()
  for (const holder of [local('cl'), local('mx'), international])
    expect(taxIdProblem(holder, ' ')).toContain('expected one')
})

test('two spellings of one id are kept alike, also of one that no scheme checks', () => {
  expect(keptTaxId(local('cl'), '61.704.000-k')).toBe('61704000-K')
  expect(keptTaxId(international, ' de123456789 ')).toBe('DE123456789')
})

test.each([
  ['12345678-5', '*****678-5'],
  ['61704000-K', '*****000-K'],
  ['20131312955', '*******2955'],
  ['1000-5', '******'],
  ['', ''],
])('%s is logged as %s', (id, masked) => {
  expect(maskTaxId(id)).toBe(masked)
})

test('a mask shows at most the last four of an id, and never most of it', () => {
  fc.assert(
    fc.property(fc.string(), (id) => {
      const shown = [...maskTaxId(id)].filter((character) => character !== '*' && character !== '-').length
      expect(shown).toBeLessThanOrEqual(Math.min(4, id.length))
    }),
  )
})
