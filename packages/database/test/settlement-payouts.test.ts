import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import { payeeBalances, userPayee } from '../src/ledger.ts'
import { findBySettlementId } from '../src/payout-jobs.ts'
import { findByJobId } from '../src/payout-transfers.ts'
import { createPayoutJobs } from '../src/settlement-payouts.ts'
import { insertSettlements } from '../src/settlements.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { claimTransfersToQueue } from '../src/transfer-queue.ts'
import { findAccountsToRead } from '../src/user-stripe-accounts.ts'
import {
  aJob,
  alertKinds,
  aSettlement,
  auditOf,
  aWinner,
  claim,
  count,
  create,
  faultsOfBooks,
  NOW,
  tellOfAccounts,
  USD,
  untilSomebodyWaits,
} from './payout-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const load = (...settlements: ReturnType<typeof aSettlement>[]) =>
  inTransaction(world, (tx) => insertSettlements(tx, settlements))
const rejectedRule = async (settlementId: string) => {
  const { rows } = await sql<{ rule: string | null }>`
    select rejected_rule as rule from settlements where settlement_id = ${settlementId}`.execute(world.database)
  return rows[0]?.rule
}
const two = [aWinner('ana', 700n), aWinner('ben', 300n, { stripeAccountId: null })]

test('a closed settlement becomes a job with a transfer for each winner, owed in the books', async () => {
  await load(aSettlement('s1', two))
  const answer = (await create(world, ['s1'])).get('s1')
  const job = await findBySettlementId(world.database, 's1')
  expect(job).toMatchObject({ status: 'pending', counts: { total: 2, completed: 0, failed: 0 } })
  const transfers = await findByJobId(world.database, job?.jobId ?? '')
  expect(transfers).toMatchObject([
    {
      owner: { kind: 'contest', contestId: 'contest-of-s1' },
      userId: 'ana',
      money: { amount: 700n, currency: USD },
      status: 'pending',
      attempts: 0,
    },
    {
      owner: { kind: 'contest', contestId: 'contest-of-s1' },
      userId: 'ben',
      money: { amount: 300n, currency: USD },
      status: 'pending',
      attempts: 0,
    },
  ])
  expect(answer).toEqual({
    kind: 'created',
    jobId: job?.jobId,
    transferIds: expect.arrayContaining(transfers.map(({ transferId }) => transferId)),
  })
  expect(await payeeBalances(world.database, ['ana', 'ben'].map(userPayee))).toEqual([
    { payeeId: 'user:ana', money: { amount: 700n, currency: USD } },
    { payeeId: 'user:ben', money: { amount: 300n, currency: USD } },
  ])
  expect(await auditOf(world, job?.jobId ?? '')).toEqual(['payout_job.created'])
  expect(await findAccountsToRead(world.database, { heldSince: NOW, limit: 9 })).toEqual([
    { userId: 'ana', stripeAccountId: 'acct_ana', disabledReason: null },
  ])
  expect(await faultsOfBooks(world)).toEqual([])
})

test('a settlement that is told of again, in any number of transactions at once, has one job', async () => {
  await load(aSettlement('again', [aWinner('cleo')]))
  const answers = await Promise.all(Array.from({ length: 8 }, () => create(world, ['again'])))
  expect(answers.map((all) => all.get('again')?.kind).sort()).toEqual(['created', ...Array(7).fill('already')].sort())
  const before = await Promise.all(
    ['payout_jobs', 'payout_transfers', 'ledger_entries', 'audit_log'].map((table) => count(world, table)),
  )
  await create(world, ['again'])
  const after = await Promise.all(
    ['payout_jobs', 'payout_transfers', 'ledger_entries', 'audit_log'].map((table) => count(world, table)),
  )
  expect(after).toEqual(before)
})

test('a transaction that is rolled back leaves nothing, and the settlement can be paid after it', async () => {
  await load(aSettlement('rolled', [aWinner('dora')]))
  const work = inTransaction(world, async (tx) => {
    await createPayoutJobs(tx, ['rolled'], NOW)
    throw new Error('the worker died')
  })
  await expect(work).rejects.toThrow('the worker died')
  expect(await findBySettlementId(world.database, 'rolled')).toBeUndefined()
  expect(await payeeBalances(world.database, [userPayee('dora')])).toEqual([])
  expect((await create(world, ['rolled'])).get('rolled')?.kind).toBe('created')
})

