import type { Currency } from '@remesa/domain/currency'
import type { LedgerKind } from '@remesa/domain/ledger-kind'
import type { Money } from '@remesa/domain/money'
import type { RailName } from '@remesa/domain/rail'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { PayableType, Schema } from './schema.ts'

/** One line of an entry: credits are positive, debits negative, so that a payee's sum is what we owe it. */
export interface LedgerPosting {
  readonly account: string
  readonly currency: Currency
  /** Signed minor units of `currency`, never zero. */
  readonly amount: bigint
}

/** One event in the books. */
export interface LedgerEntry {
  /** Names the event, so that telling of it twice records it once, e.g. `owed:<balance id>`. */
  readonly idempotencyKey: string
  readonly kind: LedgerKind
  readonly payable?: { readonly type: PayableType; readonly id: string }
  /** Zero-sum per currency: the database refuses anything else at commit. */
  readonly postings: readonly LedgerPosting[]
}

// The chart of accounts; what each means, and which event moves what, is the table in this package's README.

/** What we owe a payee; the database keeps it from falling below zero. */
export const payeeAccount = (payeeId: string): string => `payee:${payeeId}`
/**
 * A user of the marketplace as a payee, in the letters that account names have: what is neither letter, digit nor hyphen
 * becomes `_` and two hex digits for each byte, so that no two users ever share an account.
 */
export const userPayee = (userId: string): string =>
  `user:${userId.replace(/[^A-Za-z0-9-]/gu, (letter) => Buffer.from(letter).toString('hex').replace(/../g, '_$&'))}`
/** The user that {@link userPayee} made a payee of. */
export const userOfPayee = (payeeId: string): string =>
  payeeId
    .replace(/^user:/, '')
    .replace(/(?:_[0-9a-f]{2})+/g, (letters) => Buffer.from(letters.replaceAll('_', ''), 'hex').toString())
/** Where debts come from: what NetSuite says we owe for a country's sales. Its sum is minus all that was ever owed. */
export const owedFrom = (country: string): string => `owed_from:${country}`
/** Where winners' debts come from: what the marketplace settled. Its sum is minus all that was ever owed. */
export const owedFromContests = 'owed_from:contests'
/** Where providers' debts come from: their bookings. Its sum is minus all that was ever owed, what was taken back again left out. */
export const owedFromBookings = 'owed_from:bookings'
/** The rail was asked, or is about to be, and has not answered: what may be paid already (docs/decisions/0013). */
export const reservedFor = (rail: RailName): string => `reserved_for:${rail}`
/** Accepted by the rail, not yet known to have arrived. */
export const inTransit = (rail: RailName): string => `in_transit:${rail}`
/** Left our account at the rail and arrived. */
export const paidFrom = (rail: RailName): string => `paid_from:${rail}`

/** The two postings that move an amount from one account to another. */
export function moved({ amount, currency }: Money, { from, to }: { from: string; to: string }): LedgerPosting[] {
  return [
    { account: from, currency, amount: -amount },
    { account: to, currency, amount },
  ]
}

/**
 * Records events in one statement. Call it once per transaction: rows are locked in the order of keys and accounts,
 * which keeps two batches from waiting for each other only as long as neither holds locks of an earlier batch.
 * @returns the keys newly recorded; an entry recorded before is skipped
 * @throws when a key comes twice in the batch, or was recorded with other postings: the same name for two events
 * @throws from the database when a payee would fall below zero, and at commit when an entry does not sum to zero
 */
export async function recordEntries(
  tx: Transaction<Schema>,
  entries: readonly LedgerEntry[],
): Promise<ReadonlySet<string>> {
  if (entries.length === 0) return new Set()
  refuseRepeatedKeys(entries)
  const lines = JSON.stringify(entries.flatMap(linesOf))
  const { rows } = await sql<{ key: string }>`
    with entries as (
      insert into ledger_entries (idempotency_key, kind, payable_type, payable_id)
      select w.key, w.kind, w.payable_type, w.payable_id
      from jsonb_to_recordset(${JSON.stringify(entries.map(headOf))}::jsonb)
        as w(key text, kind text, payable_type text, payable_id uuid)
      order by w.key
      on conflict (idempotency_key) do nothing
      returning id, idempotency_key
    ), postings as (
      insert into ledger_postings (entry_id, line, account, currency, amount)
      select e.id, p.line, p.account, p.currency, p.amount
      from entries e
      join jsonb_to_recordset(${lines}::jsonb) as p(key text, line smallint, account text, currency text, amount bigint)
        on p.key = e.idempotency_key
      order by p.account, p.currency, e.id, p.line
    )
    select idempotency_key as key from entries`.execute(tx)
  const recorded = new Set(rows.map(({ key }) => key))
  const skipped = entries.filter(({ idempotencyKey }) => !recorded.has(idempotencyKey))
  if (skipped.length > 0) await refuseOtherPostings(tx, skipped)
  return recorded
}

