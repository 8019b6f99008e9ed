import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import { parseMajor } from '@remesa/domain/money'
import type { Finding } from '@remesa/domain/reconciliation'
import { createTally, resultOf } from '@remesa/domain/reconciliation-figures'
import fc from 'fast-check'
import { compareReading } from '../src/reconciliation-comparison.ts'
import { listFindings } from '../src/reconciliation-findings.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { compareNaively } from './reconciliation-naive.ts'
import { ALL_KINDS, type Plan, plans, plant } from './reconciliation-planted.ts'
import { type Books, DAY, emptyBooks, record, stage } from './reconciliation-worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

async function compare(books: Books, options: { includeRefunds?: boolean } = {}) {
  const { database } = world
  await record(database, books)
  const run = await stage(database, books, options)
  const findings: Finding[] = []
  const tally = createTally()
  const comparison = await compareReading(database, run, (finding) => {
    findings.push(finding)
    tally.add(finding)
  })
  const { result, severity } = resultOf({
    reportId: run.reportId,
    window: DAY,
    stripeTotals: comparison.stripeTotals,
    tally,
    reportingCurrency: currency('USD'),
    tolerancePercentage: 1,
    recommendations: [],
  })
  return { run, findings, comparison, result, severity }
}

const named = (findings: readonly Pick<Finding, 'category' | 'paymentId' | 'refundId'>[]): readonly string[] =>
  findings.map(({ category, paymentId, refundId }) => `${paymentId} ${refundId ?? ''} ${category}`).sort()

test('of books with planted discrepancies of every category, all are found and nothing else, and two maps agree', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (all) => {
      const { books, expected } = plant(all)
      const { run, findings, result } = await compare(books)
      expect(named(findings)).toEqual(named(expected))
      const naive = compareNaively(books)
      expect(named(findings)).toEqual(named(naive.findings))
      for (const figures of result.byCurrency) {
        const sums = naive.totals.get(figures.currency) ?? { stripe: 0n, database: 0n, over: 0n, under: 0n }
        const minor = (text: string) => parseMajor(text, figures.currency)
        expect({
          stripe: minor(figures.stripeTotal),
          database: minor(figures.databaseTotal),
          over: minor(figures.grossOver),
          under: minor(figures.grossUnder),
        }).toEqual(sums)
      }
      const stored = await listFindings(world.database, { reportId: run.reportId, limit: 1_000 })
      expect(named(stored)).toEqual(named(findings))
    }),
    { numRuns: 25, examples: [[ALL_KINDS.map((kind, at) => aPlan(kind, at))]] },
  )
}, 60_000)

const aPlan = (kind: Plan['kind'], at: number): Plan => ({
  kind,
  amount: 1_000 + at,
  part: 300,
  currency: 'USD',
  second: at % 2 ? 0 : 86_399,
  edge: at % 4,
})

/** Books in which both sides agree, and then are made to differ. */
function someBooks(
  change: (payment: { at: number; amount: bigint; created: Date }) => { amount?: bigint; created?: Date },
  count = 10,
): Books {
  const books = emptyBooks()
  for (let at = 0; at < count; at++) {
    const ids = { paymentId: `pi_${at}`, chargeId: `ch_${at}` }
    const created = new Date(DAY.from.getTime() + at * 60_000)
    const plain = { ...ids, currency: 'USD', amount: 100_000n, refunded: 0n, created }
    books.charges.push(plain)
    books.recorded.push({ ...plain, source: 'webhook', ...change({ at, ...plain }) })
  }
  return books
}

test('10,000 too much and 10,000 too little do not make a quiet morning', async () => {
  const books = someBooks(({ at, amount }) => ({ amount: at < 2 ? amount + (at ? -10_000n : 10_000n) : amount }))
  const { result, severity } = await compare(books)
  expect(result).toMatchObject({
    status: 'discrepancy_found',
    discrepancy: '0.00',
    discrepancyPercentage: 0,
    grossOver: '100.00',
    grossUnder: '100.00',
    moneyAtRisk: '200.00',
    byCurrency: [{ grossPercentage: 2, amountMismatches: 2 }],
  })
  expect(severity).toBe('warning')
})

