import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import { decideControlApproval } from '../src/control-approvals.ts'
import { insertAlerts } from '../src/finance-alerts.ts'
import { askForRestart, listRails, restartRail, stopRail } from '../src/rail-stops.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { claimTransfers } from '../src/transfer-claims.ts'
import { claimTransfersToQueue } from '../src/transfer-queue.ts'
import {
  aJobOfItsOwn,
  alertKinds,
  auditOf,
  claim,
  claimed,
  haste,
  LEASE_MS,
  later,
  NOW,
  paid,
  record,
  transferNow,
} from './payout-worlds.ts'
import {
  aPayout,
  aReversal,
  claimed as claimedReversal,
  made,
  record as recordReversal,
  reversalNow,
} from './reversal-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase({ poolSize: 12 })
})
afterAll(() => world.drop())
afterEach(() => restart())

const OLGA = 'operator:olga'
const ADAM = 'operator:adam'
const job = (amounts: Readonly<Record<string, bigint>>) => aJobOfItsOwn(world, amounts)
const asked = (actor: string, now = NOW) => ({ actor, reason: 'amounts look wrong', now })

const stop = (now = NOW) =>
  inTransaction(world, async (tx) => {
    await insertAlerts(tx, await stopRail(tx, 'stripe', asked(OLGA, now)))
  })

/** Both people at once. @returns whether there was something to restart */
const restart = () =>
  inTransaction(world, async (tx) => {
    const wish = await askForRestart(tx, 'stripe', asked(OLGA))
    if (wish.kind === 'not_stopped') return false
    const { id } = wish.approval
    await restartRail(
      tx,
      await decideControlApproval(tx, id, { status: 'approved', decidedBy: ADAM, reason: 'ok' }, NOW),
    )
    return true
  })

const stripeNow = async () => (await listRails(world.database)).find(({ name }) => name === 'stripe')

test('a rail that a person stopped claims nothing new, says when to ask again, and claims it once two have restarted it', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  await stop(later(-60_000))
  expect((await claim(world, [id])).get(id)).toEqual({ kind: 'later', at: later(60_000), why: 'rail_stopped' })
  expect(await transferNow(world, id)).toMatchObject({ status: 'pending', attempts: 0 })
  expect(await restart()).toBe(true)
  expect((await claim(world, [id])).get(id)).toMatchObject({ kind: 'claimed' })
})

test('what was claimed before the stop is finished: called again under its own key, and recorded', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  const before = await claimed(world, id)
  await stop()
  const again = await claimed(world, id, later(LEASE_MS))
  expect(again.attempt.instruction).toEqual(before.attempt.instruction)
  await record(world, [{ claim: again, outcome: paid() }], later(LEASE_MS))
  expect(await transferNow(world, id)).toMatchObject({ status: 'completed' })
})

test('what the rail has refused for now is not tried again while the rail is stopped', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  await record(world, [{ claim: await claimed(world, id), outcome: haste }])
  await stop()
  const at = later(3_600_000)
  expect((await claim(world, [id], at)).get(id)).toMatchObject({ kind: 'later', why: 'rail_stopped' })
})

test('a rail that also refuses our credentials takes nothing, not even what is finished', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  await claimed(world, id)
  await stop()
  const until = later(LEASE_MS + 60_000)
  await sql`update rails set paused_until = ${until} where name = 'stripe'`.execute(world.database)
  expect((await claim(world, [id], later(LEASE_MS))).get(id)).toEqual({ kind: 'later', at: until, why: 'rail_paused' })
  await sql`update rails set paused_until = null`.execute(world.database)
})

test('a stop waits for claims that have begun, and the claims that come meanwhile wait for it and find the rail stopped', async () => {
  const { transferOf } = await job({ ana: 10n, ben: 20n })
  const [first, second] = [transferOf('ana'), transferOf('ben')]
  const order: string[] = []
  const begun = Promise.withResolvers<void>()
  const mayCommit = Promise.withResolvers<void>()
  const claiming = inTransaction(world, async (tx) => {
    const lease = { now: NOW, expiresAt: later(LEASE_MS) }
    const { answers } = await claimTransfers(tx, [first], { lease, policy: DESTINATION_POLICY })
    begun.resolve()
    await mayCommit.promise
    order.push('claimed')
    return answers
  })
  await begun.promise
  const stopping = stop().then(() => order.push('stopped'))
  await untilSomebodyWaitsForIt()
  const late = claim(world, [second])
  await untilSomebodyWaitsForIt(2)
  mayCommit.resolve()
  expect((await claiming).get(first)).toMatchObject({ kind: 'claimed' })
  await stopping
  expect((await late).get(second)).toMatchObject({ kind: 'later', why: 'rail_stopped' })
  expect(order).toEqual(['claimed', 'stopped'])
})

/** Resolves once so many wait for the lock of a rail's switch. */
async function untilSomebodyWaitsForIt(many = 1): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ waiting: number }>`
      select count(*)::int as waiting from pg_locks where not granted and locktype = 'advisory' and database =
        (select oid from pg_database where datname = current_database())`.execute(world.database)
    if ((rows[0]?.waiting ?? 0) >= many) return
  }
}

