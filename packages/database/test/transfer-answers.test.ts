import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { CALLS_BEFORE_ALERT, PATIENCE } from '@remesa/domain/payment-steps'
import { sql } from 'kysely'
import { findById } from '../src/payout-jobs.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { recordTransfers } from '../src/transfer-answers.ts'
import {
  aJobOfItsOwn,
  alertKinds,
  auditOf,
  books,
  claim,
  claimed,
  entriesOf,
  faultsOfBooks,
  haste,
  LEASE_MS,
  lackOfFunds,
  later,
  NOW,
  ourKey,
  paid,
  record,
  refused,
  silence,
  transferNow,
  unavailable,
} from './payout-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase({ poolSize: 12 })
})
afterAll(() => world.drop())
beforeEach(() => sql`update rails set paused_until = null`.execute(world.database))

const job = (amounts: Readonly<Record<string, bigint>>) => aJobOfItsOwn(world, amounts)
const jobNow = async (jobId: string) => findById(world.database, jobId)

test('what Stripe moved is completed, booked as paid, and ends its job', async () => {
  const { transferOf, jobId } = await job({ ana: 700n, ben: 300n })
  const before = await books(world)
  const [ana, ben] = [await claimed(world, transferOf('ana')), await claimed(world, transferOf('ben'))]
  const first = await record(world, [{ claim: ana, outcome: paid('tr_ana') }])
  expect(first).toMatchObject({ recorded: [{ status: 'completed', retryAt: null }], completedJobs: [], alerts: [] })
  expect(await jobNow(jobId)).toMatchObject({ status: 'processing', counts: { total: 2, completed: 1, failed: 0 } })
  expect((await record(world, [{ claim: ben, outcome: paid() }])).completedJobs).toEqual([jobId])
  expect(await jobNow(jobId)).toMatchObject({
    status: 'complete',
    counts: { completed: 2, failed: 0 },
    completedAt: NOW,
  })
  expect(await entriesOf(world, transferOf('ana'))).toEqual([
    'owed:<id>',
    'ledger:payout:<id>:1:reserved',
    'ledger:payout:<id>:1',
  ])
  expect(await auditOf(world, transferOf('ana'))).toEqual(['payout_transfer.claimed', 'payout_transfer.accepted'])
  expect(await auditOf(world, jobId)).toEqual(['payout_job.created', 'payout_job.started', 'payout_job.completed'])
  const after = await books(world)
  expect((after['paid_from:stripe'] ?? 0n) - (before['paid_from:stripe'] ?? 0n)).toBe(1000n)
  expect((after.payees ?? 0n) - (before.payees ?? 0n)).toBe(-1000n)
  expect(await faultsOfBooks(world)).toEqual([])
  expect((await claim(world, [transferOf('ana')])).get(transferOf('ana'))).toEqual({ kind: 'nothing_to_pay' })
})

test('a refusal for want of funds is booked, waits, and is tried again with a new key', async () => {
  const { transferOf, jobId } = await job({ ana: 10n })
  const id = transferOf('ana')
  const payees = (await books(world)).payees
  const { recorded, alerts } = await record(world, [{ claim: await claimed(world, id), outcome: lackOfFunds }])
  expect(alerts).toMatchObject([{ kind: 'insufficient_funds', dedupKey: 'insufficient_funds:stripe:USD' }])
  const retryAt = recorded[0]?.retryAt ?? NOW
  expect(retryAt.getTime()).toBeGreaterThan(NOW.getTime())
  expect(await transferNow(world, id)).toMatchObject({
    status: 'retryable',
    attempts: 1,
    refusals: 0,
    funds_refusals: 1,
    failure_reason: 'funds',
    next_try_at: retryAt,
    due_at: retryAt,
  })
  expect((await books(world)).payees).toBe(payees)
  expect((await claim(world, [id])).get(id)).toEqual({ kind: 'later', at: retryAt, why: 'not_yet' })
  const second = await claimed(world, id, retryAt)
  expect(second).toMatchObject({ tryNumber: 2, counted: { attempts: 0, fundsRefusals: 1, calls: 1 } })
  expect(second.attempt.instruction).toMatchObject({ idempotencyKey: `payout:${id}:g2`, generation: 2 })
  await record(world, [{ claim: second, outcome: paid() }], retryAt)
  expect(await entriesOf(world, id)).toEqual([
    'owed:<id>',
    'ledger:payout:<id>:1:reserved',
    'ledger:payout:<id>:1',
    'ledger:payout:<id>:2:reserved',
    'ledger:payout:<id>:2',
  ])
  expect(await auditOf(world, id)).toEqual([
    'payout_transfer.claimed',
    'payout_transfer.declined_may_change',
    'payout_transfer.claimed',
    'payout_transfer.accepted',
  ])
  expect((await jobNow(jobId))?.status).toBe('complete')
})

