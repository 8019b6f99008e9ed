import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { type Marketplace, marketplace as marketplaceSchema } from '@remesa/sandbox/marketplace'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { loadMarketplace, paymentsAdvice } from '../src/marketplace/load.ts'
import { expectedReconciliation } from './support/expected-reconciliation.ts'
import { withFiles, writeMarketplace } from './support/write-marketplace.ts'

const EXAMPLE = fileURLToPath(new URL('../examples/marketplace/', import.meta.url))
const DAY = businessDate('2026-11-19')
const HEADER = 'payment_id,created,currency,amount,refunded,description'

const directories: string[] = []
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'remesa-payments-'))
  directories.push(directory)
  await cp(EXAMPLE, directory, { recursive: true })
})
afterAll(() => Promise.all(directories.map((made) => rm(made, { recursive: true, force: true }))))

const write = (file: string, ...lines: readonly string[]): Promise<void> =>
  writeFile(join(directory, file), `${lines.join('\n')}\n`)

async function loaded(): Promise<Marketplace> {
  const found = await loadMarketplace(directory)
  if ('problems' in found) throw new Error(found.problems.join('\n'))
  return found.marketplace
}

async function problems(): Promise<readonly string[]> {
  const found = await loadMarketplace(directory)
  return 'problems' in found ? found.problems : []
}

const generate = (payments: number, options: { seed?: number; businessDate?: typeof DAY } = {}): Marketplace =>
  generateMarketplace({ sellers: 1, payments, businessDate: DAY, ...options })

/** Found by hand, and in the example's README. */
const BY_HAND = [
  ['pi_06_webhook_lost', 'missing_in_database'],
  ['pi_07_in_the_gap', 'missing_in_database'],
  ['pi_08_in_the_gap', 'missing_in_database'],
  ['pi_09_in_the_gap', 'missing_in_database'],
  ['pi_10_other_amount', 'amount_mismatch'],
  ['pi_11_minor_units', 'amount_mismatch'],
  ['pi_12_refund_unheard_of', 'refund_mismatch'],
  ['pi_13_other_currency', 'currency_mismatch'],
  ['pi_14_charged_twice', 'duplicate'],
  ['pi_16_last_second', 'timing'],
  ['ch_15_recorded_twice', 'duplicate'],
  ['pi_17_next_day', 'timing'],
  ['pi_19_test_mode', 'missing_in_stripe'],
  ['BANK-20', 'missing_in_stripe'],
] as const

test('the check finds in the example’s payments what was found by hand, and its README tells of all of it', async () => {
  const { findings, byCurrency, severity } = await expectedReconciliation(EXAMPLE, DAY)
  expect(findings.map(({ paymentId, category }) => [paymentId, category])).toEqual(BY_HAND)
  expect(severity).toBe('critical')
  expect(byCurrency).toMatchObject([
    { currency: 'USD', stripeTotal: '429.99', databaseTotal: '2076.00', grossOver: '105.00', grossUnder: '1751.01' },
    { currency: 'CLP', stripeTotal: '45000', databaseTotal: '45000', moneyAtRisk: '0' },
    { currency: 'EUR', stripeTotal: '120.00', databaseTotal: '185.00', grossOver: '60.00', grossUnder: '125.00' },
    { currency: 'KWD', stripeTotal: '12.340', databaseTotal: '12.340', moneyAtRisk: '0.000' },
  ])
  const readme = await readFile(join(EXAMPLE, 'README.md'), 'utf8')
  for (const category of new Set(BY_HAND.map(([, one]) => one))) expect(readme).toContain(`| \`${category}\``)
})

test('the example’s payments load as they stand, an empty refund being none', async () => {
  const { payments = [], recorded = [] } = await loaded()
  expect([payments.length, recorded.length]).toEqual([19, 17])
  await write('payments.csv', HEADER, 'pi_1,2026-11-19T09:00:00+01:00,CLP,1250.00,,')
  expect((await loaded()).payments).toEqual([
    {
      ...{ paymentId: 'pi_1', created: '2026-11-19T09:00:00+01:00', currency: 'CLP', amount: '1250.00' },
      ...{ refunded: '0', description: null },
    },
  ])
})

test('a marketplace without either file has no payments; one alone is told of, since all would be missing', async () => {
  await rm(join(directory, 'recorded.csv'))
  expect(await problems()).toEqual(['recorded.csv: expected this file, there is none'])
  await rm(join(directory, 'payments.csv'))
  expect(await loaded()).toMatchObject({ payments: [], recorded: [] })
})

