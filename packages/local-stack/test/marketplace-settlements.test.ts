import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { settlementProblem } from '@remesa/domain/settlement'
import { type Marketplace, marketplace as marketplaceSchema } from '@remesa/sandbox/marketplace'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { loadMarketplace } from '../src/marketplace/load.ts'
import { settlementsOf } from '../src/settlements.ts'
import { expectedTransfers, totalsTransferred } from './support/expected-transfers.ts'
import { writeMarketplace } from './support/write-marketplace.ts'

const EXAMPLE = fileURLToPath(new URL('../examples/marketplace/', import.meta.url))
const DATE = businessDate('2026-11-19')
const SETTLEMENT_HEADER = 'settlement_id,contest_id,currency,total,status'
const WINNER_HEADER = 'settlement_id,user_id,stripe_account_id,amount'

const directories: string[] = []
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'remesa-settlements-'))
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

/** Added up by hand, and in the example's README. Minor units. */
const TRANSFERS_BY_HAND = [
  ['SE01-PAID', 'ana', 'acct_ana', 1_000_00n, 'USD', 'completed'],
  ['SE01-PAID', 'benjamin', 'acct_nofunds_benjamin', 250_50n, 'USD', 'completed'],
  ['SE01-PAID', 'catalina', 'acct_closed_catalina', 200_00n, 'USD', 'failed_terminal'],
  ['SE01-PAID', 'diego', undefined, 150_00n, 'USD', 'awaiting_destination'],
  ['SE01-PAID', 'elisa', 'acct_nocap_elisa', 100_00n, 'USD', 'awaiting_destination'],
  ['SE01-PAID', 'felipe', 'acct_restricted_felipe', 50_00n, 'USD', 'awaiting_destination'],
  ['SE02-PESOS', 'ana', 'acct_ana', 500_000n, 'CLP', 'completed'],
  ['SE02-PESOS', 'gabriela', 'acct_gabriela', 400_000n, 'CLP', 'completed'],
  ['SE03-ALREADY-COMPLETED', 'gabriela', 'acct_gabriela', 60_00n, 'EUR', 'completed'],
  ['SE03-ALREADY-COMPLETED', 'hugo', 'acct_missing_hugo', 20_00n, 'EUR', 'awaiting_destination'],
]
const RULES_BY_HAND = [
  ['SE01-PAID', undefined],
  ['SE02-PESOS', undefined],
  ['SE03-ALREADY-COMPLETED', undefined],
  ['SE04-SUM-DIFFERS', 'sum_differs'],
  ['SE05-NO-WINNERS', 'no_winners'],
  ['SE06-WINNER-TWICE', 'duplicate_winner'],
  ['SE07-NOTHING-TO-PAY', 'amount_not_positive'],
  ['SE08-UNKNOWN-CURRENCY', 'unknown_currency'],
  ['SE09-TWO-CURRENCIES', 'mixed_currency'],
  ['SE10-STILL-OPEN', 'not_closed'],
]

test('the check finds in the example what was added up by hand, and its README tells of all of it', async () => {
  const { settlements, transfers } = await expectedTransfers(EXAMPLE)
  expect(settlements.map(({ settlementId, rule }) => [settlementId, rule])).toEqual(RULES_BY_HAND)
  expect(
    transfers.map((one) => [one.settlementId, one.userId, one.account, one.amount, one.currency, one.status]),
  ).toEqual(TRANSFERS_BY_HAND)
  expect(Object.fromEntries(totalsTransferred(transfers))).toEqual({ USD: 1_250_50n, CLP: 900_000n, EUR: 60_00n })

  const readme = await readFile(join(EXAMPLE, 'README.md'), 'utf8')
  for (const [settlement, rule] of RULES_BY_HAND) {
    expect(readme).toMatch(new RegExp(`\\| \`${settlement}\` .*${rule ? `\`${rule}\`` : 'a job'}`))
  }
  for (const [, user, , , currency, status] of TRANSFERS_BY_HAND) {
    expect(readme).toMatch(new RegExp(`\\| \`${user}\` .*${currency} .*\`${status}\``))
  }
})

