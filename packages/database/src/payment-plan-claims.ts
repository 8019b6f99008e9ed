import type { Currency } from '@remesa/domain/currency'
import type { PlanOnItsWay } from '@remesa/domain/explain-next'
import type { CapCandidate } from '@remesa/domain/payment-controls'
import {
  fitRules,
  isSameLine,
  PLAN_WAIT_MS,
  type PlanCandidate,
  type PlanKind,
  type PlanLine,
  type PlanRule,
  payoutRun,
} from '@remesa/domain/payment-plan'
import type { RailName } from '@remesa/domain/rail'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { NewAlert } from './finance-alerts.ts'
import type { Schema } from './schema.ts'

// What a run may send out without an approved plan, asked with each claim.

/** Whose payments a rule is about. */
export type PlannedPayable = 'seller_balance' | 'payout_transfer'

export const kindOf = (payable: PlannedPayable): PlanKind => (payable === 'seller_balance' ? 'pay_day' : 'payouts')

/** What waits for a plan, and what to tell people. */
export interface UnplannedClaims {
  /** When to ask again, by the payable's id. */
  readonly waiting: ReadonlyMap<string, Date>
  readonly alerts: readonly NewAlert[]
}

const NONE: UnplannedClaims = { waiting: new Map(), alerts: [] }

/**
 * Which of these payments wait for a plan. What is a line of an applied one goes beside all others; for the rest the rules
 * stay locked until the transaction ends, so that two claims at once never go beyond one together.
 * @param rules - as they stood when this transaction had shut out those who change them
 */
export async function unplannedClaims(
  tx: Transaction<Schema>,
  { payable, rules, now }: { payable: PlannedPayable; rules: readonly PlanRule[]; now: Date },
  candidates: readonly CapCandidate[],
): Promise<UnplannedClaims> {
  const concerned = await unapproved(tx, { payable, rules, now }, candidates)
  if (concerned.length === 0) return NONE
  const used = concerned.some((one) => !isBeyond(one, rules)) ? await lockRoom(tx, rules, concerned) : undefined
  const waiting = fitRules(concerned, rules, { used: used ?? (() => 0n), isApproved: () => false })
  const askAgainAt = new Date(now.getTime() + PLAN_WAIT_MS)
  return {
    waiting: new Map([...waiting.keys()].map((id) => [id, askAgainAt])),
    alerts: [...waiting.values()].map(({ rule, run }) => requiredAlert(rule, { run, used: used?.(rule, run) })),
  }
}

/** What went of these payments' runs without a plan; nobody else's claim adds to it before the transaction ends. */
async function lockRoom(tx: Transaction<Schema>, rules: readonly PlanRule[], candidates: readonly PlanCandidate[]) {
  await tx
    .selectFrom('payment_plan_rules')
    .select('id')
    .where(
      'id',
      'in',
      rules.map(({ id }) => id),
    )
    .orderBy('id')
    .forUpdate()
    .execute()
  return usedWithoutPlan(tx, { rules, runs: runsOf(candidates) })
}

/** More than its rule by itself: whatever else went, it waits, and nothing has to be locked or summed to know. */
const isBeyond = (candidate: PlanCandidate, rules: readonly PlanRule[]): boolean =>
  fitRules([candidate], rules, { used: () => 0n, isApproved: () => false }).size > 0

/** The same question without a lock and for one payment, to tell people: the answer may be another when it is claimed. */
export async function waitsForPlan(database: Database, payable: PlannedPayable, candidate: CapCandidate, now: Date) {
  const rules = await rulesOf(database, kindOf(payable))
  const concerned = await unapproved(database, { payable, rules, now }, [candidate])
  if (concerned.length === 0) return false
  if (concerned.some((one) => isBeyond(one, rules))) return true
  const used = await usedWithoutPlan(database, { rules, runs: runsOf(concerned) })
  return fitRules(concerned, rules, { used, isApproved: () => false }).size > 0
}

/** The newest plan that would pay this and has not been applied. */
export async function planOnItsWay(connection: Database, payableId: string): Promise<PlanOnItsWay | null> {
  const { rows } = await sql<PlanOnItsWay>`
    select p.id, p.state from payment_plan_lines l join payment_plans p on p.id = l.plan_id
    where l.payable_id = ${payableId} and l.left_out is null and p.state in ('planned', 'approved')
    order by p.planned_at desc limit 1`.execute(connection)
  return rows[0] ?? null
}

/** The rules of a kind, by currency. */
export const rulesOf = (connection: Database, kind: PlanKind): Promise<readonly PlanRule[]> =>
  connection
    .selectFrom('payment_plan_rules')
    .select(['id', 'kind', 'currency', 'amount'])
    .where('kind', '=', kind)
    .orderBy('currency')
    .execute()

export const requiredKey = (kind: PlanKind, run: string): string => `plan_required:${kind}:${run}`

const runsOf = (candidates: readonly PlanCandidate[]): readonly string[] => [
  ...new Set(candidates.map(({ run }) => run)),
]

