import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Settlement, type SettlementWinner, settlementProblem } from './settlement.ts'

const winner = (userId: string, amount: bigint, changes: Partial<SettlementWinner> = {}): SettlementWinner => ({
  userId,
  stripeAccountId: `acct_${userId}`,
  amount,
  currency: 'USD',
  ...changes,
})
const settled = (total: bigint, changes: Partial<Settlement> = {}): Settlement => ({
  settlementId: 's1',
  contestId: 'c1',
  currency: 'USD',
  total,
  status: 'closed',
  ...changes,
})
const two = [winner('a', 700n), winner('b', 300n)]
const ruleOf = (settlement: Settlement, winners: readonly SettlementWinner[]) =>
  settlementProblem(settlement, winners)?.rule

test.each(['closed', 'completed'])('a settlement that is %s and whose winners add up is payable', (status) => {
  expect(settlementProblem(settled(1000n, { status }), two)).toBeUndefined()
})

test.each<[string, Settlement, readonly SettlementWinner[]]>([
  ['not_closed', settled(1000n, { status: 'open' }), two],
  ['not_closed', settled(1000n, { status: 'CLOSED' }), two],
  ['no_winners', settled(0n), []],
  ['unknown_currency', settled(1000n, { currency: 'XXX' }), two.map((one) => ({ ...one, currency: 'XXX' }))],
  ['unknown_currency', settled(1000n, { currency: 'usd' }), two],
  ['mixed_currency', settled(1000n), [winner('a', 700n), winner('b', 300n, { currency: 'EUR' })]],
  ['amount_not_positive', settled(700n), [winner('a', 700n), winner('b', 0n)]],
  ['amount_not_positive', settled(700n), [winner('a', 1000n), winner('b', -300n)]],
  ['duplicate_winner', settled(1000n), [winner('a', 700n), winner('a', 300n)]],
  ['sum_differs', settled(1001n), two],
  ['sum_differs', settled(-1000n), two],
])('%s: pays nobody', (rule, settlement, winners) => {
  expect(ruleOf(settlement, winners)).toBe(rule)
})

test('a problem is told with what was found', () => {
  expect(settlementProblem(settled(999n), two)).toEqual({
    rule: 'sum_differs',
    found: 'the winners are owed USD 10.00, the total is USD 9.99',
  })
})

const anyWinners = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.bigInt({ min: 1n, max: 10n ** 9n })), {
    selector: ([userId]) => userId,
    minLength: 1,
    maxLength: 30,
  })
  .map((list) => list.map(([userId, amount]) => winner(userId, amount)))
const sumOf = (winners: readonly SettlementWinner[]) => winners.reduce((sum, { amount }) => sum + amount, 0n)

test('different winners with positive amounts are payable exactly when the total is their sum', () => {
  fc.assert(
    fc.property(anyWinners, fc.bigInt({ min: -5n, max: 5n }), (winners, off) => {
      expect(ruleOf(settled(sumOf(winners) + off), winners)).toBe(off === 0n ? undefined : 'sum_differs')
    }),
  )
})

test('one bad winner anywhere spoils the whole settlement', () => {
  const spoil = fc.constantFrom<Partial<SettlementWinner>>({ amount: 0n }, { amount: -1n }, { currency: 'EUR' })
  fc.assert(
    fc.property(anyWinners, spoil, fc.nat(), (winners, change, at) => {
      const spoilt = winners.map((one, index) => (index === at % winners.length ? { ...one, ...change } : one))
      expect(ruleOf(settled(sumOf(spoilt)), spoilt)).toBeDefined()
    }),
  )
})