test('the example’s settlements load as the sandbox takes them, and come back from files as they were', async () => {
  const marketplace = await loaded()
  expect(marketplaceSchema.parse(marketplace)).toEqual(marketplace)
  expect(marketplace.settlements).toHaveLength(10)
  expect(marketplace.winners?.at(3)).toEqual({
    settlementId: 'SE01-PAID',
    userId: 'diego',
    stripeAccountId: null,
    amount: '150.00',
  })
  await writeMarketplace(directory, marketplace)
  expect(await loaded()).toEqual(marketplace)
})

test('a marketplace with neither file has no settlements; with one of them, the other is missed', async () => {
  await rm(join(directory, 'settlements.csv'))
  expect(await problems()).toContain('settlements.csv: expected this file, there is none')
  await rm(join(directory, 'winners.csv'))
  expect(await loaded()).toMatchObject({ settlements: [], winners: [] })
  await write('settlements.csv', SETTLEMENT_HEADER)
  expect(await problems()).toEqual(['winners.csv: expected this file, there is none'])
})

test('what breaks a rule of payment is no wrong input: the product refuses it', async () => {
  await write(
    'settlements.csv',
    SETTLEMENT_HEADER,
    'S1,C1,USD,999999999999999.99,closed',
    'S2,C1,usd,10,closed',
    'S3,C1,??,-10.50,some day',
  )
  await write('winners.csv', WINNER_HEADER, 'S1,U1,,0', 'S1,U1,,-5.00', 'S2,U1,acct_1,10', 'S3,U2,acct_2,10.5')
  const marketplace = await loaded()
  expect(settlementsOf(marketplace).map(({ settlement }) => settlement.total)).toEqual([
    99_999_999_999_999_999n,
    1_000n,
    -1_050n,
  ])
  expect(
    settlementsOf(marketplace).map(({ settlement, winners }) => settlementProblem(settlement, winners)?.rule),
  ).toEqual(['amount_not_positive', 'unknown_currency', 'not_closed'])
})

test.each([
  [
    'a settlement twice',
    'S0,C1,USD,1,closed',
    '3:1: settlement_id: expected each settlement once, and line 2 has it, got "S0"',
  ],
  ['no contest', 'S1,,USD,1,closed', '3:4: contest_id: expected a text, got nothing'],
  ['no currency', 'S1,C1,,1,closed', '3:7: currency: expected a text, got nothing'],
  ['no total', 'S1,C1,USD,,closed', '3:11: total: expected a decimal number like 1250.50, got nothing'],
  ['a total in words', 'S1,C1,USD,ten,closed', '3:11: total: expected a decimal number like 1250.50, got "ten"'],
  ['half a peso', 'S1,C1,CLP,1.5,closed', '3:11: total: expected an amount in CLP, with at most 0 decimals, got "1.5"'],
  [
    'three decimals of what nobody knows',
    'S1,C1,XBT,0.001,closed',
    '3:11: total: expected at most 15 digits and 2 decimals in a currency that nobody knows, got "0.001"',
  ],
  ['no status', 'S1,C1,USD,1,', '3:13: status: expected a text, got nothing'],
  ['a value too many', 'S1,C1,USD,1,closed,', '3:1: expected 5 values, got 6'],
])('a settlement with a wrong column is told with line, column and what was expected: %s', async (_, row, problem) => {
  await write('settlements.csv', SETTLEMENT_HEADER, 'S0,C0,USD,1,closed', row)
  await write('winners.csv', WINNER_HEADER)
  expect(await problems()).toEqual([`settlements.csv:${problem}`])
})

