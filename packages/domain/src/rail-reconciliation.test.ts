import { expect, test } from '@jest/globals'
import { money } from './money.ts'
import type { AttemptState } from './payment-steps.ts'
import { judge, type ProviderPayment, RAIL_GRACE_MS, type RecordedPayment } from './rail-reconciliation.ts'

const readAt = new Date('2026-11-21T02:00:00Z')
const reading = { readAt, graceMs: RAIL_GRACE_MS }
const longAgo = new Date('2026-11-20T10:00:00Z')
const justNow = new Date(readAt.getTime() - 60_000)
const USD = money(1_000n, 'USD')

const theirs = (change: Partial<ProviderPayment> = {}): ProviderPayment => ({
  reference: 'p-1',
  key: 'k-1',
  payableId: 'b-1',
  money: USD,
  takenBack: 0n,
  state: 'paid',
  at: longAgo,
  ...change,
})
const ours = (change: Partial<RecordedPayment> = {}): RecordedPayment => ({
  state: 'paid',
  money: USD,
  takenBack: 0n,
  begunAt: longAgo,
  changedAt: longAgo,
  ...change,
})
const verdict = (provider: ProviderPayment | undefined, recorded: RecordedPayment | undefined, isSecond = false) => {
  const found = judge({ provider, recorded, isSecond }, reading)
  return found === undefined ? '-' : found.urgent ? `${found.category}!` : found.category
}

type Theirs = 'missing' | 'pending' | 'paid' | 'returned' | 'rejected'
const THEIRS: Record<Theirs, ProviderPayment | undefined> = {
  missing: undefined,
  pending: theirs({ state: 'pending' }),
  paid: theirs(),
  returned: theirs({ takenBack: 1_000n }),
  rejected: theirs({ state: 'rejected' }),
}

test('every state here against every state there, once both have had their time', () => {
  const table: Record<AttemptState | 'missing', Record<Theirs, string>> = {
    claimed: { missing: 'timing', pending: '-', paid: 'paid_not_recorded', returned: '-', rejected: '-' },
    postponed: { missing: '-', pending: '-', paid: 'paid_not_recorded', returned: '-', rejected: '-' },
    accepted: {
      missing: 'recorded_not_paid',
      pending: '-',
      paid: 'paid_not_recorded',
      returned: 'recorded_not_paid',
      rejected: 'recorded_not_paid',
    },
    paid: {
      missing: 'recorded_not_paid!',
      pending: 'recorded_not_paid!',
      paid: '-',
      returned: 'recorded_not_paid!',
      rejected: 'recorded_not_paid!',
    },
    declined: {
      missing: '-',
      pending: 'paid_not_recorded!',
      paid: 'paid_not_recorded!',
      returned: '-',
      rejected: '-',
    },
    reversed: {
      missing: '-',
      pending: 'paid_not_recorded!',
      paid: 'paid_not_recorded!',
      returned: '-',
      rejected: '-',
    },
    missing: { missing: '-', pending: 'paid_not_recorded!', paid: 'paid_not_recorded!', returned: '-', rejected: '-' },
  }
  const found = Object.fromEntries(
    Object.keys(table).map((state) => [
      state,
      Object.fromEntries(
        Object.entries(THEIRS).map(([name, provider]) => [
          name,
          verdict(provider, state === 'missing' ? undefined : ours({ state: state as AttemptState })),
        ]),
      ),
    ]),
  )
  expect(found).toEqual(table)
})

test('what happened just now may not have been heard of yet: timing', () => {
  expect(verdict(theirs({ at: justNow }), ours({ state: 'accepted' }))).toBe('timing')
  expect(verdict(theirs({ at: longAgo, changedAt: justNow }), ours({ state: 'accepted' }))).toBe('timing')
  expect(verdict(theirs({ state: 'rejected', changedAt: justNow }), ours({ state: 'accepted' }))).toBe('timing')
  expect(verdict(theirs({ takenBack: 1_000n, changedAt: justNow }), ours())).toBe('timing')
  expect(verdict(undefined, ours({ changedAt: justNow }))).toBe('timing')
})

test('no haste excuses money without a record, a refusal that was carried out, or an end that was none', () => {
  expect(verdict(theirs({ at: justNow }), undefined)).toBe('paid_not_recorded!')
  expect(verdict(theirs({ at: justNow }), ours({ state: 'declined' }))).toBe('paid_not_recorded!')
  expect(verdict(theirs({ state: 'rejected', at: justNow }), ours())).toBe('recorded_not_paid!')
  expect(verdict(theirs({ state: 'pending', at: justNow }), ours())).toBe('recorded_not_paid!')
})

test('what moved here while they were read is timing, whatever it looks like', () => {
  const moved = { changedAt: readAt }
  expect(verdict(theirs(), ours({ state: 'declined', ...moved }))).toBe('timing')
  expect(verdict(theirs({ state: 'pending' }), ours(moved))).toBe('timing')
  expect(verdict(theirs({ takenBack: 400n }), ours(moved))).toBe('timing')
  expect(verdict(theirs({ money: money(1_001n, 'USD') }), ours(moved))).toBe('amount!')
})

test('a second payment of one thing is a duplicate, unless its money never stayed out', () => {
  expect(verdict(theirs(), ours(), true)).toBe('duplicate!')
  expect(verdict(theirs({ state: 'pending' }), ours({ state: 'declined' }), true)).toBe('duplicate!')
  expect(verdict(theirs({ takenBack: 1_000n }), ours(), true)).toBe('-')
  expect(verdict(theirs({ state: 'rejected' }), ours(), true)).toBe('-')
})

test('money is compared after what came back, in its currency', () => {
  expect(verdict(theirs({ money: money(1_001n, 'USD') }), ours())).toBe('amount!')
  expect(verdict(theirs({ money: money(999n, 'USD') }), ours())).toBe('amount')
  expect(verdict(theirs({ money: money(1_000n, 'CLP') }), ours())).toBe('currency!')
  expect(verdict(theirs({ money: undefined }), ours())).toBe('amount!')
  expect(verdict(theirs({ money: money(999n, 'USD'), state: 'pending' }), ours({ state: 'accepted' }))).toBe('amount')
})

test('a reversal of ours is known: no finding; one that nobody here made is', () => {
  expect(verdict(theirs({ takenBack: 400n }), ours({ takenBack: 400n }))).toBe('-')
  expect(verdict(theirs({ takenBack: 1_000n }), ours({ takenBack: 1_000n }))).toBe('-')
  expect(verdict(theirs({ takenBack: 400n }), ours())).toBe('amount')
  expect(verdict(theirs(), ours({ takenBack: 400n }))).toBe('amount!')
  expect(verdict(theirs(), ours({ takenBack: 1_000n }))).toBe('paid_not_recorded!')
})

test('the amount of what neither moved does not matter', () => {
  expect(verdict(theirs({ state: 'rejected', money: money(7n, 'CLP') }), ours({ state: 'declined' }))).toBe('-')
})
