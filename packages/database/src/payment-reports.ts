import { type BusinessDate, businessDate } from '@remesa/domain/business-date'
import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { RailName } from '@remesa/domain/rail'
import type { SellerType } from '@remesa/domain/seller'
import type { SellerDocument } from '@remesa/domain/seller-documents'
import { sql, type Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { resolveAlerts } from './finance-alerts.ts'
import type { Lease } from './payment-attempts.ts'
import type { JobNote, Schema } from './schema.ts'

// Who must still be told how a payment ended: NetSuite of every end, GSC of what it settles itself.

/** A payment that has ended, with what NetSuite and GSC need to hear of it. */
export interface EndedPayment {
  readonly sellerBalanceId: string
  /** Of its last attempt, whose end is told. */
  readonly attemptId: string
  readonly businessDate: BusinessDate
  readonly country: string
  readonly outcome: 'paid' | 'failed'
  /** How often two people had it paid again after it had ended: 0 for most. */
  readonly repayments: number
  readonly money: Money
  readonly rail: RailName
  readonly reference: string | null
  readonly refusalReason: string | null
  /** By the provider's clock, where it names a time. */
  readonly settledAt: Date
  readonly gscSellerId: string
  readonly sellerType: SellerType
  readonly closingMatch: 'matched' | 'missing' | 'different' | null
  /** GSC's id of the matching closing. */
  readonly settlementId: string | null
  readonly erp: {
    readonly vendorId: string | null
    readonly subsidiaryId: string | null
    readonly currencyId: string | null
    readonly bankAccountId: string | null
    readonly payablesAccountId: string | null
  }
  /** The vendor bills it pays, oldest first. */
  readonly bills: readonly SellerDocument[]
  readonly erpTold: boolean
  /** NetSuite was to be told before, and was not: perhaps people know. */
  readonly erpPutOff: boolean
  readonly gscTold: boolean
}

/**
 * Takes those of these balances whose payment has ended and of which somebody has still to be told, for this worker
 * alone until the lease ends. One that dies leaves them to whoever asks after the lease.
 * @returns the payments to tell of, and those that another worker tells of, each with the end of its lease
 */
export async function claimUnreported(
  database: Database,
  ids: readonly string[],
  lease: Lease,
): Promise<{ claimed: readonly EndedPayment[]; inOtherHands: ReadonlyMap<string, Date> }> {
  if (ids.length === 0) return { claimed: [], inOtherHands: new Map() }
  const { rows: ended } = await sql<{ id: string; free: boolean; until: Date }>`
    with ended as (
      select id, coalesce(report_lease_expires_at <= ${lease.now}, true) as free, report_lease_expires_at as until
      from seller_balances
      where id = any(${ids}::uuid[]) and status in ('paid', 'failed') and (erp_told_at is null or gsc_told_at is null)
      order by id for no key update
    ), claimed as (
      update seller_balances set report_lease_expires_at = ${lease.expiresAt}
      where id in (select id from ended where free)
    )
    select id, free, until from ended`.execute(database)
  const free = ended.filter((row) => row.free).map(({ id }) => id)
  return {
    // A statement of its own: what the first one waited for, it would show as it was before the wait.
    claimed: await readEnded(database, free),
    inOtherHands: new Map(ended.filter((row) => !row.free).map(({ id, until }) => [id, until])),
  }
}

/** What came of telling. */
export interface PaymentReport {
  /** `closingMatch` is that by which it was decided whether GSC must know. */
  readonly payment: Pick<EndedPayment, 'sellerBalanceId' | 'attemptId' | 'outcome' | 'closingMatch' | 'erpPutOff'>
  /** NetSuite knows. `vendorPaymentId` is null when there was a refusal to tell of, not a payment. */
  readonly erpTold?: { readonly vendorPaymentId: string | null }
  /** GSC knows, or need not. */
  readonly gscTold?: 'told' | 'need_not'
  readonly jobs: Partial<Record<'erp' | 'gsc', JobNote>>
  /** Nothing more is told now: the lease ends. */
  readonly over: boolean
}

/**
 * Notes who was told, and what kept others from being told. A payment that has moved on meanwhile, to another end or
 * another attempt, is left alone: its new end must still be told. So must GSC be when the closing came meanwhile: what
 * was decided without it does not stand, and the closing's own message tells.
 * @returns ids of those that still stood where they stood when they were claimed
 */
export async function recordReports(
  tx: Transaction<Schema>,
  reports: readonly PaymentReport[],
  now: Date,
): Promise<ReadonlySet<string>> {
  if (reports.length === 0) return new Set()
  const ids = reports.map(({ payment }) => payment.sellerBalanceId)
  const told = reports.map(({ payment, erpTold, gscTold, jobs, over }) => ({
    id: payment.sellerBalanceId,
    attempt: payment.attemptId,
    outcome: payment.outcome,
    closing: payment.closingMatch,
    erp: erpTold !== undefined,
    vendor_payment: erpTold?.vendorPaymentId ?? null,
    gsc: gscTold !== undefined,
    jobs,
    over,
  }))
  const { rows } = await sql<{ id: string; erp: boolean | null; gsc: boolean | null }>`
    with told as (
      select * from jsonb_to_recordset(${JSON.stringify(told)}::jsonb) as t(id uuid, attempt uuid, outcome text,
        closing text, erp boolean, vendor_payment text, gsc boolean, jobs jsonb, over boolean)
    ), locked as (
      select id from seller_balances where id = any(${ids}::uuid[]) order by id for no key update
    )
    update seller_balances b set
      erp_told_at = case when told.erp then coalesce(b.erp_told_at, ${now}) else b.erp_told_at end,
      gsc_told_at = case when told.gsc and b.closing_match is not distinct from told.closing
        then coalesce(b.gsc_told_at, ${now}) else b.gsc_told_at end,
      erp_vendor_payment_id = coalesce(told.vendor_payment, b.erp_vendor_payment_id),
      report_lease_expires_at = case when told.over then null else b.report_lease_expires_at end,
      jobs = b.jobs || told.jobs, updated_at = ${now}
    from told join locked using (id)
    where b.id = any(${ids}::uuid[]) and b.id = told.id and b.status = told.outcome -- by index: an array can be counted
      and told.attempt = (
      select a.id from payment_attempts a where a.payable_type = 'seller_balance' and a.payable_id = b.id
      order by a.generation desc limit 1
    )
    returning b.id, b.erp_told_at = ${now} as erp, b.gsc_told_at = ${now} as gsc`.execute(tx)
  const recorded = new Map(rows.map((row) => [row.id, row]))
  await resolveAlerts(tx, {
    dedupKeys: reports.flatMap(({ payment: { sellerBalanceId, erpPutOff }, erpTold }) =>
      erpTold && erpPutOff && recorded.has(sellerBalanceId) ? [`vendor_payment_refused:${sellerBalanceId}`] : [],
    ),
    note: 'NetSuite has been told.',
  })
  await recordAudit(
    tx,
    reports.flatMap(({ payment: { sellerBalanceId }, erpTold, gscTold }) => [
      // Only who was first: another may have told the same after this one's lease.
      ...(erpTold && recorded.get(sellerBalanceId)?.erp ? [toldOf('netsuite', sellerBalanceId)] : []),
      ...(gscTold === 'told' && recorded.get(sellerBalanceId)?.gsc ? [toldOf('gsc', sellerBalanceId)] : []),
    ]),
  )
  return new Set(recorded.keys())
}

const toldOf = (who: 'netsuite' | 'gsc', id: string): AuditRow => ({
  actor: 'fpay-status-check',
  action: `${who}.told`,
  subject: { type: 'seller_balance', id },
})

async function readEnded(database: Database, ids: readonly string[]): Promise<readonly EndedPayment[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<EndedRow>`
    select b.id, b.business_date, b.country, b.status, b.repayments, b.amount_owed, b.currency, b.closing_match, b.erp_told_at,
      b.gsc_told_at,
      coalesce(b.jobs->'erp'->>'finished' = 'false', false) as erp_put_off, s.gsc_seller_id, s.type, s.erp_id, c.erp_subsidiary_id, c.erp_bank_account_id,
      c.erp_payables_account_id, e.erp_id as erp_currency_id, a.id as attempt_id, a.rail, a.provider_reference,
      a.refusal_reason, coalesce(a.settled_at, a.updated_at) as settled_at, k.settlement_id, d.bills
    from seller_balances b
    join sellers s on s.id = b.seller_id
    join countries c on c.id = b.country
    left join erp_currencies e on e.currency = b.currency
    join lateral (
      select * from payment_attempts a where a.payable_type = 'seller_balance' and a.payable_id = b.id
      order by a.generation desc limit 1
    ) a on true
    left join seller_closings k on k.gsc_seller_id = s.gsc_seller_id and k.country = b.country
      and k.business_date = b.business_date
    left join lateral (
      select jsonb_agg(jsonb_build_object('erpId', erp_id, 'type', type, 'tranId', tran_id, 'currency', currency,
        'amount', amount::text) order by length(erp_id), erp_id) as bills
      from seller_balance_documents d where d.seller_balance_id = b.id and d.type = 'vendorBill'
    ) d on true
    where b.id = any(${ids}::uuid[]) and b.status in ('paid', 'failed')`.execute(database)
  return rows.map(endedPayment)
}

interface EndedRow {
  id: string
  attempt_id: string
  business_date: string
  country: string
  status: 'paid' | 'failed'
  repayments: number
  amount_owed: bigint
  currency: string
  closing_match: EndedPayment['closingMatch']
  erp_told_at: Date | null
  gsc_told_at: Date | null
  erp_put_off: boolean
  gsc_seller_id: string
  type: SellerType
  erp_id: string | null
  erp_subsidiary_id: string | null
  erp_bank_account_id: string | null
  erp_payables_account_id: string | null
  erp_currency_id: string | null
  rail: RailName
  provider_reference: string | null
  refusal_reason: string | null
  settled_at: Date
  settlement_id: string | null
  bills: { erpId: string; type: 'vendorBill'; tranId: string; currency: Currency; amount: string }[] | null
}

const endedPayment = (row: EndedRow): EndedPayment => ({
  sellerBalanceId: row.id,
  attemptId: row.attempt_id,
  businessDate: businessDate(row.business_date),
  country: row.country,
  outcome: row.status,
  repayments: row.repayments,
  money: { amount: row.amount_owed, currency: currencyOf(row.currency) },
  rail: row.rail,
  reference: row.provider_reference,
  refusalReason: row.refusal_reason,
  settledAt: row.settled_at,
  gscSellerId: row.gsc_seller_id,
  sellerType: row.type,
  closingMatch: row.closing_match,
  settlementId: row.settlement_id,
  erp: {
    vendorId: row.erp_id,
    subsidiaryId: row.erp_subsidiary_id,
    currencyId: row.erp_currency_id,
    bankAccountId: row.erp_bank_account_id,
    payablesAccountId: row.erp_payables_account_id,
  },
  bills: (row.bills ?? []).map((bill) => ({ ...bill, amount: BigInt(bill.amount) })),
  erpTold: row.erp_told_at !== null,
  erpPutOff: row.erp_put_off,
  gscTold: row.gsc_told_at !== null,
})
