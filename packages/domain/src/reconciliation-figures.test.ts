import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currency } from './currency.ts'
import type { Finding, FindingCategory } from './reconciliation.ts'
import { createTally, exceeds, percentageOf, resultOf } from './reconciliation-figures.ts'
import { LISTED } from './reconciliation-result.ts'

const USD = currency('USD')
const window = { from: new Date('2026-11-20T00:00:00Z'), to: new Date('2026-11-21T00:00:00Z') }

function aFinding(category: FindingCategory, amount: bigint, code = 'USD'): Finding {
  const money = { amount: amount < 0n ? -amount : amount, currency: currency(code) }
  const side = { ...money, refunded: 0n, created: window.from }
  return {
    ...{ category, paymentId: 'pi_1', refundId: null, source: null, stripe: side, database: side },
    over: amount > 0n ? money : null,
    under: amount < 0n ? money : null,
  }
}

function judge(
  total: bigint,
  findings: readonly Finding[],
  { tolerancePercentage = 1, others = [] as { currency: string; total: bigint }[] } = {},
) {
  const tally = createTally()
  findings.forEach(tally.add)
  return resultOf({
    ...{ reportId: 'r', window, tally, reportingCurrency: USD, tolerancePercentage, recommendations: [] },
    stripeTotals: [
      { currency: USD, total, payments: 10 },
      ...others.map((one) => ({ ...one, currency: currency(one.currency), payments: 1 })),
    ],
  })
}

test('exactly five per cent is a warning, a cent more is critical', () => {
  // The database has 100.00 in both; Stripe 5.00 more, then 5.01.
  expect(judge(10_500n, [aFinding('amount_mismatch', 500n)])).toMatchObject({ severity: 'warning', worstPercentage: 5 })
  expect(judge(10_501n, [aFinding('amount_mismatch', 501n)])).toMatchObject({
    severity: 'critical',
    worstPercentage: 5.01,
  })
})

test('something missing is a discrepancy however small it is, of which nobody is told; timing is none', () => {
  expect(judge(1_000_000_000n, [aFinding('missing_in_database', 1n)])).toMatchObject({
    severity: 'none',
    result: { status: 'discrepancy_found', missingInDatabase: ['pi_1'], discrepancyPercentage: 0.0001 },
  })
  expect(judge(0n, [aFinding('timing', 0n)])).toMatchObject({ severity: 'none', result: { status: 'success' } })
})

test('exactly the tolerance is within it, a cent more is a warning; what cancels out counts in full', () => {
  // The database has 100.00 each time.
  expect(judge(10_100n, [aFinding('amount_mismatch', 100n)])).toMatchObject({
    ...{ severity: 'none', worstPercentage: 1 },
    result: { status: 'discrepancy_found' },
  })
  expect(judge(10_101n, [aFinding('amount_mismatch', 101n)])).toMatchObject({ severity: 'warning' })
  const cancelling = [aFinding('amount_mismatch', 51n), aFinding('amount_mismatch', -50n)]
  expect(judge(10_001n, cancelling)).toMatchObject({ severity: 'warning', worstPercentage: 1.01 })
  // Nothing is tolerated: then the smallest finding is told.
  expect(judge(1_000_000_000n, [aFinding('missing_in_database', 1n)], { tolerancePercentage: 0 })).toMatchObject({
    severity: 'warning',
  })
})

test('above five per cent people are woken, whatever is tolerated', () => {
  const findings = [aFinding('amount_mismatch', 501n)]
  expect(judge(10_501n, findings, { tolerancePercentage: 10 })).toMatchObject({ severity: 'critical' })
  expect(judge(10_500n, [aFinding('amount_mismatch', 500n)], { tolerancePercentage: 10 })).toMatchObject({
    ...{ severity: 'none', result: { status: 'discrepancy_found' } },
  })
})

test('currencies are never added together, and the one that is worst off decides', () => {
  const { result, severity } = judge(100_000n, [aFinding('missing_in_stripe', -900n, 'CLP')], {
    others: [{ currency: 'CLP', total: 0n }],
  })
  expect(severity).toBe('critical')
  expect(result).toMatchObject({
    ...{ stripeTotal: '1000.00', databaseTotal: '1000.00', discrepancy: '0.00', moneyAtRisk: '0.00' },
    byCurrency: [
      { currency: 'USD', grossUnder: '0.00' },
      { currency: 'CLP', stripeTotal: '0', databaseTotal: '900', discrepancy: '-900', grossPercentage: 100 },
    ],
  })
})

test('a million missing payments make a list of ten thousand, and count all the same', () => {
  const tally = createTally()
  for (let n = 0; n < LISTED + 5; n++) tally.add({ ...aFinding('missing_in_database', 1n), paymentId: `pi_${n}` })
  expect(tally.missingInDatabase).toHaveLength(LISTED)
  expect(tally.count('missing_in_database')).toBe(LISTED + 5)
})

test.each([
  { difference: 0n, total: 0n, percentage: 0 },
  { difference: 1n, total: 0n, percentage: 100 },
  { difference: -1n, total: 0n, percentage: 100 },
  { difference: 100n, total: 100n, percentage: 100 },
  { difference: 1n, total: 3n, percentage: 33.3334 },
  { difference: 500_004n, total: 10_000_000n, percentage: 5.0001 },
  { difference: 499_999n, total: 10_000_000n, percentage: 5 },
  { difference: 5n, total: -100n, percentage: 5 },
])('$difference of $total is $percentage %', ({ difference, total, percentage }) => {
  expect(percentageOf(difference, total)).toBe(percentage)
})

test('what is shown as a percentage is never more than what is judged, whatever the amounts', () => {
  const amount = fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n })
  fc.assert(
    fc.property(amount, amount, fc.integer({ min: 0, max: 100 }), (difference, total, percentage) => {
      const isAbove = exceeds(difference, total, percentage)
      const whole = total === 0n ? difference : total
      const absolute = (n: bigint) => (n < 0n ? -n : n)
      if (total !== 0n) expect(isAbove).toBe(absolute(difference) * 100n > absolute(whole) * BigInt(percentage))
      if (!isAbove) expect(percentageOf(difference, total)).toBeLessThanOrEqual(percentage)
    }),
  )
})

test('totals, gross and net fit together in every currency', () => {
  const signed = fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n })
  fc.assert(
    fc.property(fc.array(signed, { maxLength: 30 }), fc.bigInt({ min: 0n, max: 10n ** 12n }), (differences, total) => {
      const { result } = judge(
        total,
        differences.map((one) => aFinding('amount_mismatch', one)),
      )
      const minor = (text: string): bigint => BigInt(text.replace('.', ''))
      const over = differences.filter((one) => one > 0n).reduce((sum, one) => sum + one, 0n)
      const under = differences.filter((one) => one < 0n).reduce((sum, one) => sum - one, 0n)
      expect(minor(result.grossOver)).toBe(over)
      expect(minor(result.grossUnder)).toBe(under)
      expect(minor(result.moneyAtRisk)).toBe(over + under)
      expect(minor(result.stripeTotal) - minor(result.databaseTotal)).toBe(over - under)
      expect(minor(result.discrepancy)).toBe(over - under)
    }),
  )
})
