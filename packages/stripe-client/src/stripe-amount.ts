import { type Currency, currency, exponentOf, isCurrency, transferUnitOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'

/**
 * Where the decimals of Stripe's minor unit are not those of ISO 4217 (facts: stripe §8). ISK and UGX have none, yet
 * travel with two that are 00; of the ariary Stripe takes whole ones only.
 */
const STRIPE_EXPONENTS: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 }

const stripeExponent = (code: Currency): number => STRIPE_EXPONENTS[code] ?? exponentOf(code)

/**
 * Money in Stripe's units, exactly.
 * @returns undefined for what no request can carry: not positive, finer than Stripe's unit, or past the integers that
 *   JSON keeps exact
 */
export function toStripe({ amount, currency: code }: Money): { amount: number; currency: string } | undefined {
  if (amount <= 0n || amount % transferUnitOf(code) !== 0n) return undefined
  const finer = stripeExponent(code) - exponentOf(code)
  const unit = 10n ** BigInt(Math.abs(finer))
  const units = finer < 0 ? amount / unit : amount * unit
  return units > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : { amount: Number(units), currency: code.toLowerCase() }
}

/**
 * What Stripe says as money.
 * @returns undefined when it is no amount of a currency that we know, which then equals nothing that we sent
 */
export function fromStripe(amount: number, lowerCase: string): Money | undefined {
  const code = lowerCase.toUpperCase()
  if (!isCurrency(code) || !Number.isSafeInteger(amount)) return undefined
  const finer = stripeExponent(code) - exponentOf(code)
  const unit = 10n ** BigInt(Math.abs(finer))
  if (finer > 0 && BigInt(amount) % unit !== 0n) return undefined
  return { amount: finer > 0 ? BigInt(amount) / unit : BigInt(amount) * unit, currency: currency(code) }
}

/**
 * What of a balance at Stripe can be transferred. A balance in ISK or UGX may have odd hundredths, of fees for instance, which no
 * transfer can carry: what is there of whole units is, and the rest is not.
 * @returns rounded down, also below zero; undefined for a currency that we do not know
 */
export function wholeFromStripe(amount: number, lowerCase: string): Money | undefined {
  const code = lowerCase.toUpperCase()
  if (!isCurrency(code) || !Number.isSafeInteger(amount)) return undefined
  const finer = stripeExponent(code) - exponentOf(code)
  if (finer <= 0) return fromStripe(amount, lowerCase)
  const [units, unit] = [BigInt(amount), 10n ** BigInt(finer)]
  const isShort = units < 0n && units % unit !== 0n // what is owed in part is owed
  return { amount: units / unit - (isShort ? 1n : 0n), currency: code }
}
