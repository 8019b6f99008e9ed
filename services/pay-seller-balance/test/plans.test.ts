import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { claimBalancesToQueue } from '@remesa/database/balance-sweep'
import { closePassedAlerts } from '@remesa/database/passed-alerts'
import { rulesOf, usedWithoutPlan } from '@remesa/database/payment-plan-claims'
import type { Plan } from '@remesa/database/payment-plan-rows'
import { setPlanRule } from '@remesa/database/payment-plan-rules'
import { applyPlan, approvePlan, insertPlan, lockPlan } from '@remesa/database/payment-plans'
import { APPROVAL_LIFE_MS } from '@remesa/domain/approval'
import { businessDate } from '@remesa/domain/business-date'
import { currency } from '@remesa/domain/currency'
import type { Rail } from '@remesa/domain/rail'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { alertsAbout, attemptRows, balanceRow } from '@remesa/local-stack/testing/books'
import { aPayableBalance, changeSeller } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { done } from '@remesa/messaging/handler'
import { sql } from 'kysely'
import { LEASE_MS, payHandler } from './handler.ts'

let world: World
let pay: ReturnType<typeof payHandler>
beforeAll(async () => {
  world = await startWorld()
  pay = payHandler(world)
  const rule = { kind: 'pay_day', currency: currency('CLP'), amount: 0n } as const
  await world.database.transaction().execute((tx) => setPlanRule(tx, rule, asked('operator:olga')))
})
afterAll(() => world.stop())

const asked = (actor: string) => ({ actor, reason: 'every pay-day is approved', now: world.now() })
const terms = () => ({ now: world.now(), rulesNow: world.now(), policy: DESTINATION_POLICY })
const make = (run: string): Promise<Plan> =>
  world.database
    .transaction()
    .execute((tx) => insertPlan(tx, 'pay_day', { ...terms(), ...asked('operator:olga'), run, funds: [] }))
const approve = (plan: Plan) =>
  world.database.transaction().execute(async (tx) => {
    const locked = await lockPlan(tx, plan.id)
    if (locked) await approvePlan(tx, locked, { ...asked('operator:adam'), hash: plan.hash, lifeMs: APPROVAL_LIFE_MS })
  })
const apply = (plan: Plan) =>
  world.database.transaction().execute(async (tx) => {
    const locked = await lockPlan(tx, plan.id)
    if (!locked) throw new Error('no plan')
    return applyPlan(tx, locked, { ...terms(), ...asked('operator:olga'), hash: plan.hash, lifeMs: APPROVAL_LIFE_MS })
  })
const applied = async (run: string) => {
  const plan = await make(run)
  await approve(plan)
  return apply(plan)
}
const WAITS = { kind: 'retry', reason: 'plan_required' }
let days = 0
/** A business date of a test's own. */
const aDay = () => businessDate(`2026-10-0${++days}`)

test('a pay-day waits for its plan, its sweep makes no copies meanwhile, and it is paid once the plan is applied', async () => {
  const date = aDay()
  const { sellerBalanceId } = await aPayableBalance(world, { date })
  const other = await aPayableBalance(world, { date, operationType: 'international', currency: 'USD' })
  expect(await world.deliver(pay, { sellerBalanceId }, { sellerBalanceId: other.sellerBalanceId })).toMatchObject([
    WAITS,
    done, // dollars have no rule
  ])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'payable', attempts: 0 })
  expect(await attemptRows(world, sellerBalanceId)).toEqual([])
  const sweep = { now: new Date(world.now().getTime() + 240_000), graceMs: 60_000, limit: 100 }
  const left = await world.database.transaction().execute((tx) => claimBalancesToQueue(tx, sweep))
  expect(left.map((one) => one.sellerBalanceId)).not.toContain(sellerBalanceId)

  expect(await applied(date)).toMatchObject({ kind: 'done', payableIds: [sellerBalanceId] })
  // Its message was sent with the plan: it is not lost because it waited for so long.
  await sql`update seller_balances set updated_at = updated_at - interval '1 hour' where id = ${sellerBalanceId}`.execute(
    world.database,
  )
  const soon = { ...sweep, now: new Date(world.now().getTime() + 30_000) }
  const copied = await world.database.transaction().execute((tx) => claimBalancesToQueue(tx, soon))
  expect(copied.map((one) => one.sellerBalanceId)).not.toContain(sellerBalanceId)
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toHaveLength(1)
  const rules = await rulesOf(world.database, 'pay_day')
  const used = await usedWithoutPlan(world.database, { rules, runs: [date] })
  expect(rules.map((rule) => used(rule, date))).toEqual([0n])
})

