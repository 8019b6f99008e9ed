import { type BusinessDate, businessDate } from '@remesa/domain/business-date'
import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { RailName } from '@remesa/domain/rail'
import type { SellerType } from '@remesa/domain/seller'
import type { SellerDocument } from '@remesa/domain/seller-documents'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

// Who must still be told how a payment ended: NetSuite of every end, GSC of what it settles itself.

/** A payment that has ended, with what NetSuite and GSC need to hear of it. */
export interface EndedPayment {
  readonly sellerBalanceId: string
  readonly businessDate: BusinessDate
  readonly country: string
  readonly outcome: 'paid' | 'failed'
  readonly money: Money
  readonly rail: RailName
  readonly reference: string | null
  readonly refusalReason: string | null
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
  readonly gscTold: boolean
}

/** Of these balances, the ones whose payment has ended and of which somebody has still to be told. */
export async function findUnreported(database: Database, ids: readonly string[]): Promise<readonly EndedPayment[]> {
  const { rows } = await sql<EndedRow>`
    select b.id, b.business_date, b.country, b.status, b.amount_owed, b.currency, b.closing_match, b.erp_told_at,
      b.gsc_told_at, s.gsc_seller_id, s.type, s.erp_id, c.erp_subsidiary_id, c.erp_bank_account_id,
      c.erp_payables_account_id, e.erp_id as erp_currency_id, a.rail, a.provider_reference, a.refusal_reason,
      coalesce(a.settled_at, a.updated_at) as settled_at, k.settlement_id, d.bills
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
    where b.id = any(${ids}::uuid[]) and b.status in ('paid', 'failed')
      and (b.erp_told_at is null or b.gsc_told_at is null)`.execute(database)
  return rows.map(endedPayment)
}

/** Notes that NetSuite knows. @param told.erpVendorPaymentId - null when there was a refusal to tell of, not a payment */
export async function recordErpTold(
  tx: Transaction<Schema>,
  told: readonly { sellerBalanceId: string; erpVendorPaymentId: string | null }[],
): Promise<void> {
  if (told.length === 0) return
  const { rows } = await sql<{ id: string }>`
    update seller_balances b set erp_told_at = now(), updated_at = now(),
      erp_vendor_payment_id = coalesce(r.payment, b.erp_vendor_payment_id)
    from jsonb_to_recordset(${JSON.stringify(told.map(({ sellerBalanceId, erpVendorPaymentId }) => ({ id: sellerBalanceId, payment: erpVendorPaymentId })))}::jsonb)
      as r(id uuid, payment text)
    where b.id = r.id and b.erp_told_at is null
    returning b.id`.execute(tx)
  await recordAudit(
    tx,
    rows.map(({ id }) => toldOf('netsuite', id)),
  )
}

/** Notes that GSC knows, or need not. @param told.reason - why it was not told, null when it was */
export async function recordGscTold(
  tx: Transaction<Schema>,
  told: readonly { sellerBalanceId: string; reason: string | null }[],
): Promise<void> {
  if (told.length === 0) return
  const { rows } = await sql<{ id: string }>`
    update seller_balances set gsc_told_at = now(), updated_at = now()
    where id = any(${told.map(({ sellerBalanceId }) => sellerBalanceId)}::uuid[]) and gsc_told_at is null
    returning id`.execute(tx)
  const reasons = new Map(told.map(({ sellerBalanceId, reason }) => [sellerBalanceId, reason]))
  await recordAudit(
    tx,
    rows.filter(({ id }) => reasons.get(id) === null).map(({ id }) => toldOf('gsc', id)),
  )
}

const toldOf = (who: string, id: string) => ({
  actor: 'fpay-status-check',
  action: `${who}.told`,
  subject: { type: 'seller_balance', id },
})

interface EndedRow {
  id: string
  business_date: string
  country: string
  status: 'paid' | 'failed'
  amount_owed: bigint
  currency: string
  closing_match: EndedPayment['closingMatch']
  erp_told_at: Date | null
  gsc_told_at: Date | null
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
  businessDate: businessDate(row.business_date),
  country: row.country,
  outcome: row.status,
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
  gscTold: row.gsc_told_at !== null,
})
