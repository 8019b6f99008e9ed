import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  amountsDue,
  BOOKING_RULES,
  type BookingFacts,
  type BookingOverride,
  type Dispute,
  mayBecome,
  mayOverride,
  type Tip,
  type TipStatus,
} from './booking-payout.ts'
import { type BookingStep, bookingSteps, type StandingPayout } from './booking-payout-steps.ts'
import { type Currency, currency } from './currency.ts'

// A booking's whole life, played through: words come in any order and repeated, time passes between them, operators decide,
// transfers are claimed, paid, refused or fail at any moment, any of several. The facts of the end alone say what the
// provider has then.

const USD = currency('USD')
const EUR = currency('EUR')
const COMPLETED_AT = new Date('2026-11-21T12:00:00Z')
/** As `expect`, of which a property would make a million: each costs more than the whole look. */
function must(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(what)
}
const at = (hours: number): Date => new Date(COMPLETED_AT.getTime() + hours * 3_600_000)
const completion = { providerId: 'ana', currency: USD, providerShare: 10_000n, completedAt: COMPLETED_AT }

interface World {
  payouts: readonly StandingPayout[]
  hours: number
}

const change = (world: World, sequence: number, changes: Partial<StandingPayout>): void => {
  world.payouts = world.payouts.map((one) => {
    if (one.sequence !== sequence) return one
    const { status = one.status } = changes
    if (status !== one.status) must(mayBecome(one.status, status), `from ${one.status} to ${status}`)
    return { ...one, ...changes }
  })
}

const RELEASED = { isInFlight: false, withdrawRequested: false }

function apply(world: World, taken: readonly BookingStep[], openDisputes: readonly string[]): void {
  for (const step of taken) {
    const { sequence } = step
    const standing = world.payouts.find((one) => one.sequence === sequence)
    switch (step.kind) {
      case 'schedule':
        world.payouts = [
          ...world.payouts,
          {
            ...{ sequence, currency: step.currency, status: 'scheduled', amount: step.amount, corrected: 0n },
            ...{ dueAt: step.dueAt, heldBy: null, cancelledBy: null, overriddenDisputes: [], transfer: null },
          },
        ]
        break
      case 'adjust':
        must(
          standing !== undefined && ['scheduled', 'on_hold', 'failed'].includes(standing.status),
          'adjusts what has gone',
        )
        change(world, sequence, { amount: step.amount })
        break
      case 'cancel':
        change(world, sequence, { status: 'cancelled', cancelledBy: 'rules', heldBy: null })
        break
      case 'hold':
        change(world, sequence, { status: 'on_hold', heldBy: 'disputes' })
        break
      case 'unhold':
        change(world, sequence, { status: 'scheduled', heldBy: null })
        break
      case 'release':
        must(standing !== undefined && standing.amount > 0n, 'releases nothing')
        must(!isClosed(world), 'releases in a closed booking')
        must(
          openDisputes.every((id) => standing?.overriddenDisputes.includes(id)),
          'releases in spite of a dispute',
        )
        change(world, sequence, { status: 'processing', transfer: RELEASED })
        break
      case 'withdraw':
        must(standing?.transfer?.isInFlight === false, 'withdraws what is in flight')
        change(world, sequence, { status: 'scheduled', transfer: null })
        break
      case 'request_withdrawal':
      case 'let_go':
        must(standing?.transfer?.isInFlight === true, `${step.kind} of what is queued`)
        must(standing.transfer.withdrawRequested === (step.kind === 'let_go'), `${step.kind} again`)
        change(world, sequence, {
          transfer: { isInFlight: true, withdrawRequested: step.kind === 'request_withdrawal' },
        })
        break
      case 'correct':
        must(standing?.status === 'transferred', 'corrects what has not gone')
        change(world, sequence, { corrected: (standing?.corrected ?? 0n) + step.amount })
    }
  }
}

const isClosed = ({ payouts }: World): boolean => payouts.some(({ cancelledBy }) => cancelledBy === 'operator')

