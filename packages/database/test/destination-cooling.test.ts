import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { COOLING_MS } from '@remesa/domain/cooling'
import type { SellerProfile } from '@remesa/domain/seller'
import { UPDATABLE_FIELDS } from '@remesa/domain/seller-updates'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import { decideControlApproval } from '../src/control-approvals.ts'
import { askForRelease, isReleaseStillAsked, listCooling, releaseCooling } from '../src/destination-cooling.ts'
import { upsertSellerProfiles } from '../src/sellers.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { claimTransfersToQueue } from '../src/transfer-queue.ts'
import {
  ABLE,
  aJob,
  aJobOfItsOwn,
  auditOf,
  aWinner,
  claim,
  claimed,
  faultsOfBooks,
  haste,
  LEASE_MS,
  later,
  NOW,
  paid,
  record,
  SUPERSEDED,
  silence,
  tellOfAccounts,
  transferNow,
} from './payout-worlds.ts'
import { addCountries, aProfile, inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
  await addCountries(world)
})
afterAll(() => world.drop())

// --- sellers: what is a change

async function aSeller(profile: Partial<SellerProfile>) {
  const gscSellerId = `SC-${randomUUID().slice(0, 8)}`
  let sequence = 0n
  const told = (changes: Partial<SellerProfile>) =>
    inTransaction(world, async (tx) => {
      sequence += 1n
      const event = { sequence, eventTime: NOW }
      const news = { profile: aProfile(gscSellerId, { ...profile, ...changes }), event }
      const [upsert] = await upsertSellerProfiles(tx, [news], { updatable: UPDATABLE_FIELDS, actor: 'test' })
      return upsert?.sellerId ?? ''
    })
  return { id: await told({}), told }
}

const changedAt = async (sellerId: string): Promise<Date | null> => {
  const { rows } = await sql<{ at: Date | null }>`
    select destination_changed_at as at from sellers where id = ${sellerId}`.execute(world.database)
  return rows[0]?.at ?? null
}

test('a seller’s first account is no change, nor is news of anything else, nor its loss; another in its place is', async () => {
  const { id, told } = await aSeller({ operationType: 'local', fpayId: null, payoneerPayeeId: null })
  await told({ fpayId: 'FP-1' })
  await told({ fpayId: 'FP-1', email: 'new@example.com' })
  await told({ fpayId: null })
  await told({ fpayId: 'FP-1' })
  expect(await changedAt(id)).toBeNull()
  await told({ fpayId: null })
  await told({ fpayId: 'FP-2' })
  expect(await changedAt(id)).toBeInstanceOf(Date)
})

test('each change counts anew, one back to the account before as well', async () => {
  const { id, told } = await aSeller({ operationType: 'local', fpayId: 'FP-1' })
  await told({ fpayId: 'FP-2' })
  const first = await changedAt(id)
  await told({ fpayId: 'FP-1' })
  expect((await changedAt(id))?.getTime()).toBeGreaterThan(first?.getTime() ?? Number.POSITIVE_INFINITY)
})

test('an account that is not paid to may change; once money goes there instead, that is the change', async () => {
  const { id, told } = await aSeller({ operationType: 'local', fpayId: 'FP-1', payoneerPayeeId: 'PY-1' })
  await told({ payoneerPayeeId: 'PY-2' })
  expect(await changedAt(id)).toBeNull()
  await told({ payoneerPayeeId: 'PY-2', operationType: 'international' })
  expect(await changedAt(id)).toBeInstanceOf(Date)
})

test('the database refuses to forget a change, and to let one pass without two people, also by hand', async () => {
  const { id, told } = await aSeller({ operationType: 'local', fpayId: 'FP-1' })
  await told({ fpayId: 'FP-2' })
  for (const set of [
    'destination_changed_at = null',
    `destination_changed_at = '2020-01-01'`,
    'destination_release_id = gen_random_uuid()',
  ]) {
    const statement = sql.raw(`update sellers set ${set} where id = '${id}'`)
    await expect(statement.execute(world.database)).rejects.toThrow(/is kept|takes two people/)
  }
  await sql`update sellers set destination = 'fpay FP-1' where id = ${id}`.execute(world.database)
  const { rows } = await sql`select destination from sellers where id = ${id}`.execute(world.database)
  expect(rows).toEqual([{ destination: 'fpay FP-2' }])
})

