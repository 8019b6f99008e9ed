import type { Money } from './money.ts'

/** What the comparison of a balance with GSC's closing shows; NetSuite's figure stands in every case. */
export type ClosingMatch = 'matched' | 'missing' | 'different'

/** @param closing - GSC's statement for the same seller, country and business date, once it has come */
export function matchClosing(owed: Money, closing: Money | undefined): ClosingMatch {
  if (!closing) return 'missing'
  return closing.currency === owed.currency && closing.amount === owed.amount ? 'matched' : 'different'
}
