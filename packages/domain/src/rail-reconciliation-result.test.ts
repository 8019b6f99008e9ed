import { expect, test } from '@jest/globals'
import { money } from './money.ts'
import type { ProviderPayment } from './rail-reconciliation.ts'
import {
  createRailTally,
  differenceOf,
  failedRailResult,
  type RailFinding,
  type RecordedSide,
} from './rail-reconciliation-result.ts'

const at = new Date('2026-11-20T12:00:00Z')
const window = { from: new Date('2026-11-20T00:00:00Z'), to: new Date('2026-11-21T00:00:00Z') }
const theirs = (amount: bigint, currency = 'USD', takenBack = 0n): ProviderPayment => {
  const ids = { reference: 'p-1', key: 'k-1', payableId: 'b-1' }
  return { ...ids, money: money(amount, currency), takenBack, state: 'paid', at }
}
const ours = (amount: bigint, takenBack = 0n): RecordedSide => ({
  ...{ id: 'a-1', payableType: 'seller_balance', payableId: 'b-1', reference: 'p-1', state: 'paid', at },
  ...{ money: money(amount, 'USD'), takenBack, begunAt: at, changedAt: at },
})

test('what two payments differ by is counted after what came back, in each currency for itself', () => {
  const [USD, PEN] = [(amount: bigint) => money(amount, 'USD'), (amount: bigint) => money(amount, 'PEN')]
  const both = (provider: ProviderPayment, recorded: RecordedSide) => ({ provider, recorded })
  expect(differenceOf(both(theirs(900n), ours(1_000n)), 'amount')).toEqual({ under: USD(100n) })
  expect(differenceOf(both(theirs(1_000n), ours(1_000n, 300n)), 'amount')).toEqual({ over: USD(300n) })
  expect(differenceOf(both(theirs(1_000n, 'PEN'), ours(1_000n)), 'currency')).toEqual({
    over: PEN(1_000n),
    under: USD(1_000n),
  })
  expect(differenceOf(both(theirs(1_000n, 'USD', 400n), ours(1_000n)), 'duplicate')).toEqual({ over: USD(600n) })
  expect(differenceOf({ provider: undefined, recorded: ours(1_000n) }, 'recorded_not_paid')).toEqual({
    under: USD(1_000n),
  })
  expect(differenceOf({ provider: theirs(1_000n), recorded: undefined }, 'paid_not_recorded')).toEqual({
    over: USD(1_000n),
  })
  expect(differenceOf(both(theirs(900n), ours(1_000n)), 'timing')).toEqual({})
  const unreadable = { ...theirs(1n), money: undefined }
  expect(differenceOf(both(unreadable, ours(1_000n)), 'amount')).toEqual({})
})

const finding = (change: Partial<RailFinding>): RailFinding => ({
  ...{ category: 'amount', urgent: false, provider: theirs(1_000n), recorded: ours(1_000n) },
  ...change,
})
const totals = [{ currency: money(0n, 'USD').currency, total: 500_000n, payments: 12 }]

test('over and under never cancel out, and the most urgent is advised on first', () => {
  const tally = createRailTally()
  tally.add(finding({ over: money(10_000n, 'USD'), urgent: true }))
  tally.add(finding({ under: money(10_000n, 'USD') }))
  tally.add(finding({ category: 'duplicate', urgent: true, over: money(5n, 'PEN') }))
  const { result, severity } = tally.resultOf({ reportId: 'r-1', books: 'fpay', window, totals })
  expect(severity).toBe('critical')
  expect(result).toMatchObject({ status: 'discrepancy_found', urgent: 2, payments: 12, date: '2026-11-20' })
  expect(result.findings).toMatchObject({ amount: 2, duplicate: 1, timing: 0 })
  expect(result.byCurrency).toEqual([
    { currency: 'PEN', payments: 0, total: '0.00', grossOver: '0.05', grossUnder: '0.00', moneyAtRisk: '0.05' },
    {
      currency: 'USD',
      payments: 12,
      total: '5000.00',
      grossOver: '100.00',
      grossUnder: '100.00',
      moneyAtRisk: '200.00',
    },
  ])
  expect(result.recommendations.map((text) => text.split(' ')[0])).toEqual(['FPay', 'More', 'Less'])
})

test('timing alone is a success; what is not urgent is a warning', () => {
  const quiet = createRailTally()
  quiet.add(finding({ category: 'timing' }))
  const known = { reportId: 'r-1', books: 'stripe-transfers', window, totals } as const
  expect(quiet.resultOf(known)).toMatchObject({ severity: 'none', result: { status: 'success', recommendations: [] } })
  const mild = createRailTally()
  mild.add(finding({}))
  expect(mild.resultOf(known)).toMatchObject({ severity: 'warning', result: { status: 'discrepancy_found' } })
})

test('a hundred thousand findings name five payments, and how many more there are', () => {
  const tally = createRailTally()
  for (let n = 0; n < 1_000; n += 1) tally.add(finding({ provider: { ...theirs(1n), reference: `p-${n}` } }))
  const { result } = tally.resultOf({ reportId: 'r-1', books: 'netsuite', window, totals })
  expect(result.recommendations).toEqual([expect.stringContaining('p-0, p-1, p-2, p-3, p-4 and 995 more')])
})

test('a run that failed says nothing about money', () => {
  expect(failedRailResult({ reportId: 'r-1', books: 'payoneer', window })).toMatchObject({
    status: 'error',
    payments: 0,
    byCurrency: [],
    recommendations: [expect.stringContaining('Payoneer could not be read')],
  })
})
