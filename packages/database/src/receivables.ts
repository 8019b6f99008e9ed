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

/**
 * Locks what providers owe us, in every currency, until the transaction ends. Whoever is about to change more than one debt
 * takes them all by this first: in one order, the trigger's, so that no two wait for each other in a circle.
 */
export async function lockDebts(tx: Transaction<Schema>, providerIds: readonly string[]): Promise<void> {
  if (providerIds.length === 0) return
  const accounts = providerIds.map((providerId) => receivableAccount(userPayee(providerId)))
  await sql`
    select from ledger_receivable_balances where account = any(${accounts}::text[])
    order by account collate "C", currency collate "C" for update`.execute(tx)
}
