import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import { judge, type ProviderPayment, RAIL_GRACE_MS } from '@remesa/domain/rail-reconciliation'
import fc from 'fast-check'
import { sql } from 'kysely'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { type Attempt, anAttempt, compare, insertAttempts, NOON, READ, READ_AT, told, WINDOW } from './rail-worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())
beforeEach(async () => {
  await sql`delete from payment_attempts`.execute(world.database)
  await sql`insert into rails (name) values ('fpay'), ('payoneer'), ('stripe') on conflict do nothing`.execute(
    world.database,
  )
})

/** The same comparison in the plainest way: maps, one payment after the other. */
function naive(theirs: readonly ProviderPayment[], attempts: readonly Attempt[]): readonly string[] {
  const recorded = new Map(attempts.map((attempt) => [attempt.id, attempt]))
  const takenBack = ({ state, amount }: Attempt) => (state === 'reversed' ? amount : 0n)
  const find = (wanted: (attempt: Attempt) => boolean) =>
    attempts.filter(wanted).toSorted((a, b) => b.generation - a.generation)[0]
  const groups = new Map<string, { payment: ProviderPayment; own: boolean }[]>()
  const found: string[] = []
  const paired = new Set<string>()
  const verdict = (payment: ProviderPayment | undefined, attempt: Attempt | undefined, isSecond: boolean) => {
    const side = attempt && {
      ...{ state: attempt.state, money: money(attempt.amount, attempt.currency), takenBack: takenBack(attempt) },
      ...{ begunAt: attempt.at, changedAt: attempt.changedAt },
    }
    const judged = judge({ provider: payment, recorded: side, isSecond }, { readAt: READ_AT, graceMs: RAIL_GRACE_MS })
    if (judged) found.push(`${judged.category} ${payment?.reference ?? null} ${attempt?.id ?? null}`)
  }
  const inWindow = (at: Date) => at >= WINDOW.from && at < WINDOW.to
  for (const payment of theirs) {
    const own = find(({ reference }) => reference === payment.reference)
    const attempt =
      own ?? find(({ key }) => key === payment.key) ?? find(({ payableId }) => payableId === payment.payableId)
    if (!attempt) {
      if (inWindow(payment.at)) verdict(payment, undefined, false)
      continue
    }
    groups.set(attempt.id, [...(groups.get(attempt.id) ?? []), { payment, own: own !== undefined }])
  }
  for (const [id, group] of groups) {
    const attempt = recorded.get(id) as Attempt
    const live = find(
      ({ payableId, state, reference }) =>
        payableId === attempt.payableId && (state === 'accepted' || state === 'paid') && reference !== null,
    )
    const liveWasRead = live && theirs.some(({ reference }) => reference === live.reference)
    const liveIsElsewhere = live && (live.at < READ.from || live.at >= READ.to)
    const moves = ({ state, money, takenBack }: ProviderPayment) =>
      state !== 'rejected' && (money === undefined || money.amount !== takenBack)
    group.sort(
      (a, b) =>
        Number(b.own) - Number(a.own) ||
        Number(moves(b.payment)) - Number(moves(a.payment)) ||
        a.payment.at.getTime() - b.payment.at.getTime() ||
        (a.payment.reference < b.payment.reference ? -1 : 1),
    )
    for (const [place, { payment }] of group.entries()) {
      const besideLive = live !== undefined && live.reference !== payment.reference && (liveWasRead || liveIsElsewhere)
      const isSecond = place > 0 || Boolean(besideLive)
      if (!isSecond) paired.add(id)
      if (inWindow(payment.at)) verdict(payment, attempt, isSecond)
    }
  }
  for (const attempt of attempts) {
    const isExpected = ['claimed', 'accepted', 'paid'].includes(attempt.state)
    if (isExpected && inWindow(attempt.at) && !paired.has(attempt.id)) verdict(undefined, attempt, false)
  }
  return found.sort()
}

const TIMES = ['2026-11-10T00:00:00Z', '2026-11-19T12:00:00Z', '2026-11-20T00:00:00Z', '2026-11-20T23:59:59.999Z']
const aTime = fc.constantFrom(...[...TIMES, '2026-11-21T00:00:00Z'].map((at) => new Date(at)))
const changes = fc.constantFrom(NOON, new Date(READ_AT.getTime() - 60_000), READ_AT)
const amounts = fc.constantFrom(1_000n, 1_001n)
const currencies = fc.constantFrom('USD', 'USD', 'USD', 'PEN')

/** A payable with up to three generations, of which only the last may be live, and up to four payments of theirs. */
const aPayable = fc.record({
  earlier: fc.array(fc.constantFrom<Attempt['state']>('declined', 'reversed'), { maxLength: 2 }),
  last: fc.option(
    fc.constantFrom<Attempt['state']>('claimed', 'postponed', 'accepted', 'paid', 'declined', 'reversed'),
  ),
  amount: amounts,
  currency: currencies,
  at: aTime,
  changedAt: changes,
  theirs: fc.array(
    fc.record({
      of: fc.nat(3),
      knows: fc.constantFrom('reference', 'key', 'payable', 'nothing'),
      state: fc.constantFrom<ProviderPayment['state']>('paid', 'paid', 'pending', 'rejected'),
      amount: fc.option(amounts, { freq: 9 }),
      currency: currencies,
      back: fc.constantFrom('none', 'none', 'part', 'all'),
      at: aTime,
      changedAt: fc.option(changes, { nil: undefined }),
    }),
    { maxLength: 4 },
  ),
})

test('a plain second implementation agrees on every set, however odd', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aPayable, { maxLength: 25 }), async (payables) => {
      await sql`delete from payment_attempts`.execute(world.database)
      const attempts: Attempt[] = []
      const theirs = new Map<string, ProviderPayment>()
      for (const { earlier, last, theirs: given, ...facts } of payables) {
        const payableId = randomUUID()
        const states = last === null ? earlier : [...earlier, last]
        const own = states.map((state, n) => anAttempt({ payableId, generation: n + 1, state, ...facts }))
        attempts.push(...own)
        for (const { of, knows, amount, currency, back, ...rest } of given) {
          const attempt = own[of % Math.max(own.length, 1)] ?? anAttempt({ payableId })
          const takenBack = back === 'none' ? 0n : back === 'all' ? (amount ?? 0n) : 300n
          const payment: ProviderPayment = {
            reference: knows === 'reference' ? (attempt.reference ?? randomUUID()) : randomUUID(),
            key: knows === 'reference' || knows === 'key' ? attempt.key : undefined,
            payableId: knows === 'nothing' ? undefined : payableId,
            money: amount === null ? undefined : money(amount, currency),
            takenBack,
            ...rest,
          }
          theirs.set(payment.reference, payment)
        }
      }
      await insertAttempts(world, 'fpay', attempts)
      const { found } = await compare(world, [...theirs.values()])
      expect(told(found)).toEqual(naive([...theirs.values()], attempts))
    }),
    { numRuns: 100 },
  )
})