test('haste costs a transfer nothing: the same key again, and no refusal counted', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  const { recorded } = await record(world, [{ claim: await claimed(world, id), outcome: haste }])
  const again = await claimed(world, id, recorded[0]?.retryAt ?? NOW)
  expect(again.attempt).toMatchObject({ calls: 1, instruction: { idempotencyKey: `payout:${id}` } })
  expect(again).toMatchObject({ tryNumber: 2, counted: { attempts: 0, fundsRefusals: 0 } })
})

test('a refusal for good ends the transfer, leaves the winner owed, and ends the job with its failure counted', async () => {
  const { transferOf, jobId } = await job({ ana: 10n })
  const id = transferOf('ana')
  const payees = (await books(world)).payees
  const { completedJobs, alerts } = await record(world, [{ claim: await claimed(world, id), outcome: refused }])
  expect(completedJobs).toEqual([jobId])
  expect(alerts).toMatchObject([{ kind: 'payment_rejected', subject: { type: 'payout_transfer', id } }])
  expect(await transferNow(world, id)).toMatchObject({
    status: 'failed_terminal',
    failure_reason: 'account_closed',
    refusals: 1,
    due_at: null,
  })
  expect(await jobNow(jobId)).toMatchObject({ status: 'complete', counts: { total: 1, completed: 0, failed: 1 } })
  expect((await books(world)).payees).toBe(payees)
})

test('a transfer that Stripe’s own errors refuse is tried again, however often', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  let now = NOW
  for (let tries = 1; tries < PATIENCE.maxAttempts; tries++) {
    const { recorded } = await record(world, [{ claim: await claimed(world, id, now), outcome: unavailable }], now)
    expect(recorded[0]?.status).toBe('retryable')
    now = recorded[0]?.retryAt ?? now
  }
  await record(world, [{ claim: await claimed(world, id, now), outcome: unavailable }], now)
  expect(await transferNow(world, id)).toMatchObject({ status: 'retryable', attempts: PATIENCE.maxAttempts })
})

test('where nobody answers the money stays reserved, and only its own key is tried, as often as it takes', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  let now = NOW
  for (let calls = 1; calls <= 10; calls++) {
    const call = await claimed(world, id, now)
    expect(call.attempt).toMatchObject({ calls, instruction: { idempotencyKey: `payout:${id}` } })
    const { recorded } = await record(world, [{ claim: call, outcome: silence }], now)
    expect(recorded[0]?.status).toBe('processing')
    now = recorded[0]?.retryAt ?? now
  }
  expect(await transferNow(world, id)).toMatchObject({ status: 'processing', attempts: 1, refusals: 0, due_at: now })
  expect(await entriesOf(world, id)).toEqual(['owed:<id>', 'ledger:payout:<id>:1:reserved'])
  expect(await alertKinds(world)).toContain('payment_unknown')
  await record(world, [{ claim: await claimed(world, id, now), outcome: paid() }], now)
  expect((await transferNow(world, id)).status).toBe('completed')
})

test('an answer is recorded once, whoever brings it again', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  const first = await claimed(world, id)
  const second = await claimed(world, id, later(LEASE_MS))
  const outcome = paid('tr_once')
  await record(world, [{ claim: second, outcome }])
  const entries = await entriesOf(world, id)
  for (const claim of [first, second]) {
    const answer = await record(world, [{ claim, outcome }])
    expect(answer).toEqual({
      recorded: [{ transferId: id, status: null, retryAt: null }],
      completedJobs: [],
      bookingIds: [],
      alerts: [],
    })
  }
  expect(await entriesOf(world, id)).toEqual(entries)
})

