import { coolingUntil } from '@remesa/domain/cooling'
import { currency as currencyOf } from '@remesa/domain/currency'
import type { CapCandidate } from '@remesa/domain/payment-controls'
import type { PlanKind, PlanLine } from '@remesa/domain/payment-plan'
import {
  type BalanceToPlan,
  type LeftOutReason,
  type Planned,
  planBalance,
  planPayout,
  planTransfer,
} from '@remesa/domain/payment-plan-lines'
import type { RailName } from '@remesa/domain/rail'
import type { OperationType, SellerStatus } from '@remesa/domain/seller'
import type { DestinationPolicy } from '@remesa/domain/stripe-account'
import { type Selectable, sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import { capsReached } from './payment-caps.ts'
import type { Schema } from './schema.ts'
import { findStripeAccounts } from './user-stripe-accounts.ts'

// What a run would pay at this moment, and what it leaves out: read, and nothing written.

export type PlannedType = Schema['payment_plan_lines']['payable_type']

/** One payable, as it stands. */
export interface PlanRow {
  readonly payableType: PlannedType
  readonly payableId: string
  readonly payeeId: string
  /** Minor units; null for a balance whose documents are not read. */
  readonly amount: bigint | null
  readonly currency: string
  readonly status: string
  readonly planned: Planned
}

export interface PlanTerms {
  /** A business date; for payouts the UTC day of `now`. */
  readonly run: string
  readonly now: Date
  /** The clock of the rules of bookings. */
  readonly rulesNow: Date
  readonly policy: DestinationPolicy
}

/** @returns the lines among these, as they are hashed */
export const linesIn = (rows: readonly PlanRow[]): readonly PlanLine[] =>
  rows.flatMap(({ planned }) => (planned.kind === 'line' ? [planned.line] : []))

/** Every payable of a run, by id. */
export async function readPlan(connection: Database, kind: PlanKind, terms: PlanTerms): Promise<readonly PlanRow[]> {
  const { rows: stops } = await sql<{ rail: RailName }>`
    select rail from rail_stops where stopped_at is not null`.execute(connection)
  const stopped = new Set(stops.map(({ rail }) => rail))
  const isStopped = (rail: RailName) => stopped.has(rail)
  const rows =
    kind === 'pay_day'
      ? await readBalances(connection, { ...terms, isStopped })
      : await readTransfers(connection, { ...terms, isStopped })
  return withoutCapped(connection, kind, rows, terms)
}

/**
 * Takes what may become a line for this transaction, waiting for whoever has it: none of it is claimed, or changes, before
 * the transaction ends.
 */
export async function lockPayables(tx: Transaction<Schema>, kind: PlanKind, run: string): Promise<void> {
  const rows =
    kind === 'pay_day'
      ? sql`select from seller_balances where business_date = ${run}
        and (status in ('payable', 'awaiting_funds') or blocked_reason = 'destination_changed') order by id for update`
      : sql`select from payout_transfers where status in ('pending', 'retryable') or held_reason = 'destination_changed'
        order by id for update`
  await rows.execute(tx)
}

interface Read extends PlanTerms {
  readonly isStopped: (rail: RailName) => boolean
}

interface BalanceRow {
  id: string
  status: BalanceToPlan['status']
  blocked_reason: BalanceToPlan['blockedReason']
  amount_owed: bigint | null
  currency: string
  seller_id: string
  operation_type: OperationType
  seller_status: SellerStatus
  fpay_id: string | null
  payoneer_payee_id: string | null
  account_changed_at: Date | null
  state: NonNullable<BalanceToPlan['attempt']>['state'] | null
  rail: RailName | null
}

async function readBalances(
  connection: Database,
  { run, now, isStopped, policy: { coolingMs } }: Read,
): Promise<readonly PlanRow[]> {
  const { rows } = await sql<BalanceRow>`
    select b.id, b.status, b.blocked_reason, b.amount_owed, b.currency, b.seller_id, s.operation_type,
      s.status as seller_status, s.fpay_id, s.payoneer_payee_id, a.state, a.rail,
      case when s.destination_release_id is null then s.destination_changed_at end as account_changed_at
    from seller_balances b join sellers s on s.id = b.seller_id
    left join lateral (
      select state, rail from payment_attempts where payable_type = 'seller_balance' and payable_id = b.id
      order by generation desc limit 1
    ) a on true
    where b.business_date = ${run} order by b.id`.execute(connection)
  return rows.map((row): PlanRow => {
    const { id, status, blocked_reason: blockedReason, amount_owed: amount, currency, state, rail } = row
    const planned = planBalance(
      {
        ...{ payableId: id, status, blockedReason },
        money: amount === null ? null : { amount, currency: currencyOf(currency) },
        seller: {
          ...{ operationType: row.operation_type, status: row.seller_status },
          ...{ fpayId: row.fpay_id, payoneerPayeeId: row.payoneer_payee_id },
        },
        attempt: state && rail ? { state, rail } : null,
        isCooling: coolingUntil(row.account_changed_at, { coolingMs, now }) !== undefined,
      },
      isStopped,
    )
    return { payableType: 'seller_balance', payableId: id, payeeId: row.seller_id, amount, currency, status, planned }
  })
}

/** What has not ended, what failed in this run, and the payouts of bookings that are due and have no transfer. */
async function readTransfers(
  connection: Database,
  { run, now, rulesNow, isStopped, policy }: Read,
): Promise<readonly PlanRow[]> {
  const { rows: transfers } = await sql<Selectable<Schema['payout_transfers']>>`
    select * from payout_transfers
    where status in ('awaiting_destination', 'pending', 'processing', 'retryable')
      or (status = 'failed_terminal' and updated_at >= ${run}::date::timestamp at time zone 'UTC')
    order by id`.execute(connection)
  const accounts = await findStripeAccounts(connection, [...new Set(transfers.map(({ user_id }) => user_id))])
  const { rows: payouts } = await sql<Selectable<Schema['payouts']>>`
    select * from payouts where status in ('scheduled', 'on_hold') and due_at <= ${rulesNow} order by id`.execute(
    connection,
  )
  return [
    ...transfers.map((row): PlanRow => {
      const { id, amount, currency, status, user_id: payeeId } = row
      const account = accounts.get(payeeId)
      const coolsUntil = coolingUntil(account?.changedAt ?? null, { coolingMs: policy.coolingMs, now })
      const planned = planTransfer(
        {
          ...{ payableId: id, status, heldReason: row.held_reason, withdrawRequested: row.withdraw_requested },
          ...{ money: { amount, currency: currencyOf(currency) }, account, isCooling: coolsUntil !== undefined },
        },
        { isStopped, policy },
      )
      return { payableType: 'payout_transfer', payableId: id, payeeId, amount, currency, status, planned }
    }),
    ...payouts.map(
      (row): PlanRow => ({
        ...{ payableType: 'booking_payout', payableId: row.id, payeeId: row.provider_id },
        ...{ amount: row.amount, currency: row.currency, status: row.status },
        planned: planPayout(row.status, row.held_by),
      }),
    ),
  ]
}

/** What a cap would keep back now, in the order of the lines. */
async function withoutCapped(
  connection: Database,
  kind: PlanKind,
  rows: readonly PlanRow[],
  { run, now }: PlanTerms,
): Promise<readonly PlanRow[]> {
  const candidates = rows.flatMap(({ planned, payeeId }): CapCandidate[] => {
    if (planned.kind !== 'line') return []
    const { payableId: id, money, rail, destination } = planned.line
    return [{ id, money, rail, destination, payeeId, businessDate: kind === 'pay_day' ? run : null }]
  })
  const payable = kind === 'pay_day' ? 'seller_balance' : 'payout_transfer'
  const capped = await capsReached(connection, payable, candidates, now)
  const reason: LeftOutReason = 'cap_reached'
  return rows.map((row) => {
    if (row.planned.kind !== 'line' || !capped.has(row.payableId)) return row
    return { ...row, planned: { kind: 'left_out', reason, rail: row.planned.line.rail } }
  })
}
