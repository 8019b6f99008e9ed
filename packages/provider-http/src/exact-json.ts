import { formatMajor, type Money } from '@remesa/domain/money'

/**
 * An amount as a JSON number in major units, `150.00`, for `JSON.stringify`. It is written digit by digit, since a
 * number of JavaScript could not carry every amount.
 */
export const jsonAmount = ({ amount, currency }: Money): unknown => JSON.rawJSON(formatMajor(amount, currency))

declare global {
  interface JSON {
    /** A value that JSON.stringify writes as it stands (ECMAScript 2026, not yet in the library types). */
    rawJSON(text: string): unknown
  }
}
