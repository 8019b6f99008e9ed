import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currency } from './currency.ts'
import {
  comparePayment,
  compareRefund,
  type DatabaseSide,
  type PaymentPair,
  type StripeSide,
} from './reconciliation.ts'

const USD = currency('USD')
const created = new Date('2026-11-20T12:00:00Z')
const stripe = (changes: Partial<StripeSide> = {}): StripeSide => ({
  ...{ currency: USD, amount: 1_000n, refunded: 0n, refundedInWindow: 0n, created, isInWindow: true, charges: 1 },
  ...{ refundedUnknown: changes.refundedInWindow ?? 0n, refundedPending: 0n, chargeId: 'ch_1' },
  ...changes,
})
const database = (changes: Partial<DatabaseSide> = {}): DatabaseSide => ({
  ...{ currency: USD, amount: 1_000n, refunded: 0n, created, isInWindow: true },
  ...{
    refundedShared: 0n,
    refundedAlone: 0n,
    refundedElsewhere: 0n,
    refundedNotLookedUp: 0n,
    refundedPendingAlone: 0n,
  },
  ...{ source: 'webhook', duplicateOf: null, recordedAs: null, isLookedUp: true, chargeId: 'ch_1' },
  ...changes,
})
const compare = (s: StripeSide | null, d: DatabaseSide | null) =>
  comparePayment({ paymentId: 'pi_1', stripe: s, database: d })
const usd = (amount: bigint) => ({ amount, currency: USD })

