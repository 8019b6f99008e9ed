import type { Currency } from '@remesa/domain/currency'
import { sql, type Transaction } from 'kysely'
import { resolveAlerts } from './finance-alerts.ts'
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

/** What a provider owes us in one currency. */
export interface Debt {
  readonly providerId: string
  readonly currency: Currency
}

/**
 * Closes the alerts of debts that are settled: nothing is owed, and no payout on its way may yet fail and owe again what
 * was kept back of it. Call it once the transaction has written its entries; the debts are locked.
 */
export async function closeSettledDebts(tx: Transaction<Schema>, debts: readonly Debt[]): Promise<void> {
  if (debts.length === 0) return
  const asked = debts.map(({ providerId, currency }) => ({
    provider: providerId,
    currency,
    account: receivableAccount(userPayee(providerId)),
  }))
  const { rows } = await sql<{ dedup_key: string }>`
    select a.dedup_key from finance_alerts a
    join (select distinct * from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
      as d(provider text, currency text, account text)) d
      on a.details->>'providerId' = d.provider and a.details->>'currency' = d.currency
    where a.kind = 'reversal_refused' and a.status <> 'resolved'
      and not exists (select from ledger_receivable_balances b
        where b.account = d.account and b.currency = d.currency and b.balance < 0)
      and not exists (select from payouts p where p.provider_id = d.provider and p.currency = d.currency
        and p.status = 'processing' and p.set_off > 0)`.execute(tx)
  await resolveAlerts(tx, { dedupKeys: rows.map((row) => row.dedup_key), note: 'The provider owes nothing any more.' })
}
