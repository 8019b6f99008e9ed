import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { PATIENCE } from '@remesa/domain/payment-steps'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import { findById } from '../src/payout-jobs.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { claimTransfers } from '../src/transfer-claims.ts'
import {
  ABLE,
  aJob,
  aJobOfItsOwn,
  alertKinds,
  auditOf,
  aWinner,
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
  SUPERSEDED,
  tellOfAccounts,
  transferNow,
  USD,
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

test('a claim counts the try once, reserves its money, and says what to send with which key', async () => {
  const { transferOf, jobId, name } = await job({ ana: 700n })
  const id = transferOf('ana')
  const reserved = (await books(world))['reserved_for:stripe'] ?? 0n
  const claim = await claimed(world, id)
  expect(claim).toMatchObject({
    transferId: id,
    owner: { kind: 'contest', jobId },
    tryNumber: 1,
    counted: { attempts: 0, fundsRefusals: 0, calls: 1 },
  })
  expect(claim.attempt.instruction).toEqual({
    payableId: id,
    idempotencyKey: `payout:${id}`,
    generation: 1,
    money: { amount: 700n, currency: USD },
    destination: `acct_${name('ana')}`,
    description: expect.stringMatching(/^Contest contest-of-settlement-/),
    payeeId: name('ana'),
  })
  expect(await transferNow(world, id)).toMatchObject({ status: 'processing', attempts: 1, refusals: 0 })
  expect((await jobNow(jobId))?.status).toBe('processing')
  expect((await books(world))['reserved_for:stripe']).toBe(reserved + 700n)
  expect(await auditOf(world, id)).toEqual(['payout_transfer.claimed'])
})

test('of workers that claim the same transfers at once, each transfer has one', async () => {
  const amounts = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`user${index}`, 10n]))
  const { transferIds } = await job(amounts)
  const shuffled = (start: number) => [...transferIds.slice(start), ...transferIds.slice(0, start)]
  const answers = await Promise.all([0, 7, 13, 29].map((start) => claim(world, shuffled(start))))
  for (const id of transferIds) {
    const kinds = answers.map((all) => all.get(id)?.kind)
    expect(kinds.filter((kind) => kind === 'claimed')).toHaveLength(1)
    expect(kinds.filter((kind) => kind === 'later')).toHaveLength(3)
    expect(await transferNow(world, id)).toMatchObject({ attempts: 1 })
  }
})

test('a transfer whose worker died is called again with its own key, and its try is not counted again', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  const first = await claimed(world, id)
  expect((await claim(world, [id], later(LEASE_MS - 1))).get(id)).toEqual({
    kind: 'later',
    at: later(LEASE_MS),
    why: 'leased',
  })
  const second = await claimed(world, id, later(LEASE_MS))
  expect(second.attempt).toMatchObject({
    attemptId: first.attempt.attemptId,
    calls: 2,
    instruction: first.attempt.instruction,
  })
  expect(second.tryNumber).toBe(1)
  expect(await transferNow(world, id)).toMatchObject({ attempts: 1 })
  expect(await entriesOf(world, id)).toEqual(['owed:<id>', 'ledger:payout:<id>:1:reserved'])
})

test('a claim that is rolled back never was', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  const work = inTransaction(world, async (tx) => {
    await claimTransfers(tx, [id], { lease: { now: NOW, expiresAt: later(LEASE_MS) }, policy: DESTINATION_POLICY })
    throw new Error('the worker died')
  })
  await expect(work).rejects.toThrow('the worker died')
  expect(await transferNow(world, id)).toMatchObject({ status: 'pending', attempts: 0 })
  expect((await claimed(world, id)).attempt.calls).toBe(1)
})

test('our own refused credentials rest the rail and cost no transfer anything', async () => {
  const { transferOf } = await job({ ana: 10n, ben: 10n })
  await record(world, [{ claim: await claimed(world, transferOf('ana')), outcome: ourKey }])
  expect(await transferNow(world, transferOf('ana'))).toMatchObject({ status: 'processing', refusals: 0 })
  const until = later(PATIENCE.railPauseMs)
  expect((await claim(world, [transferOf('ben')])).get(transferOf('ben'))).toEqual({
    kind: 'later',
    at: until,
    why: 'rail_paused',
  })
  expect((await claimed(world, transferOf('ben'), until)).tryNumber).toBe(1)
})

test('refused credentials do not shorten the rest that an operator gave the rail', async () => {
  const { transferOf } = await job({ ana: 10n })
  const begun = await claimed(world, transferOf('ana'))
  const until = later(PATIENCE.railPauseMs + 1)
  await sql`update rails set paused_until = ${until}, paused_reason = 'wrong amounts' where name = 'stripe'`.execute(
    world.database,
  )
  await record(world, [{ claim: begun, outcome: ourKey }])
  const { rows } = await sql`select paused_until, paused_reason from rails where name = 'stripe'`.execute(
    world.database,
  )
  expect(rows).toEqual([{ paused_until: until, paused_reason: 'wrong amounts' }])
})

