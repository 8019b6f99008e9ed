import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { HeldReason } from '@remesa/domain/stripe-account'
import { sql, type Transaction } from 'kysely'
import { listAlerts } from './alert-reads.ts'
import { type AuditEntry, auditOfSubjects } from './audit-rows.ts'
import type { Database } from './connection.ts'
import type { FinanceAlert } from './finance-alerts.ts'
import { type AttemptView, attemptsOf, type LedgerEntryView, ledgerOf } from './payable-story.ts'
import type { Schema } from './schema.ts'
import { isUuid } from './seller-reads.ts'

// Payout transfers as people look through them, and one with its whole history.

export interface TransferRow {
  readonly id: string
  /** A winner, or a booking's provider. */
  readonly userId: string
  readonly money: Money
  readonly status: TransferStatus
  readonly heldReason: HeldReason | null
  /** Of the newest refusal. */
  readonly failureReason: string | null
  readonly withdrawRequested: boolean
  /** The Stripe account; whoever shows it masks it. */
  readonly destination: string | null
  /** Of a contest's winner. */
  readonly contestId: string | null
  readonly settlementId: string | null
  readonly jobId: string | null
  /** Of a booking's provider. */
  readonly payoutId: string | null
  readonly bookingId: string | null
  /** Tries begun. */
  readonly attempts: number
  readonly nextTryAt: Date | null
  readonly providerReference: string | null
  readonly createdAt: Date
  readonly completedAt: Date | null
  readonly updatedAt: Date
}

export interface TransferFilter {
  readonly status?: TransferStatus
  readonly userId?: string
  readonly jobId?: string
  readonly payoutId?: string
  /** An id of the transfer, its job, its payout, its user, its contest, or Stripe's. */
  readonly q?: string
  /** The last id of the page before. */
  readonly after?: string
  readonly limit: number
}

const COLUMNS = sql`
  t.id, t.user_id, t.amount, t.currency, t.status, t.held_reason, t.failure_reason, t.withdraw_requested,
  t.destination, t.contest_id, j.settlement_id, t.job_id, t.payout_id, p.booking_id, t.attempts, t.next_try_at,
  t.provider_reference, t.created_at, t.completed_at, t.updated_at`
const OWNERS = sql`left join payout_jobs j on j.id = t.job_id left join payouts p on p.id = t.payout_id`

/** Transfers, newest first; an id in `after` that does not exist has none after it. */
export async function listTransfers(database: Database, which: TransferFilter): Promise<readonly TransferRow[]> {
  const conditions = [
    which.status && sql`status = ${which.status}`,
    which.userId !== undefined && sql`user_id = ${which.userId}`,
    which.jobId && sql`job_id = ${which.jobId}`,
    which.payoutId && sql`payout_id = ${which.payoutId}`,
    which.q !== undefined && meantBy(which.q),
    which.after && sql`(created_at, id) < (select created_at, id from payout_transfers where id = ${which.after})`,
  ].filter((condition) => typeof condition === 'object')
  const { rows } = await sql<Row>`
    with t as materialized (
      select * from payout_transfers where ${sql.join([sql`true`, ...conditions], sql` and `)}
      order by created_at desc, id desc limit ${which.limit}
    )
    select ${COLUMNS} from t ${OWNERS} order by t.created_at desc, t.id desc`.execute(database)
  return rows.map(rowOf)
}

const meantBy = (q: string) =>
  isUuid(q)
    ? sql`id in (select id from payout_transfers where id = ${q} union select id from payout_transfers where job_id = ${q}
        union select id from payout_transfers where payout_id = ${q})`
    : sql`id in (select id from payout_transfers where user_id = ${q}
        union select id from payout_transfers where contest_id = ${q}
        union select payable_id from payment_attempts where rail = 'stripe' and provider_reference = ${q})`

/** One transfer as a list has it; within a transaction, as it stands there. */
export async function findTransferRow(connection: Database, id: string): Promise<TransferRow | undefined> {
  const { rows } = await sql<Row>`select ${COLUMNS} from payout_transfers t ${OWNERS} where t.id = ${id}`.execute(
    connection,
  )
  return rows[0] && rowOf(rows[0])
}

/** All that is known of a transfer, in one snapshot. */
export interface TransferStory {
  readonly transfer: TransferRow
  readonly attempts: readonly AttemptView[]
  readonly ledger: readonly LedgerEntryView[]
  readonly audit: readonly AuditEntry[]
  readonly alerts: readonly FinanceAlert[]
  /** What its user has at Stripe, as Stripe says. */
  readonly account: {
    readonly transfersActive: boolean
    readonly payoutsEnabled: boolean
    readonly disabledReason: string | null
  } | null
  /** Until then Stripe rests. */
  readonly railPausedUntil: Date | null
  /** By a person. */
  readonly isRailStopped: boolean
}

/** More alerts than any transfer ever has. */
const ALL_ALERTS = 500

/** @returns undefined when there is no such transfer */
export async function findTransferStory(database: Database, id: string): Promise<TransferStory | undefined> {
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((tx) => storyOf(tx, id))
}

async function storyOf(tx: Transaction<Schema>, id: string): Promise<TransferStory | undefined> {
  const { rows } = await sql<Row>`select ${COLUMNS} from payout_transfers t ${OWNERS} where t.id = ${id}`.execute(tx)
  const [row] = rows
  if (!row) return undefined
  const payable = { type: 'payout_transfer', id }
  const account = await tx
    .selectFrom('user_stripe_accounts')
    .select([
      'transfers_active as transfersActive',
      'payouts_enabled as payoutsEnabled',
      'disabled_reason as disabledReason',
    ])
    .where('user_id', '=', row.user_id)
    .executeTakeFirst()
  const rail = await tx
    .selectFrom('rails')
    .leftJoin('rail_stops', 'rail_stops.rail', 'rails.name')
    .select(['rails.paused_until', 'rail_stops.stopped_at'])
    .where('rails.name', '=', 'stripe')
    .executeTakeFirst()
  return {
    transfer: rowOf(row),
    attempts: await attemptsOf(tx, [payable]),
    ledger: await ledgerOf(tx, [payable]),
    audit: await auditOfSubjects(tx, [payable]),
    alerts: await listAlerts(tx, { subject: payable, limit: ALL_ALERTS }),
    account: account ?? null,
    railPausedUntil: rail?.paused_until ?? null,
    isRailStopped: (rail?.stopped_at ?? null) !== null,
  }
}

interface Row {
  id: string
  user_id: string
  amount: bigint
  currency: Currency
  status: TransferStatus
  held_reason: HeldReason | null
  failure_reason: string | null
  withdraw_requested: boolean
  destination: string | null
  contest_id: string | null
  settlement_id: string | null
  job_id: string | null
  payout_id: string | null
  booking_id: string | null
  attempts: number
  next_try_at: Date | null
  provider_reference: string | null
  created_at: Date
  completed_at: Date | null
  updated_at: Date
}

const rowOf = (row: Row): TransferRow => ({
  id: row.id,
  userId: row.user_id,
  money: { amount: row.amount, currency: currencyOf(row.currency) },
  status: row.status,
  heldReason: row.held_reason,
  failureReason: row.failure_reason,
  withdrawRequested: row.withdraw_requested,
  destination: row.destination,
  contestId: row.contest_id,
  settlementId: row.settlement_id,
  jobId: row.job_id,
  payoutId: row.payout_id,
  bookingId: row.booking_id,
  attempts: row.attempts,
  nextTryAt: row.next_try_at,
  providerReference: row.provider_reference,
  createdAt: row.created_at,
  completedAt: row.completed_at,
  updatedAt: row.updated_at,
})
