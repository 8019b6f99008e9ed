import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import fc from 'fast-check'
import { sql } from 'kysely'
import {
  accountTotals,
  inTransit,
  type LedgerEntry,
  ledgerProof,
  moved,
  owedFrom,
  paidFrom,
  payeeAccount,
  payeeBalances,
  recordEntries,
  userPayee,
} from '../src/ledger.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { CLP, inTransaction, PEN } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const record = (...entries: LedgerEntry[]) => inTransaction(world, (tx) => recordEntries(tx, entries))
const entry = (key: string, from: string, to: string, amount: bigint, code = CLP): LedgerEntry => ({
  idempotencyKey: key,
  kind: 'owed',
  postings: moved({ amount, currency: code }, { from, to }),
})
const owed = (key: string, payee: string, amount: bigint) => entry(key, owedFrom('cl'), payeeAccount(payee), amount)
const paid = (key: string, payee: string, amount: bigint) => entry(key, payeeAccount(payee), paidFrom('fpay'), amount)
const balanceOf = async (payee: string) => (await payeeBalances(world.database, [payee]))[0]?.money.amount ?? 0n

test('an event told of twice is recorded once', async () => {
  expect([...(await record(owed('k1', 'a', 5n)))]).toEqual(['k1'])
  expect([...(await record(owed('k1', 'a', 5n), owed('k2', 'a', 2n)))]).toEqual(['k2'])
  expect(await balanceOf('a')).toBe(7n)
})

test('one key for two events is an error, and nothing of that batch is recorded', async () => {
  await record(owed('same', 'b', 5n))
  await expect(record(owed('other', 'b', 1n), owed('same', 'b', 6n))).rejects.toThrow(
    'ledger entry same was recorded before with other postings',
  )
  await expect(record(owed('twice', 'b', 1n), owed('twice', 'b', 1n))).rejects.toThrow('twice is given twice')
  expect(await balanceOf('b')).toBe(5n)
})

test('two payments of one debt at once: the second is refused', async () => {
  await record(owed('debt', 'c', 10n))
  const outcomes = await Promise.allSettled([record(paid('pay1', 'c', 10n)), record(paid('pay2', 'c', 10n))])
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(await balanceOf('c')).toBe(0n)
})

test('the same event recorded by two workers at once is recorded by one of them', async () => {
  const outcomes = await Promise.all([record(owed('race', 'd', 10n)), record(owed('race', 'd', 10n))])
  expect(outcomes.map(({ size }) => size).toSorted()).toEqual([0, 1])
  expect(await balanceOf('d')).toBe(10n)
})

test('batches at once that touch the same payees in any order all go through', async () => {
  const payees = Array.from({ length: 40 }, (_, n) => `crowd${n}`)
  const batches = Array.from({ length: 8 }, (_, batch) => {
    const entries = payees.map((payee) => owed(`crowd:${batch}:${payee}`, payee, 1n))
    return batch % 2 ? entries.reverse() : entries
  })
  await Promise.all(batches.map((batch) => record(...batch)))
  const balances = await payeeBalances(world.database, payees)
  expect(balances.map(({ money }) => money.amount)).toEqual(payees.map(() => 8n))
})

test('a payee’s kept balance that is not the sum of its postings is found', async () => {
  await record(owed('proof', 'e', 5n))
  await sql`update ledger_payee_balances set balance = 6 where account = 'payee:e'`.execute(world.database)
  expect((await ledgerProof(world.database)).disagreements).toEqual([
    { account: 'payee:e', currency: 'CLP', posted: 5n, kept: 6n },
  ])
  await sql`update ledger_payee_balances set balance = 5 where account = 'payee:e'`.execute(world.database)
})