// --- transfers

/** Links another Stripe account, as the runbook says, of which Stripe then tells. @returns when the change has cooled */
async function relink(userId: string, account: string): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`
    update user_stripe_accounts set stripe_account_id = ${account} where user_id = ${userId}
    returning destination_changed_at as at`.execute(world.database)
  return later(COOLING_MS, rows[0]?.at)
}

async function aChangedPayee(users: Readonly<Record<string, bigint>> = { ana: 10n }) {
  const { transferOf, name } = await aJobOfItsOwn(world, users)
  const [id, user] = [transferOf('ana'), name('ana')]
  return { id, user, cooled: await relink(user, `acct_two_${user}`), transferOf }
}

const release = (userId: string) =>
  inTransaction(world, async (tx) => {
    const asked = { actor: 'operator:olga', reason: 'the winner said so on the telephone', now: NOW }
    const asking = await askForRelease(tx, { type: 'user', id: userId }, asked)
    if (asking?.kind !== 'asked') throw new Error(`the release is ${asking?.kind}`)
    const decision = { status: 'approved', decidedBy: 'operator:adam', reason: null } as const
    return releaseCooling(tx, await decideControlApproval(tx, asking.approval.id, decision, NOW))
  })

const alertsOf = async (userId: string) => {
  const { rows } = await sql<{ status: string; times: number }>`
    select status, times from finance_alerts where kind = 'destination_changed' and subject_id = ${userId}
    order by raised_at`.execute(world.database)
  return rows
}

test('a transfer whose user has another account now waits until that has cooled, counts no try, and is then paid by itself', async () => {
  const { id, user, cooled, transferOf } = await aChangedPayee({ ana: 10n, ben: 10n })
  const waits = { kind: 'later', at: cooled, why: 'destination_changed' }
  const answers = await claim(world, [id, transferOf('ben')])
  expect([answers.get(id), answers.get(transferOf('ben'))?.kind]).toEqual([waits, 'claimed'])
  expect((await claim(world, [id], later(-1, cooled))).get(id)).toEqual(waits)
  expect(await transferNow(world, id)).toMatchObject({
    status: 'awaiting_destination',
    held_reason: 'destination_changed',
    next_try_at: cooled,
    attempts: 0,
  })
  expect(await alertsOf(user)).toEqual([{ status: 'open', times: 1 }])
  const { attempt } = await claimed(world, id, cooled)
  expect(attempt.instruction).toMatchObject({ generation: 1, destination: `acct_two_${user}` })
  expect(await transferNow(world, id)).toMatchObject({ status: 'processing', held_reason: null, attempts: 1 })
  expect(await auditOf(world, id)).toEqual([
    'payout_transfer.held',
    'payout_transfer.released',
    'payout_transfer.claimed',
  ])
})

test('what is on its way as the account changes is finished where it was sent, and what follows waits', async () => {
  const { transferOf, name } = await aJobOfItsOwn(world, { ana: 10n })
  const id = transferOf('ana')
  const first = await claimed(world, id)
  await record(world, [{ claim: first, outcome: silence }])
  await relink(name('ana'), `acct_two_${name('ana')}`)
  const again = await claimed(world, id, later(LEASE_MS * 60))
  expect(again.attempt).toMatchObject({ attemptId: first.attempt.attemptId, superseded: false })
  expect(again.attempt.instruction.destination).toBe(first.attempt.instruction.destination)
  await record(world, [{ claim: again, outcome: paid() }])
  expect(await transferNow(world, id)).toMatchObject({ status: 'completed' })
  expect(await faultsOfBooks(world)).toEqual([])
})

