import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currency } from './currency.ts'
import type { Finding, FindingCategory, PaymentSource } from './reconciliation.ts'
import { bucketOf, createRecommender } from './reconciliation-recommendations.ts'

const USD = currency('USD')
const window = { from: new Date('2026-11-20T00:00:00Z'), to: new Date('2026-11-21T00:00:00Z') }
const at = (minutes: number): Date => new Date(window.from.getTime() + minutes * 60_000)

interface Facts {
  readonly id: string
  readonly minutes?: number
  readonly recordedMinutes?: number
  readonly amount?: bigint
  readonly recorded?: bigint
  readonly code?: string
  readonly source?: PaymentSource
}

function aFinding(category: FindingCategory, facts: Facts): Finding {
  const { id, minutes = 60, recordedMinutes = minutes, amount = 100n, recorded = amount, code = 'USD' } = facts
  const side = (value: bigint, when: number) => ({
    currency: currency(code),
    amount: value,
    refunded: 0n,
    created: at(when),
  })
  const stripe = category === 'missing_in_stripe' ? null : side(amount, minutes)
  const database = category === 'missing_in_database' ? null : side(recorded, recordedMinutes)
  const money = { amount, currency: currency(code) }
  return {
    ...{ category, paymentId: `pi_${id}`, refundId: null, stripe, database, source: facts.source ?? null },
    over: category === 'missing_in_database' || category.endsWith('mismatch') ? money : null,
    under: category === 'missing_in_stripe' ? money : null,
  }
}

/** @param everyMinutes - how often Stripe has a payment, those that are missing included */
function advise(
  findings: readonly Finding[],
  everyMinutes = 10,
  totals = [{ currency: USD, total: 100_000n, payments: 144 }],
) {
  const recommender = createRecommender(window)
  findings.forEach(recommender.add)
  const stripePayments = new Map<number, number>()
  for (let minute = 0; minute < 1_440; minute += everyMinutes) {
    const bucket = bucketOf(at(minute), window)
    stripePayments.set(bucket, (stripePayments.get(bucket) ?? 0) + 1)
  }
  return recommender.recommend({ stripeTotals: totals, stripePayments })
}

test('nothing found, nothing recommended', () => {
  expect(advise([])).toEqual([])
})

test('hours without a webhook are one gap with its span; what is missing here and there is not', () => {
  const gap = Array.from({ length: 12 }, (_, n) =>
    aFinding('missing_in_database', { id: `gap${n}`, minutes: 600 + n * 10 }),
  )
  const strays = [30, 1_200].map((minutes) => aFinding('missing_in_database', { id: `stray${minutes}`, minutes }))
  expect(advise([...gap, ...strays])).toEqual([
    'No webhook of Stripe’s was recorded from 2026-11-20T10:00:00Z to 2026-11-20T11:50:00Z: 12 payments (USD 12.00). Resend the events of that time, or sync pi_gap0, pi_gap1, pi_gap2, pi_gap3, pi_gap4, pi_gap5, pi_gap6, pi_gap7, pi_gap8, pi_gap9 and 2 more.',
    '2 payments in Stripe (USD 2.00) are not in the database, from 2026-11-20T00:30:00Z to 2026-11-20T20:00:00Z: sync pi_stray30, pi_stray1200.',
  ])
})

test('times that are off by whole hours are a time zone', () => {
  const shifted = ['a', 'b'].map((id) => aFinding('timing', { id, minutes: 1_300, recordedMinutes: 1_300 + 180 }))
  expect(advise(shifted)).toEqual([
    '2 payments recorded exactly 3 h later than Stripe has them, across the edge of the window: the writer’s time zone is not UTC. Mend it, then sync pi_a, pi_b.',
  ])
})