test.each([
  ['an unknown settlement', 'S9,U1,acct_1,1', '3:1: settlement_id: expected a settlement of settlements.csv, got "S9"'],
  ['nobody', 'S1,,acct_1,1', '3:4: user_id: expected a text, got nothing'],
  [
    'an account that is none',
    'S1,U1,12345,1',
    '3:7: stripe_account_id: expected acct_ and letters, digits or underscores, at most 255 characters, or nothing, got "12345"',
  ],
  [
    'a user with two accounts',
    'S1,U0,acct_1,1',
    '3:7: stripe_account_id: expected one account per user, and line 2 has another, got "acct_1"',
  ],
  [
    'an account of two users',
    'S1,U1,acct_0,1',
    '3:7: stripe_account_id: expected one user per account, and line 2 has another, got "acct_0"',
  ],
  ['no amount', 'S1,U1,acct_1,', '3:14: amount: expected a decimal number like 1250.50, got nothing'],
  ['an exponent', 'S1,U1,acct_1,1e3', '3:14: amount: expected a decimal number like 1250.50, got "1e3"'],
  [
    'a third decimal',
    'S1,U1,acct_1,1.001',
    '3:14: amount: expected an amount in USD, with at most 2 decimals, got "1.001"',
  ],
])('a winner with a wrong column is told with line, column and what was expected: %s', async (_, row, problem) => {
  await write('settlements.csv', SETTLEMENT_HEADER, 'S1,C1,USD,1,closed')
  await write('winners.csv', WINNER_HEADER, 'S1,U0,acct_0,1', row)
  expect(await problems()).toEqual([`winners.csv:${problem}`])
})

describe('generated settlements', () => {
  const generate = (settlements: number, seed = 1): Marketplace =>
    generateMarketplace({ sellers: 1, settlements, businessDate: DATE, seed })
  const rulesOf = (marketplace: Marketplace) =>
    settlementsOf(marketplace).map(({ settlement, winners }) => settlementProblem(settlement, winners)?.rule)

  test('fewer are the first of more, another seed gives others, and the sellers stay', () => {
    const more = generate(40)
    for (const settlements of [1, 10, 33]) {
      const fewer = generate(settlements)
      expect(fewer.settlements).toEqual(more.settlements?.slice(0, settlements))
      expect(fewer.winners).toEqual(more.winners?.slice(0, fewer.winners?.length))
      expect(fewer.sellers).toEqual(more.sellers)
    }
    expect(generate(10, 2).winners).not.toEqual(generate(10).winners)
    expect(generate(0)).toMatchObject({ settlements: [], winners: [] })
  })

  test('are such as the sandbox and the loader take, and come back from files as they were', async () => {
    const marketplace = generate(100)
    expect(marketplaceSchema.parse(marketplace)).toEqual(marketplace)
    await writeMarketplace(directory, marketplace)
    expect(await loaded()).toEqual(marketplace)
  })

  test('have 1 to 200 winners, and most of them are paid', () => {
    const marketplace = generate(300)
    const counts = settlementsOf(marketplace)
      .map(({ winners }) => winners.length)
      .filter((count) => count > 0)
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([1, 200])
    expect(rulesOf(marketplace).filter((rule) => rule === undefined).length).toBeGreaterThan(250)
  })

  test('of the first twenty one breaks each rule that a file can break, and the check agrees with the product', async () => {
    const marketplace = generate(20)
    const rules = rulesOf(marketplace)
    expect(new Set(rules)).toEqual(
      new Set([
        ...[undefined, 'sum_differs', 'no_winners', 'duplicate_winner', 'amount_not_positive'],
        ...['unknown_currency', 'mixed_currency', 'not_closed'],
      ]),
    )
    await writeMarketplace(directory, marketplace)
    expect((await expectedTransfers(directory)).settlements.map(({ rule }) => rule)).toEqual(rules)
  })

  test('even ten have transfers that are paid, refused and held, to accounts of every kind', () => {
    const accounts = (generate(10).winners ?? []).map(({ stripeAccountId }) => stripeAccountId ?? 'none')
    const kinds = ['none', 'acct_0', 'nofunds', 'closed', 'missing', 'nocap', 'pending', 'restricted', 'notallowed']
    for (const kind of [...kinds, 'forbidden', 'newcode']) {
      expect([kind, accounts.some((account) => account.includes(kind))]).toEqual([kind, true])
    }
  })
})
