import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  amountsDue,
  BOOKING_RULES,
  type BookingFacts,
  type Dispute,
  type Tip,
  type TipStatus,
} from './booking-payout.ts'
import { type BookingStep, bookingSteps, type StandingPayout } from './booking-payout-steps.ts'
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

// A booking's whole life, played through: words come in any order and repeated, time passes between them, transfers are
// claimed, paid or refused at any moment. The facts of the end alone say what the provider has then.

interface World {
  payouts: StandingPayout[]
  hours: number
}

function apply(world: World, taken: readonly BookingStep[]): void {
  for (const step of taken) {
    const change = (changes: Partial<StandingPayout>): void => {
      world.payouts = world.payouts.map((one) => (one.sequence === step.sequence ? { ...one, ...changes } : one))
    }
    const standing = world.payouts.find(({ sequence }) => sequence === step.sequence)
    switch (step.kind) {
      case 'schedule':
        world.payouts.push(payout({ sequence: step.sequence, amount: step.amount, dueAt: step.dueAt }))
        break
      case 'adjust':
        change({ amount: step.amount })
        break
      case 'cancel':
        change({ status: 'cancelled', cancelledBy: 'rules' })
        break
      case 'hold':
        change({ status: 'on_hold', heldBy: 'disputes' })
        break
      case 'unhold':
        change({ status: 'scheduled', heldBy: null })
        break
      case 'release':
        change({ status: 'processing', transfer: queued })
        break
      case 'withdraw':
        change({ status: 'scheduled', transfer: null })
        break
      case 'request_withdrawal':
        change({ transfer: { isInFlight: true, withdrawRequested: true } })
        break
      case 'let_go':
        change({ transfer: claimed })
        break
      case 'correct':
        change({ corrected: (standing?.corrected ?? 0n) + step.amount })
    }
  }
}

const net = (payouts: readonly StandingPayout[], ...statuses: readonly string[]): bigint =>
  payouts
    .filter(({ status }) => statuses.includes(status))
    .reduce((sum, { amount, corrected }) => sum + amount - corrected, 0n)

type Word =
  | { readonly kind: 'completed' }
  | { readonly kind: 'tip'; readonly tip: Tip; readonly saidAt: number }
  | { readonly kind: 'dispute'; readonly dispute: Dispute }

/** Of the words heard so far; of two about one thing the later stands, as the tables keep it. */
function known(words: readonly Word[]): BookingFacts {
  const tips = new Map<string, { tip: Tip; saidAt: number }>()
  const disputes = new Map<string, Dispute>()
  for (const word of words) {
    if (word.kind === 'tip' && word.saidAt >= (tips.get(word.tip.tipId)?.saidAt ?? 0)) tips.set(word.tip.tipId, word)
    if (word.kind === 'dispute' && !disputes.get(word.dispute.disputeId)?.refund) {
      disputes.set(word.dispute.disputeId, word.dispute)
    }
  }
  return {
    completion: words.some(({ kind }) => kind === 'completed') ? completion : null,
    tips: [...tips.values()].map((told) => told.tip),
    disputes: [...disputes.values()],
  }
}

const aTipsWords = fc
  .record({ id: fc.constantFrom('t1', 't2'), amount: fc.bigInt(1n, 3_000n), late: fc.boolean() })
  .chain(({ id, amount, late }) =>
    fc.uniqueArray(fc.constantFrom<TipStatus>('failed', 'paid', 'refunded'), { minLength: 1 }).map((statuses) =>
      statuses.map((status, index): Word => {
        const addedAt = late ? at(25) : at(1)
        return { kind: 'tip', tip: { ...tip(id, amount, status), addedAt }, saidAt: index + 1 }
      }),
    ),
  )
const aDisputesWords = fc
  .record({ id: fc.constantFrom('d1', 'd2', 'd3'), refund: fc.bigInt(0n, 9_000n) })
  .map(({ id, refund }): Word[] => [
    { kind: 'dispute', dispute: dispute(id) },
    { kind: 'dispute', dispute: dispute(id, refund) },
  ])
const idOf = (words: readonly Word[]): string => {
  const [word] = words
  return word?.kind === 'tip' ? word.tip.tipId : word?.kind === 'dispute' ? word.dispute.disputeId : ''
}
const aLife = fc
  .record({
    tips: fc.uniqueArray(aTipsWords, { selector: idOf, maxLength: 2 }),
    disputes: fc.uniqueArray(aDisputesWords, { selector: idOf, maxLength: 3 }),
  })
  .chain(({ tips, disputes }) => {
    const words: Word[] = [{ kind: 'completed' }, ...tips.flat(), ...disputes.flat()]
    const order = fc.shuffledSubarray([...words, ...words], { minLength: words.length * 2 })
    const moves = fc.array(fc.constantFrom('hear', 'hear', 'hour', 'day', 'claim', 'pay', 'refuse'), { maxLength: 40 })
    return fc.record({ words: fc.constant(words), order, moves })
  })

function answer(world: World, status: 'claim' | 'pay' | 'refuse'): void {
  const one = world.payouts.find((standing) => standing.status === 'processing')
  if (!one) return
  const changes: Record<typeof status, Partial<StandingPayout>> = {
    claim: { transfer: { isInFlight: true, withdrawRequested: one.transfer?.withdrawRequested ?? false } },
    pay: { status: 'transferred', transfer: null },
    refuse: { transfer: { isInFlight: false, withdrawRequested: one.transfer?.withdrawRequested ?? false } },
  }
  world.payouts = world.payouts.map((standing) => (standing === one ? { ...standing, ...changes[status] } : standing))
}

test('whatever the order of events, in the end the provider has what is due, and never had more than share and tips', () => {
  fc.assert(
    fc.property(aLife, ({ words, order, moves }) => {
      const world: World = { payouts: [], hours: 0 }
      const heard: Word[] = []
      const most = words.reduce((sum, word) => sum + (word.kind === 'tip' ? word.tip.money.amount : 0n), 10_000n)
      const look = (): void => {
        const facts = known(heard)
        apply(world, steps(facts, world.payouts, at(world.hours)))
        // Asked again it has nothing more to say.
        expect(steps(facts, world.payouts, at(world.hours))).toEqual([])
        for (const { amount, corrected } of world.payouts) expect(amount >= corrected && corrected >= 0n).toBe(true)
        expect(net(world.payouts, 'scheduled', 'on_hold', 'processing', 'transferred') <= most).toBe(true)
      }
      const waiting = [...order]
      for (const move of [...moves, ...order.map(() => 'hear')]) {
        if (move === 'hear') heard.push(...waiting.splice(0, 1))
        else if (move === 'hour') world.hours += 1
        else if (move === 'day') world.hours += 24
        else answer(world, move as 'claim' | 'pay' | 'refuse')
        look()
      }
      world.hours += 100
      for (let round = 0; round < 12; round += 1) {
        look()
        answer(world, 'pay')
      }
      look()
      const final = amountsDue(completion, known(words), BOOKING_RULES).get(USD)
      expect(net(world.payouts, 'transferred')).toBe(final)
      expect(world.payouts.every(({ status }) => status === 'transferred' || status === 'cancelled')).toBe(true)
    }),
    { numRuns: 500 },
  )
})
