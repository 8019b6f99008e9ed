import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Counted, PATIENCE } from './payment-steps.ts'
import {
  afterBookingTransfer,
  afterTransfer,
  isTerminal,
  mayBecome,
  TRANSFER_STATUSES,
  type TransferStatus,
} from './payout-transfer.ts'
import { NOT_ADMITTED, type PaymentOutcome, type PaymentStatus, type RefusalCategory } from './rail.ts'

const facts = { status: 0 }
const fresh: Counted = { attempts: 0, fundsRefusals: 0, calls: 1 }
const accepted = (status: PaymentStatus): PaymentOutcome => ({ kind: 'accepted', reference: 'tr_1', status, facts })
const paid = accepted({ state: 'paid', paidAt: new Date('2026-11-20T10:00:00Z') })
const CATEGORIES: readonly (RefusalCategory | undefined)[] = [
  'funding',
  'transient',
  'beneficiary',
  'request',
  undefined,
]
const OUTCOMES: readonly PaymentOutcome[] = [
  paid,
  accepted({ state: 'pending' }),
  accepted({ state: 'reversed', reason: 'reversed' }),
  accepted({ state: 'rejected', reason: 'odd', category: 'unknown' }),
  ...(['no_answer', 'in_progress', 'server_error', 'garbled', 'credentials', 'mismatch'] as const).map(
    (reason) => ({ kind: 'unknown', reason, facts }) as const,
  ),
  ...(['funds', 'rate_limited', 'rail_unavailable'] as const).flatMap((reason) =>
    [true, false].map((keyIsSpent) => ({ kind: 'declined_may_change', reason, keyIsSpent, facts }) as const),
  ),
  ...CATEGORIES.map(
    (category) => ({ kind: 'declined_for_good', reason: 'R', ...(category && { category }), facts }) as const,
  ),
]
const anyOutcome = fc.constantFrom(...OUTCOMES)
const anyCounted: fc.Arbitrary<Counted> = fc.record({
  attempts: fc.nat(5),
  fundsRefusals: fc.nat(25),
  calls: fc.integer({ min: 1, max: 50 }),
})
const after = (outcome: PaymentOutcome, counted = fresh) => afterTransfer(outcome, counted, PATIENCE, 0.5)

const ALLOWED: Readonly<Record<TransferStatus, readonly TransferStatus[]>> = {
  awaiting_destination: ['pending', 'withdrawn'],
  pending: ['processing', 'awaiting_destination', 'withdrawn'],
  processing: ['completed', 'retryable', 'failed_terminal'],
  retryable: ['processing', 'awaiting_destination', 'completed', 'failed_terminal', 'withdrawn'],
  completed: [],
  failed_terminal: ['pending'],
  withdrawn: [],
}

test.each(TRANSFER_STATUSES.flatMap((from) => TRANSFER_STATUSES.map((to) => [from, to] as const)))(
  'from %s to %s a transfer goes only where the table says',
  (from, to) => {
    expect(mayBecome(from, to)).toBe(ALLOWED[from].includes(to))
  },
)

test('only completed, failed_terminal and withdrawn are ends', () => {
  expect(TRANSFER_STATUSES.filter(isTerminal)).toEqual(['completed', 'failed_terminal', 'withdrawn'])
})

test('every answer leaves a transfer where a processing one may go', () => {
  fc.assert(
    fc.property(anyOutcome, anyCounted, (outcome, counted) => {
      const { status } = after(outcome, counted)
      expect(status === 'processing' || mayBecome('processing', status)).toBe(true)
    }),
  )
})

test('the attempt and the transfer tell one story', () => {
  const together: Record<TransferStatus, readonly string[]> = {
    awaiting_destination: [],
    pending: [],
    processing: ['claimed'],
    retryable: ['postponed', 'declined'],
    completed: ['paid'],
    failed_terminal: ['declined', 'reversed'],
    withdrawn: [],
  }
  fc.assert(
    fc.property(anyOutcome, anyCounted, (outcome, counted) => {
      const { status, attempt } = after(outcome, counted)
      expect(together[status]).toContain(attempt)
    }),
  )
})

test('a transfer that waits says how long; one that ends badly tells people', () => {
  fc.assert(
    fc.property(anyOutcome, anyCounted, (outcome, counted) => {
      const { status, retryAfterMs, alert } = after(outcome, counted)
      if (isTerminal(status)) expect(retryAfterMs).toBeUndefined()
      else expect(retryAfterMs).toBeGreaterThan(0)
      if (status === 'failed_terminal') expect(alert).toBeDefined()
    }),
  )
})

test('what may be paid keeps its key, however often nobody answers', () => {
  fc.assert(
    fc.property(anyOutcome, anyCounted, (outcome, counted) => {
      if (outcome.kind === 'unknown')
        expect(after(outcome, counted)).toMatchObject({ attempt: 'claimed', counts: 'nothing' })
    }),
  )
})

test('a transfer that was made is paid at once', () => {
  expect(after(paid)).toEqual({ attempt: 'paid', status: 'completed', counts: 'nothing' })
})

test('a transfer that was made and taken back ends, and a person decides', () => {
  expect(after(accepted({ state: 'reversed', reason: 'reversed' }))).toEqual({
    attempt: 'reversed',
    status: 'failed_terminal',
    counts: 'nothing',
    alert: 'payment_reversed',
  })
})

