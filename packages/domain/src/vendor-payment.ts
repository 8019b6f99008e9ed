import type { SellerDocument } from './seller-documents.ts'

/** One line of a NetSuite vendor payment: how much of a bill it settles, in minor units, above zero. */
export interface AppliedBill {
  readonly erpId: string
  readonly amount: bigint
}

/**
 * Spreads the money sent over the bills in their order, until it is used up. Invoices make a seller be owed less than
 * its bills, so the last bills stay open by as much; finance nets them (facts: netsuite §9).
 * @param documents - of the balance; each bill's amount is what is still open of it
 * @param sent - minor units
 * @returns lines whose sum is `sent`, none above its bill
 * @throws RangeError when `sent` is not above zero or more than the bills: NetSuite could not hold such a payment
 */
export function applyToBills(documents: readonly SellerDocument[], sent: bigint): readonly AppliedBill[] {
  if (sent <= 0n) throw new RangeError('a vendor payment must be above zero')
  const applied: AppliedBill[] = []
  let left = sent
  for (const { type, erpId, amount: open } of documents) {
    if (type !== 'vendorBill' || open <= 0n || left === 0n) continue
    // biome-ignore lint/complexity/useMathMinMax: Math.min takes no bigint
    const amount = open < left ? open : left
    applied.push({ erpId, amount })
    left -= amount
  }
  if (left > 0n) throw new RangeError(`the bills are ${left} minor units short of what was paid`)
  return applied
}
