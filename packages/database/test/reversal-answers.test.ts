import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { PATIENCE } from '@remesa/domain/payment-steps'
import fc from 'fast-check'
import { sql } from 'kysely'
import { outstandingReceivable } from '../src/receivables.ts'
import { claimReversalsToQueue } from '../src/reversal-queue.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import {
  auditOf,
  faultsOfBooks,
  haste,
  lackOfFunds,
  later,
  NOW,
  ourKey,
  refused,
  silence,
  unavailable,
} from './payout-worlds.ts'
import {
  aPayout,
  aReversal,
  ask,
  booksOf,
  claim,
  claimed,
  LEASE_MS,
  made,
  record,
  reversalNow,
  USD,
} from './reversal-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())
beforeEach(() => sql`update rails set paused_until = null`.execute(world.database))

/** A reversal of 300 of a payout of 1,000. */
async function start() {
  const payout = await aPayout(world, { amount: 1_000n, reference: `tr_${randomUUID()}` })
  return { payout, id: await aReversal(world, payout, 300n) }
}
const alertsAbout = async (subjectId: string) => {
  const { rows } = await sql<{ kind: string }>`
    select kind from finance_alerts where subject_id = ${subjectId} and status <> 'resolved' order by kind`.execute(
    world.database,
  )
  return rows.map(({ kind }) => kind)
}

test('a claim writes the attempt down, with the transfer it takes from, before the rail is called', async () => {
  const payout = await aPayout(world, { amount: 1_000n, reference: 'tr_claimed' })
  const id = await aReversal(world, payout, 300n)
  const answer = await claimed(world, id)
  expect(answer).toMatchObject({
    payoutId: payout.payoutId,
    tryNumber: 1,
    counted: { attempts: 0, calls: 1 },
    attempt: {
      rail: 'stripe',
      superseded: false,
      instruction: {
        payableId: id,
        idempotencyKey: `reversal:${id}`,
        generation: 1,
        money: { amount: 300n, currency: USD },
        destination: 'tr_claimed',
        payeeId: payout.providerId,
        description: `Correction of booking ${payout.bookingId}`,
      },
    },
  })
  expect(await reversalNow(world, id)).toMatchObject({ status: 'processing', attempts: 1, due_at: later(LEASE_MS) })
  expect((await claim(world, [id])).get(id)).toEqual({ kind: 'later', at: later(LEASE_MS), why: 'leased' })
})

test('what was taken back is reversed, booked and audited, once however often it is told', async () => {
  const { payout, id } = await start()
  const taken = await claimed(world, id)
  const outcome = made('trr_told')
  expect((await record(world, [{ claim: taken, outcome }])).recorded).toEqual([
    { reversalId: id, status: 'reversed', retryAt: null },
  ])
  expect(await record(world, [{ claim: taken, outcome }])).toMatchObject({ recorded: [{ status: null }], alerts: [] })
  expect(await reversalNow(world, id)).toMatchObject({
    status: 'reversed',
    provider_reference: 'trr_told',
    due_at: null,
  })
  expect(await booksOf(world, payout)).toEqual({ owed_from: -700n, paid_from: 700n })
  expect(await auditOf(world, id)).toEqual([
    'payout_reversal.created',
    'payout_reversal.claimed',
    'payout_reversal.accepted',
  ])
  expect(await auditOf(world, payout.payoutId)).toEqual(['payout.reversal_made'])
  expect((await claim(world, [id])).get(id)).toEqual({ kind: 'nothing_to_do' })
})

test.each([
  ['an account that does not hold the money', lackOfFunds, 'funds'],
  ['a refusal for good', refused, 'account_closed'],
])('%s leaves what was asked for owed to us, and people are told', async (_, outcome, reason) => {
  const { payout, id } = await start()
  await record(world, [{ claim: await claimed(world, id), outcome }])
  expect(await reversalNow(world, id)).toMatchObject({ status: 'refused', failure_reason: reason, due_at: null })
  expect(await booksOf(world, payout)).toEqual({ owed_from: -700n, paid_from: 1_000n, receivable: -300n })
  expect(await inTransaction(world, (tx) => outstandingReceivable(tx, payout.providerId, USD))).toBe(300n)
  expect(await alertsAbout(payout.payoutId)).toEqual(['reversal_refused'])
  expect(await auditOf(world, payout.payoutId)).toEqual(['payout.receivable_opened'])
  expect((await claim(world, [id])).get(id)).toEqual({ kind: 'nothing_to_do' })
})

