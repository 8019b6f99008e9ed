import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CALLS_BEFORE_ALERT, type Counted, PATIENCE } from './payment-steps.ts'
import { afterReversal, isTerminal, mayBecome, REVERSAL_STATUSES, type ReversalStatus } from './payout-reversal.ts'
import { NOT_ADMITTED, type PaymentOutcome, type PaymentStatus } from './rail.ts'

const facts = { status: 400 }
const fresh: Counted = { attempts: 0, fundsRefusals: 0, calls: 1 }
const accepted = (status: PaymentStatus): PaymentOutcome => ({ kind: 'accepted', reference: 'trr_1', status, facts })
const made = accepted({ state: 'paid', paidAt: new Date('2026-11-20T10:00:00Z') })
const may = (reason: 'funds' | 'rate_limited' | 'rail_unavailable' | 'superseded', keyIsSpent: boolean) =>
  ({ kind: 'declined_may_change', reason, keyIsSpent, facts }) as const
const unknown = (reason: (PaymentOutcome & { kind: 'unknown' })['reason']) =>
  ({ kind: 'unknown', reason, facts }) as const
const forGood: PaymentOutcome = { kind: 'declined_for_good', reason: 'account_closed', category: 'beneficiary', facts }

const UNKNOWNS = (
  ['no_answer', 'in_progress', 'server_error', 'replayed_error', 'garbled', 'credentials', 'mismatch'] as const
).map(unknown)
const OUTCOMES: readonly PaymentOutcome[] = [
  made,
  accepted({ state: 'pending' }),
  accepted({ state: 'reversed', reason: 'odd' }),
  accepted({ state: 'rejected', reason: 'odd', category: 'unknown' }),
  ...UNKNOWNS,
  ...(['funds', 'rate_limited', 'rail_unavailable', 'superseded'] as const).flatMap((reason) => [
    may(reason, true),
    may(reason, false),
  ]),
  forGood,
]
const after = (outcome: PaymentOutcome, counted = fresh) => afterReversal(outcome, counted, PATIENCE, 0.5)

const ALLOWED: Readonly<Record<ReversalStatus, readonly ReversalStatus[]>> = {
  pending: ['processing'],
  processing: ['reversed', 'retryable', 'refused'],
  retryable: ['processing', 'reversed', 'refused'],
  reversed: [],
  refused: [],
}
test.each(REVERSAL_STATUSES.flatMap((from) => REVERSAL_STATUSES.map((to) => [from, to] as const)))(
  'from %s to %s a reversal goes only where the table says',
  (from, to) => {
    expect(mayBecome(from, to)).toBe(ALLOWED[from].includes(to))
  },
)

test('only reversed and refused are ends', () => {
  expect(REVERSAL_STATUSES.filter(isTerminal)).toEqual(['reversed', 'refused'])
})

test('what was taken back is reversed, at once', () => {
  expect(after(made)).toEqual({ attempt: 'paid', status: 'reversed', counts: 'nothing' })
})

test.each([may('funds', true), may('funds', false), forGood])(
  'an account that does not hold the money, and a refusal for good, end it, and people are told',
  (outcome) => {
    expect(after(outcome)).toEqual({
      attempt: 'declined',
      status: 'refused',
      counts: 'nothing',
      alert: 'reversal_refused',
    })
  },
)

test.each(UNKNOWNS)('an answer that tells nothing ($reason) moves nothing, and the key stays', (outcome) => {
  expect(after(outcome)).toMatchObject({ attempt: 'claimed', status: 'processing', counts: 'nothing' })
})

test('people are told of books that differ, of our key, and of silence that lasts', () => {
  expect(after(unknown('mismatch'))).toMatchObject({ alert: 'payment_mismatch', retryAfterMs: PATIENCE.retry.maxMs })
  expect(after(accepted({ state: 'pending' }))).toMatchObject({ alert: 'payment_mismatch', status: 'processing' })
  expect(after(unknown('credentials'))).toMatchObject({ alert: 'rail_paused', pauseRailMs: PATIENCE.railPauseMs })
  expect(after(unknown('no_answer'))).not.toHaveProperty('alert')
  expect(after(unknown('no_answer'), { ...fresh, calls: CALLS_BEFORE_ALERT })).toMatchObject({
    alert: 'payment_unknown',
  })
})

test('haste is tried again with the same key and counts nothing; our own limiter’s makes no later wait longer', () => {
  const [first, tenth] = [after(may('rate_limited', false)), after(may('rate_limited', false), { ...fresh, calls: 10 })]
  expect(first).toMatchObject({ attempt: 'postponed', status: 'retryable', counts: 'nothing' })
  expect(tenth.retryAfterMs).toBeGreaterThan(first.retryAfterMs ?? 0)
  const ours = { ...may('rate_limited', false), facts: { status: 0, code: NOT_ADMITTED } }
  expect(after(ours, { ...fresh, calls: 10 }).retryAfterMs).toBe(after(ours).retryAfterMs)
})

test('Stripe’s own errors are tried again with a new key, however many, and people are told of each few', () => {
  for (const attempts of [0, 1, 2, 50]) {
    const step = after(may('rail_unavailable', true), { ...fresh, attempts })
    expect(step).toMatchObject({ attempt: 'declined', status: 'retryable', counts: 'refusal' })
    expect(step.alert).toBe((attempts + 1) % PATIENCE.maxAttempts === 0 ? 'rail_unavailable' : undefined)
  }
})

test('whatever the answer: it goes where the table says, waits exactly where something follows, and ends only for certain', () => {
  const anyCounted = fc.record({
    attempts: fc.nat(9),
    fundsRefusals: fc.nat(9),
    calls: fc.integer({ min: 1, max: 50 }),
  })
  const anyRandom = fc.double({ min: 0, max: 0.999, noNaN: true })
  fc.assert(
    fc.property(fc.constantFrom(...OUTCOMES), anyCounted, anyRandom, (outcome, counted, random) => {
      const { status, attempt, retryAfterMs } = afterReversal(outcome, counted, PATIENCE, random)
      expect(status === 'processing' || mayBecome('processing', status)).toBe(true)
      expect(retryAfterMs === undefined).toBe(isTerminal(status))
      expect(attempt === 'claimed').toBe(status === 'processing')
      expect(attempt === 'paid').toBe(status === 'reversed')
      // Whoever is owed by the provider for what was taken back all the same would take it twice.
      if (status === 'refused') expect(['declined_may_change', 'declined_for_good']).toContain(outcome.kind)
    }),
  )
})
