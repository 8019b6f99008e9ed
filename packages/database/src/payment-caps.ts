import { type CapCandidate, capShare, capWindow, fitCaps, type PaymentCap } from '@remesa/domain/payment-controls'
import type { PlanRule } from '@remesa/domain/payment-plan'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { NewAlert } from './finance-alerts.ts'
import { kindOf, unplannedClaims } from './payment-plan-claims.ts'
import type { Schema } from './schema.ts'

/** Whose payments a claim is about: where payees and runs are found. */
export type CappedPayable = 'seller_balance' | 'payout_transfer'

/** What waits for a cap or for a plan, and what to tell people. */
export interface CappedClaims {
  /** When to ask again and why, by the payable's id. */
  readonly waiting: ReadonlyMap<string, { readonly at: Date; readonly why: 'cap_reached' | 'plan_required' }>
  readonly alerts: readonly NewAlert[]
}

const NONE: CappedClaims = { waiting: new Map(), alerts: [] }

/**
 * Which of these payments would go beyond a cap, or beyond what may go without an approved plan. The caps that concern them stay locked until the transaction ends, so that
 * two claims at once never go beyond one together. Call it after `restingRails`, and claim nothing that waits.
 */
export async function cappedClaims(
  tx: Transaction<Schema>,
  payable: CappedPayable,
  candidates: readonly CapCandidate[],
  now: Date,
): Promise<CappedClaims> {
  if (candidates.length === 0) return NONE
  const { caps, rules } = await lockControls(tx, payable, candidates)
  const unplanned = await unplannedClaims(tx, { payable, rules, now }, candidates)
  const planned = candidates.filter(({ id }) => !unplanned.waiting.has(id))
  const capped = await beyondCaps(tx, { payable, caps, now }, planned)
  const because =
    (why: 'cap_reached' | 'plan_required') =>
    ([id, at]: readonly [string, Date]) =>
      [id, { at, why }] as const
  return {
    waiting: new Map([
      ...[...unplanned.waiting].map(because('plan_required')),
      ...[...capped.waiting].map(([id, { askAgainAt }]) => because('cap_reached')([id, askAgainAt])),
    ]),
    alerts: [...unplanned.alerts, ...capped.alerts],
  }
}

/**
 * The same question about caps without a lock, to tell people: the answer may be another when they are claimed.
 * @returns the cap that each would go beyond, by the payable's id
 */
export async function capsReached(
  connection: Database,
  payable: CappedPayable,
  candidates: readonly CapCandidate[],
  now: Date,
): Promise<ReadonlyMap<string, PaymentCap>> {
  const caps = await connection
    .selectFrom('payment_caps')
    .select(['id', 'rail', 'currency', 'scope', 'amount'])
    .orderBy('id')
    .execute()
  const { waiting } = await beyondCaps(connection, { payable, caps, now }, candidates)
  return new Map([...waiting].map(([id, { cap }]) => [id, cap]))
}

async function beyondCaps(
  tx: Database,
  { payable, caps, now }: { payable: CappedPayable; caps: readonly PaymentCap[]; now: Date },
  candidates: readonly CapCandidate[],
): Promise<{
  waiting: ReadonlyMap<string, { readonly cap: PaymentCap; readonly askAgainAt: Date }>
  alerts: readonly NewAlert[]
}> {
  const concerned = caps.filter((cap) => candidates.some((one) => capShare(cap, one) !== undefined))
  if (concerned.length === 0) return { waiting: new Map(), alerts: [] }
  const sums = new Map<string, bigint>()
  for (const cap of concerned) {
    const shares = [...new Set(candidates.flatMap((one) => capShare(cap, one) ?? []))]
    for (const { share, amount } of await usedOf(tx, cap, { payable, shares, now })) {
      sums.set(`${cap.id} ${share}`, amount)
    }
  }
  const used = (cap: PaymentCap, share: string) => sums.get(`${cap.id} ${share}`) ?? 0n
  const waiting = fitCaps(candidates, concerned, { used, now })
  return {
    waiting,
    alerts: [...waiting.values()].map(({ cap, share }) => reachedAlert(cap, { share, used: used(cap, share), now })),
  }
}