test.each([
  { about: 'both agree', s: stripe(), d: database(), found: undefined },
  {
    about: 'we lack it',
    s: stripe(),
    d: null,
    found: { category: 'missing_in_database', over: usd(1_000n), under: null },
  },
  {
    about: 'Stripe lacks it',
    s: null,
    d: database(),
    found: { category: 'missing_in_stripe', over: null, under: usd(1_000n) },
  },
  {
    about: 'Stripe lacks it in its lists and was not asked',
    s: null,
    d: database({ isLookedUp: false }),
    found: { category: 'missing_in_stripe', isNotLookedUp: true },
  },
  {
    about: 'we have it under the id of its charge',
    s: stripe(),
    d: database({ recordedAs: 'ch_1' }),
    found: { category: 'duplicate', paymentId: 'ch_1', over: null, under: null },
  },
  {
    about: 'we have its charge under another id, too',
    s: null,
    d: database({ duplicateOf: 'pi_2' }),
    found: { category: 'duplicate', under: usd(1_000n) },
  },
  {
    about: 'it was charged twice',
    s: stripe({ charges: 2, amount: 2_000n }),
    d: database(),
    found: { category: 'duplicate', over: usd(1_000n) },
  },
  {
    about: 'Stripe has more',
    s: stripe({ amount: 1_001n }),
    d: database(),
    found: { category: 'amount_mismatch', over: usd(1n), under: null },
  },
  {
    about: 'amount and refund differ by the same, which does not cancel out',
    s: stripe({ amount: 1_100n, refunded: 100n, refundedInWindow: 100n }),
    d: database(),
    found: { category: 'amount_mismatch', over: usd(100n), under: usd(100n) },
  },
  {
    about: 'we do not know of a refund in the window',
    s: stripe({ refunded: 300n, refundedInWindow: 300n }),
    d: database(),
    found: { category: 'refund_mismatch', over: null, under: usd(300n) },
  },
  {
    about: 'we know of a refund that there is not',
    s: stripe(),
    d: database({ refunded: 300n }),
    found: { category: 'refund_mismatch', over: usd(300n), under: null },
  },
  {
    about: 'Stripe has a refund after the window that we do not know of yet',
    s: stripe({ refunded: 300n }),
    d: database(),
    found: { category: 'timing', over: null, under: null },
  },
  {
    about: 'we know of a refund after the window that Stripe did not have when it was read',
    s: stripe(),
    d: database({ refunded: 300n, refundedElsewhere: 300n }),
    found: { category: 'timing' },
  },
  {
    about: 'both know the same sum, and nobody knows when',
    s: stripe({ refunded: 300n, refundedInWindow: 100n }),
    d: database({ refunded: 300n }),
    found: undefined,
  },
  {
    about: 'we lack a refund in the window, and know by name one of the same sum after it',
    s: stripe({ refunded: 1_000n, refundedInWindow: 500n }),
    d: database({ refunded: 500n, refundedElsewhere: 500n }),
    found: { category: 'refund_mismatch', over: null, under: usd(500n) },
  },
  {
    about: 'we know by name a refund in the window that Stripe lacks, and Stripe has another one after it that we know',
    s: stripe({ refunded: 300n }),
    d: database({ refunded: 600n, refundedAlone: 300n, refundedElsewhere: 300n }),
    found: { category: 'refund_mismatch', over: usd(300n), under: null },
  },
  {
    about: 'we know more than Stripe has, by no name',
    s: stripe({ refunded: 300n }),
    d: database({ refunded: 600n, refundedElsewhere: 300n }),
    found: { category: 'refund_mismatch', over: usd(300n), under: null },
  },
  {
    about: 'what we know by no name is not enough for the window',
    s: stripe({ refunded: 900n, refundedInWindow: 500n }),
    d: database({ refunded: 400n }),
    found: { category: 'refund_mismatch', over: null, under: usd(100n) },
  },
  {
    about: 'a refund that both have has another amount',
    s: stripe({ refunded: 300n, refundedInWindow: 300n, refundedUnknown: 0n }),
    d: database({ refunded: 200n, refundedShared: 200n }),
    found: { category: 'refund_mismatch', over: null, under: usd(100n) },
  },
  {
    about: 'another currency',
    s: stripe(),
    d: database({ currency: currency('PEN') }),
    found: { category: 'currency_mismatch', over: usd(1_000n), under: { amount: 1_000n, currency: 'PEN' } },
  },
  {
    about: 'it was charged once in the window and once outside, of which we have the one outside',
    s: stripe({ chargeId: 'ch_2' }),
    d: database({ isInWindow: false }),
    found: { category: 'duplicate', over: usd(1_000n), under: null },
  },
  {
    about: 'we put it outside, by hand and under no charge of Stripe’s',
    s: stripe(),
    d: database({ isInWindow: false, chargeId: 'by hand' }),
    found: { category: 'timing', over: null },
  },
  {
    about: 'we put it outside',
    s: stripe(),
    d: database({ isInWindow: false }),
    found: { category: 'timing', over: null },
  },
  {
    about: 'Stripe has not ended a refund that we lack',
    s: stripe({ refunded: 300n, refundedPending: 300n }),
    d: database(),
    found: { category: 'timing', pendingRefund: 'at_stripe', over: null, under: null },
  },
  {
    about: 'a refund that Stripe has ended is still pending on record',
    s: stripe(),
    d: database({ refunded: 300n, refundedElsewhere: 300n, refundedPendingAlone: 300n }),
    found: { category: 'timing', pendingRefund: 'on_record', over: null },
  },
  {
    about: 'a refund of ours was not looked up',
    s: stripe({ refunded: 350n }),
    d: database({ refunded: 300n, refundedAlone: 300n, refundedNotLookedUp: 300n }),
    found: { category: 'not_looked_up', isNotLookedUp: true, over: usd(300n) },
  },
  {
    about: 'Stripe need not be asked, having given back less in all',
    s: stripe({ refunded: 299n }),
    d: database({ refunded: 300n, refundedAlone: 300n, refundedNotLookedUp: 300n }),
    found: { category: 'refund_mismatch' },
  },
  {
    about: 'more is refunded than what was not looked up',
    s: stripe({ refunded: 350n }),
    d: database({ refunded: 300n, refundedAlone: 300n, refundedNotLookedUp: 299n }),
    found: { category: 'refund_mismatch', over: usd(300n) },
  },
  { about: 'Stripe puts it outside', s: stripe({ isInWindow: false }), d: database(), found: { category: 'timing' } },
  {
    about: 'both put it outside',
    s: stripe({ isInWindow: false }),
    d: database({ isInWindow: false }),
    found: undefined,
  },
])('of a payment: $about', ({ s, d, found }) => {
  const finding = compare(s, d)
  if (found) expect(finding).toMatchObject(found)
  else expect(finding).toBeUndefined()
})