/** One thing that happens to one of a few payees, as the pay-day makes it happen. */
const anEvent = fc.record({
  step: fc.constantFrom('owed', 'accepted', 'settled', 'rejected', 'reversed'),
  payee: fc.integer({ min: 0, max: 3 }),
  rail: fc.constantFrom('fpay' as const, 'payoneer' as const),
  code: fc.constantFrom(CLP, PEN),
  amount: fc.bigInt({ min: 1n, max: 2n ** 50n }),
  key: fc.integer({ min: 0, max: 40 }),
})

test('whatever happens in whatever batches: the books sum to zero, no payee is below zero, and both views agree', async () => {
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(anEvent, { maxLength: 12 }), { maxLength: 6 }), async (batches) => {
      round += 1
      const expected = new Map<string, bigint>()
      const recorded = new Map<string, string>()
      for (const batch of batches) {
        const entries = [...new Map(batch.map((event) => [event.key, event])).values()].map((event) => {
          const payee = payeeAccount(`r${round}-${event.payee}`)
          const [from, to] = {
            owed: [owedFrom('cl'), payee],
            accepted: [payee, inTransit(event.rail)],
            settled: [inTransit(event.rail), paidFrom(event.rail)],
            rejected: [inTransit(event.rail), payee],
            reversed: [paidFrom(event.rail), payee],
          }[event.step] as [string, string]
          return entry(`r${round}:${event.key}`, from, to, event.amount, event.code)
        })
        const fresh = entries.filter(({ idempotencyKey }) => !recorded.has(idempotencyKey))
        const after = new Map(expected)
        for (const { postings } of fresh) {
          for (const { account, currency: code, amount } of postings) {
            if (!account.startsWith('payee:')) continue
            after.set(`${account} ${code}`, (after.get(`${account} ${code}`) ?? 0n) + amount)
          }
        }
        const spell = ({ postings }: LedgerEntry) => postings.map((posting) => Object.values(posting).join()).join(';')
        const contradicts = entries.some(
          (one) => recorded.has(one.idempotencyKey) && recorded.get(one.idempotencyKey) !== spell(one),
        )
        const allowed = !contradicts && [...after.values()].every((balance) => balance >= 0n)
        const outcome = await record(...entries).then(
          (keys) => [...keys].toSorted(),
          () => 'refused' as const,
        )
        expect(outcome).toEqual(allowed ? fresh.map(({ idempotencyKey }) => idempotencyKey).toSorted() : 'refused')
        if (!allowed) continue
        for (const [account, balance] of after) expected.set(account, balance)
        for (const one of fresh) recorded.set(one.idempotencyKey, spell(one))
      }
      const kept = await payeeBalances(
        world.database,
        [0, 1, 2, 3].map((payee) => `r${round}-${payee}`),
      )
      expect(new Map(kept.map(({ payeeId, money }) => [`payee:${payeeId} ${money.currency}`, money.amount]))).toEqual(
        new Map([...expected].filter(([, balance]) => balance !== 0n).toSorted()),
      )
    }),
    { numRuns: 60 },
  )
  const proof = await ledgerProof(world.database)
  expect(proof.disagreements).toEqual([])
  expect(proof.currencies.map(({ sum }) => sum)).toEqual([0n, 0n])
  const totals = await accountTotals(world.database)
  for (const code of [CLP, PEN]) {
    const ofCode = totals.filter(({ money }) => money.currency === currency(code))
    expect(ofCode.reduce((sum, { money }) => sum + money.amount, 0n)).toBe(0n)
  }
}, 60_000)

test('users have accounts of their own, whatever letters are in their ids', () => {
  const anyId = fc.string({
    minLength: 1,
    unit: fc.constantFrom('a', 'Z', '0', '5', 'f', '-', '_', ':', ' ', 'ñ', '😀'),
  })
  fc.assert(
    fc.property(anyId, anyId, (one, other) => {
      expect(payeeAccount(userPayee(one))).toMatch(/^[a-z_]+(:[A-Za-z0-9_-]+)*$/)
      expect(userPayee(one) === userPayee(other)).toBe(one === other)
    }),
    { numRuns: 500 },
  )
})