test('silence leaves it with its key, which the next worker uses again once the lease is over', async () => {
  const { payout, id } = await start()
  const { recorded } = await record(world, [{ claim: await claimed(world, id), outcome: silence }])
  const retryAt = recorded[0]?.retryAt ?? NOW
  expect(await reversalNow(world, id)).toMatchObject({ status: 'processing', attempts: 1, due_at: retryAt })
  const again = await claimed(world, id, retryAt)
  expect(again).toMatchObject({
    tryNumber: 1,
    attempt: { calls: 2, instruction: { idempotencyKey: `reversal:${id}` } },
  })
  await record(world, [{ claim: again, outcome: made() }], retryAt)
  expect(await booksOf(world, payout)).toEqual({ owed_from: -700n, paid_from: 700n })
})

test('a worker that died is followed by one with the same key, and the late answer of the first changes nothing', async () => {
  const { id } = await start()
  const dead = await claimed(world, id)
  const heir = await claimed(world, id, later(LEASE_MS))
  expect(heir.attempt.instruction).toEqual(dead.attempt.instruction)
  await record(world, [{ claim: dead, outcome: refused }], later(LEASE_MS))
  expect(await reversalNow(world, id)).toMatchObject({ status: 'processing' })
  await record(world, [{ claim: heir, outcome: made('trr_heir') }], later(LEASE_MS))
  const { alerts } = await record(world, [{ claim: dead, outcome: made('trr_heir') }], later(LEASE_MS))
  expect(alerts).toEqual([])
})

test('a rail that made what it refused before contradicts itself, and people are told', async () => {
  const { payout, id } = await start()
  const first = await claimed(world, id)
  await record(world, [{ claim: first, outcome: refused }])
  await record(world, [{ claim: first, outcome: made() }])
  expect(await reversalNow(world, id)).toMatchObject({ status: 'refused' })
  expect(await alertsAbout(payout.payoutId)).toEqual(['payment_mismatch', 'reversal_refused'])
  expect(await booksOf(world, payout)).toMatchObject({ receivable: -300n })
})

test('haste is tried again under the same key; an acceptance that comes meanwhile counts', async () => {
  const { payout, id } = await start()
  const first = await claimed(world, id)
  const { recorded } = await record(world, [{ claim: first, outcome: haste }])
  const retryAt = recorded[0]?.retryAt ?? NOW
  expect(await reversalNow(world, id)).toMatchObject({ status: 'retryable', refusals: 0, next_try_at: retryAt })
  expect((await claim(world, [id])).get(id)).toEqual({ kind: 'later', at: retryAt, why: 'not_yet' })
  await record(world, [{ claim: first, outcome: made() }])
  expect(await reversalNow(world, id)).toMatchObject({ status: 'reversed', attempts: 2 })
  expect(await booksOf(world, payout)).toEqual({ owed_from: -700n, paid_from: 700n })
  expect((await claim(world, [id], retryAt)).get(id)).toEqual({ kind: 'nothing_to_do' })
})

test('Stripe’s own errors get a new key each time, and never end it', async () => {
  const { id } = await start()
  let now = NOW
  for (let tries = 1; tries <= PATIENCE.maxAttempts + 1; tries += 1) {
    const next = await claimed(world, id, now)
    expect(next.attempt.instruction).toMatchObject({ generation: tries })
    const { recorded } = await record(world, [{ claim: next, outcome: unavailable }], now)
    now = recorded[0]?.retryAt ?? now
  }
  expect(await reversalNow(world, id)).toMatchObject({ status: 'retryable', refusals: PATIENCE.maxAttempts + 1 })
  expect(await alertsAbout('stripe')).toContain('rail_unavailable')
  await record(world, [{ claim: await claimed(world, id, now), outcome: made() }], now)
  expect(await alertsAbout('stripe')).not.toContain('rail_unavailable')
})

test('while our credentials are refused nothing is taken back, and what rests goes on by itself', async () => {
  const [{ id }, other] = [await start(), await start()]
  const { recorded } = await record(world, [{ claim: await claimed(world, id), outcome: ourKey }])
  const at = recorded[0]?.retryAt ?? NOW
  expect((await claim(world, [other.id])).get(other.id)).toEqual({ kind: 'later', at, why: 'rail_paused' })
  expect(await reversalNow(world, other.id)).toMatchObject({ status: 'pending', attempts: 0 })
  await record(world, [{ claim: await claimed(world, id, at), outcome: made() }], at)
  expect(await alertsAbout('stripe')).not.toContain('rail_paused')
})