test('of many workers that claim all the time none claims anything after the stop', async () => {
  const users = Array.from({ length: 40 }, (_, n) => `u${n}`)
  const { transferOf, transferIds } = await job(Object.fromEntries(users.map((user) => [user, 10n])))
  const attempts = async (connection: TestDatabase['database']) => {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from payment_attempts where payable_id = any(${[...transferIds]}::uuid[])`.execute(
      connection,
    )
    return rows[0]?.n
  }
  const left = users.map(transferOf)
  const worker = async () => {
    for (let id = left.pop(); id; id = left.pop()) await claim(world, [id])
  }
  const stopping = inTransaction(world, async (tx) => {
    await sql`select pg_sleep(0.02)`.execute(tx)
    await stopRail(tx, 'stripe', asked(OLGA))
    return attempts(tx)
  })
  await Promise.all([...Array.from({ length: 8 }, worker), stopping])
  expect(await attempts(world.database)).toBe(await stopping)
})

test('people are told while it lasts, and everything is in the audit log', async () => {
  await stop()
  await stop(later(1_000))
  expect(await alertKinds(world)).toEqual(['rail_stopped'])
  expect(await stripeNow()).toMatchObject({
    stopped: { at: NOW, by: OLGA, reason: 'amounts look wrong' },
    restart: null,
  })
  const before = (await auditOf(world, 'stripe')).length
  await restart()
  expect(await alertKinds(world)).toEqual([])
  expect((await auditOf(world, 'stripe')).slice(before)).toEqual(['rail.restart_requested', 'rail.restarted'])
  expect(await stripeNow()).toEqual({ name: 'stripe', stopped: null, paused: null, restart: null })
})

test('a restart that is asked for is void once anybody stops the rail again', async () => {
  await stop()
  const wish = await inTransaction(world, (tx) => askForRestart(tx, 'stripe', asked(OLGA)))
  expect(wish).toMatchObject({ kind: 'asked', approval: { wish: { stop: expect.any(Number) }, status: 'open' } })
  expect(await inTransaction(world, (tx) => askForRestart(tx, 'stripe', asked(ADAM)))).toMatchObject({ kind: 'open' })
  await stop()
  expect((await stripeNow())?.restart).toBeNull()
  expect(await inTransaction(world, (tx) => askForRestart(tx, 'stripe', asked(ADAM)))).toMatchObject({ kind: 'asked' })
  const open = (await stripeNow())?.restart
  if (!open) throw new Error('no restart is asked for')
  await inTransaction(world, async (tx) => {
    await restartRail(
      tx,
      await decideControlApproval(tx, open.id, { status: 'approved', decidedBy: OLGA, reason: null }, NOW),
    )
  })
})

test('the database refuses a restart by one person, without approval, by an older one, or by hand', async () => {
  await stop()
  const wish = await inTransaction(world, (tx) => askForRestart(tx, 'stripe', asked(OLGA)))
  if (wish.kind !== 'asked') throw new Error(wish.kind)
  const { approval } = wish
  const approve = (decidedBy: string) =>
    inTransaction(world, (tx) =>
      decideControlApproval(tx, approval.id, { status: 'approved', decidedBy, reason: null }, NOW),
    )
  const restartBy = () => inTransaction(world, (tx) => restartRail(tx, approval))
  await expect(approve(OLGA)).rejects.toThrow(/control_approvals_are_anothers/)
  await expect(restartBy()).rejects.toThrow(/stopped by one person, and restarted by two/)
  for (const statement of [
    'update rail_stops set stopped_at = null, stopped_by = null, reason = null',
    'delete from rail_stops',
  ]) {
    await expect(sql.raw(statement).execute(world.database)).rejects.toThrow(/restarted by two/)
  }
  await approve(ADAM)
  await restartBy()
  await stop(later(1_000))
  await expect(restartBy()).rejects.toThrow(/restarted by two/)
  await expect(
    sql`update control_approvals set reason = 'another' where id = ${approval.id}`.execute(world.database),
  ).rejects.toThrow(/has ended as approved/)
})

test('while the rail is stopped nothing is queued again, except what may be out already', async () => {
  const { transferOf } = await job({ ana: 10n, ben: 20n })
  await claimed(world, transferOf('ana'))
  await stop()
  const queued = async () => {
    const options = { now: later(3_600_000), graceMs: 1_000, limit: 1_000, policy: DESTINATION_POLICY }
    const { left } = await inTransaction(world, (tx) => claimTransfersToQueue(tx, options))
    return left.map(({ transferId }) => transferId).filter((id) => [transferOf('ana'), transferOf('ben')].includes(id))
  }
  expect(await queued()).toEqual([transferOf('ana')])
  await restart()
  expect(await queued()).toEqual([transferOf('ben')])
})

test('money comes back through a rail that a person has stopped: a stop is for what goes out', async () => {
  const payout = await aPayout(world, { amount: 1_000n, reference: 'tr_of_a_stopped_rail' })
  const id = await aReversal(world, payout, 300n)
  await stop()
  await recordReversal(world, [{ claim: await claimedReversal(world, id), outcome: made() }])
  expect(await reversalNow(world, id)).toMatchObject({ status: 'reversed' })
})
