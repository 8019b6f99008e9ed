import { expect, test } from '@jest/globals'
import { BOOKING_RULES, type BookingFacts, type Dispute, type Tip, type TipStatus } from './booking-payout.ts'
import { bookingSteps, type StandingPayout } from './booking-payout-steps.ts'
import { currency } from './currency.ts'
import { money } from './money.ts'

const USD = currency('USD')
const HOUR_MS = 3_600_000
const COMPLETED_AT = new Date('2026-11-21T12:00:00Z')
const at = (hours: number): Date => new Date(COMPLETED_AT.getTime() + hours * HOUR_MS)
const DUE_AT = at(48)
const completion = { providerId: 'ana', currency: USD, providerShare: 10_000n, completedAt: COMPLETED_AT }
const facts = (changes: Partial<BookingFacts> = {}): BookingFacts => ({
  completion,
  tips: [],
  disputes: [],
  ...changes,
})
const dispute = (disputeId: string, refund?: bigint): Dispute => ({
  disputeId,
  refund: refund === undefined ? null : money(refund, 'USD'),
})
const tip = (tipId: string, amount: bigint, status: TipStatus = 'paid'): Tip => ({
  ...{ tipId, money: money(amount, 'USD'), addedAt: COMPLETED_AT, status },
})
const payout = (changes: Partial<StandingPayout> = {}): StandingPayout => ({
  ...{ sequence: 1, currency: USD, status: 'scheduled', amount: 10_000n, corrected: 0n, dueAt: DUE_AT, heldBy: null },
  ...{ cancelledBy: null, overriddenDisputes: [], transfer: null },
  ...changes,
})
const queued = { isInFlight: false, withdrawRequested: false }
const claimed = { isInFlight: true, withdrawRequested: false }
const steps = (known: BookingFacts, payouts: readonly StandingPayout[], now: Date) =>
  bookingSteps(known, payouts, now, BOOKING_RULES)

test('nothing is scheduled before the booking is completed, whatever else is known', () => {
  expect(steps(facts({ completion: null, tips: [tip('t', 5n)] }), [], at(100))).toEqual([])
})

test('a completed booking is scheduled 48 hours after its completion, and released then, not before', () => {
  expect(steps(facts(), [], at(1))).toEqual([
    { kind: 'schedule', sequence: 1, currency: USD, amount: 10_000n, dueAt: DUE_AT },
  ])
  expect(steps(facts(), [payout()], new Date(DUE_AT.getTime() - 1))).toEqual([])
  expect(steps(facts(), [payout()], DUE_AT)).toEqual([{ kind: 'release', sequence: 1 }])
})

test('an open dispute holds the payout; once it is resolved for nothing, the payout goes when it is due', () => {
  const held = payout({ status: 'on_hold', heldBy: 'disputes' })
  expect(steps(facts({ disputes: [dispute('d')] }), [payout()], at(1))).toEqual([
    { kind: 'hold', sequence: 1, disputes: ['d'] },
  ])
  expect(steps(facts({ disputes: [dispute('d')] }), [held], at(60))).toEqual([])
  expect(steps(facts({ disputes: [dispute('d', 0n)] }), [held], at(1))).toEqual([{ kind: 'unhold', sequence: 1 }])
  expect(steps(facts({ disputes: [dispute('d', 0n)] }), [held], at(60))).toEqual([
    { kind: 'unhold', sequence: 1 },
    { kind: 'release', sequence: 1 },
  ])
})

test('of several disputes one that is open still holds it', () => {
  const held = payout({ status: 'on_hold', heldBy: 'disputes', amount: 9_000n })
  expect(steps(facts({ disputes: [dispute('a', 1_000n), dispute('b')] }), [held], at(60))).toEqual([])
})

test('a partial refund makes the payout smaller, a full one cancels it', () => {
  const held = payout({ status: 'on_hold', heldBy: 'disputes' })
  expect(steps(facts({ disputes: [dispute('d', 4_000n)] }), [held], at(1))).toEqual([
    { kind: 'adjust', sequence: 1, amount: 6_000n },
    { kind: 'unhold', sequence: 1 },
  ])
  expect(steps(facts({ disputes: [dispute('d', 10_000n)] }), [held], at(1))).toEqual([
    { kind: 'adjust', sequence: 1, amount: 0n },
    { kind: 'cancel', sequence: 1 },
  ])
})

