import type { Currency } from './currency.ts'

export type SellerDocumentType = 'vendorBill' | 'invoice'

/** A NetSuite document that makes a seller be owed more (vendor bill) or less (invoice). */
export interface SellerDocument {
  /** NetSuite internal id. */
  readonly erpId: string
  readonly type: SellerDocumentType
  /** The number people know it by. */
  readonly tranId: string
  readonly currency: Currency
  /** What is still open of it, in minor units, positive whatever sign NetSuite gives. */
  readonly amount: bigint
  /** What it comes to in all, minor units; negative when it was turned around. Left out where NetSuite does not tell. */
  readonly total?: bigint
}

/**
 * What one seller is owed in one country for one business date. NetSuite decides; we never correct it.
 * @param documents - amounts in minor units of `currency`, all positive
 * @returns Σ vendor bills − Σ invoices, minor units; negative when the seller owes us
 * @throws RangeError for a document in another currency: a sum across currencies means nothing
 */
export function amountOwed(documents: readonly SellerDocument[], currency: Currency): bigint {
  return documents.reduce((owed, document) => {
    if (document.currency !== currency) {
      throw new RangeError(`${document.tranId} is in ${document.currency}, not ${currency}`)
    }
    return document.type === 'vendorBill' ? owed + document.amount : owed - document.amount
  }, 0n)
}
