import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import type { SandboxBooks } from '@remesa/sandbox/sandbox'
import { sql } from 'kysely'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { payDay, resetPayments, untilPaid } from '../src/pay-day.ts'
import { runPayDay } from '../src/run.ts'
import type { Stack } from '../src/stack/stack.ts'
import type { Summary } from '../src/summary.ts'
import { type ExpectedPayment, expectedPayments } from './support/expected-payments.ts'
import { aStack, killAtRandom } from './support/stacks.ts'
import { withFiles } from './support/write-marketplace.ts'

// Whole pay-days with every process there is. What each seller should have received is recomputed from CSV files
// alone, and what it has received is read from the sandbox banks' own books.

const DATE = businessDate('2026-11-19')
const WATCH = { patienceMs: 60_000, onProgress: () => {}, onPhase: () => {} }

/** Those that a pay-day needs: under faults each costs a start, or two, and nothing is shown of the others. */
const OF_PAY_DAY = [
  'seller-profile-sync',
  'payment-initialization',
  'balance-retrieval',
  'pay-seller-balance',
  'fpay-status-check',
  'webhooks',
] as const

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

test('every seller receives what its documents say, to the last minor unit, and the ledger agrees with the banks', async () => {
  const marketplace = generateMarketplace({ sellers: 70, settlements: 6, businessDate: DATE })
  const stack = await aStack({}, stops)
  const summary = await run(stack, marketplace)

  await expectRightPayments(stack, marketplace)
  await expectRightBalances(summary, marketplace)
  expect(summary.checks).toEqual({ ledger: 'balanced', banks: 'agree' })
  expect(summary.messages).toMatchObject({ deadLettered: 0 })
  expect(summary.settlements).toEqual({ jobs: 3, complete: 1, rejected: 3 }) // paid after the pay-day, told of in one summary
  expect(summary.retrievalRequestsPer1000Balances).toBeLessThanOrEqual(15)

  const before = await moneyBooks(stack)
  await payDay(stack, DATE, WATCH) // the same date again pays nothing again, and tells nobody again
  expect(await moneyBooks(stack)).toEqual(before)
}, 300_000)

test('faults, repeated and reordered messages, a second reset, two instances of every service of a pay-day, each killed at a random moment, some twice: everybody is paid exactly once', async () => {
  const seed = randomInt(1_000_000)
  const marketplace = generateMarketplace({ sellers: 50, businessDate: DATE, seed: 2 })
  const stack = await aStack({ services: OF_PAY_DAY, faultRate: 0.05, instances: 2 }, stops)
  await stack.pubsub.setKnobs({ duplicateRate: 1, reorder: true, delayMs: 50 })
  const running = run(stack, marketplace)
  await untilOpened(stack)
  await resetPayments(stack, DATE)
  const summary = await Promise.all([running, killAtRandom(stack, { seed, kills: 9, everyMs: 250 })])
    .then(([whole]) => whole)
    .catch((error: unknown) => {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    })
  await untilPaid(stack, DATE, WATCH)

  const { published = 0, delivered = 0 } = summary.messages ?? {}
  expect(delivered).toBeGreaterThan(1.5 * published) // each message came twice, some are still to come
  await expectRightPayments(stack, marketplace)
  await expectRightBalances(summary, marketplace)
  expect(summary.checks).toEqual({ ledger: 'balanced', banks: 'agree' })
}, 300_000)

const run = (stack: Stack, marketplace: Marketplace): Promise<Summary> =>
  runPayDay(stack, { marketplace, businessDate: DATE, setupSeconds: 0 }, WATCH)

async function untilOpened(stack: Stack): Promise<void> {
  for (;;) {
    const { rows } = await sql`select from seller_balances limit 1`.execute(stack.database)
    if (rows.length > 0) return
    await sleep(20)
  }
}

const expected = (marketplace: Marketplace): Promise<readonly ExpectedPayment[]> =>
  withFiles(marketplace, (directory) => expectedPayments(directory, DATE))

/** Nobody paid twice, nobody forgotten, nobody paid who should not be: the banks' books are the whole truth. */
async function expectRightPayments(stack: Stack, marketplace: Marketplace): Promise<void> {
  const due = (await expected(marketplace)).filter(({ status }) => status === 'paid')
  const lines = due.map(({ rail, account, currency, amount }) => `${rail} ${account} ${currency} ${amount}`)
  expect(paymentLines(await stack.sandbox.books())).toEqual(lines.sort())
  await expectLedgerAgrees(stack)
}

/** For each payment its amount in our ledger is its amount at the bank, and no payee that was paid is owed any more. */
async function expectLedgerAgrees(stack: Stack): Promise<void> {
  const { rows } = await sql<{ payment: string }>`
    select concat_ws(' ', a.rail, a.destination, p.currency, p.amount) as payment
    from ledger_entries e
    join ledger_postings p on p.entry_id = e.id and p.account like 'paid_from:%'
    join payment_attempts a on a.payable_id = e.payable_id and a.state = 'paid'
    where e.payable_type = 'seller_balance'`.execute(stack.database)
  expect(rows.map(({ payment }) => payment).sort()).toEqual(paymentLines(await stack.sandbox.books()))
  const { rows: owed } = await sql`
    select from ledger_payee_balances l
    where l.account not like 'payee:user:%' and l.balance <> coalesce((
      select sum(b.amount_owed) from seller_balances b
      where 'payee:' || b.seller_id = l.account and b.currency = l.currency
        and b.status in ('payable', 'blocked', 'awaiting_funds', 'failed', 'returned')
    ), 0)`.execute(stack.database)
  expect(owed).toEqual([])
}

async function moneyBooks({ sandbox }: Stack): Promise<object> {
  const { netsuite, gsc, fpay, payoneer } = await sandbox.books()
  return { netsuite, gsc, fpay, payoneer }
}

const paymentLines = ({ fpay, payoneer }: SandboxBooks): string[] =>
  [...linesOf('fpay', fpay), ...linesOf('payoneer', payoneer)].sort()

const linesOf = (rail: string, books: SandboxBooks['fpay']): string[] =>
  books.payments
    .filter(({ returned }) => !returned)
    .map(
      ({ account, currency, amount }) =>
        `${rail} ${account} ${currency} ${amount.replace('.', '').replace(/^0+(?=\d)/, '')}`,
    )

async function expectRightBalances(summary: Summary, marketplace: Marketplace): Promise<void> {
  const counts: Record<string, number> = {}
  for (const { status } of await expected(marketplace)) counts[status] = (counts[status] ?? 0) + 1
  const { total, ...balances } = summary.balances
  expect(Object.fromEntries(Object.entries(balances).filter(([, count]) => count > 0))).toEqual(counts)
  expect(total).toBe(Object.values(counts).reduce((sum, count) => sum + count, 0))
}
