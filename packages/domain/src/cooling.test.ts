import { expect, test } from '@jest/globals'
import { COOLING_MS, coolingUntil, judgeBankAccount } from './cooling.ts'

const CHANGED = new Date('2026-11-20T10:00:00Z')
const after = (ms: number) => new Date(CHANGED.getTime() + ms)

test('a payee waits for the cooling time after a change, and not a moment longer', () => {
  const options = { coolingMs: COOLING_MS }
  expect(coolingUntil(CHANGED, { ...options, now: CHANGED })).toEqual(after(COOLING_MS))
  expect(coolingUntil(CHANGED, { ...options, now: after(COOLING_MS - 1) })).toEqual(after(COOLING_MS))
  expect(coolingUntil(CHANGED, { ...options, now: after(COOLING_MS) })).toBeUndefined()
})

test('a change that a slow clock has not reached yet holds too', () => {
  expect(coolingUntil(CHANGED, { coolingMs: 1_000, now: after(-60_000) })).toEqual(after(1_000))
})

test('without a change, or with no cooling time, nothing waits', () => {
  expect(coolingUntil(null, { coolingMs: COOLING_MS, now: CHANGED })).toBeUndefined()
  expect(coolingUntil(CHANGED, { coolingMs: 0, now: after(-60_000) })).toBeUndefined()
})

const bank = (fingerprint: string, currency = 'usd') => ({ currency, fingerprint })
const none = { accounts: {}, paidOutSince: null }

test('the first bank account is no change; another in its place is, and so is the way back', () => {
  const first = judgeBankAccount(none, bank('one'), CHANGED)
  expect(first).toEqual({ accounts: { usd: { fingerprint: 'one', asOf: CHANGED.toISOString() } }, isChange: false })
  const known = { accounts: first.accounts ?? {}, paidOutSince: CHANGED }
  expect(judgeBankAccount(known, bank('one'), after(1)).isChange).toBe(false)
  const second = judgeBankAccount(known, bank('two'), after(1))
  expect(second.isChange).toBe(true)
  expect(judgeBankAccount({ ...known, accounts: second.accounts ?? {} }, bank('one'), after(2)).isChange).toBe(true)
})

test('the first bank account of a further currency is no change', () => {
  const known = { accounts: { usd: { fingerprint: 'one', asOf: CHANGED.toISOString() } }, paidOutSince: CHANGED }
  expect(judgeBankAccount(known, bank('two', 'eur'), after(1)).isChange).toBe(false)
})

test('older news of a bank account changes nothing', () => {
  const known = { accounts: { usd: { fingerprint: 'two', asOf: after(1).toISOString() } }, paidOutSince: CHANGED }
  expect(judgeBankAccount(known, bank('one'), CHANGED)).toEqual({ accounts: undefined, isChange: false })
})

test('an account that paid out before its bank account is told of had another', () => {
  expect(judgeBankAccount({ accounts: {}, paidOutSince: CHANGED }, bank('two'), after(1)).isChange).toBe(true)
  // It pays out because of this one: Stripe’s events overtake each other.
  expect(judgeBankAccount({ accounts: {}, paidOutSince: after(1) }, bank('two'), CHANGED).isChange).toBe(false)
})
