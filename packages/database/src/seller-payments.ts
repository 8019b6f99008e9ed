import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { AttemptState } from '@remesa/domain/payment-steps'
import type { RailName } from '@remesa/domain/rail'
import type { SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql } from 'kysely'
import type { Database } from './connection.ts'

/** A payment that a rail has accepted, and where it stands with us. */
export interface SellerPayment {
  readonly sellerBalanceId: string
  readonly sellerId: string
  readonly businessDate: string
  readonly status: SellerBalanceStatus
  readonly attemptId: string
  readonly attemptState: AttemptState
  readonly idempotencyKey: string
  readonly rail: RailName
  /** What the rail calls it. */
  readonly reference: string
  readonly money: Money
  readonly acceptedAt: Date
  /** Looks taken at it so far, those of callbacks not counted. */
  readonly statusChecks: number
}

/** The newest accepted payment of each of these balances; a balance that has none is left out. */
export async function findSellerPayments(
  database: Database,
  ids: readonly string[],
): Promise<readonly SellerPayment[]> {
  return select(database, { per: sql`b.id`, where: sql`b.id = any(${ids}::uuid[])` })
}

/** The payments that callbacks name, by the rail's reference or by the idempotency key we sent, old generations too. */
export async function findSellerPaymentsByReference(
  database: Database,
  named: readonly { rail: RailName; reference: string }[],
): Promise<readonly SellerPayment[]> {
  const pairs = JSON.stringify(named)
  // One look-up per name and index: the planner would rather read every attempt than combine two of them.
  const where = sql`a.id in (
    select x.id from jsonb_to_recordset(${pairs}::jsonb) as n(rail text, reference text)
    cross join lateral (
      select id from payment_attempts where rail = n.rail and provider_reference = n.reference
      union all
      select id from payment_attempts where rail = n.rail and idempotency_key = n.reference
    ) x
  )`
  return select(database, { per: sql`a.id`, where })
}

interface PaymentRow {
  id: string
  seller_id: string
  business_date: string
  status: SellerBalanceStatus
  status_checks: number
  attempt_id: string
  state: AttemptState
  idempotency_key: string
  rail: RailName
  provider_reference: string
  amount: bigint
  currency: Currency
  accepted_at: Date
}

/** @param which.per - of which column one row each, that of the newest generation */
async function select(
  database: Database,
  { per, where }: { per: ReturnType<typeof sql>; where: ReturnType<typeof sql> },
): Promise<readonly SellerPayment[]> {
  const { rows } = await sql<PaymentRow>`
    select distinct on (${per}) b.id, b.seller_id, b.business_date, b.status, b.status_checks, a.id as attempt_id,
      a.state, a.idempotency_key, a.rail, a.provider_reference, a.amount, a.currency, a.accepted_at
    from seller_balances b
    join payment_attempts a on a.payable_type = 'seller_balance' and a.payable_id = b.id
    where a.provider_reference is not null and (${where})
    order by ${per}, a.generation desc`.execute(database)
  return rows.map((row) => ({
    sellerBalanceId: row.id,
    sellerId: row.seller_id,
    businessDate: row.business_date,
    status: row.status,
    attemptId: row.attempt_id,
    attemptState: row.state,
    idempotencyKey: row.idempotency_key,
    rail: row.rail,
    reference: row.provider_reference,
    money: { amount: row.amount, currency: currencyOf(row.currency) },
    acceptedAt: row.accepted_at,
    statusChecks: row.status_checks,
  }))
}
