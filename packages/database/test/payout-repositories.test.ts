import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { isComplete } from '@remesa/domain/payout-job'
import fc from 'fast-check'
import type { Transaction } from 'kysely'
import * as payoutJobs from '../src/payout-jobs.ts'
import * as payoutTransfers from '../src/payout-transfers.ts'
import type { Schema } from '../src/schema.ts'
import { insertSettlements } from '../src/settlements.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { aJob, aSettlement, aWinner, claim, later, NOW, USD } from './payout-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

async function anEmptyJob(settlementId: string, transfers = 2) {
  await inTransaction(world, (tx) => insertSettlements(tx, [aSettlement(settlementId, [])]))
  const made = await inTransaction(world, (tx) => payoutJobs.insertPayoutJobs(tx, [{ settlementId, transfers }], NOW))
  return made.get(settlementId) ?? ''
}
const transfer = (jobId: string, userId: string, contestId = 'c') => ({
  jobId,
  contestId,
  userId,
  money: { amount: 5n, currency: USD },
})

test('a settlement has one job, and both names find it', async () => {
  const jobId = await anEmptyJob('s1')
  const again = await inTransaction(world, (tx) =>
    payoutJobs.insertPayoutJobs(tx, [{ settlementId: 's1', transfers: 9 }], NOW),
  )
  expect(again.size).toBe(0)
  const job = await payoutJobs.findById(world.database, jobId)
  expect(job).toEqual({
    jobId,
    settlementId: 's1',
    status: 'pending',
    counts: { total: 2, completed: 0, failed: 0 },
    createdAt: NOW,
    completedAt: null,
  })
  expect(await payoutJobs.findBySettlementId(world.database, 's1')).toEqual(job)
  expect(await payoutJobs.findBySettlementId(world.database, 'none')).toBeUndefined()
})

test('a job moves only as its table allows, and only from where it stands', async () => {
  const jobId = await anEmptyJob('s2')
  const move = (from: 'pending' | 'processing' | 'complete', to: 'pending' | 'processing' | 'complete') =>
    inTransaction(world, (tx) => payoutJobs.updateStatus(tx, [jobId], { from, to, now: NOW }))
  await expect(move('complete', 'pending')).rejects.toThrow(/never goes/)
  expect(await move('processing', 'complete')).toEqual([])
  expect(await move('pending', 'processing')).toEqual([jobId])
  expect(await move('pending', 'processing')).toEqual([])
  // Two of its transfers are still open: the database does not let it be complete.
  await expect(move('processing', 'complete')).rejects.toThrow(/violates check constraint/)
})

test('jobs that are not complete are found oldest first', async () => {
  const open = await payoutJobs.findPendingOrProcessing(world.database, { limit: 100 })
  const job = await anEmptyJob('s3')
  const ids = (await payoutJobs.findPendingOrProcessing(world.database, { limit: 100 })).map(({ jobId }) => jobId)
  expect(ids.toSorted()).toEqual([...open.map(({ jobId }) => jobId), job].toSorted())
  expect(await payoutJobs.findPendingOrProcessing(world.database, { limit: 1 })).toHaveLength(1)
})

test('a winner has one transfer for a contest, whichever job asks and however many ask at once', async () => {
  const [one, other] = [await anEmptyJob('s4'), await anEmptyJob('s5')]
  const made = await Promise.all(
    [one, other, one].map((jobId) =>
      inTransaction(world, (tx) =>
        payoutTransfers.insertTransfers(tx, [transfer(jobId, 'ana'), transfer(jobId, 'ben')], NOW),
      ),
    ),
  )
  expect(
    made
      .flat()
      .map(({ userId }) => userId)
      .toSorted(),
  ).toEqual(['ana', 'ben'])
  const [another] = await inTransaction(world, (tx) =>
    payoutTransfers.insertTransfers(tx, [transfer(one, 'ana', 'another contest')], NOW),
  )
  expect(another).toMatchObject({ userId: 'ana', owner: { contestId: 'another contest' }, status: 'pending' })
})

test('a job’s transfers are found, and those that nobody has begun to pay', async () => {
  const { jobId, transferOf } = await aJob(world, 's6', [aWinner('u1'), aWinner('u2'), aWinner('u3')])
  await claim(world, [transferOf('u2')])
  const namesOf = (list: readonly { userId: string }[]) => list.map(({ userId }) => userId)
  expect(namesOf(await payoutTransfers.findByJobId(world.database, jobId))).toEqual(['u1', 'u2', 'u3'])
  expect(namesOf(await payoutTransfers.findPendingByJobId(world.database, jobId))).toEqual(['u1', 'u3'])
})

test('rows that another transaction holds are left out of a claim, not waited for', async () => {
  const { transferOf } = await aJob(world, 's7', [aWinner('v1'), aWinner('v2')])
  const ids = [transferOf('v1'), transferOf('v2')]
  await inTransaction(world, async (tx) => {
    expect(await payoutTransfers.claimForProcessing(tx, ids.slice(0, 1))).toHaveLength(1)
    const others = await inTransaction(world, (other) => payoutTransfers.claimForProcessing(other, ids))
    expect(others.map(({ userId }) => userId)).toEqual(['v2'])
  })
})

test('a transfer that does not stand where it could move is never moved', async () => {
  const { transferOf } = await aJob(world, 's8', [aWinner('w1')])
  const transferId = transferOf('w1')
  const moves: readonly ((tx: Transaction<Schema>) => Promise<void>)[] = [
    (tx) => payoutTransfers.markCompleted(tx, [{ transferId, late: false, reference: 'tr' }], NOW),
    (tx) =>
      payoutTransfers.markRetryable(
        tx,
        [{ transferId, retryAt: later(1), reason: 'r', counts: 'attempt', isTurnedAway: false }],
        NOW,
      ),
    (tx) => payoutTransfers.markFailedTerminal(tx, [{ transferId, late: false, reason: 'r', counts: 'attempt' }], NOW),
    (tx) => payoutTransfers.markUnanswered(tx, [{ transferId, retryAt: later(1) }], NOW),
    (tx) => payoutTransfers.markPending(tx, [transferId], NOW),
  ]
  for (const move of moves) await expect(inTransaction(world, move)).rejects.toThrow(/does not stand where/)
})

test('counts that say more have ended than there are, are refused by the database', async () => {
  const jobId = await anEmptyJob('s9', 3)
  await inTransaction(world, (tx) =>
    payoutJobs.updateStatus(tx, [jobId], { from: 'pending', to: 'processing', now: NOW }),
  )
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: -1, max: 4 }), fc.integer({ min: -1, max: 4 }), async (completed, failed) => {
      const update = inTransaction(world, (tx) =>
        payoutJobs.updateCounts(tx, new Map([[jobId, { completed, failed }]]), NOW),
      )
      if (completed < 0 || failed < 0 || completed + failed > 3)
        await expect(update).rejects.toThrow(/check constraint/)
      else
        expect(isComplete((await update).get(jobId) ?? { total: 0, completed: 1, failed: 0 })).toBe(
          completed + failed === 3,
        )
    }),
    { numRuns: 20 },
  )
})
