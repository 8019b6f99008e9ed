import type { SellerDocument } from './api.ts'
import type { Money } from './money.ts'

/** The documents of a balance as lines that add up: bills are what is owed, invoices are taken off it. */
export function documentLines(
  documents: readonly SellerDocument[],
  label: (code: string) => string,
): readonly { readonly label: string; readonly money: Money }[] {
  return documents.map(({ type, tranId, amount, currency }) => ({
    label: `${label(type)} ${tranId}`,
    money: { amount: type === 'invoice' ? (-BigInt(amount)).toString() : amount, currency },
  }))
}
