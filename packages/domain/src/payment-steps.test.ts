import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  type AttemptState,
  afterPay,
  afterStatus,
  backoffMs,
  type Counted,
  contradicts,
  PATIENCE,
} from './payment-steps.ts'
import type { PaymentOutcome, PaymentStatus, RefusalCategory } from './rail.ts'
import { mayBecome } from './seller-balance.ts'

const facts = { status: 0 }
const fresh: Counted = { attempts: 0, fundsRefusals: 0, calls: 1 }
const paidAt = new Date('2026-11-20T10:00:00Z')
const pay = (outcome: PaymentOutcome, counted: Counted = fresh) => afterPay(outcome, counted, PATIENCE, 0.5)
const seen = (status: PaymentStatus, attempt: AttemptState = 'accepted', counted: Counted = fresh) =>
  afterStatus(status, attempt, counted, PATIENCE, 0.5)
const rejected = (category: RefusalCategory): PaymentStatus => ({ state: 'rejected', reason: 'CODE', category })

const ATTEMPT_STATES: readonly AttemptState[] = ['claimed', 'postponed', 'accepted', 'paid', 'declined', 'reversed']
const CATEGORIES: readonly RefusalCategory[] = [
  'funding',
  'transient',
  'beneficiary',
  'request',
  'compliance',
  'unknown',
]
const STATUSES: readonly PaymentStatus[] = [
  { state: 'pending' },
  { state: 'paid', paidAt },
  { state: 'reversed', reason: 'ACCOUNT_CLOSED' },
  ...CATEGORIES.map(rejected),
]
const UNKNOWN = ['no_answer', 'in_progress', 'server_error', 'garbled', 'credentials', 'mismatch'] as const
const CHANGEABLE = ['funds', 'rate_limited', 'rail_unavailable'] as const
const OUTCOMES: readonly PaymentOutcome[] = [
  ...STATUSES.map((status) => ({ kind: 'accepted', reference: 'r', status, facts }) as const),
  ...UNKNOWN.map((reason) => ({ kind: 'unknown', reason, facts }) as const),
  ...CHANGEABLE.flatMap((reason) =>
    [true, false].map((keyIsSpent) => ({ kind: 'declined_may_change', reason, keyIsSpent, facts }) as const),
  ),
  { kind: 'declined_for_good', reason: 'ACCOUNT_NOT_FOUND', facts },
  ...CATEGORIES.map((category) => ({ kind: 'declined_for_good', reason: 'R', category, facts }) as const),
]
const anyCounted: fc.Arbitrary<Counted> = fc.record({
  attempts: fc.nat(5),
  fundsRefusals: fc.nat(25),
  calls: fc.integer({ min: 1, max: 50 }),
})

test('what may be paid stays open under its key, however often nobody answers', () => {
  fc.assert(
    fc.property(fc.constantFrom(...UNKNOWN), anyCounted, (reason, counted) => {
      const step = pay({ kind: 'unknown', reason, facts }, counted)
      expect(step).toMatchObject({ attempt: 'claimed', balance: 'paying', counts: 'nothing' })
      expect(step.retryAfterMs).toBeGreaterThan(0)
    }),
  )
})

test('a new key is used only after a refusal that is certain', () => {
  fc.assert(
    fc.property(fc.constantFrom(...OUTCOMES), anyCounted, (outcome, counted) => {
      if (pay(outcome, counted).attempt === 'declined') expect(outcome.kind).toMatch(/^declined/)
    }),
  )
})

test('every step of a balance is one it may take', () => {
  fc.assert(
    fc.property(fc.constantFrom(...OUTCOMES), anyCounted, (outcome, counted) => {
      const { balance } = pay(outcome, counted)
      expect(balance === 'paying' || mayBecome('paying', balance)).toBe(true)
    }),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...STATUSES),
      anyCounted,
      fc.constantFrom('accepted', 'paid'),
      (status, counted, attempt) => {
        const step = seen(status, attempt, counted)
        if (step) expect(mayBecome(attempt === 'paid' ? 'paid' : 'payment_pending', step.balance)).toBe(true)
      },
    ),
  )
})

