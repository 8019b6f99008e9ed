import type { Currency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { sql } from 'kysely'
import type { Database } from './connection.ts'
import { entriesOf, type LedgerEntryView, type LineRow } from './payable-story.ts'
import type { PayableType } from './schema.ts'
import { isUuid, sellersMatching } from './seller-reads.ts'

// The books as people look through them.

export interface AccountView {
  readonly account: string
  readonly money: Money
}

/** Names an account of a page; `account` alone is not enough, for it has a sum in each currency. */
export interface AccountCursor {
  readonly account: string
  readonly currency: string
}

/**
 * All payees with what each is owed are one line each currency, `payees`, as all that owe us are `receivables`: as they are
 * kept, which `ledgerProof` holds against their postings.
 */
const TOGETHER = sql`
  select 'payees' as account, currency, sum(balance)::bigint as amount from ledger_payee_balances group by currency
  union all
  select 'receivables', currency, sum(balance)::bigint from ledger_receivable_balances group by currency
  union all
  select account, currency, sum(amount)::bigint from ledger_postings
  where account not like 'payee:%' and account not like 'receivable:%' group by account, currency`

/** The chart of accounts with its sums, by name. */
export async function listAccounts(database: Database): Promise<readonly AccountView[]> {
  const { rows } = await sql<AccountRow>`${TOGETHER} order by 1, 2`.execute(database)
  return rows.map(accountOf)
}

/**
 * Accounts of payees, and of those that owe us, by name: those whose name begins so, or that are a seller's who is meant.
 * What is zero is among them.
 */
export async function findAccounts(
  database: Database,
  { q, after, limit }: { q: string; after?: AccountCursor; limit: number },
): Promise<readonly AccountView[]> {
  const later = after ? sql`(account, currency) > (${after.account}, ${after.currency})` : sql`true`
  const beginsSo = sql`account collate "C" >= ${q} and account collate "C" < ${`${q}\uffff`}`
  const sellers = isUuid(q) ? sql`select ${q}::uuid` : sellersMatching(q)
  const { rows } = await sql<AccountRow>`
    select account, currency, balance as amount
    from (select * from ledger_payee_balances union all select * from ledger_receivable_balances) b
    where (${beginsSo} or account in (select 'payee:' || id::text from (${sellers}) s(id))) and ${later}
    order by account, currency limit ${limit}`.execute(database)
  return rows.map(accountOf)
}

interface AccountRow {
  account: string
  currency: Currency
  amount: bigint
}

const accountOf = ({ account, currency, amount }: AccountRow): AccountView => ({ account, money: { amount, currency } })

export interface LedgerEntryRow extends LedgerEntryView {
  /** Entries count upwards. */
  readonly id: bigint
  readonly payable: { readonly type: PayableType; readonly id: string } | null
}

/** Entries with all their lines, newest first. */
export async function listEntries(
  database: Database,
  { account, payableId, after, limit }: { account?: string; payableId?: string; after?: bigint; limit: number },
): Promise<readonly LedgerEntryRow[]> {
  const earlier = after === undefined ? sql`true` : sql`id < ${after}`
  const ofPayable = payableId
    ? sql`(payable_type, payable_id) in (('seller_balance', ${payableId}::uuid), ('payout_transfer', ${payableId}::uuid),
        ('payout_reversal', ${payableId}::uuid))`
    : sql`true`
  const ofAccount =
    account === undefined
      ? sql`true`
      : sql`exists (select from ledger_postings p where p.entry_id = e.id and p.account = ${account})`
  const { rows } = await sql<LineRow & { payable_type: PayableType | null; payable_id: string | null }>`
    with e as materialized (
      select e.* from ledger_entries e where ${earlier} and ${ofPayable} and ${ofAccount}
      order by id desc limit ${limit}
    )
    select e.id, e.idempotency_key, e.kind, e.occurred_at, e.payable_type, e.payable_id, p.account, p.currency, p.amount
    from e join ledger_postings p on p.entry_id = e.id
    order by e.id desc, p.line`.execute(database)
  const payables = new Map(rows.map(({ id, payable_type: type, payable_id }) => [id, { type, id: payable_id }]))
  return [...payables].map(([id, { type, id: payableId }]) => {
    const [entry] = entriesOf(rows.filter((row) => row.id === id))
    if (!entry) throw new Error(`entry ${id} has no lines`)
    return { id, ...entry, payable: type === null || payableId === null ? null : { type, id: payableId } }
  })
}
