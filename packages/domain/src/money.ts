import { type Currency, currency, exponentOf } from './currency.ts'

/** An amount in minor units of its currency: 1250n in USD is 12.50 dollars, in CLP 1250 pesos. May be negative. */
export interface Money {
  readonly amount: bigint
  readonly currency: Currency
}

export const money = (amount: bigint, code: string): Money => ({ amount, currency: currency(code) })

/** What a database's eight bytes hold; more is no amount of money anyway. */
const LARGEST = 2n ** 63n - 1n

/**
 * Reads a decimal string of major units, exactly.
 * @param text - e.g. `"1250.5"`, `"-3"`; more decimals than the currency has are accepted only when they are zero,
 *   since NetSuite writes pesos as `1250000.00` (facts: marketplace §7)
 * @returns minor units
 * @throws RangeError for anything else: an amount is never rounded
 */
export function parseMajor(text: string, code: Currency): bigint {
  const match = /^(-?)(\d{1,18})(?:\.(\d+))?$/.exec(text)
  const exponent = exponentOf(code)
  const fraction = match?.[3] ?? ''
  if (!match || /[1-9]/.test(fraction.slice(exponent))) {
    throw new RangeError(`${JSON.stringify(text)} is not an amount in ${code} (at most ${exponent} decimals)`)
  }
  const minor = BigInt((match[2] ?? '') + fraction.slice(0, exponent).padEnd(exponent, '0'))
  if (minor > LARGEST) throw new RangeError(`${JSON.stringify(text)} is too large an amount`)
  return match[1] === '-' ? -minor : minor
}

/** Minor units as a decimal string with exactly the currency's decimals: 1050n in USD is `"10.50"`. */
export function formatMajor(amount: bigint, code: Currency): string {
  const exponent = exponentOf(code)
  const digits = (amount < 0n ? -amount : amount).toString().padStart(exponent + 1, '0')
  const sign = amount < 0n ? '-' : ''
  return exponent === 0 ? sign + digits : `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

/** @throws RangeError when the currencies differ: a sum across currencies means nothing. */
export function add(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new RangeError(`cannot add ${b.currency} to ${a.currency}`)
  return { amount: a.amount + b.amount, currency: a.currency }
}
