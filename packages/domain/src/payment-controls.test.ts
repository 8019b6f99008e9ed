import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currency } from './currency.ts'
import { askAgainAt, type CapCandidate, type CapScope, fitCaps, type PaymentCap } from './payment-controls.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const waitAfter = (stoppedForMs: number) =>
  askAgainAt({ stoppedAt: new Date(NOW.getTime() - stoppedForMs), now: NOW }).getTime() - NOW.getTime()

test.each([
  [-5_000, 15_000], // another clock stopped it
  [0, 15_000],
  [15_000, 15_000],
  [100_000, 100_000],
  [300_000, 300_000],
  [86_400_000, 300_000],
])('what waits for a rail that has been stopped for %d ms asks again in %d ms', (stoppedForMs, waitMs) => {
  expect(waitAfter(stoppedForMs)).toBe(waitMs)
})

const USD = currency('USD')
const aCap = (scope: CapScope, amount: bigint, changes: Partial<PaymentCap> = {}): PaymentCap => ({
  id: `${scope} ${amount}`,
  rail: null,
  currency: USD,
  scope,
  amount,
  ...changes,
})
const aPayment = (id: string, amount: bigint, changes: Partial<CapCandidate> = {}): CapCandidate => ({
  id,
  rail: 'fpay',
  money: { amount, currency: USD },
  payeeId: 'ana',
  destination: 'account',
  businessDate: '2026-11-20',
  ...changes,
})
const waiting = (candidates: readonly CapCandidate[], caps: readonly PaymentCap[], used = 0n) => [
  ...fitCaps(candidates, caps, { used: () => used, now: NOW }).keys(),
]

test('a cap is reached by what goes beyond it, not by what meets it', () => {
  const caps = [aCap('rail_hour', 100n)]
  expect(waiting([aPayment('a', 100n)], caps)).toEqual([])
  expect(waiting([aPayment('a', 101n)], caps)).toEqual(['a'])
  expect(waiting([aPayment('a', 1n)], caps, 100n)).toEqual(['a'])
})

test('a payment must fit each cap that concerns it, and takes room from all of them or from none', () => {
  const caps = [aCap('payee_day', 50n), aCap('rail_hour', 100n)]
  const payments = [
    aPayment('fits', 50n),
    aPayment('too much for ana', 1n),
    aPayment('fits, too', 50n, { payeeId: 'ben' }),
    aPayment('too much for the hour', 1n, { payeeId: 'cid' }),
    aPayment('another currency', 1_000n, { money: { amount: 1_000n, currency: currency('EUR') } }),
  ]
  expect(waiting(payments, caps)).toEqual(['too much for ana', 'too much for the hour'])
})

test('a cap of one rail leaves the others alone, and one on runs what belongs to none', () => {
  const caps = [aCap('rail_hour', 0n, { rail: 'stripe' }), aCap('run', 0n)]
  expect(waiting([aPayment('of a run', 1n), aPayment('of none', 1n, { businessDate: null })], caps)).toEqual([
    'of a run',
  ])
  expect(waiting([aPayment('of none', 1n, { rail: 'stripe', businessDate: null })], caps)).toEqual(['of none'])
})

test('whatever comes, together it never goes beyond any cap', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ amount: fc.bigInt({ min: 1n, max: 60n }), payee: fc.constantFrom('ana', 'ben') })),
      fc.tuple(fc.bigInt({ min: 0n, max: 200n }), fc.bigInt({ min: 0n, max: 200n })),
      (wishes, [hour, payee]) => {
        const caps = [aCap('rail_hour', hour), aCap('payee_day', payee)]
        const payments = wishes.map((wish, n) => aPayment(`${n}`, wish.amount, { payeeId: wish.payee }))
        const held = new Set(waiting(payments, caps))
        const sum = (of: readonly CapCandidate[]) => of.reduce((total, { money }) => total + money.amount, 0n)
        const gone = payments.filter(({ id }) => !held.has(id))
        expect(sum(gone) <= hour).toBe(true)
        for (const name of ['ana', 'ben'])
          expect(sum(gone.filter(({ payeeId }) => payeeId === name)) <= payee).toBe(true)
      },
    ),
  )
})
