import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { APPROVAL_LIFE_MS } from '@remesa/domain/approval'
import type { PlanRule } from '@remesa/domain/payment-plan'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import { closePassedAlerts } from '../src/passed-alerts.ts'
import { setCap } from '../src/payment-cap-changes.ts'
import { rulesOf, usedWithoutPlan, waitsForPlan } from '../src/payment-plan-claims.ts'
import { discardPlan, voidExpiredPlans } from '../src/payment-plan-ends.ts'
import { findPlan, listPlanLines, listPlans } from '../src/payment-plan-reads.ts'
import type { Plan } from '../src/payment-plan-rows.ts'
import { setPlanRule } from '../src/payment-plan-rules.ts'
import { applyPlan, approvePlan, insertPlan, lockPlan } from '../src/payment-plans.ts'
import { stopRail } from '../src/rail-stops.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import {
  aJobOfItsOwn,
  alertKinds,
  auditOf,
  claim,
  claimed,
  haste,
  later,
  NOW,
  record,
  tellOfAccounts,
  transferNow,
  USD,
} from './payout-worlds.ts'
import { inTransaction } from './worlds.ts'

// Each test has a database of its own: a plan holds whatever is due.
let world: TestDatabase
const day = NOW
beforeEach(async () => {
  world = await createTestDatabase({ poolSize: 12 })
})
afterEach(() => world.drop())

const job = (amounts: Readonly<Record<string, bigint>>) => aJobOfItsOwn(world, amounts)
const asked = (actor = 'operator:olga') => ({ actor, reason: 'a large contest', now: day })
const rule = (amount: bigint) =>
  inTransaction(world, (tx) => setPlanRule(tx, { kind: 'payouts', currency: USD, amount }, asked()))
const terms = () => ({ now: day, rulesNow: day, policy: DESTINATION_POLICY })
const make = () =>
  inTransaction(world, (tx) =>
    insertPlan(tx, 'payouts', { ...terms(), run: day.toISOString().slice(0, 10), funds: [], ...asked() }),
  )
const locked = async <Done>(
  { id }: Pick<Plan, 'id'>,
  work: (tx: Parameters<typeof lockPlan>[0], plan: Plan) => Promise<Done>,
) =>
  inTransaction(world, async (tx) => {
    const plan = await lockPlan(tx, id)
    if (!plan) throw new Error('no plan')
    return work(tx, plan)
  })
const approve = (plan: Plan, { hash = plan.hash, actor = 'operator:adam', lifeMs = APPROVAL_LIFE_MS } = {}) =>
  locked(plan, (tx, now) => approvePlan(tx, now, { ...asked(actor), hash, lifeMs }))
const apply = (plan: Plan, { hash = plan.hash, actor = 'operator:olga', lifeMs = APPROVAL_LIFE_MS } = {}) =>
  locked(plan, (tx, now) => applyPlan(tx, now, { ...terms(), ...asked(actor), hash, lifeMs }))
const kinds = (answers: ReadonlyMap<string, { kind: string; why?: string }>, ...ids: readonly string[]) =>
  ids.map((id) => answers.get(id)?.why ?? answers.get(id)?.kind)