test.each([{ state: 'pending' } as const, { state: 'rejected', reason: 'odd', category: 'unknown' } as const])(
  'a state that no transfer has ($state) is compared by a person, never paid under a new key',
  (status) => {
    expect(after(accepted(status))).toMatchObject({
      attempt: 'claimed',
      status: 'processing',
      alert: 'payment_mismatch',
    })
  },
)

test('want of funds waits apart from refusals, tells people each time, and never ends a transfer', () => {
  const broke: PaymentOutcome = { kind: 'declined_may_change', reason: 'funds', keyIsSpent: true, facts }
  for (const fundsRefusals of [0, PATIENCE.maxFundsRefusals, 1_000]) {
    expect(after(broke, { ...fresh, attempts: 99, fundsRefusals })).toMatchObject({
      attempt: 'declined',
      status: 'retryable',
      counts: 'funds_refusal',
      alert: 'insufficient_funds',
    })
  }
  expect(after(broke, { ...fresh, fundsRefusals: 1_000 }).retryAfterMs).toBe(PATIENCE.funds.maxMs * 0.75)
})

test('a month of Stripe’s own errors ends no transfer: the waits grow, and people are told again and again', () => {
  const away: PaymentOutcome = { kind: 'declined_may_change', reason: 'rail_unavailable', keyIsSpent: true, facts }
  const MONTH_MS = 30 * 86_400_000
  const waits: number[] = []
  const toldAt: number[] = []
  for (let [attempts, elapsedMs] = [0, 0]; elapsedMs < MONTH_MS; attempts += 1) {
    const { status, counts, retryAfterMs = 0, alert } = after(away, { ...fresh, attempts })
    expect({ status, counts }).toEqual({ status: 'retryable', counts: 'attempt' })
    if (alert) toldAt.push(attempts + 1)
    waits.push(retryAfterMs)
    elapsedMs += retryAfterMs
  }
  expect(waits).toEqual(waits.toSorted((a, b) => a - b))
  expect(waits.at(-1)).toBe(PATIENCE.refused.maxMs * 0.75)
  expect(toldAt.slice(0, 2)).toEqual([PATIENCE.maxAttempts, 2 * PATIENCE.maxAttempts])
})

test('haste counts nothing and keeps its key', () => {
  const hasty: PaymentOutcome = { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts }
  expect(after(hasty)).toMatchObject({ attempt: 'postponed', status: 'retryable', counts: 'nothing' })
})

test('what our own limiter turned away waits for its turn, and no longer each time; what Stripe refused does', () => {
  const turnedAway = (status: number, calls: number) => {
    const facts = { status, retryAfterMs: 3_000, ...(status === 0 && { code: NOT_ADMITTED }) }
    const outcome: PaymentOutcome = { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts }
    return after(outcome, { ...fresh, calls }).retryAfterMs ?? 0
  }
  expect(turnedAway(0, 20)).toBe(turnedAway(0, 1))
  expect(turnedAway(0, 20)).toBe(3_000 + PATIENCE.retry.firstMs * 0.75)
  expect(turnedAway(429, 20)).toBeGreaterThan(turnedAway(429, 1))
})

const afterBooking = (outcome: PaymentOutcome, counted = fresh, isWantedBack = false) =>
  afterBookingTransfer(outcome, { ...counted, isWantedBack }, PATIENCE, 0.5)

test('the last counted refusal of a transfer that is wanted back leaves it to be withdrawn; one for good ends it', () => {
  const funds = { kind: 'declined_may_change', reason: 'funds', keyIsSpent: false, facts: { status: 400 } } as const
  expect(afterBooking(funds, { ...fresh, attempts: 2 }, true)).toEqual({
    ...{ attempt: 'declined', status: 'retryable', counts: 'funds_refusal', retryAfterMs: 0 },
  })
  const closed = { kind: 'declined_for_good', reason: 'account_closed', category: 'beneficiary', facts } as const
  expect(afterBooking(closed, fresh, true)).toMatchObject({ status: 'failed_terminal' })
})

test('a booking’s transfer ends after three counted refusals, of whatever kind, and people are told', () => {
  const funds = { kind: 'declined_may_change', reason: 'funds', keyIsSpent: true, facts: { status: 400 } } as const
  const trouble = { ...funds, reason: 'rail_unavailable' } as const
  expect(afterBooking(funds, { ...fresh, attempts: 1 })).toMatchObject({ status: 'retryable', counts: 'funds_refusal' })
  expect(afterBooking(trouble, { ...fresh, fundsRefusals: 1 })).toMatchObject({
    status: 'retryable',
    counts: 'attempt',
  })
  for (const outcome of [funds, trouble]) {
    for (const counted of [{ attempts: 2 }, { fundsRefusals: 2 }, { attempts: 1, fundsRefusals: 1 }]) {
      expect(afterBooking(outcome, { ...fresh, ...counted })).toEqual({
        attempt: 'declined',
        status: 'failed_terminal',
        counts: outcome.reason === 'funds' ? 'funds_refusal' : 'attempt',
        alert: 'booking_payout_failed',
      })
    }
  }
})

test('haste, a look-up of what was given up, and what may be paid never end a booking’s transfer', () => {
  fc.assert(
    fc.property(anyOutcome, anyCounted, (outcome, counted) => {
      const ofSettlement = after(outcome, counted)
      if (ofSettlement.counts === 'nothing') expect(afterBooking(outcome, counted)).toEqual(ofSettlement)
      if (outcome.kind === 'unknown') expect(afterBooking(outcome, counted).status).toBe('processing')
    }),
  )
})
