import { type Currency, currency, isCurrency } from '@remesa/domain/currency'
import { formatMajor, parseMajor } from '@remesa/domain/money'

/** An amount as the API has it: whole minor units as a decimal string. */
export interface Money {
  readonly amount: string
  readonly currency: string
}

/**
 * An amount as people write it, exact to the last unit: the digits come from the minor units and are grouped by Intl as
 * text, never as a float. How many decimals there are is said by ISO 4217, as everywhere else in Remesa, and not by Intl:
 * CLDR gives none to COP, and `125050` would read as 1,251 pesos.
 * @returns the plain code and minor units when the currency is unknown here: better ugly than wrong
 */
export function formatMoney(money: Money, locale: string): string {
  if (!isCurrency(money.currency)) return `${money.currency} ${money.amount} (minor units)`
  const text = majorUnits(money)
  const decimals = text.split('.')[1]?.length ?? 0
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: money.currency,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(text as Intl.StringNumericLiteral)
}

/** @returns e.g. `1250.50`, with exactly the currency's decimals. @throws RangeError for a currency that is none */
export const majorUnits = (money: Money): string => formatMajor(BigInt(money.amount), currency(money.currency))

/** What somebody typed, in major units with a point or a comma before the decimals. @returns minor units, or undefined */
export function readAmount(text: string, code: string): string | undefined {
  if (!isCurrency(code)) return undefined
  try {
    return parseMajor(text.trim().replace(',', '.'), code as Currency).toString()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** @returns the sum per currency, currencies in the order in which they come first */
export function sumByCurrency(amounts: readonly Money[]): readonly Money[] {
  const sums = new Map<string, bigint>()
  for (const { amount, currency: code } of amounts) sums.set(code, (sums.get(code) ?? 0n) + BigInt(amount))
  return [...sums].map(([code, sum]) => ({ amount: sum.toString(), currency: code }))
}
