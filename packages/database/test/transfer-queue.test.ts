import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { claimTransfersToQueue, findQueuedSince } from '../src/transfer-queue.ts'
import {
  ABLE,
  aJob,
  aWinner,
  claim,
  claimed,
  LEASE_MS,
  lackOfFunds,
  later,
  NOW,
  paid,
  record,
  refused,
  transferNow,
} from './payout-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())
beforeEach(async () => {
  for (const table of ['payout_transfers', 'payout_jobs', 'settlement_winners', 'settlements']) {
    await sql`delete from ${sql.table(table)}`.execute(world.database)
  }
  await sql`truncate user_stripe_accounts`.execute(world.database) // a row is never deleted alone
})

const GRACE_MS = 60_000
const queue = (now: Date, limit = 100) =>
  inTransaction(world, (tx) => claimTransfersToQueue(tx, { now, graceMs: GRACE_MS, limit, policy: DESTINATION_POLICY }))
const left = async (now: Date) => (await queue(now)).left
let jobs = 0
async function aTransfer(changes: Parameters<typeof aWinner>[2] = {}) {
  jobs += 1
  const { transferIds } = await aJob(world, `s${jobs}`, [aWinner(`user${jobs}`, 10n, changes)])
  return { id: transferIds[0] ?? '', userId: `user${jobs}` }
}

test('a transfer whose message was lost is queued again, but not before its message had its time', async () => {
  const { id } = await aTransfer()
  expect(await left(later(GRACE_MS - 1))).toEqual([])
  expect(await left(later(GRACE_MS))).toEqual([{ transferId: id, status: 'pending' }])
})

test('the queue is as old as the transfer that waits longest for a worker, whatever the scheduler did meanwhile', async () => {
  expect(await findQueuedSince(world.database, later(GRACE_MS))).toBeNull()
  const { id } = await aTransfer()
  await left(later(GRACE_MS))
  expect(await findQueuedSince(world.database, later(GRACE_MS))).toEqual(NOW)
  const { recorded } = await record(world, [{ claim: await claimed(world, id), outcome: lackOfFunds }])
  expect(await findQueuedSince(world.database, later(GRACE_MS))).toBeNull()
  const retryAt = recorded[0]?.retryAt ?? NOW
  expect(await findQueuedSince(world.database, later(1, retryAt))).toEqual(retryAt)
})

test('a transfer is queued again when its next try is due', async () => {
  const { id } = await aTransfer()
  const { recorded } = await record(world, [{ claim: await claimed(world, id), outcome: lackOfFunds }])
  const retryAt = recorded[0]?.retryAt ?? NOW
  expect(await left(later(GRACE_MS - 1, retryAt))).toEqual([])
  expect(await left(later(GRACE_MS, retryAt))).toEqual([{ transferId: id, status: 'retryable' }])
})

test('a transfer whose worker died is queued again after its lease, and claimed with its own key', async () => {
  const { id } = await aTransfer()
  await claimed(world, id)
  expect(await left(later(LEASE_MS + GRACE_MS - 1))).toEqual([])
  expect(await left(later(LEASE_MS + GRACE_MS))).toEqual([{ transferId: id, status: 'processing' }])
  expect((await claimed(world, id, later(LEASE_MS + GRACE_MS))).attempt).toMatchObject({
    calls: 2,
    instruction: { idempotencyKey: `payout:${id}` },
  })
})

test('what has ended or waits for an account is left alone', async () => {
  const [done, failed, waiting] = [await aTransfer(), await aTransfer(), await aTransfer({ stripeAccountId: null })]
  await record(world, [
    { claim: await claimed(world, done.id), outcome: paid() },
    { claim: await claimed(world, failed.id), outcome: refused },
  ])
  await claim(world, [waiting.id])
  expect(await queue(later(1e12))).toEqual({ left: [], released: [], alerts: [] })
})

test('what waits for an account that can receive is released, though the news of it was missed', async () => {
  const { id, userId } = await aTransfer({ stripeAccountId: null })
  await claim(world, [id])
  await sql`insert into user_stripe_accounts (user_id, stripe_account_id, transfers_active, payouts_enabled,
    last_event_created) values (${userId}, 'acct_x', true, false, ${NOW})`.execute(world.database)
  expect((await queue(NOW)).released).toEqual([])
  await sql`update user_stripe_accounts set payouts_enabled = ${ABLE.payoutsEnabled}`.execute(world.database)
  expect((await queue(NOW)).released).toEqual([id])
  expect(await transferNow(world, id)).toMatchObject({ status: 'pending', due_at: NOW })
})

test('of schedulers at once each transfer has one, and none waits for the other', async () => {
  const { transferIds } = await aJob(
    world,
    'many',
    Array.from({ length: 60 }, (_, index) => aWinner(`many-${index}`)),
  )
  const answers = await Promise.all([1, 2, 3].map(() => queue(later(GRACE_MS), 30)))
  const taken = answers.flatMap(({ left }) => left.map(({ transferId }) => transferId))
  expect(new Set(taken).size).toBe(taken.length)
  const rest = await left(later(GRACE_MS))
  expect([...taken, ...rest.map(({ transferId }) => transferId)].sort()).toEqual([...transferIds].sort())
})

test('a transfer that stays in the queue is queued again less and less often, at least once an hour', async () => {
  const { id } = await aTransfer()
  const times: number[] = []
  for (let minutes = 0; minutes < 600; minutes += 1) {
    const now = later(minutes * 60_000)
    if ((await left(now)).length > 0) times.push(minutes)
  }
  const waits = times.map((minute, index) => minute - (times[index - 1] ?? 0))
  expect(waits.every((wait, index) => wait >= (waits[index - 1] ?? 0))).toBe(true)
  expect(Math.max(...waits)).toBeLessThanOrEqual(61)
  expect(times.length).toBeLessThan(20)
  expect((await claimed(world, id, later(600 * 60_000))).tryNumber).toBe(1)
})