test('what goes beyond a rule waits for a plan, and goes once two people have agreed to it and it is applied', async () => {
  await rule(100n)
  const { transferOf } = await job({ ana: 60n, ben: 50n, cid: 40n })
  const [ana, ben, cid] = [transferOf('ana'), transferOf('ben'), transferOf('cid')]
  expect(kinds(await claim(world, [ana], day), ana)).toEqual(['claimed'])
  const answers = await claim(world, [ben, cid], day)
  expect(kinds(answers, ben, cid)).toEqual(['plan_required', 'claimed'])
  expect(answers.get(ben)).toMatchObject({ at: later(300_000, day) })
  await claim(world, [ben], later(1_000, day))
  expect(await alertKinds(world)).toEqual(['plan_required'])
  expect(await transferNow(world, ben)).toMatchObject({ status: 'pending', attempts: 0 })

  const plan = await make()
  expect(plan).toMatchObject({ state: 'planned', lineCount: 1 })
  expect(plan.totals).toEqual({
    pays: [{ rail: 'stripe', currency: 'USD', count: 1, amount: '50' }],
    leavesOut: [{ reason: 'on_its_way', currency: 'USD', count: 2, amount: '100' }],
  })
  expect(await apply(plan)).toEqual({ kind: 'approval_required' })
  expect(await approve(plan, { actor: 'operator:olga' })).toEqual({ kind: 'own' })
  expect(await approve(plan, { hash: '0'.repeat(64) })).toEqual({ kind: 'hash' })
  expect(await approve(plan)).toMatchObject({ kind: 'done', plan: { state: 'approved' } })
  expect(await approve(plan)).toEqual({ kind: 'state' })
  expect(kinds(await claim(world, [ben], later(2_000, day)), ben)).toEqual(['plan_required']) // approved is not applied

  expect(await apply(plan, { hash: '0'.repeat(64) })).toEqual({ kind: 'hash' })
  expect(await apply(plan)).toMatchObject({ kind: 'done', payableIds: [ben], plan: { state: 'applied' } })
  expect(await apply(plan)).toEqual({ kind: 'state' })
  expect(await alertKinds(world)).toEqual([])
  expect(await transferNow(world, ben)).toMatchObject({ due_at: day })
  expect(kinds(await claim(world, [ben], later(3_000, day)), ben)).toEqual(['claimed'])
  expect(await auditOf(world, plan.id)).toEqual([
    'payment_plan.planned',
    'payment_plan.approved',
    'payment_plan.applied',
  ])
})

test('a plan within the rule is applied by one person, and takes the rule’s room like any payment without a plan', async () => {
  await rule(60n)
  const { transferOf } = await job({ ana: 60n })
  const ana = transferOf('ana')
  const plan = await make()
  expect(await apply(plan)).toMatchObject({ kind: 'done', plan: { state: 'applied', approved: null } })
  const second = await job({ ben: 1n })
  const ben = second.transferOf('ben')
  expect(kinds(await claim(world, [ben], day), ben)).toEqual(['claimed'])
  expect(kinds(await claim(world, [ana], day), ana)).toEqual(['plan_required'])
})

test('a line more, a line less, another amount or another account voids a plan, and says what drifted', async () => {
  await rule(0n)
  const { transferOf, name } = await job({ ana: 60n, ben: 50n })
  const [ana, ben] = [transferOf('ana'), transferOf('ben')]
  const [anaId, benId] = [name('ana'), name('ben')]
  const drifted = async (change: () => Promise<unknown>) => {
    const plan = await make()
    await approve(plan)
    await change()
    const answer = await apply(plan)
    expect(answer).toMatchObject({ kind: 'void', plan: { state: 'void' } })
    expect(await apply(plan)).toEqual({ kind: 'state' })
    return answer.kind === 'void' ? answer.plan.voided : null
  }
  expect(await drifted(() => job({ cid: 1n }))).toMatchObject({ count: 1, drift: [{ kind: 'added' }] })
  const facts = { transfersActive: false, payoutsEnabled: true, detailsSubmitted: true, disabledReason: null }
  const gone = await drifted(() => tellOfAccounts(world, [benId], { facts, asOf: later(1_000, day) }))
  expect(gone).toMatchObject({ count: 1, drift: [{ kind: 'gone', planned: { payableId: ben } }] })
  const moved = await drifted(() =>
    sql`update user_stripe_accounts set stripe_account_id = 'acct_other' where user_id = ${anaId}`.execute(
      world.database,
    ),
  )
  expect(moved).toMatchObject({ count: 1 })
  expect(kinds(await claim(world, [ana], day), ana)).not.toEqual(['claimed'])
})

test('what an applied plan pays takes no room of the rule, and goes again under it when the rail refused it for now', async () => {
  await rule(0n)
  const { transferOf } = await job({ ana: 60n })
  const id = transferOf('ana')
  const plan = await make()
  await approve(plan)
  await apply(plan)
  const first = await claimed(world, id, day)
  expect(await usedNow()).toBe(0n)
  const { recorded } = await record(world, [{ claim: first, outcome: haste }], day)
  await claimed(world, id, recorded[0]?.retryAt ?? day)
})