test('a booking that owes nothing from the start has a cancelled payout, as if the refund had come later', () => {
  expect(steps(facts({ disputes: [dispute('d', 10_000n)] }), [], at(1))).toMatchObject([
    { kind: 'schedule', amount: 0n },
    { kind: 'cancel', sequence: 1 },
  ])
})

test('a tip that is paid after the payout has gone is paid by a further one at once, or 48 hours after completion', () => {
  const gone = payout({ status: 'transferred' })
  expect(steps(facts({ tips: [tip('t', 500n)] }), [gone], at(60))).toEqual([
    { kind: 'schedule', sequence: 2, currency: USD, amount: 500n, dueAt: at(60) },
    { kind: 'release', sequence: 2 },
  ])
  expect(steps(facts({ tips: [tip('t', 500n)] }), [gone], at(3))).toEqual([
    { kind: 'schedule', sequence: 2, currency: USD, amount: 500n, dueAt: DUE_AT },
  ])
})

test('a dispute takes a transfer that nobody has claimed back, and waits for one that is claimed', () => {
  const disputed = facts({ disputes: [dispute('d')] })
  expect(steps(disputed, [payout({ status: 'processing', transfer: queued })], at(49))).toEqual([
    { kind: 'withdraw', sequence: 1, why: 'dispute_open' },
    { kind: 'hold', sequence: 1, disputes: ['d'] },
  ])
  const onItsWay = payout({ status: 'processing', transfer: claimed })
  expect(steps(disputed, [onItsWay], at(49))).toEqual([
    { kind: 'request_withdrawal', sequence: 1, why: 'dispute_open' },
  ])
  const wanted = payout({ status: 'processing', transfer: { ...claimed, withdrawRequested: true } })
  expect(steps(disputed, [wanted], at(49))).toEqual([])
  expect(steps(facts({ disputes: [dispute('d', 0n)] }), [wanted], at(49))).toEqual([{ kind: 'let_go', sequence: 1 }])
})

test('a refund takes a transfer back that is queued, and sends what is left', () => {
  const going = payout({ status: 'processing', transfer: queued })
  expect(steps(facts({ disputes: [dispute('d', 4_000n)] }), [going], at(49))).toEqual([
    { kind: 'withdraw', sequence: 1, why: 'less_is_due' },
    { kind: 'adjust', sequence: 1, amount: 6_000n },
    { kind: 'release', sequence: 1 },
  ])
})

test('a refund after the transfer is taken back, of the newest payout first, and only once', () => {
  const gone = [payout({ status: 'transferred' }), payout({ sequence: 2, status: 'transferred', amount: 500n })]
  const known = facts({ tips: [tip('t', 500n)], disputes: [dispute('d', 700n)] })
  expect(steps(known, gone, at(60))).toEqual([
    { kind: 'correct', sequence: 2, amount: 500n },
    { kind: 'correct', sequence: 1, amount: 200n },
  ])
  const corrected = gone.map((one) => ({ ...one, corrected: one.sequence === 2 ? 500n : 200n }))
  expect(steps(known, corrected, at(60))).toEqual([])
})

test('nothing of what was transferred is taken back while what is in flight may yet come back instead', () => {
  const known = facts({ tips: [tip('t', 500n)], disputes: [dispute('d', 700n)] })
  const gone = payout({ status: 'transferred' })
  const going = payout({ sequence: 2, status: 'processing', amount: 500n, transfer: claimed })
  expect(steps(known, [gone, going], at(60))).toEqual([
    { kind: 'request_withdrawal', sequence: 2, why: 'less_is_due' },
    { kind: 'correct', sequence: 1, amount: 200n },
  ])
})

test('what an operator holds stays held: by no dispute, no time and no event is it released', () => {
  const held = payout({ status: 'on_hold', heldBy: 'operator' })
  expect(steps(facts(), [held], at(100))).toEqual([])
  expect(steps(facts({ disputes: [dispute('d', 1_000n)] }), [held], at(100))).toEqual([
    { kind: 'adjust', sequence: 1, amount: 9_000n },
  ])
})

