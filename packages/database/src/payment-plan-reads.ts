import type { PlanKind, PlanLine, PlanState } from '@remesa/domain/payment-plan'
import type { LeftOutReason } from '@remesa/domain/payment-plan-lines'
import type { RailName } from '@remesa/domain/rail'
import { type Selectable, sql } from 'kysely'
import type { Database } from './connection.ts'
import type { PlannedType } from './payment-plan-payables.ts'
import { type Plan, planOf } from './payment-plan-rows.ts'
import type { Schema } from './schema.ts'

// Plans as people look through them.

/** @returns undefined when there is none */
export async function findPlan(connection: Database, id: string): Promise<Plan | undefined> {
  const row = await connection.selectFrom('payment_plans').selectAll().where('id', '=', id).executeTakeFirst()
  return row && planOf(row)
}

/**
 * Plans, newest first.
 * @param which.after - the last id of the page before
 */
export async function listPlans(
  connection: Database,
  which: { kind?: PlanKind; state?: PlanState; after?: string; limit: number },
): Promise<readonly Plan[]> {
  let query = connection.selectFrom('payment_plans').selectAll()
  if (which.kind) query = query.where('kind', '=', which.kind)
  if (which.state) query = query.where('state', '=', which.state)
  if (which.after) {
    query = query.where(
      sql<boolean>`(planned_at, id) < (select planned_at, id from payment_plans where id = ${which.after})`,
    )
  }
  const rows = await query.orderBy('planned_at', 'desc').orderBy('id', 'desc').limit(which.limit).execute()
  return rows.map(planOf)
}

/** One payable in a plan. */
export interface PlanLineView {
  readonly payableType: PlannedType
  readonly payableId: string
  readonly payee: {
    readonly id: string /** A seller's; null for users, whom we know by id alone. */
    readonly name: string | null
  }
  /** Minor units; null where it was not known. */
  readonly amount: bigint | null
  readonly currency: string
  readonly rail: RailName | null
  /** In full; whoever shows it masks it. */
  readonly destination: string | null
  readonly status: string
  /** Null for what is paid. */
  readonly leftOut: LeftOutReason | null
}

/**
 * A page of what a plan pays, or of what it leaves out, by payable.
 * @param which.after - the last payable of the page before
 */
export async function listPlanLines(
  connection: Database,
  planId: string,
  which: { paid: boolean; after?: string; limit: number },
): Promise<readonly PlanLineView[]> {
  const { rows } = await sql<Selectable<Schema['payment_plan_lines']> & { name: string | null }>`
    select l.*, s.legal_name as name from (
      select * from payment_plan_lines
      where plan_id = ${planId} and (left_out is null) = ${which.paid}
        and (${which.after ?? null}::uuid is null or payable_id > ${which.after ?? null})
      order by payable_id limit ${which.limit}
    ) l left join sellers s on s.id = case l.payable_type when 'seller_balance' then l.payee_id::uuid end
    order by l.payable_id`.execute(connection)
  return rows.map((row) => ({
    ...{ payableType: row.payable_type, payableId: row.payable_id, payee: { id: row.payee_id, name: row.name } },
    ...{ amount: row.amount, currency: row.currency, rail: row.rail, destination: row.destination },
    ...{ status: row.status, leftOut: row.left_out },
  }))
}

/** What a plan pays, whole, as it is hashed. */
export async function planLines(connection: Database, planId: string): Promise<readonly PlanLine[]> {
  const rows = await connection
    .selectFrom('payment_plan_lines')
    .select(['payable_id', 'amount', 'currency', 'rail', 'destination'])
    .where('plan_id', '=', planId)
    .where('left_out', 'is', null)
    .orderBy('payable_id')
    .execute()
  return rows.flatMap(({ payable_id: payableId, amount, currency, rail, destination }) =>
    amount === null || rail === null || destination === null
      ? []
      : [{ payableId, money: { amount, currency }, rail, destination }],
  )
}