const usedNow = async () => {
  const rules = await rulesOf(world.database, 'payouts')
  const run = day.toISOString().slice(0, 10)
  const used = await usedWithoutPlan(world.database, { rules, runs: [run] })
  return used(rules[0] as PlanRule, run)
}

test('of many workers that claim at once no more goes without a plan than the rule says, and what is planned goes beside', async () => {
  await rule(305n)
  const users = Array.from({ length: 60 }, (_, n) => `u${n}`)
  const planned = await job(Object.fromEntries(users.slice(0, 20).map((user) => [user, 10n])))
  const plannedIds = users.slice(0, 20).map(planned.transferOf)
  const plan = await make()
  await approve(plan)
  expect(await apply(plan)).toMatchObject({ kind: 'done' })
  const others = await job(Object.fromEntries(users.slice(20).map((user) => [user, 10n])))
  const ids = [...plannedIds, ...users.slice(20).map(others.transferOf)]
  const answers = await Promise.all(ids.map(async (id) => (await claim(world, [id], later(1, day))).get(id)?.kind))
  expect(answers.slice(0, 20)).toEqual(Array(20).fill('claimed'))
  expect(answers.slice(20).filter((kind) => kind === 'claimed')).toHaveLength(30)
  expect(await usedNow()).toBe(300n)
})

test('a rule that is set while workers claim counts what went before it', async () => {
  const users = Array.from({ length: 40 }, (_, n) => `r${n}`)
  const { transferOf } = await job(Object.fromEntries(users.map((user) => [user, 10n])))
  const setting = inTransaction(world, async (tx) => {
    await sql`select pg_sleep(0.01)`.execute(tx)
    await setPlanRule(tx, { kind: 'payouts', currency: USD, amount: 55n }, asked())
    return begun(tx)
  })
  await Promise.all([...users.map((user) => claim(world, [transferOf(user)], day)), setting])
  const whenSet = await setting
  expect(await begun(world.database)).toBe(whenSet > 50n ? whenSet : 50n)
})

async function begun(connection: TestDatabase['database']): Promise<bigint> {
  const { rows } = await sql<{ sum: bigint | null }>`
    select sum(amount)::bigint as sum from payment_attempts where begun_at = ${day}`.execute(connection)
  return rows[0]?.sum ?? 0n
}

test('of two people who apply a plan at once one does; while it is applied nothing of it is claimed', async () => {
  await rule(0n)
  const { transferOf } = await job({ ana: 60n })
  const plan = await make()
  await approve(plan)
  const [one, other, claims] = await Promise.all([apply(plan), apply(plan), claim(world, [transferOf('ana')], day)])
  expect([one.kind, other.kind].sort()).toEqual(['done', 'state'])
  const kind = claims.get(transferOf('ana'))
  expect(kind?.kind === 'claimed' || ['plan_required', 'locked'].includes(kind?.kind === 'later' ? kind.why : '')).toBe(
    true,
  )
})

test('an apply that is killed before it commits leaves everything as it was, and is done by whoever comes next', async () => {
  await rule(0n)
  const { transferOf } = await job({ ana: 60n })
  const plan = await make()
  await approve(plan)
  await expect(
    locked(plan, async (tx, now) => {
      await applyPlan(tx, now, { ...terms(), ...asked(), hash: plan.hash, lifeMs: APPROVAL_LIFE_MS })
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)
    }),
  ).rejects.toThrow(/terminat/)
  expect(await findPlan(world.database, plan.id)).toMatchObject({ state: 'approved', applied: null })
  expect(kinds(await claim(world, [transferOf('ana')], day), transferOf('ana'))).toEqual(['plan_required'])
  expect(await apply(plan)).toMatchObject({ kind: 'done' })
})

