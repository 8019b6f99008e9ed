import { chooseRail } from '@remesa/domain/bank-choice'
import { currency as currencyOf } from '@remesa/domain/currency'
import type { ControlWait } from '@remesa/domain/explain-next'
import { type CapCandidate, capWindow } from '@remesa/domain/payment-controls'
import type { OperationType, SellerStatus } from '@remesa/domain/seller'
import { sql } from 'kysely'
import type { Database } from './connection.ts'
import { type CappedPayable, capsReached } from './payment-caps.ts'
import { planOnItsWay, waitsForPlan } from './payment-plan-claims.ts'

/**
 * What people decided about payments as a whole that keeps this one from going now; null when nothing does, or it is not
 * waiting to go. It is asked as a claim asks, but without a lock: the answer may be another when it is claimed.
 * @param id - a uuid
 */
export async function controlWaitOf(
  connection: Database,
  { type, id }: { readonly type: CappedPayable; readonly id: string },
  now: Date,
): Promise<ControlWait | null> {
  const candidate = await (type === 'seller_balance' ? balanceOf(connection, id) : transferOf(connection, id))
  if (!candidate) return null
  if (await waitsForPlan(connection, type, candidate, now)) {
    return { why: 'plan_required', plan: await planOnItsWay(connection, id) }
  }
  const cap = (await capsReached(connection, type, [candidate], now)).get(id)
  if (!cap) return null
  // An empty window would take it: the next one is.
  const endsAt = candidate.money.amount <= cap.amount ? capWindow(cap.scope, now).end : null
  return { why: 'cap_reached', endsAt }
}

async function balanceOf(connection: Database, id: string): Promise<CapCandidate | undefined> {
  const { rows } = await sql<{
    seller_id: string
    business_date: string
    currency: string
    amount_owed: bigint
    operation_type: OperationType
    seller_status: SellerStatus
    fpay_id: string | null
    payoneer_payee_id: string | null
  }>`
    select b.seller_id, b.business_date, b.currency, b.amount_owed, s.operation_type, s.status as seller_status, s.fpay_id,
      s.payoneer_payee_id
    from seller_balances b join sellers s on s.id = b.seller_id
    where b.id = ${id} and b.status in ('payable', 'awaiting_funds')`.execute(connection)
  const [row] = rows
  if (!row) return undefined
  const money = { amount: row.amount_owed, currency: currencyOf(row.currency) }
  const seller = {
    operationType: row.operation_type,
    status: row.seller_status,
    fpayId: row.fpay_id,
    payoneerPayeeId: row.payoneer_payee_id,
  }
  const choice = chooseRail(seller, money)
  return 'blocked' in choice
    ? undefined
    : { id, ...choice, money, payeeId: row.seller_id, businessDate: row.business_date }
}

async function transferOf(connection: Database, id: string): Promise<CapCandidate | undefined> {
  const { rows } = await sql<{ user_id: string; amount: bigint; currency: string; destination: string }>`
    select t.user_id, t.amount, t.currency, a.stripe_account_id as destination
    from payout_transfers t join user_stripe_accounts a on a.user_id = t.user_id
    where t.id = ${id} and t.status in ('pending', 'retryable') and not t.withdraw_requested`.execute(connection)
  const [row] = rows
  return (
    row && {
      id,
      rail: 'stripe',
      destination: row.destination,
      money: { amount: row.amount, currency: currencyOf(row.currency) },
      payeeId: row.user_id,
      businessDate: null,
    }
  )
}
