import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { taxIdProblem } from '@remesa/domain/tax-id'
import { type Marketplace, marketplace as marketplaceSchema } from '@remesa/sandbox/marketplace'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { type ExpectedPayment, expectedPayments } from './support/expected-payments.ts'
import { writeMarketplace } from './support/write-marketplace.ts'

const DATE = businessDate('2026-11-19')
const generate = (sellers: number, seed?: number): Marketplace =>
  generateMarketplace({ sellers, businessDate: DATE, ...(seed !== undefined && { seed }) })

const directories: string[] = []
afterAll(() => Promise.all(directories.map((made) => rm(made, { recursive: true, force: true }))))

async function expectedOf(marketplace: Marketplace): Promise<readonly ExpectedPayment[]> {
  const directory = await mkdtemp(join(tmpdir(), 'remesa-generate-'))
  directories.push(directory)
  await writeMarketplace(directory, marketplace)
  return expectedPayments(directory, DATE)
}

test('the same number of sellers gives the same marketplace, another seed another one', () => {
  expect(generate(150)).toEqual(generate(150))
  expect(generate(150, 2).sellers).not.toEqual(generate(150).sellers)
})

test('fewer sellers are the first of more, whatever their number', () => {
  const more = generate(500)
  for (const sellers of [1, 12, 60, 61, 233]) expect(generate(sellers).sellers).toEqual(more.sellers.slice(0, sellers))
})

test('another business date changes the dates alone', () => {
  const later = generateMarketplace({ sellers: 100, businessDate: businessDate('2027-03-01') })
  expect(later.sellers).toEqual(generate(100).sellers)
  expect(later.documents.map(({ amount }) => amount)).toEqual(generate(100).documents.map(({ amount }) => amount))
  expect(later.documents.some(({ date }) => date === '2027-02-28')).toBe(true)
})

test('names, ids and amounts are such as the sandboxes and the product take', () => {
  const marketplace = generate(500)
  expect(marketplaceSchema.parse(marketplace)).toEqual(marketplace)
  for (const seller of marketplace.sellers) expect(taxIdProblem(seller, seller.taxId)).toBeUndefined()
  const local = marketplace.sellers.filter(({ operationType }) => operationType === 'local')
  expect(new Set(local.map(({ taxId }) => taxId)).size).toBe(local.length)
})

test('a marketplace of a dozen has the most telling cases', async () => {
  const statuses = (await expectedOf(generate(12))).map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set(['paid', 'blocked', 'failed', 'no_payment_due']))
})

describe('every case is there once sixty sellers are', () => {
  const marketplace = generate(60)
  const { sellers, documents, closings } = marketplace
  let expected: readonly ExpectedPayment[]
  beforeAll(async () => {
    expected = await expectedOf(marketplace)
  })
  const documentsOf = ({ gscSellerId, country }: { gscSellerId: string; country: string }) =>
    documents.filter((document) => document.gscSellerId === gscSellerId && document.country === country)
  const closingOf = ({ gscSellerId, country }: { gscSellerId: string; country: string }) =>
    closings.find((closing) => closing.gscSellerId === gscSellerId && closing.country === country)
  const minor = (amount: string) => BigInt(amount.replace('.', ''))

  test.each<[string, () => boolean]>([
    ['several currencies', () => new Set(expected.map(({ currency }) => currency)).size >= 4],
    ['a seller in two countries', () => sellers.some(({ countries }) => countries.filter((c) => c.enabled).length > 1)],
    ['a disabled country', () => sellers.some(({ countries }) => countries.every(({ country }) => country === 'uy'))],
    ['a seller disabled everywhere', () => sellers.some(({ countries }) => countries.every((c) => !c.enabled))],
    [
      'a seller disabled in one of two countries',
      () => sellers.some(({ countries }) => countries.length === 2 && countries.some((c) => !c.enabled)),
    ],
    ['no documents', () => expected.some((balance) => documentsOf(balance).length === 0 && !closingOf(balance))],
    ['a closing and no documents', () => expected.some((b) => documentsOf(b).length === 0 && closingOf(b))],
    ['a negative balance', () => expected.some(({ amount }) => amount !== undefined && amount < 0n)],
    [
      'a balance of zero with documents',
      () => expected.some((balance) => balance.amount === 0n && documentsOf(balance).length > 1),
    ],
    ['a payment without a closing', () => expected.some((b) => b.status === 'paid' && !closingOf(b))],
    [
      'a closing over another amount',
      () => expected.some((b) => b.status === 'paid' && minor(closingOf(b)?.amount ?? '0') > (b.amount ?? 0n)),
    ],
    ['a missing FPay id', () => expected.some((b) => b.rail === 'fpay' && !b.account && b.status === 'blocked')],
    ['a missing payee id', () => expected.some((b) => b.rail === 'payoneer' && !b.account && b.status === 'blocked')],
    ['an international seller paid', () => expected.some((b) => b.rail === 'payoneer' && b.status === 'paid')],
    ['an international seller owed pesos', () => expected.some((b) => b.rail === 'payoneer' && b.currency === 'CLP')],
    ['a local seller paid in dollars', () => expected.some((b) => b.rail === 'fpay' && b.currency === 'USD')],
    ['a document in a wrong currency', () => expected.some(({ amount }) => amount === undefined)],
    [
      'documents of other days only',
      () =>
        expected.some(
          (b) => b.amount === 0n && documentsOf(b).length > 0 && documentsOf(b).every((d) => d.date !== DATE),
        ),
    ],
    [
      'documents of other days beside',
      () => expected.some((b) => b.status === 'paid' && documentsOf(b).some((d) => d.date !== DATE)),
    ],
    ['pesos written with decimals', () => documents.some((d) => d.currency === 'CLP' && d.amount.endsWith('.00'))],
    ['a payment of one unit', () => expected.some((b) => b.status === 'paid' && (b.amount ?? 0n) <= 100n)],
    ['a payment above 32 bits', () => expected.some((b) => b.status === 'paid' && (b.amount ?? 0n) > 2n ** 32n)],
    ['a 1P seller', () => sellers.some(({ type }) => type === '1P')],
    ...['FP-CLOSED', 'FP-NOFUNDS', 'FP-SLOW', 'PY-CLOSED', 'PY-NOFUNDS', 'PY-SLOW'].map(
      (account): [string, () => boolean] => [
        account,
        () => expected.some((balance) => balance.account?.startsWith(`${account}-`) && (balance.amount ?? 0n) > 0n),
      ],
    ),
  ])('%s', (_, isThere) => {
    expect(isThere()).toBe(true)
  })
})

test('in a large one most sellers are simply paid, special cases are few, slow banks fewer', async () => {
  const marketplace = generate(2_000)
  const expected = await expectedOf(marketplace)
  const share = (status: string) => expected.filter((balance) => balance.status === status).length / expected.length
  expect(share('paid')).toBeGreaterThan(0.85)
  expect(share('failed')).toBeGreaterThan(0.01)
  expect(share('failed')).toBeLessThan(0.04)
  const slow = marketplace.sellers.filter((s) => /-SLOW-/.test(`${s.fpayId}${s.payoneerPayeeId}`))
  expect(slow.length).toBeLessThanOrEqual(6)
  const countries = marketplace.sellers.reduce((count, seller) => count + seller.countries.length, 0)
  expect(countries / 2_000).toBeCloseTo(1.15, 1)
  expect(marketplace.documents.length / countries).toBeCloseTo(3, 0)
})