const net = (payouts: readonly StandingPayout[], of: Currency, ...statuses: readonly string[]): bigint =>
  payouts
    .filter((one) => one.currency === of && statuses.includes(one.status))
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
  .record({
    tipId: fc.constantFrom('t1', 't2', 't3'),
    amount: fc.bigInt(1n, 3_000n),
    currency: fc.constantFrom(USD, USD, EUR),
    addedAt: fc.constantFrom(at(1), at(1), at(25)),
  })
  .chain(({ tipId, amount, currency: of, addedAt }) =>
    fc.uniqueArray(fc.constantFrom<TipStatus>('failed', 'paid', 'refunded'), { minLength: 1 }).map((statuses) =>
      statuses.map((status, index): Word => {
        return { kind: 'tip', tip: { tipId, money: { amount, currency: of }, addedAt, status }, saidAt: index + 1 }
      }),
    ),
  )
const aDisputesWords = fc
  .record({ disputeId: fc.constantFrom('d1', 'd2', 'd3'), amount: fc.bigInt(0n, 9_000n) })
  .map(({ disputeId, amount }): Word[] => [
    { kind: 'dispute', dispute: { disputeId, refund: null } },
    { kind: 'dispute', dispute: { disputeId, refund: { amount, currency: USD } } },
  ])
const idOf = (words: readonly Word[]): string => {
  const [word] = words
  return word?.kind === 'tip' ? word.tip.tipId : word?.kind === 'dispute' ? word.dispute.disputeId : ''
}

const ANSWERS = ['claim', 'claim', 'pay', 'refuse', 'fail'] as const
type AnswerKind = (typeof ANSWERS)[number]
const DECISIONS: readonly BookingOverride[] = ['force_release', 'hold', 'resume', 'cancel', 'retry']
/** What happens next; `pick` says to which of several. */
interface Move {
  readonly what: 'hear' | 'hour' | 'day' | AnswerKind | BookingOverride
  readonly pick: number
}
const aMove: fc.Arbitrary<Move> = fc.record({
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('hear' as const) },
    { weight: 2, arbitrary: fc.constantFrom('hour' as const, 'day' as const) },
    { weight: 6, arbitrary: fc.constantFrom(...ANSWERS) },
    { weight: 2, arbitrary: fc.constantFrom(...DECISIONS) },
  ),
  pick: fc.nat(5),
})
const aLife = fc
  .record({
    tips: fc.uniqueArray(aTipsWords, { selector: idOf, maxLength: 3 }),
    disputes: fc.uniqueArray(aDisputesWords, { selector: idOf, maxLength: 3 }),
  })
  .chain(({ tips, disputes }) => {
    const words: Word[] = [{ kind: 'completed' }, ...tips.flat(), ...disputes.flat()]
    const order = fc.shuffledSubarray([...words, ...words], { minLength: words.length * 2 })
    return fc.record({ words: fc.constant(words), order, moves: fc.array(aMove, { maxLength: 60 }) })
  })

/** Something is heard of one of the transfers, whichever. */
function answer(world: World, kind: AnswerKind, pick: number): void {
  const going = world.payouts.filter(
    ({ status, transfer }) => status === 'processing' && (kind === 'claim' || transfer?.isInFlight),
  )
  const one = going[pick % going.length]
  if (!one) return
  const withdrawRequested = one.transfer?.withdrawRequested ?? false
  const changes: Record<AnswerKind, Partial<StandingPayout>> = {
    claim: { transfer: { isInFlight: true, withdrawRequested } },
    pay: { status: 'transferred', transfer: null },
    refuse: { transfer: { isInFlight: false, withdrawRequested } },
    fail: { status: 'failed', transfer: null },
  }
  // What is wanted back is never claimed anew: that asks for a look.
  if (kind === 'claim' && withdrawRequested) return
  change(world, one.sequence, changes[kind])
}