test.each([
  ['pi 1,2026-11-19T09:00:00Z,USD,5,0,', '1: payment_id: expected letters, digits, _ and -, like pi_3PX2, got "pi 1"'],
  ['pi_1,2026-11-19,USD,5,0,', '6: created: expected a moment like 2026-11-20T14:30:00Z, got "2026-11-19"'],
  [
    'pi_1,2026-11-19T09:00:00.5Z,USD,5,0,',
    '6: created: expected a whole second, since Stripe has no parts of one, got "2026-11-19T09:00:00.5Z"',
  ],
  ['pi_1,2026-11-19T09:00:00Z,usd,5,0,', '27: currency: expected a payable ISO 4217 currency like CLP, got "usd"'],
  ['pi_1,2026-11-19T09:00:00Z,CLP,5.5,0,', '31: amount: expected an amount in CLP, with at most 0 decimals, got "5.5"'],
  [
    'pi_1,2026-11-19T09:00:00Z,USD,0.00,0,',
    '31: amount: expected an amount above zero that Stripe can charge in USD, got "0.00"',
  ],
  [
    'pi_1,2026-11-19T09:00:00Z,KWD,1.234,0,',
    '31: amount: expected an amount above zero that Stripe can charge in KWD, got "1.234"',
  ],
  ['pi_1,2026-11-19T09:00:00Z,USD,-5,0,', '31: amount: expected zero or more, since customers pay, got "-5"'],
  [
    'pi_1,2026-11-19T09:00:00Z,USD,5,5.01,',
    '33: refunded: expected at most 5, since Stripe gives no more back, got "5.01"',
  ],
  [
    'pi_1,2026-11-19T09:00:00Z,KWD,5,0.001,',
    '33: refunded: expected an amount that Stripe can move in KWD, got "0.001"',
  ],
])('of payments %s is refused by line, column and what was expected', async (line, problem) => {
  await write('payments.csv', HEADER, line)
  expect(await problems()).toEqual([`payments.csv:2:${problem}`])
})

test('a charge stands once, and so does a payment on record; a PaymentIntent may be charged again', async () => {
  const rest = '2026-11-19T09:00:00Z,USD,5,0,'
  await write('payments.csv', HEADER, ...['pi_1', 'pi_1', 'ch_2', 'ch_2', 'ch_1'].map((id) => `${id},${rest}`))
  await write('recorded.csv', HEADER, ...['pi_1', 'BANK 1', 'BANK 1'].map((id) => `${id},${rest}`))
  expect(await problems()).toEqual([
    'payments.csv:5:1: payment_id: expected each charge once, and line 4 has ch_2, got "ch_2"',
    'payments.csv:6:1: payment_id: expected each charge once, and line 2 has ch_1, got "ch_1"',
    'recorded.csv:4:1: payment_id: expected each payment once, and line 3 has it, got "BANK 1"',
  ])
})

test('whoever reconciles a day without payments is told which day has some', async () => {
  const marketplace = await loaded()
  expect(paymentsAdvice(marketplace, '2026-11-19')).toBeUndefined()
  expect(paymentsAdvice(marketplace, '2026-11-18')).toBe(
    'no payment is of 2026-11-18 in UTC; the latest are of 2026-11-20: --date 2026-11-20',
  )
  expect(paymentsAdvice({}, '2026-11-18')).toBeUndefined()
})

test('fewer generated payments are the first of more, another seed gives others, another day other times alone', () => {
  const more = generate(150)
  for (const count of [0, 1, 40, 99]) {
    const { payments = [], recorded = [] } = generate(count)
    expect(payments).toEqual(more.payments?.slice(0, payments.length))
    expect(recorded).toEqual(more.recorded?.slice(0, recorded.length))
  }
  expect(generate(150, { seed: 2 }).payments).not.toEqual(more.payments)
  const timeless = ({ payments }: Marketplace) => payments?.map(({ created, ...rest }) => rest)
  const earlier = generate(150, { businessDate: businessDate('2026-11-18') })
  expect(timeless(earlier)).toEqual(timeless(more))
  expect(earlier.payments?.[0]?.created.slice(0, 10)).toBe('2026-11-18')
})

test('generated payments are such as the sandbox and the loader take, and come back from files as they were', async () => {
  const marketplace = generate(3_000)
  expect(marketplaceSchema.parse(marketplace)).toEqual(marketplace)
  await writeMarketplace(directory, marketplace)
  expect(await loadMarketplace(directory)).toEqual({ marketplace })
})

test.each([40, 1_000])(
  'among %d generated payments is every discrepancy, and webhooks that were lost for a while',
  async (count) => {
    const marketplace = generate(count)
    const { findings, byCurrency } = await withFiles(marketplace, (made) => expectedReconciliation(made, DAY))
    const counts = new Map(
      [...Map.groupBy(findings, ({ category }) => category)].map(([category, those]) => [category, those.length]),
    )
    expect([...counts.keys()].sort()).toEqual([
      ...['amount_mismatch', 'currency_mismatch', 'duplicate', 'missing_in_database', 'missing_in_stripe'],
      ...['refund_mismatch', 'timing'],
    ])
    expect(counts.get('timing')).toBeGreaterThanOrEqual(4) // over both edges, both ways
    expect(byCurrency.length).toBeGreaterThanOrEqual(6)

    const missing = new Set(
      findings.filter(({ category }) => category === 'missing_in_database').map((one) => one.paymentId),
    )
    const times = (marketplace.payments ?? [])
      .filter(({ paymentId }) => missing.has(paymentId))
      .map(({ created }) => Date.parse(created))
    const within = (from: number): number => times.filter((at) => at >= from && at < from + 20 * 60_000).length
    expect(Math.max(...times.map(within))).toBeGreaterThanOrEqual(Math.max(3, count / 100))
  },
)