test('a try put off by the rail is looked up and given up where its account was changed and changed back; then it waits', async () => {
  const { transferOf, name } = await aJobOfItsOwn(world, { ana: 10n })
  const [id, user] = [transferOf('ana'), name('ana')]
  await record(world, [{ claim: await claimed(world, id), outcome: haste }])
  await relink(user, `acct_two_${user}`)
  const cooled = await relink(user, `acct_${user}`)
  const due = (await transferNow(world, id)).next_try_at ?? NOW
  const lookedUp = await claimed(world, id, due)
  expect(lookedUp.attempt).toMatchObject({ superseded: true })
  await record(world, [{ claim: lookedUp, outcome: SUPERSEDED }], due)
  expect((await claim(world, [id], due)).get(id)).toEqual({ kind: 'later', at: cooled, why: 'destination_changed' })
  const { attempt } = await claimed(world, id, cooled)
  expect(attempt).toMatchObject({ superseded: false, instruction: { generation: 2, destination: `acct_${user}` } })
  expect(await faultsOfBooks(world)).toEqual([])
})

test('a second change while it waits makes it wait anew, with an alert of its own', async () => {
  const { id, user, cooled } = await aChangedPayee()
  await claim(world, [id])
  const anew = await relink(user, `acct_three_${user}`)
  expect((await claim(world, [id], cooled)).get(id)).toEqual({ kind: 'later', at: anew, why: 'destination_changed' })
  expect(await alertsOf(user)).toHaveLength(2)
  await claimed(world, id, anew)
})

test('what waits for its account to be switched on is held for the change only after that', async () => {
  const { transferOf, name } = await aJobOfItsOwn(world, { ana: 10n })
  const [id, user] = [transferOf('ana'), name('ana')]
  await tellOfAccounts(world, [user], { facts: { ...ABLE, transfersActive: false }, asOf: later(1_000) })
  await claim(world, [id])
  const { rows } = await sql<{ at: Date }>`
    update user_stripe_accounts set destination_changed_at = now() where user_id = ${user}
    returning destination_changed_at as at`.execute(world.database)
  expect((await claim(world, [id])).get(id)).toEqual({ kind: 'held', reason: 'transfers_inactive' })
  const { released } = await tellOfAccounts(world, [user], { asOf: later(2_000) })
  expect(released).toEqual([id])
  expect((await claim(world, [id])).get(id)).toMatchObject({ kind: 'later', at: later(COOLING_MS, rows[0]?.at) })
  // News of the account does not end it.
  expect(await tellOfAccounts(world, [user], { asOf: later(3_000) })).toMatchObject({ released: [] })
})

test('the scheduler leaves alone what waits, and queues it when its own message seems lost', async () => {
  const { id, cooled } = await aChangedPayee()
  await claim(world, [id])
  const sweep = async (now: Date) => {
    const options = { now, graceMs: 60_000, limit: 1_000, policy: DESTINATION_POLICY }
    const { left, released } = await inTransaction(world, (tx) => claimTransfersToQueue(tx, options))
    return [...left.map(({ transferId }) => transferId), ...released].filter((other) => other === id)
  }
  expect(await sweep(cooled)).toEqual([])
  expect(await sweep(later(60_000, cooled))).toEqual([id])
  expect(await sweep(later(60_001, cooled))).toEqual([])
})

test('two people let a change pass: it is paid at once, and the alert is closed', async () => {
  const { id, user } = await aChangedPayee()
  await claim(world, [id])
  const [waiting] = (await listCooling(world.database)).filter(({ payee }) => payee.id === user)
  expect(waiting).toMatchObject({ payee: { type: 'user' }, payments: 1, release: null })
  expect(await release(user)).toEqual([id])
  await claimed(world, id)
  expect(await alertsOf(user)).toEqual([{ status: 'resolved', times: 1 }])
  expect((await listCooling(world.database)).filter(({ payee }) => payee.id === user)).toEqual([])
  expect(await auditOf(world, user)).toContain('destination.released')
})

