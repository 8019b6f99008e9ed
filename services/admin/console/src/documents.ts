import type { Money } from './money.ts'

/**
 * The documents of a balance as lines that add up: bills are what is owed, invoices are taken off it.
 * @param documents - each with a type, a number (`tranId`) and an amount, in `money` or beside its own currency
 * @param balanceCurrency - of documents that name none
 */
export function documentLines(
  documents: readonly Readonly<Record<string, unknown>>[],
  balanceCurrency: string,
  label: (code: string) => string,
): readonly { readonly label: string; readonly money: Money }[] {
  return documents.map((document) => {
    const { type, tranId, money } = document
    const amount = String((money as Money | undefined)?.amount ?? document.amount ?? '0')
    const currency = String((money as Money | undefined)?.currency ?? document.currency ?? balanceCurrency)
    const isOwedToUs = type === 'invoice'
    return {
      label: `${label(String(type))} ${String(tranId ?? document.id ?? '')}`.trim(),
      money: { amount: isOwedToUs ? (-BigInt(amount)).toString() : amount, currency },
    }
  })
}
