import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { PaymentOutcome } from '@remesa/domain/rail'
import fc from 'fast-check'
import { sql } from 'kysely'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import {
  aJob,
  aWinner,
  books,
  claim,
  faultsOfBooks,
  haste,
  lackOfFunds,
  later,
  NOW,
  paid,
  record,
  refused,
  silence,
} from './payout-worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

/** What happens to one call: it is answered, its answer is lost after the work or before it, or its worker dies. */
type Fate =
  | 'paid'
  | 'lost'
  | 'funds'
  | 'lost_funds'
  | 'refused'
  | 'haste'
  | 'never_arrived'
  | 'worker_died'
  | 'died_paid'
const FATES: readonly Fate[] = [
  'paid',
  'lost',
  'funds',
  'lost_funds',
  'refused',
  'haste',
  'never_arrived',
  'worker_died',
  'died_paid',
]

/** Stripe in a few lines: what was executed is remembered under its key, and replayed. */
function aRail() {
  const answers = new Map<string, PaymentOutcome>()
  const execute = (key: string, outcome: PaymentOutcome): PaymentOutcome => {
    const known = answers.get(key) ?? outcome
    answers.set(key, known)
    return known
  }
  return {
    /** @returns what the worker hears; undefined when it is no longer there to hear it */
    call(key: string, fate: Fate): PaymentOutcome | undefined {
      switch (fate) {
        case 'paid':
          return execute(key, paid())
        case 'lost':
          execute(key, paid())
          return silence
        case 'funds':
          return execute(key, lackOfFunds)
        case 'lost_funds':
          execute(key, lackOfFunds)
          return silence
        case 'refused':
          return execute(key, refused)
        case 'haste':
          return haste
        case 'never_arrived':
          return silence
        case 'worker_died':
          return undefined
        case 'died_paid':
          execute(key, paid())
          return undefined
      }
    },
    paidTimes: (transferId: string): number =>
      [...answers].filter(
        ([key, { kind }]) =>
          kind === 'accepted' && (key === `payout:${transferId}` || key.startsWith(`payout:${transferId}:`)),
      ).length,
  }
}

let runs = 0
const HOURS = 3_600_000

test('whatever happens to calls and workers, each winner is paid once or never, and jobs, books and rail agree', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 })
  const fates = fc.array(fc.constantFrom(...FATES), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(sizes, fates, async (jobSizes, schedule) => {
      runs += 1
      const made = await Promise.all(
        jobSizes.map((size, index) => {
          const job = `run${runs}-${index}`
          return aJob(
            world,
            job,
            Array.from({ length: size }, (_, user) => aWinner(`${job}-${user}`, BigInt(user + 1))),
          )
        }),
      )
      const ids = made.flatMap(({ transferIds }) => transferIds)
      const rail = aRail()
      const ahead = [...schedule]

      async function work(mine: readonly string[], now: Date): Promise<readonly string[]> {
        const claims = [...(await claim(world, mine, now)).values()].flatMap((answer) =>
          answer.kind === 'claimed' ? [answer.claim] : [],
        )
        const results = claims.flatMap((one) => {
          const outcome = rail.call(one.attempt.instruction.idempotencyKey, ahead.shift() ?? 'paid')
          return outcome ? [{ claim: one, outcome }] : []
        })
        return (await record(world, results, now)).completedJobs
      }

      const completed: string[] = []
      let now = NOW
      for (let round = 0; round < 60; round++) {
        const ended = await Promise.all([work(ids, now), work(ids.toReversed(), now), work(ids.slice(1), now)])
        completed.push(...ended.flat())
        await expectAgreement(made.map(({ jobId }) => jobId))
        if (completed.length === made.length) break
        now = later(5 * HOURS, now)
      }

      expect(completed.toSorted()).toEqual(made.map(({ jobId }) => jobId).toSorted())
      const { rows } = await sql<{ id: string; status: string }>`
        select id, status from payout_transfers where id = any(${ids}::uuid[])`.execute(world.database)
      for (const { id, status } of rows) expect([id, rail.paidTimes(id)]).toEqual([id, status === 'completed' ? 1 : 0])
    }),
    { numRuns: 12 },
  )
}, 60_000)

/** At every moment: counts are what the rows say, a job is complete when all have ended, and money is where it should be. */
async function expectAgreement(jobIds: readonly string[]): Promise<void> {
  const { rows } = await sql<object>`
    select j.id from payout_jobs j join payout_transfers t on t.job_id = j.id
    where j.id = any(${jobIds}::uuid[])
    group by j.id
    having j.transfers_total <> count(*)
      or j.transfers_completed <> count(*) filter (where t.status = 'completed')
      or j.transfers_failed <> count(*) filter (where t.status = 'failed_terminal')
      or (j.status = 'complete') <> bool_and(t.status in ('completed', 'failed_terminal'))`.execute(world.database)
  expect(rows).toEqual([])
  expect(await faultsOfBooks(world)).toEqual([])
  const { rows: sums } = await sql<{ paid: bigint; reserved: bigint; total: bigint }>`
    select coalesce(sum(amount) filter (where status = 'completed'), 0)::bigint as paid,
      coalesce(sum(amount) filter (where status = 'processing'), 0)::bigint as reserved, sum(amount)::bigint as total
    from payout_transfers`.execute(world.database)
  const { paid = 0n, reserved = 0n, total = 0n } = sums[0] ?? {}
  const now = await books(world)
  expect([now['paid_from:stripe'] ?? 0n, now['reserved_for:stripe'] ?? 0n, now.payees ?? 0n]).toEqual([
    paid,
    reserved,
    total - paid - reserved,
  ])
}
