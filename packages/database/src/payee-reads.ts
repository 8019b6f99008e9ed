import type { Currency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { SettlementRule } from '@remesa/domain/settlement'
import { sql } from 'kysely'
import { type AuditEntry, auditOfSubjects } from './audit-rows.ts'
import type { Database } from './connection.ts'

/** Whoever is paid through Stripe: the winner of contests, the provider of bookings, or both. */
export interface PayeeSummary {
  readonly userId: string
  /** What keeps Stripe from paying; `active` when nothing does. */
  readonly account: 'active' | 'no_account' | 'transfers_inactive' | 'payouts_disabled'
  /** What has not ended paid or cancelled, oldest first; at most `SHOWN_OPEN`. */
  readonly open: readonly PayeesPayable[]
  readonly isMoreOpen: boolean
  /** The newest of what has. */
  readonly ended: readonly PayeesPayable[]
  /** Contests that name them as a winner and pay nobody: their settlements were rejected, or are yet to be looked at. Newest first. */
  readonly named: readonly PayeesContest[]
  readonly audit: readonly AuditEntry[]
}

/** A payout of a booking, or the transfer of a prize. */
export interface PayeesPayable {
  readonly type: 'payout' | 'transfer'
  readonly id: string
  /** `Booking B-1` or `Contest C-1`. */
  readonly of: string
  readonly status: string
  readonly money: Money
}

/** A settlement that has no job. */
export interface PayeesContest {
  readonly settlementId: string
  readonly contestId: string
  /** Why it was rejected; null where it is yet to be looked at. */
  readonly rejectedRule: SettlementRule | null
  /** People were told that it is over, and that nobody told us to pay it. */
  readonly isUntold: boolean
  readonly at: Date
}

const SHOWN_OPEN = 100
const SHOWN_ENDED = 10

/** @returns undefined for a user of whom nothing was ever to be paid */
export async function findPayee(database: Database, userId: string): Promise<PayeeSummary | undefined> {
  const open = await payablesOf(database, userId, { isOpen: true, limit: SHOWN_OPEN + 1 })
  const ended = await payablesOf(database, userId, { isOpen: false, limit: SHOWN_ENDED })
  const named = await contestsOf(database, userId)
  if (open.length + ended.length + named.length === 0) return undefined
  return {
    userId,
    account: await accountOf(database, userId),
    open: open.slice(0, SHOWN_OPEN),
    isMoreOpen: open.length > SHOWN_OPEN,
    ended,
    named,
    audit: await auditOfSubjects(database, [{ type: 'user', id: userId }]),
  }
}

/** Of a payout its transfers are parts, and do not count again. */
async function payablesOf(
  database: Database,
  userId: string,
  { isOpen, limit }: { isOpen: boolean; limit: number },
): Promise<readonly PayeesPayable[]> {
  const { rows } = await sql<{
    type: 'payout' | 'transfer'
    id: string
    of: string
    status: string
    amount: bigint
    currency: Currency
  }>`
    select * from (
      select 'payout' as type, id, 'Booking ' || booking_id as of, status, amount, currency, created_at
      from payouts where provider_id = ${userId} and status not in ('transferred', 'cancelled') = ${isOpen}
      union all
      select 'transfer', id, 'Contest ' || contest_id, status, amount, currency, created_at
      from payout_transfers
      where user_id = ${userId} and payout_id is null and status not in ('completed', 'withdrawn') = ${isOpen}
    ) as payable
    order by created_at ${sql.raw(isOpen ? 'asc' : 'desc')}, id limit ${limit}`.execute(database)
  return rows.map(({ type, id, of, status, amount, currency }) => ({
    ...{ type, id, of, status },
    money: { amount, currency },
  }))
}

async function contestsOf(database: Database, userId: string): Promise<readonly PayeesContest[]> {
  const { rows } = await sql<PayeesContest>`
    select distinct t.settlement_id as "settlementId", t.contest_id as "contestId", t.rejected_rule as "rejectedRule",
      t.over_since is null and t.rejected_rule is null as "isUntold",
      coalesce(t.rejected_at, t.created_at) as at
    from settlement_winners w join settlements t using (settlement_id)
    where w.user_id = ${userId} and not exists (select from payout_jobs j where j.settlement_id = t.settlement_id)
    order by at desc, "settlementId" limit ${SHOWN_ENDED}`.execute(database)
  return rows
}

async function accountOf(database: Database, userId: string): Promise<PayeeSummary['account']> {
  const row = await database
    .selectFrom('user_stripe_accounts')
    .select(['transfers_active', 'payouts_enabled'])
    .where('user_id', '=', userId)
    .executeTakeFirst()
  if (!row) return 'no_account'
  if (!row.transfers_active) return 'transfers_inactive'
  return row.payouts_enabled ? 'active' : 'payouts_disabled'
}