test('a settlement that nobody knows has no answer', async () => {
  expect([...(await create(world, ['nobody-knows-it']))]).toEqual([])
})

test.each([
  ['not_closed', aSettlement('r1', two, { status: 'open' })],
  ['no_winners', aSettlement('r2', [])],
  ['unknown_currency', aSettlement('r3', [aWinner('x', 5n, { currency: 'DOGE' })], { currency: 'DOGE' })],
  ['mixed_currency', aSettlement('r4', [aWinner('x'), aWinner('y', 5n, { currency: 'EUR' })])],
  ['amount_not_positive', aSettlement('r5', [aWinner('x', 10n), aWinner('y', 0n)])],
  ['amount_not_positive', aSettlement('r6', [aWinner('x', 10n), aWinner('y', -5n)])],
  ['duplicate_winner', aSettlement('r7', [aWinner('x'), aWinner('x')])],
  ['sum_differs', aSettlement('r8', two, { total: 999n })],
])('%s: pays nobody, is audited with the rule it broke, and alerts', async (rule, rejected) => {
  const { settlementId } = rejected.settlement
  await load(rejected)
  const before = await count(world, 'payout_transfers')
  const answer = (await create(world, [settlementId])).get(settlementId)
  expect(answer).toMatchObject({ kind: 'rejected', problem: { rule } })
  await create(world, [settlementId])
  expect(await count(world, 'payout_transfers')).toBe(before)
  expect(await findBySettlementId(world.database, settlementId)).toBeUndefined()
  expect(await auditOf(world, settlementId)).toEqual(['settlement.rejected'])
  const { rows } = await sql<{ rule: string; details: object }>`
    select s.rejected_rule as rule, a.details from settlements s
    join finance_alerts a on a.dedup_key = 'settlement_rejected:' || s.settlement_id
    where s.settlement_id = ${settlementId}`.execute(world.database)
  expect(rows).toEqual([{ rule, details: expect.objectContaining({ rule, found: expect.any(String) }) }])
})

test('a rejected settlement does not keep its neighbours in the batch from being paid', async () => {
  await load(aSettlement('good', [aWinner('eva')]), aSettlement('bad', []))
  const answers = await create(world, ['bad', 'good'])
  expect([answers.get('good')?.kind, answers.get('bad')?.kind]).toEqual(['created', 'rejected'])
})

test('a settlement that was corrected is paid, and its alert is settled', async () => {
  const alerts = (await alertKinds(world)).length
  await load(aSettlement('mended', two, { total: 1n, contestId: 'mended' }))
  expect((await create(world, ['mended'])).get('mended')?.kind).toBe('rejected')
  expect(await alertKinds(world)).toHaveLength(alerts + 1)
  expect(await rejectedRule('mended')).toBe('sum_differs')
  await load(aSettlement('mended', two, { contestId: 'mended' }))
  expect((await create(world, ['mended'])).get('mended')?.kind).toBe('created')
  expect(await alertKinds(world)).toHaveLength(alerts)
  expect(await rejectedRule('mended')).toBeNull()
})

test('a settlement that has its job is never changed by the marketplace again', async () => {
  await load(aSettlement('fixed', [aWinner('finn', 50n)]))
  await create(world, ['fixed'])
  expect(await load(aSettlement('fixed', [aWinner('finn', 5_000n)]))).toEqual(new Set())
  const { rows } = await sql<{ total: bigint; amount: bigint }>`
    select s.total, w.amount from settlements s join settlement_winners w using (settlement_id)
    where settlement_id = 'fixed'`.execute(world.database)
  expect(rows).toEqual([{ total: 50n, amount: 50n }])
})

