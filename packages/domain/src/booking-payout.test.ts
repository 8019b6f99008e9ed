import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  amountsDue,
  BOOKING_PAYOUT_STATUSES,
  BOOKING_RULES,
  type BookingOverride,
  type BookingPayoutStatus,
  type Completion,
  type Dispute,
  mayBecome,
  mayOverride,
  setOffOf,
  type Tip,
  type TipStatus,
  tipCounts,
} from './booking-payout.ts'
import { currency, transferUnitOf } from './currency.ts'
import { money } from './money.ts'

const USD = currency('USD')
const EUR = currency('EUR')
const COMPLETED_AT = new Date('2026-11-21T12:00:00Z')
const HOUR_MS = 3_600_000
const after = (ms: number): Date => new Date(COMPLETED_AT.getTime() + ms)
const booking: Completion = { providerId: 'ana', currency: USD, providerShare: 10_000n, completedAt: COMPLETED_AT }
const tip = (amount: bigint, changes: Partial<Tip> = {}): Tip => ({
  tipId: 't',
  money: money(amount, 'USD'),
  addedAt: COMPLETED_AT,
  status: 'paid',
  ...changes,
})
const dispute = (refund: bigint | null): Dispute => ({
  disputeId: 'd',
  refund: refund === null ? null : money(refund, 'USD'),
})
const due = (tips: readonly Tip[], disputes: readonly Dispute[] = []) =>
  amountsDue(booking, { tips, disputes }, BOOKING_RULES).get(USD)

const ALLOWED: Readonly<Record<BookingPayoutStatus, readonly BookingPayoutStatus[]>> = {
  scheduled: ['on_hold', 'processing', 'transferred', 'cancelled'],
  on_hold: ['scheduled', 'cancelled'],
  processing: ['transferred', 'failed', 'scheduled'],
  transferred: [],
  failed: ['scheduled', 'cancelled'],
  cancelled: [],
}

test.each(BOOKING_PAYOUT_STATUSES.flatMap((from) => BOOKING_PAYOUT_STATUSES.map((to) => [from, to] as const)))(
  'from %s to %s a payout goes only where the table says',
  (from, to) => {
    expect(mayBecome(from, to)).toBe(ALLOWED[from].includes(to))
  },
)

test('a tip counts when it was added within 24 hours of the completion, to the millisecond, or before it', () => {
  const counts = (ms: number) => tipCounts(tip(1n, { addedAt: after(ms) }), booking, BOOKING_RULES)
  expect([-HOUR_MS, 0, 24 * HOUR_MS].map(counts)).toEqual([true, true, true])
  expect([24 * HOUR_MS + 1, 48 * HOUR_MS].map(counts)).toEqual([false, false])
})

test('a tip counts while its payment stands: not when it failed, nor once it is refunded', () => {
  const statuses: readonly TipStatus[] = ['paid', 'failed', 'refunded']
  expect(statuses.map((status) => due([tip(500n, { status })]))).toEqual([10_500n, 10_000n, 10_000n])
})

test('refunds of several disputes come off share and tips; an open dispute takes nothing off', () => {
  expect(due([tip(500n)], [dispute(3_000n), dispute(200n), dispute(0n), dispute(null)])).toBe(7_300n)
})

test('refunds beyond what was earned leave nothing, and no debt', () => {
  expect(due([], [dispute(10_000n), dispute(1n)])).toBe(0n)
})

test('a tip in another currency is due in it, and pays for no refund of the booking’s', () => {
  const all = amountsDue(
    booking,
    { tips: [tip(500n, { money: money(500n, 'EUR') })], disputes: [dispute(20_000n)] },
    BOOKING_RULES,
  )
  expect([...all]).toEqual([
    [USD, 0n],
    [EUR, 500n],
  ])
})

test('what is due is never negative and never more than share and tips, whatever was told', () => {
  const anyTip = fc.record({
    tipId: fc.string(),
    money: fc.record({ amount: fc.bigInt(1n, 10n ** 12n), currency: fc.constantFrom(USD, EUR) }),
    addedAt: fc.integer({ min: -100, max: 100 }).map((hours) => after(hours * HOUR_MS)),
    status: fc.constantFrom<TipStatus>('paid', 'failed', 'refunded'),
  })
  const anyDispute = fc.record({
    disputeId: fc.string(),
    refund: fc.option(fc.record({ amount: fc.bigInt(0n, 10n ** 12n), currency: fc.constantFrom(USD, EUR) })),
  })
  fc.assert(
    fc.property(fc.array(anyTip), fc.array(anyDispute), (tips, disputes) => {
      for (const [code, amount] of amountsDue(booking, { tips, disputes }, BOOKING_RULES)) {
        const told = tips.filter((one) => one.money.currency === code && one.status === 'paid')
        const most = told.reduce((sum, one) => sum + one.money.amount, code === USD ? booking.providerShare : 0n)
        expect(amount >= 0n && amount <= most).toBe(true)
      }
    }),
  )
})

const anyCurrency = fc.constantFrom(
  ...['USD', 'CLP', 'JPY', 'ISK', 'UGX', 'MGA', 'KWD', 'BHD', 'JOD', 'OMR', 'TND'].map(currency),
)
const upTo = fc.bigInt(0n, 10n ** 12n)

test('what is kept back is never more than is owed to us, nor than the share, and leaves what can be sent, in every currency', () => {
  fc.assert(
    fc.property(upTo, upTo, fc.nat(100), anyCurrency, (units, outstanding, percent, code) => {
      const unit = transferUnitOf(code)
      const gross = money(units * unit, code)
      const kept = setOffOf(gross, outstanding, percent)
      expect(kept >= 0n && kept <= outstanding && kept * 100n <= gross.amount * BigInt(percent)).toBe(true)
      expect((gross.amount - kept) % unit).toBe(0n)
      // No more than a unit is forgone for that.
      const most = (gross.amount * BigInt(percent)) / 100n
      expect(kept + unit > (most < outstanding ? most : outstanding)).toBe(true)
    }),
  )
  expect(setOffOf(money(101n, 'USD'), 1_000n, 50)).toBe(50n)
  expect(setOffOf(money(100n, 'USD'), 7n, 50)).toBe(7n)
  expect(setOffOf(money(10_000n, 'KWD'), 3_333n, 50)).toBe(3_330n)
  expect(setOffOf(money(10_000n, 'KWD'), 10_000n, 100)).toBe(10_000n)
  expect(setOffOf(money(300n, 'MGA'), 299n, 100)).toBe(200n)
  expect(() => setOffOf(money(1n, 'USD'), 1n, 101)).toThrow(RangeError)
})

test('of a gross that cannot be sent, whatever is kept back leaves something that can, or nothing is kept back', () => {
  fc.assert(
    fc.property(upTo, upTo, fc.nat(100), anyCurrency, (gross, outstanding, percent, code) => {
      const kept = setOffOf(money(gross, code), outstanding, percent)
      expect(kept === 0n || (gross - kept) % transferUnitOf(code) === 0n).toBe(true)
    }),
  )
})

test('an operator may do what the table says, and nothing to what has ended', () => {
  const allowed = (action: BookingOverride) => BOOKING_PAYOUT_STATUSES.filter((status) => mayOverride(action, status))
  expect(allowed('force_release')).toEqual(['scheduled', 'on_hold'])
  expect(allowed('hold')).toEqual(['scheduled', 'on_hold', 'processing'])
  expect(allowed('resume')).toEqual(['on_hold'])
  expect(allowed('cancel')).toEqual(['scheduled', 'on_hold', 'processing', 'failed'])
  expect(allowed('retry')).toEqual(['failed'])
})