test('a release speaks of one change: after another it is void, and can be asked for anew', async () => {
  const { user } = await aChangedPayee()
  const payee = { type: 'user', id: user } as const
  const asked = { actor: 'operator:olga', reason: 'a known voice', now: NOW }
  const ask = () => inTransaction(world, (tx) => askForRelease(tx, payee, asked))
  const first = await ask()
  if (first?.kind !== 'asked') throw new Error(`the release is ${first?.kind}`)
  expect(await ask()).toMatchObject({ kind: 'open' })
  await relink(user, `acct_three_${user}`)
  expect(await inTransaction(world, (tx) => isReleaseStillAsked(tx, first.approval))).toBe(false)
  await expect(
    inTransaction(world, async (tx) => {
      const decision = { status: 'approved', decidedBy: 'operator:adam', reason: null } as const
      return releaseCooling(tx, await decideControlApproval(tx, first.approval.id, decision, NOW))
    }),
  ).rejects.toThrow(/takes two people/)
  expect(await ask()).toMatchObject({ kind: 'asked' })
})

test('a later change is held although an earlier one was let pass', async () => {
  const { id, user } = await aChangedPayee()
  await release(user)
  const anew = await relink(user, `acct_three_${user}`)
  expect((await claim(world, [id])).get(id)).toMatchObject({ kind: 'later', at: anew })
})

test('who was never changed cannot be let pass, and a user’s account is never deleted', async () => {
  const { name } = await aJobOfItsOwn(world, { ana: 10n })
  const payee = { type: 'user', id: name('ana') } as const
  const asked = { actor: 'operator:olga', reason: 'none', now: NOW }
  expect(await inTransaction(world, (tx) => askForRelease(tx, payee, asked))).toBeUndefined()
  await expect(
    sql`delete from user_stripe_accounts where user_id = ${payee.id}`.execute(world.database),
  ).rejects.toThrow(/gives way to another by an update/)
})

test('an account that is changed while many claim at once gets nothing before it has cooled', async () => {
  const { name } = await aJobOfItsOwn(world, { ana: 1n })
  const user = name('ana')
  const ids: string[] = []
  for (let n = 0; n < 40; n += 1) {
    const { transferOf } = await aJob(world, `race-${user}-${n}`, [aWinner(user, 10n)])
    ids.push(transferOf(user))
  }
  const worker = async (mine: readonly string[]) => {
    for (const id of mine) await claim(world, [id])
  }
  const parts = Array.from({ length: 5 }, (_, part) => ids.filter((_id, n) => n % 5 === part))
  await Promise.all([...parts.map(worker), relink(user, `acct_two_${user}`)])
  await worker(ids) // those whose rows others had
  const { rows } = await sql<{ destination: string }>`
    select distinct destination from payment_attempts where payable_id = any(${ids}::uuid[])`.execute(world.database)
  expect(rows.filter(({ destination }) => destination !== `acct_${user}`)).toEqual([])
  const states = new Set(await Promise.all(ids.map(async (id) => (await transferNow(world, id)).status)))
  states.delete('processing')
  expect([...states].filter((status) => status !== 'awaiting_destination')).toEqual([])
})

test('a release and many claims at once leave nothing waiting', async () => {
  const { name } = await aJobOfItsOwn(world, { ana: 1n })
  const user = name('ana')
  await relink(user, `acct_two_${user}`)
  const ids: string[] = []
  for (let n = 0; n < 10; n += 1) {
    const { transferOf } = await aJob(world, `release-${user}-${n}`, [
      aWinner(user, 10n, { stripeAccountId: `acct_two_${user}` }),
    ])
    ids.push(transferOf(user))
  }
  await Promise.all([...ids.map((id) => claim(world, [id])), release(user)])
  // Each was held and is queued by the release, or is asked for by its own message: all go.
  for (const id of ids) await claim(world, [id])
  const states = await Promise.all(ids.map(async (id) => (await transferNow(world, id)).status))
  expect(new Set(states)).toEqual(new Set(['processing']))
})
