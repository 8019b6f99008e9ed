import type { BookingFacts } from '@remesa/domain/booking-payout'
import type { Currency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { SellerDocument } from '@remesa/domain/seller-documents'
import type { SettlementRule } from '@remesa/domain/settlement'
import { sql } from 'kysely'
import { type AuditEntry, auditOfSubjects } from './audit-rows.ts'
import { type BookingPayout, findPayouts } from './booking-payouts.ts'
import { readFacts } from './bookings.ts'
import type { Database } from './connection.ts'

// What an explanation needs beside the stories of balances, transfers and payouts.

/** A settlement with how far its winners' transfers have come. */
export interface SettlementSummary {
  readonly settlementId: string
  readonly contestId: string
  readonly total: Money
  readonly status: string
  readonly rejectedRule: SettlementRule | null
  /** People were told that it is over, and that nobody told us to pay it. */
  readonly isUntold: boolean
  readonly createdAt: Date
  readonly job: { readonly id: string; readonly status: string } | null
  readonly transfers: readonly { readonly status: TransferStatus; readonly count: number; readonly money: Money }[]
  /** Transfers that wait because their destination was changed lately. */
  readonly cooling: number
  readonly audit: readonly AuditEntry[]
}

export async function findSettlementSummary(
  database: Database,
  settlementId: string,
): Promise<SettlementSummary | undefined> {
  const { rows } = await sql<{
    settlement_id: string
    contest_id: string
    total: bigint
    currency: Currency
    status: string
    rejected_rule: SettlementRule | null
    is_untold: boolean
    created_at: Date
    job_id: string | null
    job_status: string | null
  }>`
    select t.*, t.over_since is null and t.rejected_rule is null and j.id is null as is_untold, j.id as job_id, j.status as job_status
    from settlements t left join payout_jobs j on j.settlement_id = t.settlement_id
    where t.settlement_id = ${settlementId}`.execute(database)
  const [row] = rows
  if (!row) return undefined
  const { rows: transfers } = await sql<{
    status: TransferStatus
    count: number
    cooling: number
    amount: bigint
    currency: Currency
  }>`
    select status, currency, count(*)::int as count, sum(amount)::bigint as amount,
      (count(*) filter (where held_reason = 'destination_changed'))::int as cooling
    from payout_transfers
    where job_id = ${row.job_id} group by status, currency order by status, currency`.execute(database)
  const subjects = [
    { type: 'settlement', id: settlementId },
    ...(row.job_id ? [{ type: 'payout_job', id: row.job_id }] : []),
  ]
  return {
    settlementId: row.settlement_id,
    contestId: row.contest_id,
    total: { amount: row.total, currency: row.currency },
    status: row.job_status ?? (row.rejected_rule ? 'rejected' : row.status),
    rejectedRule: row.rejected_rule,
    isUntold: row.is_untold,
    createdAt: row.created_at,
    job: row.job_id && row.job_status ? { id: row.job_id, status: row.job_status } : null,
    transfers: transfers.map(({ status, count, amount, currency }) => ({ status, count, money: { amount, currency } })),
    cooling: transfers.reduce((sum, { cooling }) => sum + cooling, 0),
    audit: await auditOfSubjects(database, subjects),
  }
}

/** All that was told of a booking, and its payouts. */
export interface BookingSummary {
  readonly createdAt: Date
  readonly facts: BookingFacts
  readonly payouts: readonly BookingPayout[]
  readonly audit: readonly AuditEntry[]
}

export async function findBooking(database: Database, bookingId: string): Promise<BookingSummary | undefined> {
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const booking = await tx.selectFrom('bookings').selectAll().where('booking_id', '=', bookingId).executeTakeFirst()
      if (!booking) return undefined
      return {
        createdAt: booking.created_at,
        facts: await readFacts(tx, booking),
        payouts: await findPayouts(tx, bookingId),
        audit: await auditOfSubjects(tx, [{ type: 'booking', id: bookingId }]),
      }
    })
}

/** @param erpId - NetSuite's id of the document */
export async function findDocument(
  database: Database,
  erpId: string,
): Promise<{ readonly document: SellerDocument; readonly sellerBalanceId: string } | undefined> {
  const { rows } = await sql<SellerDocument & { sellerBalanceId: string }>`
    select erp_id as "erpId", type, tran_id as "tranId", currency, amount, seller_balance_id as "sellerBalanceId"
    from seller_balance_documents where erp_id = ${erpId}`.execute(database)
  const [row] = rows
  if (!row) return undefined
  const { sellerBalanceId, ...document } = row
  return { document, sellerBalanceId }
}

/** Whether somebody has asked for it to be paid again, and nobody has decided that yet. */
export async function isRepaymentAsked(
  database: Database,
  { kind, id }: { kind: 'balance_repayment' | 'transfer_repayment'; id: string },
): Promise<boolean> {
  const row = await database
    .selectFrom('control_approvals')
    .select('id')
    .where('kind', '=', kind)
    .where('subject_id', '=', id)
    .where('status', '=', 'open')
    .executeTakeFirst()
  return row !== undefined
}
