import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { claimBalancesToQueue } from '@remesa/database/balance-sweep'
import { decideControlApproval } from '@remesa/database/control-approvals'
import { openAlerts } from '@remesa/database/finance-alerts'
import { closePassedAlerts } from '@remesa/database/passed-alerts'
import { changeCap, setCap } from '@remesa/database/payment-cap-changes'
import { askForRestart, restartRail, stopRail } from '@remesa/database/rail-stops'
import { currency } from '@remesa/domain/currency'
import type { Rail, RailName } from '@remesa/domain/rail'
import { attemptRows, balanceRow } from '@remesa/local-stack/testing/books'
import { aPayableBalance } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { done } from '@remesa/messaging/handler'
import { sql } from 'kysely'
import { LEASE_MS, payHandler } from './handler.ts'

let world: World
let pay: ReturnType<typeof payHandler>
beforeAll(async () => {
  world = await startWorld()
  pay = payHandler(world)
})
afterAll(() => world.stop())

const asked = (actor: string) => ({ actor, reason: 'amounts look wrong', now: world.now() })
const stop = (rail: RailName) =>
  world.database.transaction().execute((tx) => stopRail(tx, rail, asked('operator:olga')))
const restart = (rail: RailName) =>
  world.database.transaction().execute(async (tx) => {
    const wish = await askForRestart(tx, rail, asked('operator:olga'))
    if (wish.kind !== 'asked') throw new Error(`the restart is ${wish.kind}`)
    const decision = { status: 'approved', decidedBy: 'operator:adam', reason: null } as const
    await restartRail(tx, await decideControlApproval(tx, wish.approval.id, decision, world.now()))
  })

test('balances of a stopped rail wait and are paid after its restart, those of other rails are paid meanwhile', async () => {
  const local = await aPayableBalance(world)
  const international = await aPayableBalance(world, { operationType: 'international', currency: 'USD' })
  const [first, second] = [local, international].map(({ sellerBalanceId }) => ({ sellerBalanceId }))
  if (!first || !second) throw new Error('no balances')
  await stop('fpay')
  const [waits, paid] = await world.deliver(pay, first, second)
  expect([waits, paid]).toEqual([{ kind: 'retry', afterMs: expect.any(Number), reason: 'rail_stopped' }, done])
  expect(waits?.kind === 'retry' && waits.afterMs).toBeGreaterThan(10_000)
  expect(await balanceRow(world, local.sellerBalanceId)).toMatchObject({ status: 'payable', attempts: 0 })
  expect(await attemptRows(world, local.sellerBalanceId)).toEqual([])
  world.moveClock(86_400_000)
  expect(await world.deliver(pay, first)).toMatchObject([{ kind: 'retry', reason: 'rail_stopped' }])
  await restart('fpay')
  expect(await world.deliver(pay, first)).toEqual([done])
  expect(world.sandbox.fpay.payoutsOf(local.sellerBalanceId)).toHaveLength(1)
})

test('a balance whose worker died before the stop is asked for again with the same key, and paid once', async () => {
  const { sellerBalanceId } = await aPayableBalance(world)
  const rail = world.rails.get('fpay')
  if (!rail) throw new Error('no rail')
  const silent: Rail = { ...rail, pay: async () => ({ kind: 'unknown', reason: 'no_answer', facts: { status: 0 } }) }
  await world.deliver(payHandler(world, { rails: new Map([...world.rails, ['fpay', silent]]) }), { sellerBalanceId })
  await stop('fpay')
  world.moveClock(10 * LEASE_MS)
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toHaveLength(1)
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ generation: 1, calls: 2, state: 'accepted' }])
  await restart('fpay')
})

test('a run’s cap holds what would go beyond it until two people raise it; no sweep makes copies of what waits', async () => {
  const [first, second] = [
    await aPayableBalance(world, { amount: 100n }),
    await aPayableBalance(world, { amount: 50n }),
  ]
  const cap = { rail: 'fpay', currency: currency(first.currency), scope: 'run' } as const
  const set = (amount: bigint) =>
    world.database.transaction().execute((tx) => setCap(tx, { ...cap, amount }, asked('operator:olga')))
  const { rows } = await sql<{ used: bigint }>`
    select coalesce(sum(amount), 0)::bigint as used from payment_attempts where rail = 'fpay'`.execute(world.database)
  await set((rows[0]?.used ?? 0n) + 120n)
  expect(await world.deliver(pay, { sellerBalanceId: first.sellerBalanceId })).toEqual([done])
  expect(await world.deliver(pay, { sellerBalanceId: second.sellerBalanceId })).toMatchObject([
    { kind: 'retry', reason: 'cap_reached' },
  ])
  expect(await balanceRow(world, second.sellerBalanceId)).toMatchObject({ status: 'payable', attempts: 0 })
  const sweep = { now: new Date(world.now().getTime() + 240_000), graceMs: 60_000, limit: 100 }
  const left = await world.database.transaction().execute((tx) => claimBalancesToQueue(tx, sweep))
  expect(left.map(({ sellerBalanceId }) => sellerBalanceId)).not.toContain(second.sellerBalanceId)

  // A run has no end by the clock: its alert stands while something of it is left to pay.
  await world.database.transaction().execute((tx) => closePassedAlerts(tx, sweep.now))
  const open = await openAlerts(world.database, { limit: 100 })
  expect(open.map(({ kind }) => kind)).toContain('cap_reached')

  const raise = await set((rows[0]?.used ?? 0n) + 150n)
  if (raise.kind !== 'asked') throw new Error(`the raise is ${raise.kind}`)
  await world.database.transaction().execute(async (tx) => {
    const decision = { status: 'approved', decidedBy: 'operator:adam', reason: null } as const
    await changeCap(tx, await decideControlApproval(tx, raise.approval.id, decision, world.now()), world.now())
  })
  world.moveClock(300_000)
  expect(await world.deliver(pay, { sellerBalanceId: second.sellerBalanceId })).toEqual([done])
  expect(world.sandbox.fpay.payoutsOf(second.sellerBalanceId)).toHaveLength(1)
})