test('an acceptance is a fact: it counts though another call with its key was refused meanwhile', async () => {
  const { transferOf, jobId } = await job({ ana: 10n })
  const id = transferOf('ana')
  const slow = await claimed(world, id)
  const quick = await claimed(world, id, later(LEASE_MS))
  await record(world, [{ claim: quick, outcome: haste }])
  expect((await transferNow(world, id)).status).toBe('retryable')
  await record(world, [{ claim: slow, outcome: paid() }])
  expect(await transferNow(world, id)).toMatchObject({ status: 'completed', attempts: 2, failure_reason: null })
  expect(await entriesOf(world, id)).toEqual([
    'owed:<id>',
    'ledger:payout:<id>:1:reserved',
    'ledger:payout:<id>:1',
    'ledger:payout:<id>:2',
  ])
  expect((await jobNow(jobId))?.status).toBe('complete')
  expect(await faultsOfBooks(world)).toEqual([])
})

test('of two answers to one attempt in a batch the acceptance counts, in whatever order they come', async () => {
  for (const turn of [0, 1]) {
    const { transferOf } = await job({ ana: 10n })
    const id = transferOf('ana')
    const results = [
      { claim: await claimed(world, id), outcome: paid() },
      { claim: await claimed(world, id, later(LEASE_MS)), outcome: silence },
    ]
    await record(world, turn === 0 ? results : results.reverse())
    expect((await transferNow(world, id)).status).toBe('completed')
  }
})

const openKeys = async (): Promise<readonly string[]> => {
  const { rows } = await sql<{ key: string }>`
    select dedup_key as key from finance_alerts where status <> 'resolved' order by 1`.execute(world.database)
  return rows.map(({ key }) => key)
}
const settleAll = () =>
  sql`
  update finance_alerts set status = 'resolved'`.execute(world.database)

test('the alert of refused credentials closes with the next answer, also when an operator ended the rest', async () => {
  await settleAll()
  const { transferOf } = await job({ ana: 10n, ben: 10n })
  const ana = await claimed(world, transferOf('ana'))
  await record(world, [{ claim: ana, outcome: ourKey }])
  expect(await openKeys()).toEqual(['rail_paused:stripe'])
  const until = later(PATIENCE.railPauseMs)
  await record(world, [{ claim: await claimed(world, transferOf('ben'), until), outcome: paid() }], until)
  expect(await openKeys()).toEqual([])
  const again = await claimed(world, transferOf('ana'), later(LEASE_MS, until))
  await record(world, [{ claim: again, outcome: ourKey }], until)
  expect(await openKeys()).toEqual(['rail_paused:stripe'])
  await sql`update rails set paused_until = null`.execute(world.database)
  const mended = later(10 * LEASE_MS, until)
  await record(world, [{ claim: await claimed(world, transferOf('ana'), mended), outcome: paid() }], mended)
  expect(await openKeys()).toEqual([])
})

test('the alert of missing funds closes once nothing waits for them, not with the first that passes', async () => {
  await settleAll()
  await sql`update payout_transfers set status = 'failed_terminal', due_at = null, next_try_at = null
    where status = 'retryable'`.execute(world.database)
  const { transferOf } = await job({ ana: 10n, ben: 10n })
  await record(world, [{ claim: await claimed(world, transferOf('ana')), outcome: lackOfFunds }])
  await record(world, [{ claim: await claimed(world, transferOf('ben')), outcome: paid() }])
  expect(await openKeys()).toEqual(['insufficient_funds:stripe:USD'])
  const at = (await transferNow(world, transferOf('ana'))).next_try_at ?? NOW
  await record(world, [{ claim: await claimed(world, transferOf('ana'), at), outcome: paid() }], at)
  expect(await openKeys()).toEqual([])
})

