import { currency, exponentOf, isCurrency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { invalid } from './errors.ts'

/** Where Stripe's minor unit is not ISO 4217's (facts: stripe §8). UGX and ISK come as two decimals that are 00. */
const STRIPE_EXPONENTS: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 }
const LAST_DIGIT_ZERO: ReadonlySet<string> = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND'])
/** More than any payee is owed: what one transfer can move is not documented. */
const MAX_AMOUNT = 999_999_999_999n

const stripeExponent = (code: string): number => STRIPE_EXPONENTS[code] ?? exponentOf(currency(code))

/** Whether a currency, in lower case as Stripe has them, is one that exists. */
export const isStripeCurrency = (code: string): boolean => code === code.toLowerCase() && isCurrency(code.toUpperCase())

/**
 * An amount in Stripe's units as money.
 * @throws Refusal when Stripe would not take such an amount in that currency
 */
export function moneyFromStripe(amount: bigint, lowerCase: string): Money {
  const code = currency(lowerCase.toUpperCase())
  if (amount > MAX_AMOUNT) throw invalid('amount', 'Amount must be no more than 999999999999.', 'amount_too_large')
  if (LAST_DIGIT_ZERO.has(code) && amount % 10n !== 0n) {
    throw invalid('amount', `Amounts in ${lowerCase} must be evenly divisible by 10.`)
  }
  const more = stripeExponent(code) - exponentOf(code)
  if (more <= 0) return { amount: amount * 10n ** BigInt(-more), currency: code }
  const unit = 10n ** BigInt(more)
  if (amount % unit !== 0n) throw invalid('amount', `Amounts in ${lowerCase} must be evenly divisible by ${unit}.`)
  return { amount: amount / unit, currency: code }
}

/** Money in Stripe's units, rounded down where Stripe's are the coarser ones. */
export function stripeAmount({ amount, currency: code }: Money): bigint {
  const more = stripeExponent(code) - exponentOf(code)
  return more >= 0 ? amount * 10n ** BigInt(more) : amount / 10n ** BigInt(-more)
}
