import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { ledgerProof } from '@remesa/database/ledger'
import { businessDate } from '@remesa/domain/business-date'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { sql } from 'kysely'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { closeSettlements, paySettlements, settlementIdsOf, untilSettled } from '../src/settlements.ts'
import type { Stack } from '../src/stack/stack.ts'
import { type Summary, summarize } from '../src/summary.ts'
import {
  type ExpectedSettlement,
  type ExpectedTransfer,
  expectedTransfers,
  totalsTransferred,
} from './support/expected-transfers.ts'
import { aStack, killAtRandom } from './support/stacks.ts'
import { withFiles } from './support/write-marketplace.ts'

// Settlements with every process there is. What each winner should have received is recomputed from CSV files alone, and
// what it has received is read from the books of Stripe's sandbox.

const DATE = businessDate('2026-11-19')
/** Of one to 200 winners each. */
const SETTLEMENTS = 14
const WATCH = { patienceMs: 60_000, onProgress: () => {} }
const ABLE = {
  payouts_enabled: true,
  details_submitted: true,
  capabilities: { transfers: 'active' },
  requirements: { disabled_reason: null },
}

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

test('every winner is transferred its prize, nobody of a rejected settlement is, and who waits is paid once its account can receive', async () => {
  const marketplace = generateMarketplace({ sellers: 1, settlements: SETTLEMENTS, businessDate: DATE })
  const expected = await expectedOf(marketplace)
  const stack = await aStack({ services: ['payouts', 'webhooks'] }, stops)
  await paySettlements(stack, marketplace, WATCH)
  const summary = await summaryOf(stack, marketplace)

  await expectRightTransfers(stack, expected)
  expect(summary.checks).toEqual({ ledger: 'balanced', banks: 'agree' })
  expect(summary.messages).toMatchObject({ deadLettered: 0 })
  const rejected = expected.settlements.filter(({ rule }) => rule !== undefined).length
  expect(summary.settlements).toEqual({
    jobs: SETTLEMENTS - rejected,
    complete: completeJobs(expected.transfers),
    rejected,
  })
  expect(summary.alerts).toMatchObject({ settlement_rejected: rejected })
  expect(Object.entries(summary.transfers).filter(([, count]) => count > 0)).toEqual(
    expect.arrayContaining(Object.entries(countsOf(expected.transfers))),
  )
  expect(
    new Map(Object.entries(summary.transferred).map(([currency, amount]) => [currency, digitsOf(amount)])),
  ).toEqual(new Map([...totalsTransferred(expected.transfers)].map(([currency, amount]) => [currency, String(amount)])))
  expect(summary.calls.stripe).toBeGreaterThan(0)

  const before = await stack.sandbox.books()
  await paySettlements(stack, marketplace, WATCH) // told of all of it again: nothing is created twice
  expect((await stack.sandbox.books()).stripe).toEqual(before.stripe)
  await expectRightTransfers(stack, expected)

  await enableAccounts(stack, expected.transfers)
  await untilReleased(stack)
  await untilSettled(stack, settlementIdsOf(marketplace), WATCH)
  await expectRightTransfers(stack, { ...expected, transfers: expected.transfers.map(onceAble) })
}, 300_000)

test('faults, repeated and reordered messages, two instances of each service and kills at random moments change nothing', async () => {
  const seed = randomInt(1_000_000)
  const marketplace = generateMarketplace({ sellers: 1, settlements: 8, businessDate: DATE, seed: 2 })
  const expected = await expectedOf(marketplace)
  const stack = await aStack({ services: ['payouts', 'webhooks'], faultRate: 0.05, instances: 2 }, stops)
  await stack.pubsub.setKnobs({ duplicateRate: 1, reorder: true })
  const paying = Promise.all([
    paySettlements(stack, marketplace, WATCH),
    closeSettlements(stack, marketplace),
    untilPaying(stack).then(() => killAtRandom(stack, { seed, kills: 5, everyMs: 300 })),
  ])
  await paying.catch((error: unknown) => {
    throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
  })
  await expectRightTransfers(stack, expected)
}, 300_000)

const summaryOf = (stack: Stack, marketplace: Marketplace): Promise<Summary> =>
  summarize(stack, {
    businessDate: DATE,
    sellers: 0,
    settlements: settlementIdsOf(marketplace),
    bookings: [],
    reconciled: null,
    seconds: { setup: 0, profileSync: 0, payDay: 0, settlements: 0, bookings: 0, reconciliation: 0 },
    memory: {},
  })

interface Expected {
  readonly settlements: readonly ExpectedSettlement[]
  readonly transfers: readonly ExpectedTransfer[]
}

const expectedOf = (marketplace: Marketplace): Promise<Expected> =>
  withFiles(marketplace, (directory) => expectedTransfers(directory))