test('a step that comes to rest before a good end tells finance, and one that goes on says when', () => {
  fc.assert(
    fc.property(fc.constantFrom(...OUTCOMES), anyCounted, (outcome, counted) => {
      const step = pay(outcome, counted)
      if (step.balance === 'failed') expect(step.alert).toBeDefined()
      else if (step.balance !== 'payment_pending') expect(step.retryAfterMs).toBeDefined()
    }),
  )
  fc.assert(
    fc.property(fc.constantFrom(...STATUSES), anyCounted, (status, counted) => {
      const step = seen(status, 'accepted', counted)
      if (step?.balance === 'failed' || step?.balance === 'returned') expect(step.alert).toBeDefined()
      else if (step && step.balance !== 'paid') expect(step.retryAfterMs).toBeDefined()
    }),
  )
})

test('our own refused credentials rest the rail, count nothing and page', () => {
  expect(pay({ kind: 'unknown', reason: 'credentials', facts: { status: 401 } })).toEqual({
    attempt: 'claimed',
    balance: 'paying',
    counts: 'nothing',
    retryAfterMs: PATIENCE.railPauseMs,
    pauseRailMs: PATIENCE.railPauseMs,
    alert: 'rail_paused',
  })
})

test('people are told of a payment that nobody can tell the end of, but not at the first silence', () => {
  const silence: PaymentOutcome = { kind: 'unknown', reason: 'no_answer', facts }
  expect(pay(silence)).not.toHaveProperty('alert')
  expect(pay(silence, { ...fresh, calls: 8 }).alert).toBe('payment_unknown')
  expect(pay({ kind: 'unknown', reason: 'mismatch', facts }).alert).toBe('payment_mismatch')
})

test('haste is no refusal: the same key again, after the time the provider asks for, and nothing counts', () => {
  const hasty = (retryAfterMs: number) =>
    pay({
      kind: 'declined_may_change',
      reason: 'rate_limited',
      keyIsSpent: false,
      facts: { status: 429, retryAfterMs },
    })
  expect(hasty(5_000)).toMatchObject({ attempt: 'postponed', balance: 'payable', counts: 'nothing' })
  expect(hasty(5_000).retryAfterMs).toBeGreaterThan(5_000)
  expect(hasty(1e12).retryAfterMs).toBeLessThan(2 * 3_600_000)
})

test('want of funds waits and alerts, under the same key unless that is spent, until its own maximum', () => {
  const broke = (keyIsSpent: boolean): PaymentOutcome => ({
    kind: 'declined_may_change',
    reason: 'funds',
    keyIsSpent,
    facts,
  })
  expect(pay(broke(false), { ...fresh, attempts: 99 })).toMatchObject({
    attempt: 'postponed',
    balance: 'awaiting_funds',
    counts: 'funds_refusal',
    alert: 'insufficient_funds',
  })
  expect(pay(broke(true)).attempt).toBe('declined')
  const last = { ...fresh, fundsRefusals: PATIENCE.maxFundsRefusals - 1 }
  expect(pay(broke(false), last)).toMatchObject({
    attempt: 'declined',
    balance: 'failed',
    alert: 'payment_tries_used_up',
  })
})

test('a rail that refuses again and again is tried at most as often as the maximum', () => {
  const refusal: PaymentOutcome = { kind: 'declined_may_change', reason: 'rail_unavailable', keyIsSpent: true, facts }
  const balances = [0, 1, 2].map((attempts) => pay(refusal, { ...fresh, attempts }).balance)
  expect(balances).toEqual(['payable', 'payable', 'failed'])
})

test('a refusal for a passing reason waits a quarter of an hour, not a network’s seconds, and the last one says so', () => {
  const away: PaymentOutcome = { kind: 'declined_may_change', reason: 'rail_unavailable', keyIsSpent: false, facts }
  for (const step of [pay(away), seen(rejected('transient'))]) {
    expect(step?.retryAfterMs).toBe(PATIENCE.refused.firstMs * 0.75)
  }
  expect(pay({ kind: 'unknown', reason: 'no_answer', facts }).retryAfterMs).toBe(PATIENCE.retry.firstMs * 0.75)
  const last = { ...fresh, attempts: PATIENCE.maxAttempts - 1 }
  for (const step of [pay(away, last), seen(rejected('transient'), 'accepted', last)]) {
    expect(step).toMatchObject({ balance: 'failed', alert: 'payment_tries_used_up' })
  }
})

test('an attempt that was given up ends without a count, and the balance is payable at once', () => {
  expect(pay({ kind: 'declined_may_change', reason: 'superseded', keyIsSpent: true, facts })).toEqual({
    attempt: 'declined',
    balance: 'payable',
    counts: 'nothing',
    retryAfterMs: 0,
  })
})