test('the alert of a transfer that nobody told of closes when it is told of', async () => {
  await settleAll()
  const { transferOf } = await job({ ana: 10n })
  let at = NOW
  for (let calls = 1; calls <= CALLS_BEFORE_ALERT; calls += 1) {
    await record(world, [{ claim: await claimed(world, transferOf('ana'), at), outcome: silence }], at)
    at = later(86_400_000, at)
  }
  expect(await openKeys()).toEqual([`payment_unknown:payout:${transferOf('ana')}`])
  await record(world, [{ claim: await claimed(world, transferOf('ana'), at), outcome: paid() }], at)
  expect(await openKeys()).toEqual([])
})

test('a rail that accepts what it refused for good before is told to people, and nothing moves', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  const slow = await claimed(world, id)
  const quick = await claimed(world, id, later(LEASE_MS))
  await record(world, [{ claim: quick, outcome: refused }])
  const { recorded, alerts } = await record(world, [{ claim: slow, outcome: paid('tr_ghost') }])
  expect(recorded[0]?.status).toBeNull()
  expect(alerts).toMatchObject([{ kind: 'payment_mismatch', details: { reference: 'tr_ghost', recorded: null } }])
  expect((await transferNow(world, id)).status).toBe('failed_terminal')
})

test('a transfer that a look-up finds taken back ends, with the winner owed and people told', async () => {
  const { transferOf, jobId } = await job({ ana: 10n })
  const id = transferOf('ana')
  const payees = (await books(world)).payees
  const { alerts } = await record(world, [
    {
      claim: await claimed(world, id),
      outcome: {
        kind: 'accepted',
        reference: 'tr_back',
        status: { state: 'reversed', reason: 'reversed' },
        facts: { status: 200 },
      },
    },
  ])
  expect(alerts).toMatchObject([{ kind: 'payment_reversed' }])
  expect(await transferNow(world, id)).toMatchObject({ status: 'failed_terminal', failure_reason: 'reversed' })
  expect((await books(world)).payees).toBe(payees)
  expect((await jobNow(jobId))?.counts).toEqual({ total: 1, completed: 0, failed: 1 })
})

test('a recording that is rolled back changes nothing, and the answer can be recorded after it', async () => {
  const { transferOf, jobId } = await job({ ana: 10n })
  const id = transferOf('ana')
  const claim = await claimed(world, id)
  const outcome = paid()
  const work = inTransaction(world, async (tx) => {
    await recordTransfers(tx, [{ claim, outcome }], { now: NOW, patience: PATIENCE, random: Math.random })
    throw new Error('the worker died')
  })
  await expect(work).rejects.toThrow('the worker died')
  expect((await transferNow(world, id)).status).toBe('processing')
  expect((await jobNow(jobId))?.counts.completed).toBe(0)
  await record(world, [{ claim, outcome }])
  expect((await jobNow(jobId))?.status).toBe('complete')
})

test('workers that end the last transfers of a job at once leave it complete, and one of them ended it', async () => {
  const amounts = Object.fromEntries(Array.from({ length: 24 }, (_, index) => [`user${index}`, 10n]))
  const { transferIds, jobId } = await job(amounts)
  const claims = [...(await claim(world, transferIds)).values()].flatMap((answer) =>
    answer.kind === 'claimed' ? [answer.claim] : [],
  )
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, worker) =>
      record(
        world,
        claims
          .filter((_, index) => index % 8 === worker)
          .map((claim, index) => ({ claim, outcome: index ? paid() : refused })),
      ),
    ),
  )
  expect(answers.flatMap(({ completedJobs }) => completedJobs)).toEqual([jobId])
  expect(await jobNow(jobId)).toMatchObject({ status: 'complete', counts: { total: 24, completed: 16, failed: 8 } })
})

test('what a transfer owes never changes, and one that ended stays as it ended', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  const change = (what: string) =>
    sql.raw(`update payout_transfers set ${what} where id = '${id}'`).execute(world.database)
  await expect(change('amount = 1000')).rejects.toThrow(/was to be changed/)
  await expect(change(`user_id = 'somebody else'`)).rejects.toThrow(/was to be changed/)
  await record(world, [{ claim: await claimed(world, id), outcome: paid() }])
  await expect(change(`status = 'pending', completed_at = null, due_at = now()`)).rejects.toThrow(
    /has ended as completed/,
  )
})