test('the window is half-open, to the millisecond, and what one side puts across its edge is timing', async () => {
  const [first, last] = [DAY.from.getTime(), DAY.to.getTime()]
  const times = [first, first - 1, last - 1, last]
  const books = someBooks(({ at }) => ({ created: new Date(times[at] ?? first) }), 4)
  const { findings, result } = await compare(books)
  expect(named(findings)).toEqual(['pi_1  timing', 'pi_3  timing'])
  expect(result).toMatchObject({ status: 'success', stripeTotal: '4000.00', databaseTotal: '4000.00' })
})

test('without refunds only what was captured is compared', async () => {
  const { books } = plant([aPlan('refund_unknown', 0), aPlan('old_refund_lost', 1), aPlan('refund_is_late', 2)])
  const { findings, result } = await compare(books, { includeRefunds: false })
  expect(findings).toEqual([])
  expect(result).toMatchObject({ status: 'success', stripeTotal: '20.02', databaseTotal: '20.02' })
})

test('a pending refund explains no other one, and one that Stripe has since paid is no discrepancy', async () => {
  const old = new Date(DAY.from.getTime() - 5_000_000)
  const books = emptyBooks()
  for (const paymentId of ['pi_lost', 'pi_slow']) {
    const payment = { paymentId, chargeId: `ch_${paymentId}`, currency: 'USD', amount: 1_000n, created: old }
    books.charges.push({ ...payment, refunded: 600n })
    books.recorded.push({ ...payment, refunded: 300n, source: 'webhook' })
    const refund = { refundId: `re_${paymentId}`, paymentId, currency: 'USD', amount: 300n, created: DAY.from }
    const isSlow = paymentId === 'pi_slow'
    books.refunds.push(refund)
    books.recordedRefunds.push({
      ...refund,
      ...(!isSlow && { refundId: 're_another', created: old }),
      status: 'pending',
    })
  }
  const { findings } = await compare(books)
  expect(named(findings)).toEqual(['pi_lost re_pi_lost refund_mismatch'])
})

test('two empty sides agree, and what one side alone has is a hundred per cent', async () => {
  expect(await compare(emptyBooks())).toMatchObject({
    severity: 'none',
    result: { status: 'success', discrepancyPercentage: 0 },
  })
  const books = { ...someBooks(() => ({}), 1), recorded: [] }
  expect(await compare(books)).toMatchObject({ severity: 'critical', result: { discrepancyPercentage: 100 } })
})

test('a report that is compared twice at once has its findings once, and whoever lost the run stores none', async () => {
  const { database } = world
  const books = { ...someBooks(() => ({}), 1_000), recorded: [] }
  await record(database, books)
  const run = await stage(database, books)
  const compared = () => compareReading(database, run, () => undefined)
  const findings = () => listFindings(database, { reportId: run.reportId, limit: 10_000 })
  await Promise.all([compared(), compared()])
  expect(await findings()).toHaveLength(1_000)
  await database.deleteFrom('reconciliation_findings').where('report_id', '=', run.reportId).execute()
  await expect(compareReading(database, { ...run, leaseToken: randomUUID() }, () => undefined)).rejects.toThrow(
    'taken over',
  )
  expect(await findings()).toEqual([])
})

test('what was read in part, or lost since, is never compared', async () => {
  const { database } = world
  const books = someBooks(() => ({}))
  await record(database, books)
  const run = await stage(database, books)
  const { readingId } = run
  const compared = () => compareReading(database, run, () => undefined)
  await database.deleteFrom('reconciliation_staged_payments').where('payment_id', '=', 'pi_3').execute()
  await expect(compared()).rejects.toThrow('not whole')
  // A database that crashed has lost everything unlogged; the reader goes on with its last slice all the same.
  await database.deleteFrom('reconciliation_staged_payments').where('reading_id', '=', readingId).execute()
  for (const kind of ['charges', 'refunds', 'look_ups'] as const) {
    await database
      .deleteFrom('reconciliation_slices')
      .where('reading_id', '=', readingId)
      .where('kind', '=', kind)
      .execute()
    await expect(compared()).rejects.toThrow('not whole')
  }
})