const refund = (changes: object = {}) => ({ currency: USD, amount: 50n, created, isInWindow: true, ...changes })
test.each([
  { about: 'both agree', s: refund(), d: refund(), unnamed: 0n, found: undefined },
  {
    about: 'ours says tomorrow',
    s: refund(),
    d: refund({ isInWindow: false }),
    unnamed: 0n,
    found: { category: 'timing' },
  },
  { about: 'we lack it', s: refund(), d: null, unnamed: 49n, found: { category: 'refund_mismatch', under: usd(50n) } },
  { about: 'we know the sum without the refund', s: refund(), d: null, unnamed: 50n, found: undefined },
  {
    about: 'Stripe lacks it',
    s: null,
    d: refund(),
    unnamed: 0n,
    found: { category: 'refund_mismatch', over: usd(50n) },
  },
  {
    about: 'Stripe was not asked',
    s: null,
    d: refund(),
    unnamed: 0n,
    isLookedUp: false,
    found: { category: 'not_looked_up', isNotLookedUp: true, over: usd(50n) },
  },
  {
    about: 'Stripe has not ended it',
    s: refund({ isInWindow: false }),
    d: refund(),
    unnamed: 0n,
    isPending: true,
    found: { category: 'timing', pendingRefund: 'at_stripe', over: null },
  },
  {
    about: 'Stripe has it tomorrow',
    s: refund({ isInWindow: false }),
    d: refund(),
    unnamed: 0n,
    found: { category: 'timing', over: null },
  },
  { about: 'we have less', s: refund(), d: refund({ amount: 20n }), unnamed: 0n, found: { under: usd(30n) } },
])('of a refund of an earlier payment: $about', ({ s, d, unnamed, isPending = false, isLookedUp = true, found }) => {
  const ids = { refundId: 're_1', paymentId: 'pi_1' }
  const finding = compareRefund({ ...ids, stripe: s, database: d, unnamed, isPending, isLookedUp })
  if (found) expect(finding).toMatchObject(found)
  else expect(finding).toBeUndefined()
})

const amounts = fc.bigInt({ min: 0n, max: 10n ** 12n })
const pairs: fc.Arbitrary<PaymentPair> = fc
  .record({
    ...{
      sAmount: amounts,
      dAmount: amounts,
      sRefunded: amounts,
      dRefunded: amounts,
      late: amounts,
      recordedLate: amounts,
    },
    ...{ sIn: fc.boolean(), dIn: fc.boolean(), same: fc.boolean(), has: fc.integer({ min: 1, max: 3 }) },
  })
  .map(({ sAmount, dAmount, sRefunded, dRefunded, late, recordedLate, sIn, dIn, same, has }) => {
    const refunded = sRefunded > late ? sRefunded - late : 0n
    const s = stripe({ amount: sAmount, refunded: sRefunded, refundedInWindow: refunded, isInWindow: sIn })
    const known = same ? sRefunded : dRefunded
    const refundedElsewhere = recordedLate % (known + 1n)
    const d = database({ amount: same ? sAmount : dAmount, refunded: known, refundedElsewhere, isInWindow: dIn })
    return { paymentId: 'pi_1', stripe: has & 1 ? s : null, database: has & 2 ? d : null }
  })

test('what is over and what is under are positive, and timing is never money', () => {
  fc.assert(
    fc.property(pairs, (pair) => {
      const finding = comparePayment(pair)
      for (const money of [finding?.over, finding?.under]) if (money) expect(money.amount).toBeGreaterThan(0n)
      if (finding?.category === 'timing') expect([finding.over, finding.under]).toEqual([null, null])
    }),
  )
})

test('a difference in what was captured is never explained away', () => {
  fc.assert(
    fc.property(pairs, (pair) => {
      const { stripe: s, database: d } = pair
      if (!s?.isInWindow || !d || s.amount === d.amount) return
      expect(comparePayment(pair)?.category).toBe('amount_mismatch')
    }),
  )
})