/** What the books say of themselves, in one snapshot. Every `sum` is zero and `disagreements` is empty, or something is badly wrong. */
export interface LedgerProof {
  readonly currencies: readonly { readonly currency: Currency; readonly entries: number; readonly sum: bigint }[]
  /** Payees, and providers that owe us, whose kept balance is not the sum of their postings. */
  readonly disagreements: readonly {
    readonly account: string
    readonly currency: Currency
    readonly posted: bigint
    readonly kept: bigint
  }[]
}

export async function ledgerProof(database: Database): Promise<LedgerProof> {
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const currencies = await sql<LedgerProof['currencies'][number]>`
        select currency, count(distinct entry_id)::int as entries, sum(amount)::bigint as sum
        from ledger_postings group by currency order by currency`.execute(tx)
      const disagreements = await sql<LedgerProof['disagreements'][number]>`
        select account, currency, coalesce(p.posted, 0) as posted, coalesce(b.balance, 0) as kept
        from (select account, currency, sum(amount)::bigint as posted from ledger_postings
              where account like 'payee:%' or account like 'receivable:%' group by account, currency) p
        full join (select * from ledger_payee_balances union all select * from ledger_receivable_balances) b
          using (account, currency)
        where coalesce(p.posted, 0) <> coalesce(b.balance, 0)
        order by account, currency`.execute(tx)
      return { currencies: currencies.rows, disagreements: disagreements.rows }
    })
}

/** What is owed to these payees and not yet on its way, minor units; a payee that is owed nothing is left out. */
export async function payeeBalances(
  database: Database,
  payeeIds: readonly string[],
): Promise<readonly { readonly payeeId: string; readonly money: Money }[]> {
  const { rows } = await sql<{ account: string; currency: Currency; balance: bigint }>`
    select account, currency, balance from ledger_payee_balances
    where account = any(${payeeIds.map(payeeAccount)}::text[]) and balance <> 0
    order by account, currency`.execute(database)
  return rows.map(({ account, currency, balance }) => ({
    payeeId: account.slice(payeeAccount('').length),
    money: { amount: balance, currency },
  }))
}

/** Sums per account and currency; of all payees together as `payees`, of all that owe us as `receivables`. */
export async function accountTotals(
  database: Database,
): Promise<readonly { readonly account: string; readonly money: Money }[]> {
  const { rows } = await sql<{ account: string; currency: Currency; amount: bigint }>`
    select case when account like 'payee:%' then 'payees' when account like 'receivable:%' then 'receivables'
      else account end as account, currency, sum(amount)::bigint as amount
    from ledger_postings group by 1, 2 order by 1, 2`.execute(database)
  return rows.map(({ account, currency, amount }) => ({ account, money: { amount, currency } }))
}

function refuseRepeatedKeys(entries: readonly LedgerEntry[]): void {
  const seen = new Set<string>()
  for (const { idempotencyKey } of entries) {
    if (seen.has(idempotencyKey)) throw new Error(`ledger entry ${idempotencyKey} is given twice in one batch`)
    seen.add(idempotencyKey)
  }
}

/** An event told of again must be the same event; otherwise money would be missing from the books without a word. */
async function refuseOtherPostings(tx: Transaction<Schema>, skipped: readonly LedgerEntry[]): Promise<void> {
  const { rows } = await sql<{ key: string }>`
    with told as (
      select key, account, currency, sum(amount)::bigint as amount
      from jsonb_to_recordset(${JSON.stringify(skipped.flatMap(linesOf))}::jsonb)
        as t(key text, account text, currency text, amount bigint)
      group by key, account, currency
    ), recorded as (
      select e.idempotency_key as key, p.account, p.currency, sum(p.amount)::bigint as amount
      from ledger_entries e join ledger_postings p on p.entry_id = e.id
      where e.idempotency_key = any(${skipped.map(({ idempotencyKey }) => idempotencyKey)}::text[])
      group by 1, 2, 3
    )
    select key from told full join recorded using (key, account, currency)
    where told.amount is distinct from recorded.amount order by key limit 1`.execute(tx)
  const [other] = rows
  if (other) throw new Error(`ledger entry ${other.key} was recorded before with other postings`)
}

const headOf = ({ idempotencyKey, kind, payable }: LedgerEntry) => ({
  key: idempotencyKey,
  kind,
  payable_type: payable?.type ?? null,
  payable_id: payable?.id ?? null,
})

const linesOf = ({ idempotencyKey, postings }: LedgerEntry) =>
  postings.map(({ account, currency, amount }, index) => ({
    key: idempotencyKey,
    line: index + 1,
    account,
    currency,
    amount: amount.toString(),
  }))