test('what an operator released in spite of a dispute goes; a dispute opened after that holds it again', () => {
  const forced = payout({ overriddenDisputes: ['a'], dueAt: at(1) })
  expect(steps(facts({ disputes: [dispute('a')] }), [forced], at(2))).toEqual([{ kind: 'release', sequence: 1 }])
  expect(steps(facts({ disputes: [dispute('a'), dispute('b')] }), [forced], at(2))).toEqual([
    { kind: 'hold', sequence: 1, disputes: ['b'] },
  ])
})

test('a payout that an operator cancelled closes the booking: nothing more is paid by itself', () => {
  const cancelled = payout({ status: 'cancelled', cancelledBy: 'operator' })
  expect(steps(facts({ tips: [tip('t', 500n)] }), [cancelled], at(100))).toEqual([])
})

test('an operator’s cancel closes the booking: whatever waits is cancelled, in every currency, and what is going is taken back', () => {
  const EUR = currency('EUR')
  const standing = [
    payout({ status: 'cancelled', cancelledBy: 'operator' }),
    payout({ sequence: 2, status: 'on_hold', heldBy: 'disputes', amount: 500n }),
    payout({ sequence: 3, currency: EUR, amount: 70n }),
    payout({ sequence: 4, status: 'failed', amount: 5n }),
    payout({ sequence: 5, status: 'processing', amount: 6n, transfer: queued }),
    payout({ sequence: 6, status: 'processing', amount: 7n, transfer: claimed }),
    payout({ sequence: 7, status: 'transferred', amount: 8n }),
  ]
  const taken = steps(facts({ disputes: [dispute('d', 0n)] }), standing, at(100))
  expect(
    taken
      .filter(({ kind }) => kind === 'cancel')
      .map(({ sequence }) => sequence)
      .toSorted(),
  ).toEqual([2, 3, 4, 5])
  expect(taken.filter(({ kind }) => kind !== 'cancel')).toEqual([
    { kind: 'request_withdrawal', sequence: 6, why: 'booking_closed' },
    { kind: 'withdraw', sequence: 5, why: 'booking_closed' },
  ])
})

test('what is queued is taken back first; what is in flight only for what is still too much', () => {
  const known = facts({ completion: { ...completion, providerShare: 3_000n }, tips: [tip('t', 100n)] })
  const going = [
    payout({ status: 'processing', amount: 3_300n, transfer: queued }),
    payout({ sequence: 2, status: 'processing', amount: 100n, transfer: claimed }),
  ]
  expect(steps(known, going, at(60))).toEqual([
    { kind: 'withdraw', sequence: 1, why: 'less_is_due' },
    { kind: 'adjust', sequence: 1, amount: 3_000n },
    { kind: 'release', sequence: 1 },
  ])
  const [first, second] = going
  const after = [{ ...first, amount: 3_000n } as StandingPayout, second as StandingPayout]
  expect(steps(known, after, at(60))).toEqual([])
})

test('a transfer that was wanted back, and whose try has ended, is released anew once nobody wants it back', () => {
  const ended = payout({ status: 'processing', transfer: { isInFlight: false, withdrawRequested: true } })
  expect(steps(facts({ disputes: [dispute('d', 0n)] }), [ended], at(60))).toEqual([
    { kind: 'withdraw', sequence: 1, why: 'was_wanted_back' },
    { kind: 'release', sequence: 1 },
  ])
})

test('a failed payout stays failed, follows a refund, and leaves a later tip to a further payout', () => {
  const failed = payout({ status: 'failed' })
  expect(steps(facts(), [failed], at(100))).toEqual([])
  expect(steps(facts({ disputes: [dispute('d', 1_000n)] }), [failed], at(100))).toEqual([
    { kind: 'adjust', sequence: 1, amount: 9_000n },
  ])
  expect(steps(facts({ tips: [tip('t', 500n)] }), [failed], at(100))).toMatchObject([
    { kind: 'schedule', sequence: 2, amount: 500n },
    { kind: 'release', sequence: 2 },
  ])
})