test('a plan says who is left out and why: a cap, a rail that was stopped, an account that cannot receive', async () => {
  const { transferOf, name } = await job({ ana: 60n, ben: 50n })
  await inTransaction(world, (tx) =>
    setCap(tx, { rail: null, currency: USD, scope: 'payee_day', amount: 55n }, asked()),
  )
  const reasons = async () => {
    const lines = await listPlanLines(world.database, (await make()).id, { paid: false, limit: 10 })
    return new Map(lines.map(({ payableId, leftOut }) => [payableId, leftOut]))
  }
  expect(await reasons()).toEqual(new Map([[transferOf('ana'), 'cap_reached']]))
  const facts = { transfersActive: false, payoutsEnabled: true, detailsSubmitted: true, disabledReason: null }
  await tellOfAccounts(world, [name('ben')], { facts, asOf: later(1_000, day) })
  expect((await reasons()).get(transferOf('ben'))).toBe('transfers_inactive')
  await inTransaction(world, (tx) => stopRail(tx, 'stripe', asked()))
  expect((await reasons()).get(transferOf('ana'))).toBe('rail_stopped')
})

test('what waits for a plan takes no room of a cap; the next UTC day has its own room, and closes the alert of the one before', async () => {
  await rule(50n)
  await inTransaction(world, (tx) =>
    setCap(tx, { rail: null, currency: USD, scope: 'rail_hour', amount: 60n }, asked()),
  )
  const { transferOf } = await job({ ana: 60n, ben: 40n, cid: 20n })
  const [ana, ben, cid] = [transferOf('ana'), transferOf('ben'), transferOf('cid')]
  expect(kinds(await claim(world, [ana, ben], day), ana, ben)).toEqual(['plan_required', 'claimed'])
  expect(kinds(await claim(world, [cid], day), cid)).toEqual(['plan_required'])
  const tomorrow = later(86_400_000, day)
  expect(await inTransaction(world, (tx) => closePassedAlerts(tx, later(-1, midnight(tomorrow))))).toBe(0)
  expect(await inTransaction(world, (tx) => closePassedAlerts(tx, midnight(tomorrow)))).toBe(1)
  expect(kinds(await claim(world, [cid], tomorrow), cid)).toEqual(['claimed'])
  expect(kinds(await claim(world, [ana], tomorrow), ana)).toEqual(['plan_required'])
  expect(await alertKinds(world)).toEqual(['plan_required'])
})

const midnight = (moment: Date) => new Date(`${moment.toISOString().slice(0, 10)}T00:00:00Z`)

test('whether a payment waits for a plan is told without taking a lock', async () => {
  await rule(50n)
  const candidate = (amount: bigint) => ({
    ...{ id: '0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22', rail: 'stripe' as const, money: { amount, currency: USD } },
    ...{ payeeId: 'ana', destination: 'acct_ana', businessDate: null },
  })
  expect(await waitsForPlan(world.database, 'payout_transfer', candidate(51n), day)).toBe(true)
  expect(await waitsForPlan(world.database, 'payout_transfer', candidate(50n), day)).toBe(false)
  expect(await waitsForPlan(world.database, 'seller_balance', candidate(51n), day)).toBe(false)
})

test('by hand no rule is raised, removed or made one for something else', async () => {
  await rule(100n)
  for (const statement of [
    'update payment_plan_rules set amount = 101',
    'delete from payment_plan_rules',
    `update payment_plan_rules set kind = 'pay_day'`,
  ]) {
    await expect(sql.raw(statement).execute(world.database)).rejects.toThrow(
      /raised or removed by two|stays what it is/,
    )
  }
  const raise = await rule(200n)
  expect(raise).toMatchObject({
    kind: 'asked',
    approval: { wish: { from: '100', to: '200', kind: 'payouts', currency: 'USD' } },
  })
  await rule(50n) // lowered meanwhile: the wish is void
  const { rows } = await sql<{ status: string }>`select status from control_approvals`.execute(world.database)
  expect(rows).toEqual([{ status: 'void' }])
})