/** Those that a rule concerns and no applied plan pays. */
async function unapproved(
  connection: Database,
  { payable, rules, now }: { payable: PlannedPayable; rules: readonly PlanRule[]; now: Date },
  candidates: readonly CapCandidate[],
): Promise<readonly PlanCandidate[]> {
  const currencies = new Set(rules.map(({ currency }) => currency))
  const ruled = candidates
    .filter(({ money }) => currencies.has(money.currency))
    .map(
      ({ id, money, rail, destination, businessDate }): PlanCandidate => ({
        ...{ payableId: id, money, rail, destination },
        run: businessDate ?? payoutRun(now),
      }),
    )
  if (ruled.length === 0) return []
  const lines = await approvedLines(
    connection,
    payable,
    ruled.map(({ payableId }) => payableId),
  )
  return ruled.filter(
    (candidate) => !lines.some((line) => line.payableId === candidate.payableId && isSameLine(line, candidate)),
  )
}

/** Lines of applied plans that two people agreed to. A line pays once: what came back needs another plan. */
async function approvedLines(
  connection: Database,
  payable: PlannedPayable,
  ids: readonly string[],
): Promise<readonly PlanLine[]> {
  const { rows } = await sql<{ id: string; amount: bigint; currency: Currency; rail: RailName; destination: string }>`
    select l.payable_id as id, l.amount, l.currency, l.rail, l.destination
    from payment_plan_lines l join payment_plans p on p.id = l.plan_id
    where l.payable_id = any(${ids}::uuid[]) and l.left_out is null and p.state = 'applied' and p.approved_by is not null
      and not exists (select from payment_attempts e where e.payable_type = ${payable} and e.payable_id = l.payable_id
        and e.state = 'reversed' and e.updated_at >= p.applied_at)`.execute(connection)
  return rows.map(({ id, amount, currency, rail, destination }) => ({
    ...{ payableId: id, money: { amount, currency }, rail, destination },
  }))
}

/**
 * An attempt that a line of such a plan paid, and none before it. What is out or paid is in no plan, so what went before the
 * plan was applied had come back by then. When it began is not asked: it may begin the moment the plan is applied, by the
 * clock of another machine.
 */
const PLANNED = sql`exists (
  select from payment_plan_lines l join payment_plans p on p.id = l.plan_id
  where l.payable_id = a.payable_id and l.left_out is null and p.state = 'applied' and p.approved_by is not null
    and (l.amount, l.currency, l.rail, l.destination) = (a.amount, a.currency, a.rail, a.destination)
    and (a.state <> 'reversed' or a.updated_at >= p.applied_at)
    and not exists (select from payment_attempts e where e.payable_type = a.payable_type and e.payable_id = a.payable_id
      and e.generation < a.generation and e.state = 'reversed' and e.updated_at >= p.applied_at))`

/**
 * What went, or is on its way, without an approved plan: minor units by rule and run. The rules are of one kind.
 * @param of.runs - business dates; of payouts, UTC days
 */
export async function usedWithoutPlan(
  connection: Database,
  { rules, runs }: { rules: readonly PlanRule[]; runs: readonly string[] },
): Promise<(rule: PlanRule, run: string) => bigint> {
  const currencies = rules.map(({ currency }) => currency)
  const counted = sql`a.state in ('claimed', 'accepted', 'paid', 'reversed') and a.currency = any(${currencies}::text[])
    and not ${PLANNED}`
  const query =
    rules[0]?.kind === 'pay_day'
      ? sql<{ run: string; currency: string; amount: bigint }>`
        select b.business_date as run, a.currency, sum(a.amount)::bigint as amount
        from seller_balances b join payment_attempts a on a.payable_type = 'seller_balance' and a.payable_id = b.id
        where b.business_date = any(${runs}::date[]) and ${counted} group by 1, 2`
      : // What is accepted is found by when it was, with room for clocks that differ; what is not, is little.
        sql<{ run: string; currency: string; amount: bigint }>`
        select (a.begun_at at time zone 'UTC')::date as run, a.currency, sum(a.amount)::bigint as amount from (
          select a.* from rails r join payment_attempts a on a.rail = r.name
            and coalesce(a.accepted_at, a.first_called_at) >= ${[...runs].sort()[0]}::date::timestamp at time zone 'UTC' - interval '1 hour'
          where a.state <> 'claimed'
          union all
          select * from payment_attempts where state = 'claimed'
        ) a where a.payable_type = 'payout_transfer' and (a.begun_at at time zone 'UTC')::date = any(${runs}::date[])
          and ${counted} group by 1, 2`
  const { rows } = runs.length === 0 || rules.length === 0 ? { rows: [] } : await query.execute(connection)
  const sums = new Map(rows.map(({ run, currency, amount }) => [`${currency} ${run}`, amount]))
  return ({ currency }, run) => sums.get(`${currency} ${run}`) ?? 0n
}

const DAY_MS = 86_400_000
const dayAfter = (day: string): string => new Date(Date.parse(day) + DAY_MS).toISOString()

/** People hear once of each run, whatever its currencies. */
const requiredAlert = (
  { id, kind, currency, amount }: PlanRule,
  { run, used }: { run: string; used: bigint | undefined },
): NewAlert => ({
  kind: 'plan_required',
  dedupKey: requiredKey(kind, run),
  subject: { type: 'payment_plan_rule', id },
  businessDate: kind === 'pay_day' ? run : null,
  details: { kind, run, currency, amount, used, ...(kind === 'payouts' && { until: dayAfter(run) }) },
})