/** One look-up: without a cap and a rule a claim costs no more. The rules are not locked here, for most claims have a plan. */
async function lockControls(
  tx: Transaction<Schema>,
  payable: CappedPayable,
  candidates: readonly CapCandidate[],
): Promise<{ caps: readonly PaymentCap[]; rules: readonly PlanRule[] }> {
  const kind = kindOf(payable)
  const rails = [...new Set(candidates.map(({ rail }) => rail))]
  const { rows } = await sql<(PaymentCap & { isRule: false }) | (Omit<PlanRule, 'kind'> & { isRule: true })>`
    select false as "isRule", c.* from (
      select id, rail, currency, scope, amount from payment_caps where rail is null or rail = any(${rails}::text[])
      order by id for update
    ) c
    union all
    select true, id, null, currency, null, amount from payment_plan_rules where kind = ${kind}`.execute(tx)
  return {
    caps: rows.flatMap(({ isRule, ...cap }) => (isRule ? [] : [cap as PaymentCap])),
    rules: rows.flatMap((row) =>
      row.isRule ? [{ id: row.id, kind, currency: row.currency, amount: row.amount }] : [],
    ),
  }
}

/** What has gone, or is on its way: whatever the rail has not refused. */
const OUT = sql`a.state in ('claimed', 'accepted', 'paid', 'reversed')`

async function usedOf(
  tx: Database,
  { scope, rail, currency }: PaymentCap,
  { payable, shares, now }: { payable: CappedPayable; shares: readonly string[]; now: Date },
): Promise<readonly { share: string; amount: bigint }[]> {
  const { start } = capWindow(scope, now)
  const counted = sql`${OUT} and a.currency = ${currency} and a.begun_at >= ${start}
    and (${rail}::text is null or a.rail = ${rail})`
  const { rows } = await {
    // What is accepted is found by when it was, with room for clocks that differ; what is not, is little.
    rail_hour: () => sql<{ share: string; amount: bigint }>`
      select '' as share, coalesce(sum(a.amount), 0)::bigint as amount from (
        select a.* from rails r join payment_attempts a on a.rail = r.name
          and coalesce(a.accepted_at, a.first_called_at) >= ${start}::timestamptz - interval '1 minute' where a.state <> 'claimed'
        union all
        select * from payment_attempts where state = 'claimed'
      ) a where ${counted} and a.payable_type <> 'payout_reversal'`,
    payee_day: () =>
      payable === 'seller_balance'
        ? sql<{ share: string; amount: bigint }>`
          select b.seller_id as share, sum(a.amount)::bigint as amount
          from seller_balances b join payment_attempts a on a.payable_type = 'seller_balance' and a.payable_id = b.id
          where b.seller_id = any(${[...shares]}::uuid[]) and ${counted} group by 1`
        : sql<{ share: string; amount: bigint }>`
          select t.user_id as share, sum(a.amount)::bigint as amount
          from payout_transfers t join payment_attempts a on a.payable_type = 'payout_transfer' and a.payable_id = t.id
          where t.user_id = any(${[...shares]}::text[]) and ${counted} group by 1`,
    run: () => sql<{ share: string; amount: bigint }>`
      select b.business_date as share, sum(a.amount)::bigint as amount
      from seller_balances b join payment_attempts a on a.payable_type = 'seller_balance' and a.payable_id = b.id
      where b.business_date = any(${[...shares]}::date[]) and ${counted} group by 1`,
  }
    [scope]()
    .execute(tx)
  return rows
}

/** People hear once of each cap and window, whoever is the first to meet it. */
function reachedAlert(
  { id, scope, rail, currency, amount }: PaymentCap,
  { share, used, now }: { share: string; used: bigint; now: Date },
): NewAlert {
  const { start, end } = capWindow(scope, now)
  const window = scope === 'run' ? share : start.toISOString()
  return {
    kind: 'cap_reached',
    dedupKey: `cap_reached:${id}:${window}`,
    subject: { type: 'payment_cap', id },
    businessDate: scope === 'run' ? share : null,
    details: {
      ...{ scope, rail, currency, amount, used, until: end?.toISOString() ?? null },
      ...(scope === 'payee_day' && { payeeId: share }),
    },
  }
}