test('each kind of finding has its own advice, and names its payments', () => {
  const texts = advise([
    aFinding('missing_in_stripe', { id: 'hand', source: 'manual' }),
    aFinding('missing_in_stripe', { id: 'odd', source: 'webhook' }),
    aFinding('amount_mismatch', { id: 'scaled', amount: 500n, recorded: 50_000n }),
    aFinding('amount_mismatch', { id: 'off', amount: 500n, recorded: 501n }),
    aFinding('refund_mismatch', { id: 'back' }),
    aFinding('currency_mismatch', { id: 'sol' }),
    aFinding('duplicate', { id: 'twice' }),
    { ...aFinding('duplicate', { id: 'x' }), paymentId: 'ch_pi_under' },
    { ...aFinding('missing_in_stripe', { id: 'many', source: 'webhook' }), isNotLookedUp: true },
    aFinding('timing', { id: 'late' }),
    { ...aFinding('not_looked_up', { id: 'unasked' }), isNotLookedUp: true },
    { ...aFinding('timing', { id: 'under_way' }), pendingRefund: 'at_stripe' },
    { ...aFinding('timing', { id: 'ended' }), pendingRefund: 'on_record' },
    aFinding('timing', { id: 'edge', minutes: 0, recordedMinutes: -0.5 }),
  ])
  const about = (id: string): string => texts.find((text) => text.includes(`pi_${id}`)) ?? ''
  expect(about('hand')).toContain('by hand')
  expect(about('odd')).toContain('unknown to Stripe')
  expect(about('scaled')).toMatch(/^1 payment differs by exactly .* minor units/)
  expect(about('off')).toContain('another amount')
  // The finding has the charge's time; its refunds' events came at other times, which are not known here.
  expect(about('back')).toBe('1 payment with other refunds than in Stripe (USD 1.00): sync pi_back.')
  expect(about('sol')).toContain('another currency')
  expect(about('twice')).toContain('charged more than once')
  expect(about('under')).toContain('recorded under the id of the charge')
  expect(about('many')).toMatch(/was not looked up.*shorter windows/)
  expect(about('many')).not.toContain('void')
  expect(about('late')).toContain('nothing to do')
  expect(about('unasked')).toMatch(/were not looked up.*sync what was not looked up/)
  expect(about('under_way')).toContain('pending at Stripe: nothing to do until Stripe has ended them')
  expect(about('ended')).toContain('not at Stripe any more: sync')
  expect(about('edge')).toContain('edge of the window')
  expect(texts).toHaveLength(14)
})

test('the advice about the most money comes first, each currency by its share', () => {
  const texts = advise(
    [
      aFinding('refund_mismatch', { id: 'small', amount: 900n, code: 'CLP' }),
      aFinding('amount_mismatch', { id: 'large', amount: 500n, recorded: 7n }),
      aFinding('currency_mismatch', { id: 'mid', amount: 400n }),
    ],
    10,
    [
      { currency: USD, total: 10_000n, payments: 1 },
      { currency: currency('CLP'), total: 1_000_000n, payments: 1 },
    ],
  )
  expect(texts.map((text) => /pi_(small|large|mid)/.exec(text)?.[1])).toEqual(['large', 'large', 'mid', 'small'])
})

test('one payment with most of the money at risk is named before all else', () => {
  const [first] = advise([
    aFinding('amount_mismatch', { id: 'whale', amount: 90_000n, recorded: 1n }),
    ...['a', 'b'].map((id) => aFinding('missing_in_database', { id })),
  ])
  expect(first).toBe('pi_whale alone is USD 900.00 of USD 902.00 at risk (amount mismatch): look at it first.')
})

test('however many findings there are, what is said stays short, and counts them all', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_000 }), (count) => {
      const texts = advise(
        Array.from({ length: count }, (_, n) =>
          aFinding('missing_in_database', { id: String(n), minutes: (n * 7) % 1_440 }),
        ),
        1,
      )
      for (const text of texts) expect(text.length).toBeLessThan(600)
      const counted = texts.map((text) => Number(/(\d+) payments?/.exec(text)?.[1] ?? 0))
      expect(counted.reduce((sum, one) => sum + one, 0)).toBe(count)
    }),
    { numRuns: 30 },
  )
})