test.each([
  ['funding', 'awaiting_funds', 'insufficient_funds'],
  ['transient', 'payable', undefined],
  ['beneficiary', 'failed', 'payment_rejected'],
  ['request', 'failed', 'payment_request_refused'],
  ['compliance', 'failed', 'payment_compliance'],
  ['unknown', 'failed', 'payment_rejected'],
] as const)('a payment rejected as %s makes its balance %s, alert: %s', (category, balance, alert) => {
  const step = seen(rejected(category))
  expect(step).toMatchObject({ attempt: 'declined', balance })
  expect(step?.alert).toBe(alert)
})

test('money is tried again by itself for passing reasons only, three times in all', () => {
  const balances = [0, 1, 2].map((attempts) => seen(rejected('transient'), 'accepted', { ...fresh, attempts })?.balance)
  expect(balances).toEqual(['payable', 'payable', 'failed'])
  for (const category of ['beneficiary', 'request', 'compliance', 'unknown'] as const) {
    expect(seen(rejected(category))).not.toHaveProperty('retryAfterMs')
  }
})

test('a payment that came back waits for a person, also when it was never seen paid', () => {
  for (const attempt of ['accepted', 'paid'] as const) {
    const step = seen({ state: 'reversed', reason: 'ACCOUNT_CLOSED' }, attempt)
    expect(step).toEqual({ attempt: 'reversed', balance: 'returned', counts: 'nothing', alert: 'payment_reversed' })
  }
})

test('late and repeated words move nothing backwards', () => {
  for (const attempt of ATTEMPT_STATES) {
    for (const status of STATUSES) {
      const moves = seen(status, attempt) !== undefined
      const news =
        (attempt === 'accepted' && status.state !== 'pending') || (attempt === 'paid' && status.state === 'reversed')
      expect({ attempt, state: status.state, moves }).toEqual({ attempt, state: status.state, moves: news })
    }
  }
})

test('whatever order callbacks come in, and however often, the end is that of the provider', () => {
  const story: readonly PaymentStatus[] = [
    { state: 'pending' },
    { state: 'paid', paidAt },
    { state: 'reversed', reason: 'X' },
  ]
  const heard = fc.shuffledSubarray([...story, ...story], { minLength: 1 })
  fc.assert(
    fc.property(heard, (words) => {
      let attempt: AttemptState = 'accepted'
      for (const word of words) attempt = seen(word, attempt)?.attempt ?? attempt
      const last = story.findLastIndex((word) => words.includes(word))
      expect(attempt).toBe((['accepted', 'paid', 'reversed'] as const)[last])
    }),
  )
})

test('a word that cannot be true beside ours is never taken in silence', () => {
  const contradictions = ATTEMPT_STATES.flatMap((attempt) =>
    STATUSES.filter((status) => contradicts(status, attempt)).map((status) => `${attempt}: ${status.state}`),
  )
  expect([...new Set(contradictions)]).toEqual([
    'paid: rejected',
    'declined: paid',
    'declined: reversed',
    'reversed: rejected',
  ])
})

test('a word is news, a repetition or a contradiction, never two of them', () => {
  for (const attempt of ATTEMPT_STATES) {
    for (const status of STATUSES)
      expect(contradicts(status, attempt) && seen(status, attempt) !== undefined).toBe(false)
  }
})

test('backoff doubles up to its limit, and spreads over the upper half', () => {
  const backoff = { firstMs: 1000, maxMs: 60_000 }
  expect([1, 2, 3, 7, 1000].map((tries) => backoffMs(tries, backoff, 0.999999))).toEqual([
    1000, 2000, 4000, 60_000, 60_000,
  ])
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.double({ min: 0, max: 0.999999, noNaN: true }),
      (tries, random) => {
        const wait = backoffMs(tries, backoff, random)
        expect(Number.isInteger(wait) && wait >= 500 && wait <= 60_000).toBe(true)
      },
    ),
  )
})

test.each([
  ['request', 'payment_request_refused'],
  ['compliance', 'payment_compliance'],
  ['beneficiary', 'payment_rejected'],
  [undefined, 'payment_rejected'],
] as const)('a submission refused for good over %s fails, and the alert says whose matter it is', (category, alert) => {
  expect(pay({ kind: 'declined_for_good', reason: 'CODE', ...(category && { category }), facts })).toEqual({
    attempt: 'declined',
    balance: 'failed',
    counts: 'attempt',
    alert,
  })
})
