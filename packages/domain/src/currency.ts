/** An ISO 4217 alphabetic code of a currency that money can move in, e.g. `CLP`. */
export type Currency = string & { readonly [currencyBrand]: true }
declare const currencyBrand: unique symbol

/** ISO 4217 codes that name no payable money: units of account, metals, test codes. CLF (the Chilean UF) is one. */
const NOT_PAYABLE: ReadonlySet<string> = new Set([
  ...['CLF', 'UYW', 'UYI', 'COU', 'MXV', 'BOV', 'CHE', 'CHW', 'USN', 'XDR', 'XSU', 'XUA', 'XAU', 'XAG', 'XPT', 'XPD'],
  ...['XBA', 'XBB', 'XBC', 'XBD', 'XTS', 'XXX'],
])

// The codes come from Intl, the decimals from ISO 4217, which banks and NetSuite follow: Intl takes its own from CLDR,
// which follows custom and gives none to COP, HUF or IDR (facts: marketplace §7).
const EXPONENTS: Readonly<Record<number, readonly string[]>> = {
  0: [
    ...['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF'],
    'XPF',
  ],
  3: ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'],
}
const exponents = new Map<string, number>()
for (const code of Intl.supportedValuesOf('currency')) if (!NOT_PAYABLE.has(code)) exponents.set(code, 2)
for (const [exponent, codes] of Object.entries(EXPONENTS)) {
  for (const code of codes) exponents.set(code, Number(exponent))
}

/** Three decimals, of which Stripe wants the last to be 0 (facts: stripe §8). */
const TENS: ReadonlySet<string> = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND'])
/** Of the ariary, which has two decimals in ISO 4217, Stripe takes whole ones only. */
const HUNDREDS: ReadonlySet<string> = new Set(['MGA'])

/**
 * What Stripe can move of a currency: whole multiples of this, and nothing between them.
 * @returns minor units: 1 for most, 10 for KWD, 100 for MGA
 */
export const transferUnitOf = (code: Currency): bigint => (TENS.has(code) ? 10n : HUNDREDS.has(code) ? 100n : 1n)

export const isCurrency = (code: string): code is Currency => exponents.has(code)

/** @throws RangeError when the code is not an ISO 4217 currency that can be paid. */
export function currency(code: string): Currency {
  if (!isCurrency(code)) throw new RangeError(`${JSON.stringify(code)} is not a payable ISO 4217 currency`)
  return code
}

/** How many decimals a major unit has: 0 for CLP, 2 for USD. */
export function exponentOf(code: Currency): number {
  const exponent = exponents.get(code)
  if (exponent === undefined) throw new RangeError(`${JSON.stringify(code)} is not a payable ISO 4217 currency`)
  return exponent
}
