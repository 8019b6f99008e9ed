import type { NextMove } from './explain-next.ts'
import type { BlockedReason } from './seller-balance.ts'

/** A document for which a balance is blocked, as far as its alert tells. */
export interface BlockingDocument {
  /** The number that people know it by. */
  readonly document: string
  /** NetSuite's id. */
  readonly erpId?: string | undefined
  /** Why it cannot be read. */
  readonly problem?: string | undefined
  readonly documentCurrency?: string | undefined
  /** Of the balance. */
  readonly currency?: string | undefined
  /** In which it counts already. */
  readonly otherBalance?: string | undefined
}

/** Whose move is next of a balance that one document blocks, by its name. @returns undefined where the reason is another, or the alert tells too little */
export function nextOfBlockedBy(
  reason: BlockedReason,
  { document, erpId, problem, documentCurrency, currency, otherBalance }: BlockingDocument,
): NextMove | undefined {
  const name = erpId === undefined || erpId === document ? document : `${document} (NetSuite ${erpId})`
  const told = (text: string): NextMove => ({ who: 'finance', text })
  if (reason === 'document_currency' && documentCurrency !== undefined && currency !== undefined) {
    return told(
      `Document ${name} is in ${documentCurrency}, and the balance in ${currency}: correct it in NetSuite, then release the balance.`,
    )
  }
  if (reason === 'documents_unreadable' && problem !== undefined) {
    return told(`Document ${name} cannot be read: ${problem}. Correct it in NetSuite, then release the balance.`)
  }
  if (reason === 'document_in_other_balance' && otherBalance !== undefined) {
    return told(
      `Document ${name} counts in balance ${otherBalance} already: correct its date in NetSuite, then release the balance.`,
    )
  }
  return undefined
}