test('the question whether it was made is closed with its end', async () => {
  const { payout, id } = await start()
  const mismatch = { kind: 'unknown', reason: 'mismatch', facts: { status: 400 } } as const
  const { recorded } = await record(world, [{ claim: await claimed(world, id), outcome: mismatch }])
  expect(await alertsAbout(payout.payoutId)).toEqual(['payment_mismatch'])
  const at = recorded[0]?.retryAt ?? NOW
  await record(world, [{ claim: await claimed(world, id, at), outcome: made() }], at)
  expect(await alertsAbout(payout.payoutId)).toEqual([])
})

test('of two who claim one reversal at once, one gets it', async () => {
  const { id } = await start()
  const answers = await Promise.all([claim(world, [id]), claim(world, [id])])
  const kinds = answers.map((answer) => answer.get(id)?.kind).sort()
  expect(kinds).toEqual(['claimed', 'later'])
})

test('what is not there, or never left, has nothing to do', async () => {
  expect((await claim(world, [randomUUID()])).size).toBe(0)
})

test('what nobody has in hand is queued again, by one of two schedulers, and not twice in a row', async () => {
  await sql`update payout_reversals set due_at = '2030-01-01' where due_at is not null`.execute(world.database)
  const [left, dead, fresh] = [await start(), await start(), await start()]
  await claimed(world, dead.id)
  const now = later(LEASE_MS + 10_000)
  await sql`update payout_reversals set due_at = ${now} where id = ${fresh.id}`.execute(world.database)
  const queue = (at = now) =>
    inTransaction(world, (tx) => claimReversalsToQueue(tx, { now: at, graceMs: 5_000, limit: 100 }))
  const found = (await Promise.all([queue(), queue()])).flat()
  expect(found.map(({ reversalId }) => reversalId).sort()).toEqual([left.id, dead.id].sort())
  expect(new Set(found.map(({ status }) => status))).toEqual(new Set(['pending', 'processing']))
  expect(await queue()).toEqual([])
})

test('whatever is asked back and answered: never more comes back, and is owed to us, than was transferred', async () => {
  const anyOutcome = fc.constantFrom('made', 'refused', 'funds', 'silence', 'haste', 'unavailable')
  const story = fc.record({
    setOff: fc.bigInt(0n, 90n),
    asks: fc.array(fc.bigInt(1n, 70n), { minLength: 1, maxLength: 4 }),
    outcomes: fc.array(anyOutcome, { minLength: 4, maxLength: 12 }),
  })
  await fc.assert(
    fc.asyncProperty(story, async ({ setOff, asks, outcomes }) => {
      const debtor = await aPayout(world, { amount: 90n })
      await record(world, [{ claim: await claimed(world, await aReversal(world, debtor, 90n)), outcome: refused }])
      const payout = await aPayout(world, { amount: 100n, setOff, providerId: debtor.providerId })
      const owedBefore = await inTransaction(world, (tx) => outstandingReceivable(tx, payout.providerId, USD))
      const ids: string[] = []
      let asked = 0n
      for (const amount of asks) {
        const isTooMuch = asked + amount > 100n
        const answer = await ask(world, payout, amount).catch(() => undefined)
        expect(answer === undefined).toBe(isTooMuch)
        if (!answer) continue
        ids.push(...answer)
        asked += amount
      }
      let now = NOW
      const kinds = { made: () => made(), refused, funds: lackOfFunds, silence, haste, unavailable }
      for (const kind of outcomes) {
        now = later(24 * 3_600_000, now)
        for (const answer of (await claim(world, ids, now)).values()) {
          if (answer.kind !== 'claimed') continue
          const outcome = kind === 'made' ? kinds.made() : kinds[kind as 'refused']
          await record(world, [{ claim: answer.claim, outcome }], now)
        }
      }
      const { paid_from = 0n, owed_from = 0n } = await booksOf(world, payout)
      const reversed = 100n - setOff - paid_from
      const opened =
        (await inTransaction(world, (tx) => outstandingReceivable(tx, payout.providerId, USD))) - owedBefore
      expect(reversed).toBeGreaterThanOrEqual(0n)
      expect(opened).toBeGreaterThanOrEqual(0n)
      expect(reversed + opened).toBe(100n + owed_from)
      expect(reversed + opened).toBeLessThanOrEqual(asked)
      const { rows } = await sql<{ open: bigint }>`
        select coalesce(sum(amount), 0)::bigint as open from payout_reversals
        where payout_id = ${payout.payoutId} and ended_at is null`.execute(world.database)
      expect(reversed + opened + (rows[0]?.open ?? 0n)).toBe(asked)
    }),
    { numRuns: 25 },
  )
  expect(await faultsOfBooks(world)).toEqual([])
})
