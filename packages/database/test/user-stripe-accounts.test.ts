import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { DESTINATION_POLICY, type StripeAccountFacts } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import { insertAlerts } from '../src/finance-alerts.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { claimTransfers } from '../src/transfer-claims.ts'
import {
  findAccountsToRead,
  findStripeAccounts,
  linkStripeAccounts,
  type StripeAccountNews,
  upsertStripeAccounts,
} from '../src/user-stripe-accounts.ts'
import {
  ABLE,
  aJob,
  alertKinds,
  auditOf,
  aWinner,
  claim,
  claimed,
  LEASE_MS,
  later,
  NOW,
  transferNow,
  untilSomebodyWaits,
} from './payout-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const news = (
  userId: string | null,
  account: string,
  facts: StripeAccountFacts = ABLE,
  asOf = NOW,
): StripeAccountNews => ({
  userId,
  stripeAccountId: account,
  facts,
  asOf,
})
const tell = (...all: readonly StripeAccountNews[]) =>
  inTransaction(world, async (tx) => {
    const answer = await upsertStripeAccounts(tx, all, { now: NOW, policy: DESTINATION_POLICY })
    await insertAlerts(tx, answer.alerts)
    return answer
  })
const link = (...links: readonly { userId: string; stripeAccountId: string }[]) =>
  inTransaction(world, (tx) => linkStripeAccounts(tx, links, NOW))
const accountOf = async (userId: string) => (await findStripeAccounts(world.database, [userId])).get(userId)

/** A transfer whose winner has no account. */
async function aHeldTransfer(userId: string): Promise<string> {
  const { transferOf } = await aJob(world, `s-${userId}`, [aWinner(userId, 10n, { stripeAccountId: null })])
  expect((await claim(world, [transferOf(userId)])).get(transferOf(userId))).toEqual({
    kind: 'held',
    reason: 'no_account',
  })
  return transferOf(userId)
}

const OFF = { ...ABLE, transfersActive: false, disabledReason: 'requirements.past_due' }

test('news that comes late changes nothing; the same news again changes nothing', async () => {
  await tell(news('ana', 'acct_ana', ABLE, later(2_000)))
  await tell(news(null, 'acct_ana', OFF, later(1_000)))
  expect(await accountOf('ana')).toEqual({ userId: 'ana', stripeAccountId: 'acct_ana', facts: ABLE, changedAt: null })
  await tell(news(null, 'acct_ana', ABLE, later(3_000)))
  expect(await auditOf(world, 'ana')).toEqual(['stripe_account.updated'])
  await tell(news(null, 'acct_ana', OFF, later(4_000)))
  expect((await accountOf('ana'))?.facts).toEqual(OFF)
  expect(await auditOf(world, 'ana')).toEqual(['stripe_account.updated', 'stripe_account.updated'])
})

test('of several news in one batch the newest counts, in whatever order they lie', async () => {
  await tell(news('bea', 'acct_bea', OFF, later(3_000)), news('bea', 'acct_bea', ABLE, later(1_000)))
  expect((await accountOf('bea'))?.facts).toEqual(OFF)
})

test('of two events of one second that differ neither is believed over the other: Stripe must be read', async () => {
  await tell(news('ada', 'acct_ada', ABLE))
  expect(await tell(news(null, 'acct_ada', ABLE))).toMatchObject({ ambiguous: [] })
  expect(await tell(news(null, 'acct_ada', OFF))).toMatchObject({ ambiguous: ['acct_ada'] })
  expect((await accountOf('ada'))?.facts).toEqual(ABLE)
  expect(await tell({ ...news(null, 'acct_ada', OFF), wasRead: true })).toMatchObject({ ambiguous: [] })
  expect((await accountOf('ada'))?.facts).toEqual(OFF)
  const [one, other] = [news(null, 'acct_ada', ABLE, later(5_000)), news(null, 'acct_ada', OFF, later(5_000))]
  expect(await tell(one, other)).toMatchObject({ ambiguous: ['acct_ada'] })
  // Newer news leaves nothing to ask.
  expect(await tell(news(null, 'acct_ada', OFF, later(6_000)))).toMatchObject({ ambiguous: [] })
  expect((await accountOf('ada'))?.facts).toEqual(OFF)
})

test('an account that Stripe speaks of and nobody has is told to the caller', async () => {
  expect(await tell(news(null, 'acct_nobody'))).toMatchObject({ unknown: ['acct_nobody'], released: [] })
})

