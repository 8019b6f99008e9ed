import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import { noteBankAccount } from '../src/bank-accounts.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { findStripeAccounts, linkStripeAccounts, upsertStripeAccounts } from '../src/user-stripe-accounts.ts'
import { ABLE, later, NOW } from './payout-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const MINUTE_MS = 60_000
const accountIdOf = (userId: string): string => `acct_${userId}`

/** What `account.updated` says. */
const tell = (userId: string, asOf: Date, facts = ABLE) =>
  inTransaction(world, (tx) =>
    upsertStripeAccounts(tx, [{ userId, stripeAccountId: accountIdOf(userId), facts, asOf }], {
      now: NOW,
      policy: DESTINATION_POLICY,
    }),
  )
const hear = (userId: string, fingerprint: string, asOf: Date) =>
  inTransaction(world, (tx) =>
    noteBankAccount(tx, { stripeAccountId: accountIdOf(userId), bank: { currency: 'usd', fingerprint }, asOf }),
  )
const isChanged = async (userId: string): Promise<boolean> =>
  (await findStripeAccounts(world.database, [userId])).get(userId)?.changedAt !== null

test('a bank account that takes the place of one nobody told us of is a change, also where Stripe’s word on the account comes first', async () => {
  const at = later(MINUTE_MS)
  for (const [userId, toldOfAccount] of [
    ['before', later(2 * MINUTE_MS)],
    ['at-once', at],
  ] as const) {
    await tell(userId, NOW)
    await tell(userId, toldOfAccount)
    expect(await hear(userId, 'two', at)).toBe('changed')
    expect(await isChanged(userId)).toBe(true)
  }
})

test('so it is where Stripe switched the account’s payouts off for it', async () => {
  await tell('off', NOW)
  await tell('off', later(MINUTE_MS), { ...ABLE, payoutsEnabled: false })
  expect(await hear('off', 'two', later(MINUTE_MS))).toBe('changed')
})

test('the first bank account of an account is none, whatever of the two is told first', async () => {
  const unable = { ...ABLE, payoutsEnabled: false }
  for (const [userId, asOf] of [
    ['first-of-all', later(MINUTE_MS)],
    ['first-later', later(2 * MINUTE_MS)],
  ] as const) {
    await tell(userId, NOW, unable)
    await tell(userId, asOf)
    expect(await hear(userId, 'one', later(MINUTE_MS))).toBe('kept')
    expect(await isChanged(userId)).toBe(false)
  }
})

test('nor is the first one of another Stripe account in the place of one that paid out', async () => {
  await tell('other', NOW)
  await sql`update user_stripe_accounts set stripe_account_id = 'acct_another', transfers_active = false,
    payouts_enabled = false, details_submitted = false, last_event_created = null where user_id = 'other'`.execute(
    world.database,
  )
  const bank = { currency: 'usd', fingerprint: 'one' }
  expect(
    await inTransaction(world, (tx) =>
      noteBankAccount(tx, { stripeAccountId: 'acct_another', bank, asOf: later(MINUTE_MS) }),
    ),
  ).toBe('kept')
})

test('an account is not handed from one user to another: it gives way by an update that is noted', async () => {
  await inTransaction(world, (tx) =>
    linkStripeAccounts(tx, [{ userId: 'owner', stripeAccountId: accountIdOf('owner') }], NOW),
  )
  await expect(
    sql`update user_stripe_accounts set user_id = 'somebody' where user_id = 'owner'`.execute(world.database),
  ).rejects.toThrow('gives way to another by an update')
})