test('a change that comes while the settlement gets its job waits for it, and changes nothing', async () => {
  await load(aSettlement('meanwhile', [aWinner('max', 100n)]))
  const { promise: isCreated, resolve: created } = Promise.withResolvers<void>()
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
  const creating = inTransaction(world, async (tx) => {
    await createPayoutJobs(tx, ['meanwhile'], NOW)
    created()
    await mayCommit
  })
  await isCreated
  const changing = load(aSettlement('meanwhile', [aWinner('max', 999n)]))
  await untilSomebodyWaits(world)
  commit()
  await creating
  expect(await changing).toEqual(new Set())
  const { rows } = await sql`
    select s.total, w.amount from settlements s join settlement_winners w using (settlement_id)
    where settlement_id = 'meanwhile'`.execute(world.database)
  expect(rows).toEqual([{ total: 100n, amount: 100n }])
})

test('nobody is paid twice for one contest: of two settlements that name a winner, at once or in one batch, one pays', async () => {
  const contest = { contestId: 'one-contest' }
  await load(
    aSettlement('first', [aWinner('gil'), aWinner('hal')], contest),
    aSettlement('second', [aWinner('ivo'), aWinner('gil')], contest),
    aSettlement('third', [aWinner('jon')], contest),
  )
  const [one, other] = await Promise.all([create(world, ['first']), create(world, ['second', 'third'])])
  const kinds = [one?.get('first'), other?.get('second')]
  expect(kinds.map((answer) => answer?.kind).sort()).toEqual(['created', 'rejected'])
  expect(kinds).toContainEqual({
    kind: 'rejected',
    problem: { rule: 'winner_paid_before', found: expect.stringContaining('gil') },
  })
  expect(other?.get('third')?.kind).toBe('created')

  const both = { contestId: 'another-contest' }
  await load(aSettlement('p', [aWinner('kim')], both), aSettlement('q', [aWinner('kim')], both))
  const batch = await create(world, ['q', 'p'])
  expect([batch.get('p')?.kind, batch.get('q')?.kind]).toEqual(['created', 'rejected'])
})

test('a winner whose settlement names another account than on record, or another user’s, is not paid until a person says where', async () => {
  const uma = await aJob(world, 'uma-1', [aWinner('uma')])
  await load(
    aSettlement('uma-2', [
      aWinner('uma', 10n, { stripeAccountId: 'acct_elsewhere' }),
      aWinner('vic', 10n, { stripeAccountId: 'acct_uma' }),
      aWinner('wim'),
    ]),
  )
  const answer = (await create(world, ['uma-2'])).get('uma-2')
  if (answer?.kind !== 'created') throw new Error(`uma-2 was ${answer?.kind}`)
  await tellOfAccounts(world, ['uma', 'wim'])
  await inTransaction(world, (tx) =>
    claimTransfersToQueue(tx, { now: NOW, graceMs: 0, limit: 9, policy: DESTINATION_POLICY }),
  )
  const answers = await claim(world, [...uma.transferIds, ...answer.transferIds])
  const transfers = await findByJobId(world.database, answer.jobId)
  expect(transfers.map(({ userId, transferId }) => [userId, answers.get(transferId)])).toEqual([
    ['uma', { kind: 'held', reason: 'account_differs' }],
    ['vic', { kind: 'held', reason: 'account_differs' }],
    ['wim', expect.objectContaining({ kind: 'claimed' })],
  ])
  expect(answers.get(uma.transferIds[0] ?? '')?.kind).toBe('claimed')
  expect((await alertKinds(world)).filter((kind) => kind === 'destination_differs')).toHaveLength(2)
  expect(await auditOf(world, transfers[0]?.transferId ?? '')).toEqual(['payout_transfer.held'])
})

test('users have accounts of their own in the books, whatever letters are in their ids', async () => {
  const odd = ['a:b', 'a_b', 'a_3ab', 'ñandú', '😀', ' ', '-']
  expect(new Set(odd.map(userPayee)).size).toBe(odd.length)
  await load(
    aSettlement(
      'odd',
      odd.map((userId) => aWinner(userId)),
    ),
  )
  expect((await create(world, ['odd'])).get('odd')?.kind).toBe('created')
  expect(await payeeBalances(world.database, odd.map(userPayee))).toHaveLength(odd.length)
})