/** As `overridePayout` does it. */
function decide(world: World, action: BookingOverride, pick: number, openDisputes: readonly string[]): void {
  const one = world.payouts[pick % world.payouts.length]
  if (!one || !mayOverride(action, one.status) || one.transfer?.isInFlight || isClosed(world)) return
  if (action === 'resume' && one.heldBy !== 'operator') return
  const { sequence } = one
  if (one.status === 'processing') change(world, sequence, { status: 'scheduled', transfer: null })
  const now = at(world.hours)
  switch (action) {
    case 'force_release':
      change(world, sequence, { status: 'scheduled', heldBy: null, overriddenDisputes: openDisputes })
      change(world, sequence, { dueAt: new Date(Math.min(one.dueAt.getTime(), now.getTime())) })
      break
    case 'hold':
      change(world, sequence, { status: 'on_hold', heldBy: 'operator', overriddenDisputes: [] })
      break
    case 'resume':
      change(world, sequence, { status: 'scheduled', heldBy: null })
      break
    case 'cancel':
      change(world, sequence, { status: 'cancelled', cancelledBy: 'operator', heldBy: null })
      break
    case 'retry':
      change(world, sequence, { status: 'scheduled', dueAt: now })
  }
}

test('whatever the order of events, in the end the provider has what is due, and never had more than share and tips', () => {
  fc.assert(
    fc.property(aLife, ({ words, order, moves }) => {
      const world: World = { payouts: [], hours: 0 }
      const heard: Word[] = []
      const open = (): readonly string[] =>
        known(heard).disputes.flatMap(({ disputeId, refund }) => (refund ? [] : [disputeId]))
      const most = (of: Currency): bigint =>
        words.reduce(
          (sum, word) => sum + (word.kind === 'tip' && word.tip.money.currency === of ? word.tip.money.amount : 0n),
          of === USD ? completion.providerShare : 0n,
        )
      const look = (): void => {
        const facts = known(heard)
        apply(world, bookingSteps(facts, world.payouts, at(world.hours), BOOKING_RULES), open())
        // Asked again it has nothing more to say.
        const more = bookingSteps(facts, world.payouts, at(world.hours), BOOKING_RULES)
        must(more.length === 0, `has more to say: ${more.map(({ kind, sequence }) => `${kind} ${sequence}`)}`)
        for (const { amount, corrected } of world.payouts) must(amount >= corrected && corrected >= 0n, 'below zero')
        for (const code of [USD, EUR]) {
          const going = net(world.payouts, code, 'scheduled', 'on_hold', 'processing', 'transferred', 'failed')
          must(going <= most(code), `${going} ${code} are going`)
        }
      }
      const waiting = [...order]
      for (const { what, pick } of [...moves, ...order.map((): Move => ({ what: 'hear', pick: 0 }))]) {
        if (what === 'hear') heard.push(...waiting.splice(0, 1))
        else if (what === 'hour') world.hours += 1
        else if (what === 'day') world.hours += 24
        else if (mayBeAnswered(what)) answer(world, what, pick)
        else decide(world, what, pick, open())
        look()
      }
      world.hours += 100
      for (let round = 0; round < 16; round += 1) {
        look()
        answer(world, 'claim', round)
        answer(world, 'pay', round)
      }
      look()
      const due = amountsDue(completion, known(words), BOOKING_RULES)
      for (const code of [USD, EUR]) {
        const kept = net(world.payouts, code, 'transferred')
        const forPeople = net(world.payouts, code, 'failed', 'on_hold')
        if (isClosed(world)) expect(kept <= (due.get(code) ?? 0n)).toBe(true)
        else expect(kept + forPeople).toBe(due.get(code) ?? 0n)
      }
      for (const { status, heldBy } of world.payouts) {
        expect(['scheduled', 'processing']).not.toContain(status)
        if (status === 'on_hold') expect(heldBy).toBe('operator')
        if (isClosed(world)) expect(['transferred', 'cancelled']).toContain(status)
      }
    }),
    { numRuns: 1_000 },
  )
})

const mayBeAnswered = (what: AnswerKind | BookingOverride): what is AnswerKind =>
  (ANSWERS as readonly string[]).includes(what)