/** Nobody paid twice, nobody forgotten, nobody paid who should not be: Stripe's books are the whole truth. */
async function expectRightTransfers(stack: Stack, { settlements, transfers }: Expected): Promise<void> {
  const { stripe } = await stack.sandbox.books()
  const due = transfers.filter(({ status }) => status === 'completed')
  expect(
    stripe.payments.map(({ account, currency, amount }) => `${account} ${currency} ${digitsOf(amount)}`).sort(),
  ).toEqual(due.map(({ account, currency, amount }) => `${account} ${currency} ${amount}`).sort())
  expect(stripe.reversals).toEqual([])

  const { rows } = await sql<{ line: string }>`
    select concat_ws(' ', j.settlement_id, t.contest_id, t.user_id, t.currency, t.amount, t.status) as line
    from payout_transfers t join payout_jobs j on j.id = t.job_id`.execute(stack.database)
  expect(rows.map(({ line }) => line).sort()).toEqual(
    transfers.map((t) => `${t.settlementId} ${t.contestId} ${t.userId} ${t.currency} ${t.amount} ${t.status}`).sort(),
  )
  const { rows: rules } = await sql<ExpectedSettlement>`
    select settlement_id as "settlementId", rejected_rule as rule from settlements order by settlement_id`.execute(
    stack.database,
  )
  expect(rules.map(({ settlementId, rule }) => ({ settlementId, rule: rule ?? undefined }))).toEqual(settlements)
  await expectLedgerAgrees(stack, transfers)
}

/** Who was paid is owed nothing any more, who was not is owed it all, and nothing is left in between. */
async function expectLedgerAgrees({ database }: Stack, transfers: readonly ExpectedTransfer[]): Promise<void> {
  const { currencies, disagreements } = await ledgerProof(database)
  expect(currencies.filter(({ sum }) => sum !== 0n)).toEqual([])
  expect(disagreements).toEqual([])
  const { rows } = await sql<{ line: string }>`
    select concat_ws(' ', account, currency, sum(amount)) as line from ledger_postings
    where account like 'payee:user:%' or account like '%:stripe'
    group by account, currency having sum(amount) <> 0`.execute(database)
  const owed = new Map<string, bigint>()
  for (const { userId, currency, amount, status } of transfers) {
    const account = status === 'completed' ? 'paid_from:stripe' : `payee:user:${userId}`
    owed.set(`${account} ${currency}`, (owed.get(`${account} ${currency}`) ?? 0n) + amount)
  }
  expect(rows.map(({ line }) => line).sort()).toEqual([...owed].map(([key, sum]) => `${key} ${sum}`).sort())
}

const countsOf = (transfers: readonly ExpectedTransfer[]): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(transfers, ({ status }) => status)].map(([status, those]) => [status, those.length]),
  )

/** A job is complete when none of its transfers waits. */
const completeJobs = (transfers: readonly ExpectedTransfer[]): number =>
  [...Map.groupBy(transfers, ({ settlementId }) => settlementId).values()].filter((ofJob) =>
    ofJob.every(({ status }) => status !== 'awaiting_destination'),
  ).length

const digitsOf = (amount: string): string => amount.replace('.', '').replace(/^0+(?=\d)/, '')

/** `acct_missing…` is no account at Stripe, and who has none gets none here. */
const canBeEnabled = ({ account }: ExpectedTransfer): boolean =>
  ['acct_nocap', 'acct_pending', 'acct_restricted'].some((prefix) => account?.startsWith(prefix))

const onceAble = (transfer: ExpectedTransfer): ExpectedTransfer =>
  canBeEnabled(transfer) ? { ...transfer, status: 'completed' } : transfer

/** As if the payees had told Stripe what it wanted to know: Stripe tells us by its events. */
async function enableAccounts({ sandbox }: Stack, transfers: readonly ExpectedTransfer[]): Promise<void> {
  const accounts = new Set(transfers.filter(canBeEnabled).map(({ account }) => account))
  expect(accounts.size).toBeGreaterThan(2)
  for (const id of accounts) await sandbox.control('stripe', 'updateAccount', { id, changes: ABLE })
}

/** Until the first call of Stripe is on its way. */
async function untilPaying({ database }: Stack): Promise<void> {
  for (;;) {
    const { rows } = await sql`select from payment_attempts limit 1`.execute(database)
    if (rows.length > 0) return
    await sleep(30)
  }
}

/** Until no transfer is held that an account could receive. */
async function untilReleased({ database }: Stack): Promise<void> {
  for (;;) {
    const { rows } = await sql`
      select from payout_transfers t join user_stripe_accounts a using (user_id)
      where t.status = 'awaiting_destination' and a.stripe_account_id !~ '^acct_missing' limit 1`.execute(database)
    if (rows.length === 0) return
    await sleep(50)
  }
}