test('an account of one user never becomes another’s', async () => {
  await tell(news('cid', 'acct_cid'))
  expect(await tell(news('dan', 'acct_cid'))).toMatchObject({ ofAnother: ['acct_cid'] })
  expect(await accountOf('dan')).toBeUndefined()
  await link({ userId: 'dan', stripeAccountId: 'acct_cid' }, { userId: 'cid', stripeAccountId: 'acct_other' })
  expect(await accountOf('dan')).toBeUndefined()
  expect((await accountOf('cid'))?.stripeAccountId).toBe('acct_cid')
})

test('a read that an operator’s new link overtakes does not give the user the old account back', async () => {
  await link({ userId: 'ivo', stripeAccountId: 'acct_ivo_old' })
  await sql`update user_stripe_accounts set stripe_account_id = 'acct_ivo_new' where user_id = 'ivo'`.execute(
    world.database,
  )
  const read = { ...news('ivo', 'acct_ivo_old'), wasRead: true as const }
  expect(await tell(read)).toMatchObject({ ofAnother: ['acct_ivo_old'], released: [] })
  expect(await accountOf('ivo')).toMatchObject({ userId: 'ivo', stripeAccountId: 'acct_ivo_new', facts: null })
  await tell(news('ivo', 'acct_ivo_new'))
  expect(await accountOf('ivo')).toMatchObject({ userId: 'ivo', stripeAccountId: 'acct_ivo_new', facts: ABLE })
})

test('an account that Stripe was not asked about yet is paid nothing, and is on the list of those to read', async () => {
  await link({ userId: 'eli', stripeAccountId: 'acct_eli' })
  expect(await accountOf('eli')).toEqual({ userId: 'eli', stripeAccountId: 'acct_eli', facts: null, changedAt: null })
  expect(await findAccountsToRead(world.database, { heldSince: NOW, limit: 9 })).toEqual([
    { userId: 'eli', stripeAccountId: 'acct_eli', disabledReason: null },
  ])
  await tell(news(null, 'acct_eli'))
  expect(await findAccountsToRead(world.database, { heldSince: NOW, limit: 9 })).toEqual([])
})

test('what waited for an account is released once, and can be claimed', async () => {
  const id = await aHeldTransfer('fay')
  expect((await tell(news('fay', 'acct_fay'))).released).toEqual([id])
  expect(await transferNow(world, id)).toMatchObject({ status: 'pending', held_reason: null, due_at: NOW, attempts: 0 })
  expect((await tell(news('fay', 'acct_fay'))).released).toEqual([])
  expect((await claimed(world, id)).attempt.instruction.destination).toBe('acct_fay')
  expect(await auditOf(world, id)).toEqual([
    'payout_transfer.held',
    'payout_transfer.released',
    'payout_transfer.claimed',
  ])
})

test('people are told of an account that is switched off while money waits for it, and the matter settles itself', async () => {
  const id = await aHeldTransfer('gus')
  expect((await tell(news('gus', 'acct_gus', OFF))).alerts).toMatchObject([
    {
      kind: 'destination_disabled',
      subject: { type: 'user', id: 'gus' },
      details: { reason: 'transfers_inactive', disabledReason: 'requirements.past_due' },
    },
  ])
  expect((await transferNow(world, id)).held_reason).toBe('transfers_inactive')
  expect((await tell(news('gus', 'acct_gus', OFF, later(1)))).alerts).toEqual([])
  expect(await alertKinds(world)).toEqual(['destination_disabled'])
  expect((await tell(news('gus', 'acct_gus', ABLE, later(2)))).released).toEqual([id])
  expect(await alertKinds(world)).toEqual([])
})

test('an account that becomes able while its transfer is being held is not missed', async () => {
  const { transferOf } = await aJob(world, 's-hub', [aWinner('hub', 10n, { stripeAccountId: null })])
  const id = transferOf('hub')
  await tell(news('hub', 'acct_hub', OFF))
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
  const { promise: isHeld, resolve: held } = Promise.withResolvers<void>()
  const holding = inTransaction(world, async (tx) => {
    const lease = { now: NOW, expiresAt: later(LEASE_MS) }
    const { answers } = await claimTransfers(tx, [id], { lease, policy: DESTINATION_POLICY })
    expect(answers.get(id)?.kind).toBe('held')
    held()
    await mayCommit
  })
  await isHeld
  const telling = tell(news('hub', 'acct_hub', ABLE, later(1)))
  await untilSomebodyWaits(world)
  commit()
  await holding
  expect((await telling).released).toEqual([id])
  expect((await transferNow(world, id)).status).toBe('pending')
})
