import { type BankAccount, type BankAccounts, judgeBankAccount } from '@remesa/domain/cooling'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Schema } from './schema.ts'

/** A bank account behind a Stripe account, as Stripe tells of it. */
export interface BankAccountNews {
  readonly stripeAccountId: string
  readonly bank: BankAccount
  /** When Stripe said so. */
  readonly asOf: Date
}

/**
 * Keeps what Stripe says of the bank accounts behind an account. Another in the place of an earlier one is a change of where
 * the money goes: what is due to its user waits from now on.
 * @returns what became of it; `unknown`: nobody of ours has the Stripe account
 */
export async function noteBankAccount(
  tx: Transaction<Schema>,
  { stripeAccountId, bank, asOf }: BankAccountNews,
): Promise<'unknown' | 'stale' | 'kept' | 'changed'> {
  const row = await tx
    .selectFrom('user_stripe_accounts')
    .select(['user_id', 'bank_accounts', 'paid_out_since'])
    .where('stripe_account_id', '=', stripeAccountId)
    .forUpdate()
    .executeTakeFirst()
  if (!row) return 'unknown'
  const accounts: BankAccounts = row.bank_accounts
  const judged = judgeBankAccount({ accounts, paidOutSince: row.paid_out_since }, bank, asOf)
  if (!judged.accounts) return 'stale'
  await sql`
    update user_stripe_accounts set bank_accounts = ${JSON.stringify(judged.accounts)}::jsonb,
      destination_changed_at = case when ${judged.isChange}::boolean then now() else destination_changed_at end
    where user_id = ${row.user_id}`.execute(tx)
  if (!judged.isChange) return 'kept'
  await recordAudit(tx, [
    {
      actor: 'stripe-accounts',
      action: 'stripe_account.bank_changed',
      subject: { type: 'user', id: row.user_id },
      after: { stripeAccountId, currency: bank.currency, asOf: asOf.toISOString() },
    },
  ])
  return 'changed'
}
