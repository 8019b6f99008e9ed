import type { Currency } from '@remesa/domain/currency'
import { sql, type Transaction } from 'kysely'
import { userPayee } from './ledger.ts'
import type { Schema } from './schema.ts'

/**
 * What a payee owes us, as a negative sum; the database keeps it from rising above zero.
 * @param payeeId - as `payeeAccount` takes it: `userPayee(providerId)`
 */
export const receivableAccount = (payeeId: string): string => `receivable:${payeeId}`

/**
 * What a provider owes us, positive minor units, zero for nothing. It stays locked until the transaction ends, so that
 * no two payouts are set off against the same debt.
 */
export async function outstandingReceivable(
  tx: Transaction<Schema>,
  providerId: string,
  currency: Currency,
): Promise<bigint> {
  const { rows } = await sql<{ owed: bigint }>`
    select -balance as owed from ledger_receivable_balances
    where account = ${receivableAccount(userPayee(providerId))} and currency = ${currency} for update`.execute(tx)
  return rows[0]?.owed ?? 0n
}
