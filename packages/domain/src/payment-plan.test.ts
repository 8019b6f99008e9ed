import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currency } from './currency.ts'
import {
  canonicalPlan,
  driftOf,
  fitRules,
  isSameLine,
  type PlanCandidate,
  type PlanLine,
  type PlanRule,
  rulesToApprove,
} from './payment-plan.ts'

const USD = currency('USD')
const aLine = (payableId: string, amount: bigint, changes: Partial<PlanLine> = {}): PlanLine => ({
  payableId,
  money: { amount, currency: USD },
  rail: 'fpay',
  destination: `account of ${payableId}`,
  ...changes,
})
const aRule = (amount: bigint, code = 'USD'): PlanRule => ({
  id: `${code} ${amount}`,
  kind: 'pay_day',
  currency: currency(code),
  amount,
})

const lines = fc.uniqueArray(
  fc.record({
    payableId: fc.constantFrom('a', 'b', 'c', 'd'),
    money: fc.record({ amount: fc.bigInt({ min: 1n, max: 3n }), currency: fc.constantFrom(USD, currency('CLP')) }),
    rail: fc.constantFrom('fpay' as const, 'payoneer' as const),
    destination: fc.constantFrom('x', 'y', 'x\nb 1 USD fpay 1:y', 'ñ'),
  }),
  { selector: ({ payableId }) => payableId },
)

test('plans have one text exactly when nothing has drifted between them, in whatever order their lines come', () => {
  fc.assert(
    fc.property(lines, lines, (one, other) => {
      expect(canonicalPlan([...one].reverse())).toBe(canonicalPlan(one))
      expect(canonicalPlan(one) === canonicalPlan(other)).toBe(driftOf(one, other).length === 0)
    }),
  )
})

test('drift names what was added, what is gone, and what changed its amount or destination', () => {
  const planned = [aLine('a', 1n), aLine('b', 2n), aLine('c', 3n)]
  const now = [aLine('b', 2n), aLine('c', 3n, { destination: 'another' }), aLine('d', 4n)]
  expect(driftOf(planned, now)).toEqual([
    { kind: 'gone', planned: planned[0] },
    { kind: 'changed', planned: planned[2], now: now[1] },
    { kind: 'added', now: now[2] },
  ])
})

const candidates = (...amounts: readonly bigint[]): readonly PlanCandidate[] =>
  amounts.map((amount, index) => ({ ...aLine(`p${index}`, amount), run: '2026-11-20' }))
const waiting = (
  all: readonly PlanCandidate[],
  rules: readonly PlanRule[],
  { used = 0n, approved = [] as readonly string[] } = {},
) => [...fitRules(all, rules, { used: () => used, isApproved: ({ payableId }) => approved.includes(payableId) }).keys()]

test('what goes without an approved plan never exceeds its rule, and nothing that fits waits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt({ min: 1n, max: 50n })),
      fc.bigInt({ min: 0n, max: 100n }),
      fc.bigInt({ min: 0n, max: 200n }),
      (amounts, used, limit) => {
        const all = candidates(...amounts)
        const held = new Set(waiting(all, [aRule(limit)], { used }))
        let sum = used
        for (const { payableId, money } of all) {
          if (held.has(payableId)) expect(sum + money.amount).toBeGreaterThan(limit)
          else sum += money.amount
        }
        expect(sum <= limit || sum === used).toBe(true)
      },
    ),
  )
})

test('a line of an approved plan goes and takes no room; another currency has its own rule, another run its own room', () => {
  const [first, second, third] = candidates(60n, 60n, 40n)
  if (!first || !second || !third) throw new Error('no candidates')
  expect(waiting([first, second, third], [aRule(100n)], { approved: ['p0'] })).toEqual([])
  expect(waiting([first, second, third], [aRule(100n)])).toEqual(['p1'])
  expect(waiting([first, { ...second, run: '2026-11-21' }], [aRule(60n)])).toEqual([])
  expect(waiting([first], [aRule(0n, 'CLP')])).toEqual([])
  expect(waiting([first], [aRule(0n)])).toEqual(['p0'])
})

test('a plan needs a second person where its run would send out more than a rule allows', () => {
  const plan = [aLine('a', 60n), aLine('b', 40n)].map(({ money }) => money)
  expect(rulesToApprove(plan, [aRule(100n), aRule(0n, 'CLP')], () => 0n)).toEqual([])
  expect(rulesToApprove(plan, [aRule(100n)], () => 1n)).toEqual([aRule(100n)])
  expect(rulesToApprove([], [aRule(0n)], () => 5n)).toEqual([])
})

test('the same money to the same account is the same line', () => {
  expect(isSameLine(aLine('a', 1n), aLine('a', 1n))).toBe(true)
  expect(isSameLine(aLine('a', 1n), aLine('a', 1n, { rail: 'payoneer' }))).toBe(false)
})
