import type { Balance, BalanceTransaction } from './balance.ts'
import { chargeTransaction, disputeTransaction, refundTransactions } from './payment-objects.ts'
import type { Payments } from './payments.ts'
import { createSortedList, type SortedList } from './sorted-list.ts'

export interface BalanceTransactionRow extends BalanceTransaction {
  readonly place: number
}

/**
 * Every movement of the balance: what transfers moved, and what customers paid and were given back. Drawn up when it is
 * asked for and something has changed since, for of a million payments most are never asked about here.
 */
export function createBalanceHistory(balance: Balance, payments: Payments): () => SortedList<BalanceTransactionRow> {
  let list = createSortedList<BalanceTransactionRow>()
  let drawnUpAt = ''

  return () => {
    const now = `${balance.transactions.length} ${payments.version()}`
    if (now === drawnUpAt) return list
    drawnUpAt = now
    list = createSortedList()
    let place = 0
    const add = (transaction: BalanceTransaction): void => {
      place += 1
      list.add({ ...transaction, place })
    }
    for (const charge of payments.charges.rows()) if (charge.captured) add(chargeTransaction(charge))
    for (const refund of payments.refunds.rows()) for (const one of refundTransactions(refund)) add(one)
    for (const dispute of payments.disputes.rows()) add(disputeTransaction(dispute))
    for (const transaction of balance.transactions) add(transaction)
    return list
  }
}

/** As callers see it. */
export const transactionAsJson = ({ place: _, ...transaction }: BalanceTransactionRow): BalanceTransaction =>
  transaction