test('by hand no plan is changed, deleted, born approved or approved by its planner, and no line is slipped into it', async () => {
  await job({ ana: 60n })
  const { id } = await make()
  const refusedBy = async (statement: string) =>
    expect(sql.raw(statement).execute(world.database)).rejects.toThrow(
      /stays what it is|stay what they are|begins as planned|payment_plans_are_approved_by_another|not those of its hash|check constraint/,
    )
  const approved = `state = 'approved', approved_at = now(), approved_by =`
  await refusedBy(`update payment_plans set hash = repeat('0', 64) where id = '${id}'`)
  await refusedBy(`update payment_plans set ${approved} 'operator:olga' where id = '${id}'`)
  await refusedBy(`delete from payment_plans where id = '${id}'`)
  await refusedBy(`update payment_plan_lines set amount = amount + 1 where plan_id = '${id}'`)
  await refusedBy(`delete from payment_plan_lines where plan_id = '${id}'`)
  await refusedBy(`insert into payment_plans (kind, run, hash, line_count, funds, reason, state, planned_by, planned_at,
    approved_by, approved_at) values ('payouts', now(), repeat('0', 64), 0, '[]', 'x', 'approved', 'a', now(), 'b', now())`)
  await refusedBy(`update payment_plans set state = 'applied', applied_at = now(), applied_by = 'x', approved_by = 'b',
    approved_at = now() where id = '${id}'`)
  const slipped = (planId: string) => `insert into payment_plan_lines values ('${planId}', 'payout_transfer',
    gen_random_uuid(), 'eve', 100, 'USD', 'stripe', 'acct_eve', 'pending', null)`
  await sql.raw(slipped(id)).execute(world.database)
  await refusedBy(`update payment_plans set ${approved} 'operator:adam' where id = '${id}'`)
  const plan = await make()
  await approve(plan)
  await refusedBy(slipped(plan.id))
  expect((await listPlans(world.database, { state: 'approved', limit: 2 })).map((one) => one.id)).toEqual([plan.id])
})

test('a plan with a line that was slipped in by hand is void as soon as somebody approves or applies it', async () => {
  await job({ ana: 60n })
  for (const decide of [approve, apply]) {
    const plan = await make()
    await sql`
      insert into payment_plan_lines values (${plan.id}, 'payout_transfer', gen_random_uuid(), 'eve', 100, 'USD', 'stripe',
        'acct_eve', 'pending', null)`.execute(world.database)
    expect(await decide(plan)).toMatchObject({
      kind: 'void',
      plan: { state: 'void', voided: { why: 'altered', reason: null, drift: [], count: 0 } },
    })
    expect(await decide(plan)).toEqual({ kind: 'state' })
  }
})

test('a plan is approved and applied for so long and no longer, whoever agreed to it', async () => {
  await job({ ana: 60n })
  const [young, old, agreed] = [await make(), await make(), await make()]
  await approve(agreed)
  expect(await approve(young, { lifeMs: 1 })).toMatchObject({ kind: 'done' })
  for (const answer of [await approve(old, { lifeMs: 0 }), await apply(agreed, { lifeMs: 0 })]) {
    expect(answer).toMatchObject({ kind: 'void', plan: { voided: { why: 'expired' } } })
  }
  // What nobody tries to decide is voided by the sweep; what was applied stays so.
  await apply(young)
  await make()
  const sweep = () => inTransaction(world, (tx) => voidExpiredPlans(tx, { now: later(1, day), lifeMs: 1 }))
  expect([await sweep(), await sweep()]).toEqual([1, 0])
  expect(await findPlan(world.database, young.id)).toMatchObject({ state: 'applied' })
})

test('one person discards a plan before it is applied, for a reason that stays with it', async () => {
  await job({ ana: 60n })
  const plan = await make()
  await approve(plan)
  const discard = (one: Plan) =>
    locked(one, (tx, now) => discardPlan(tx, now, { ...asked(), reason: 'another amount' }))
  expect(await discard(plan)).toMatchObject({
    state: 'void',
    voided: { by: 'operator:olga', why: 'discarded', reason: 'another amount', drift: [] },
  })
  expect(await discard(plan)).toBeUndefined()
  expect(await apply(plan)).toEqual({ kind: 'state' })
  const paid = await make()
  await apply(paid)
  expect(await discard(paid)).toBeUndefined()
})

test('the database hashes the lines as code does, whatever is written in a destination', async () => {
  const { name } = await job({ ana: 60n, ben: 50n })
  await sql`update user_stripe_accounts set stripe_account_id = ${'ñ | "x"\n2 1:\\ 💸'} where user_id = ${name('ana')}`.execute(
    world.database,
  )
  const plan = await make()
  const { rows } = await sql<{ hash: string }>`select payment_plan_hash(${plan.id}) as hash`.execute(world.database)
  expect(rows[0]?.hash).toBe(plan.hash)
})
