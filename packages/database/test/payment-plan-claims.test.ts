import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { APPROVAL_LIFE_MS } from '@remesa/domain/approval'
import type { PlanRule } from '@remesa/domain/payment-plan'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import { rulesOf, usedWithoutPlan } from '../src/payment-plan-claims.ts'
import { setPlanRule } from '../src/payment-plan-rules.ts'
import { applyPlan, approvePlan, insertPlan, lockPlan } from '../src/payment-plans.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { aJobOfItsOwn, claim, claimed, later, NOW, paid, record, USD } from './payout-worlds.ts'
import { inTransaction } from './worlds.ts'

// What a claim makes of plans and rules. Each test has a database of its own: a plan holds whatever is due.
let world: TestDatabase
beforeEach(async () => {
  world = await createTestDatabase({ poolSize: 12 })
})
afterEach(() => world.drop())

const asked = (actor: string) => ({ actor, reason: 'a large contest', now: NOW })
const rule = (amount: bigint) =>
  inTransaction(world, (tx) => setPlanRule(tx, { kind: 'payouts', currency: USD, amount }, asked('operator:olga')))

/** A plan of all that is due, agreed to and applied. */
const applied = (now = NOW) =>
  inTransaction(world, async (tx) => {
    const terms = { now, rulesNow: now, policy: DESTINATION_POLICY }
    const olga = { ...asked('operator:olga'), now }
    const { id, hash } = await insertPlan(tx, 'payouts', { ...terms, run: RUN, funds: [], ...olga })
    const plan = async () => {
      const found = await lockPlan(tx, id)
      if (!found) throw new Error('no plan')
      return found
    }
    await approvePlan(tx, await plan(), { ...asked('operator:adam'), now, hash, lifeMs: APPROVAL_LIFE_MS })
    return applyPlan(tx, await plan(), { ...terms, ...olga, hash, lifeMs: APPROVAL_LIFE_MS })
  })
const RUN = NOW.toISOString().slice(0, 10)
const used = async () => {
  const rules = await rulesOf(world.database, 'payouts')
  return (await usedWithoutPlan(world.database, { rules, runs: [RUN] }))(rules[0] as PlanRule, RUN)
}
const whyOf = async (id: string, now: Date) => {
  const answer = (await claim(world, [id], now)).get(id)
  return answer?.kind === 'later' ? answer.why : answer?.kind
}

/** As the money comes back and two people have it paid again. */
async function comesBack(id: string, at: Date): Promise<void> {
  await sql`update payment_attempts set state = 'reversed', updated_at = ${at} where payable_id = ${id}`.execute(
    world.database,
  )
  await sql`alter table payout_transfers disable trigger user`.execute(world.database)
  await sql`update payout_transfers set status = 'pending', completed_at = null, provider_reference = null, due_at = ${at}
    where id = ${id}`.execute(world.database)
  await sql`alter table payout_transfers enable trigger user`.execute(world.database)
}

test('by a worker’s clock that is behind a line’s payment takes no room of the rule either, and the line pays once', async () => {
  await rule(100n)
  const { transferOf } = await aJobOfItsOwn(world, { ana: 160n })
  const ana = transferOf('ana')
  await applied()
  const behind = later(-500)
  const first = await claimed(world, ana, behind)
  expect(await used()).toBe(0n)
  await record(world, [{ claim: first, outcome: paid() }], later(1_000, behind))
  expect(await used()).toBe(0n)

  await comesBack(ana, later(3_600_000))
  expect(await used()).toBe(0n)
  expect(await whyOf(ana, later(3_700_000))).toBe('plan_required')
  expect(await applied(later(3_800_000))).toMatchObject({ kind: 'done', payableIds: [ana] })
})

test('what came back before its payable was planned stays a payment without a plan', async () => {
  await rule(100n)
  const { transferOf } = await aJobOfItsOwn(world, { ana: 60n })
  const ana = transferOf('ana')
  const first = await claimed(world, ana)
  await record(world, [{ claim: first, outcome: paid() }])
  await comesBack(ana, later(3_600_000))
  await applied(later(3_700_000))
  expect(await used()).toBe(60n)
})

test('what begins as a UTC day does takes its room, also when the clock of whoever records it is behind', async () => {
  await rule(100n)
  const { transferOf } = await aJobOfItsOwn(world, { ana: 60n })
  const midnight = new Date(`${RUN}T00:00:00Z`)
  const first = await claimed(world, transferOf('ana'), midnight)
  await record(world, [{ claim: first, outcome: paid() }], later(-200, midnight))
  expect(await used()).toBe(60n)
})

test('what is more than the rule by itself waits without waiting for those who share its room', async () => {
  await rule(100n)
  const { transferOf } = await aJobOfItsOwn(world, { ana: 101n })
  await inTransaction(world, async (tx) => {
    await sql`select from payment_plan_rules for update`.execute(tx)
    expect(await whyOf(transferOf('ana'), NOW)).toBe('plan_required')
  })
})