test('of a run people hear once, and its alert is closed when the plan is applied', async () => {
  const date = aDay()
  const balances = [await aPayableBalance(world, { date }), await aPayableBalance(world, { date })]
  await world.deliver(pay, ...balances.map(({ sellerBalanceId }) => ({ sellerBalanceId })))
  const alerts = async () =>
    (
      await sql<{ status: string; times: number }>`
        select status, times from finance_alerts where dedup_key = ${`plan_required:pay_day:${date}`}`.execute(
        world.database,
      )
    ).rows
  expect(await alerts()).toEqual([{ status: 'open', times: 2 }])
  await applied(date)
  expect(await alerts()).toMatchObject([{ status: 'resolved' }])
  expect(await alertsAbout(world, balances[0]?.sellerBalanceId ?? '')).toEqual({})
})

test('the alert of a run stays open while anything of it waits for a plan, in whichever currency', async () => {
  const date = aDay()
  const rule = { kind: 'pay_day', currency: currency('COP'), amount: 0n } as const
  await world.database.transaction().execute((tx) => setPlanRule(tx, rule, asked('operator:olga')))
  const others = await aPayableBalance(world, { date, country: 'co' })
  const pesos = await aPayableBalance(world, { date })
  for (const { sellerBalanceId } of [others, pesos]) {
    expect(await world.deliver(pay, { sellerBalanceId })).toMatchObject([WAITS])
  }
  const status = async () => {
    await world.database.transaction().execute((tx) => closePassedAlerts(tx, world.now()))
    const { rows } = await sql<{ status: string }>`
      select status from finance_alerts where dedup_key = ${`plan_required:pay_day:${date}`}`.execute(world.database)
    return rows[0]?.status
  }
  const block = (id: string) =>
    sql`update seller_balances set status = 'blocked', blocked_reason = 'bank_id_missing', next_try_at = null
      where id = ${id}`.execute(world.database)
  await block(pesos.sellerBalanceId)
  expect(await status()).toBe('open')
  await block(others.sellerBalanceId)
  expect(await status()).toBe('resolved')
})

test('an account that changes after the plan was applied is no line of it: nothing goes there', async () => {
  const date = aDay()
  const balance = await aPayableBalance(world, { date })
  const { sellerBalanceId } = balance
  await applied(date)
  await changeSeller(world, balance, { fpayId: 'FP-thief' })
  const uncooled = payHandler(world, { coolingMs: 0 })
  expect(await world.deliver(uncooled, { sellerBalanceId })).toMatchObject([WAITS])
  expect(await attemptRows(world, sellerBalanceId)).toEqual([])
})

test('a balance whose worker died is finished with its key, whatever became of plans and rules', async () => {
  const date = aDay()
  const { sellerBalanceId } = await aPayableBalance(world, { date, country: 'pe' })
  const fpay = world.rails.get('fpay')
  if (!fpay) throw new Error('no rail')
  const silent: Rail = {
    ...fpay,
    pay: async () => ({ kind: 'unknown', reason: 'no_answer', facts: { status: 0 } }),
  }
  await world.deliver(payHandler(world, { rails: new Map([...world.rails, ['fpay', silent]]) }), { sellerBalanceId })
  const rule = { kind: 'pay_day', currency: currency('PEN'), amount: 0n } as const
  await world.database.transaction().execute((tx) => setPlanRule(tx, rule, asked('operator:olga')))
  world.moveClock(10 * LEASE_MS)
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toHaveLength(1)
})

test('a line pays once: what came back after it was paid needs another plan', async () => {
  const date = aDay()
  const { sellerBalanceId } = await aPayableBalance(world, { date })
  await applied(date)
  await world.deliver(pay, { sellerBalanceId })
  // As the bank returns it, and two people have it paid again.
  await sql`update payment_attempts set state = 'reversed', settled_at = now() where payable_id = ${sellerBalanceId}`.execute(
    world.database,
  )
  await sql`alter table seller_balances disable trigger user`.execute(world.database)
  await sql`update seller_balances set status = 'payable', next_try_at = null where id = ${sellerBalanceId}`.execute(
    world.database,
  )
  await sql`alter table seller_balances enable trigger user`.execute(world.database)
  await sql`update ledger_payee_balances set balance = 100000 where balance = 0`.execute(world.database)
  expect(await world.deliver(pay, { sellerBalanceId })).toMatchObject([WAITS])
  expect(await applied(date)).toMatchObject({ kind: 'done', payableIds: [sellerBalanceId] })
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(await attemptRows(world, sellerBalanceId)).toHaveLength(2)
})