let held = 0
test.each([
  ['no_account', null, undefined, false],
  ['account_unverified', 'acct_new', undefined, false],
  ['transfers_inactive', 'acct_new', { ...ABLE, transfersActive: false }, true],
  ['payouts_disabled', 'acct_new', { ...ABLE, payoutsEnabled: false }, true],
] as const)(
  '%s: the transfer is held, no try is counted, no message pays it',
  async (reason, account, facts, flagged) => {
    held += 1
    const userId = `held-${held}`
    const { transferOf } = await aJob(world, `settlement-of-held-${held}`, [
      aWinner(userId, 10n, { stripeAccountId: null }),
      aWinner(`other-${held}`),
    ])
    const id = transferOf(userId)
    if (account) {
      await sql`insert into user_stripe_accounts (user_id, stripe_account_id) values (${userId}, ${`acct_${userId}`})`.execute(
        world.database,
      )
    }
    if (facts) await tellOfAccounts(world, [userId], { facts })
    const alerts = (await alertKinds(world)).filter((kind) => kind === 'destination_disabled').length
    expect((await claim(world, [id])).get(id)).toEqual({ kind: 'held', reason })
    expect(await transferNow(world, id)).toMatchObject({
      status: 'awaiting_destination',
      held_reason: reason,
      attempts: 0,
    })
    expect(await entriesOf(world, id)).toEqual(['owed:<id>'])
    expect(await auditOf(world, id)).toEqual(['payout_transfer.held'])
    expect((await claim(world, [id])).get(id)).toEqual({ kind: 'held', reason })
    expect((await alertKinds(world)).filter((kind) => kind === 'destination_disabled')).toHaveLength(
      alerts + (flagged ? 1 : 0),
    )
  },
)

test('a transfer between two keys is held when its account was switched off meanwhile', async () => {
  const { transferOf, name } = await job({ ana: 10n })
  const id = transferOf('ana')
  const { recorded } = await record(world, [{ claim: await claimed(world, id), outcome: lackOfFunds }])
  await tellOfAccounts(world, [name('ana')], { facts: { ...ABLE, transfersActive: false }, asOf: later(1_000) })
  const retryAt = recorded[0]?.retryAt ?? NOW
  expect((await claim(world, [id], retryAt)).get(id)).toEqual({ kind: 'held', reason: 'transfers_inactive' })
  expect(await transferNow(world, id)).toMatchObject({ status: 'awaiting_destination', next_try_at: null, attempts: 1 })
})

test('an intent that was begun keeps its destination, whatever becomes of the account', async () => {
  const { transferOf, name } = await job({ ana: 10n })
  const id = transferOf('ana')
  const first = await claimed(world, id)
  await tellOfAccounts(world, [name('ana')], { facts: { ...ABLE, transfersActive: false }, asOf: later(1_000) })
  const second = await claimed(world, id, later(LEASE_MS))
  expect(second.attempt.instruction).toEqual(first.attempt.instruction)
})

const retryOf = async (id: string) => (await transferNow(world, id)).next_try_at ?? NOW

test('a transfer that waits goes on with its own key while its account stands', async () => {
  const { transferOf } = await job({ ana: 10n })
  const id = transferOf('ana')
  const first = await claimed(world, id)
  await record(world, [{ claim: first, outcome: haste }])
  expect((await claimed(world, id, await retryOf(id))).attempt).toMatchObject({
    attemptId: first.attempt.attemptId,
    superseded: false,
  })
})

test('a transfer that waits is only looked up once its user has another account, then paid there when that has cooled', async () => {
  const { transferOf, name } = await job({ ana: 10n })
  const id = transferOf('ana')
  await record(world, [{ claim: await claimed(world, id), outcome: haste }])
  await sql`update user_stripe_accounts set stripe_account_id = ${`acct_new_${name('ana')}`}
    where user_id = ${name('ana')}`.execute(world.database)
  const now = await retryOf(id)
  const lookedUp = await claimed(world, id, now)
  expect(lookedUp.attempt).toMatchObject({ superseded: true, instruction: { generation: 1 } })
  await record(world, [{ claim: lookedUp, outcome: SUPERSEDED }], now)
  const answer = (await claim(world, [id], now)).get(id)
  if (answer?.kind !== 'later') throw new Error(`transfer ${id} is not held`)
  expect(answer.why).toBe('destination_changed')
  expect((await claimed(world, id, answer.at)).attempt).toMatchObject({
    superseded: false,
    instruction: { generation: 2, destination: `acct_new_${name('ana')}` },
  })
  expect(await faultsOfBooks(world)).toEqual([])
})

test('a transfer that waits is given up, and held, once its account is switched off', async () => {
  const { transferOf, name } = await job({ ana: 10n })
  const id = transferOf('ana')
  await record(world, [{ claim: await claimed(world, id), outcome: haste }])
  await tellOfAccounts(world, [name('ana')], { facts: { ...ABLE, transfersActive: false }, asOf: later(1_000) })
  const now = await retryOf(id)
  const lookedUp = await claimed(world, id, now)
  expect(lookedUp.attempt.superseded).toBe(true)
  // The worker that should look dies; whoever takes it up only looks, too.
  const again = await claimed(world, id, later(LEASE_MS, now))
  expect(again.attempt.superseded).toBe(true)
  await record(world, [{ claim: again, outcome: SUPERSEDED }], later(LEASE_MS, now))
  expect((await claim(world, [id], later(LEASE_MS, now))).get(id)).toEqual({
    kind: 'held',
    reason: 'transfers_inactive',
  })
})

test('a transfer that the look-up finds is completed, at the account that got it', async () => {
  const { transferOf, name } = await job({ ana: 10n })
  const id = transferOf('ana')
  await record(world, [{ claim: await claimed(world, id), outcome: haste }])
  await tellOfAccounts(world, [name('ana')], { facts: { ...ABLE, transfersActive: false }, asOf: later(1_000) })
  const now = await retryOf(id)
  await record(world, [{ claim: await claimed(world, id, now), outcome: paid() }], now)
  expect((await transferNow(world, id)).status).toBe('completed')
  expect(await faultsOfBooks(world)).toEqual([])
})

test('a message for a transfer that does not exist has no answer', async () => {
  expect([...(await claim(world, ['00000000-0000-4000-8000-000000000000']))]).toEqual([])
})
