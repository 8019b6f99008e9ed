import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import { type ProviderPayment, RAIL_GRACE_MS, type RailFindingCategory } from '@remesa/domain/rail-reconciliation'
import fc from 'fast-check'
import { sql } from 'kysely'
import { compareRail, stagePayments } from '../src/rail-reconciliation.ts'
import { keysAskedFor, spanToRead } from '../src/rail-records.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import {
  type Attempt,
  anAttempt,
  compare,
  insertAttempts,
  NOON,
  READ,
  READ_AT,
  theirsOf,
  told,
  WINDOW,
} from './rail-worlds.ts'
import { inTransaction } from './worlds.ts'

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

test('books that agree are a success without findings, whatever lies outside the window', async () => {
  const attempts = [
    ...(['paid', 'accepted', 'reversed', 'declined'] as const).map((state) => anAttempt({ state })),
    anAttempt({ at: new Date('2026-11-19T23:59:59.999Z') }),
    anAttempt({ at: WINDOW.to }),
  ]
  await insertAttempts(world, 'fpay', attempts)
  const { result, severity, found } = await compare(
    world,
    attempts.map((attempt) => theirsOf(attempt)),
  )
  expect(found).toEqual([])
  expect(severity).toBe('none')
  expect(result).toMatchObject({ status: 'success', payments: 4, urgent: 0, recommendations: [], date: '2026-11-20' })
  // What was refused, and what came back, is not out.
  expect(result.byCurrency).toEqual([
    { currency: 'USD', payments: 4, total: '20.00', grossOver: '0.00', grossUnder: '0.00', moneyAtRisk: '0.00' },
  ])
})

test('each category is found, once, with both sides and what they differ by', async () => {
  const attempts = {
    refused: anAttempt({ state: 'declined' }),
    gone: anAttempt(),
    more: anAttempt(),
    pesos: anAttempt(),
    twice: anAttempt(),
    open: anAttempt({ state: 'claimed' }),
    fine: anAttempt(),
  }
  await insertAttempts(world, 'fpay', Object.values(attempts))
  const stranger = theirsOf(anAttempt(), { reference: 'stranger' })
  const { found, result, severity } = await compare(world, [
    stranger,
    theirsOf(attempts.refused, { state: 'paid' }),
    theirsOf(attempts.more, { money: money(1_250n, 'USD') }),
    theirsOf(attempts.pesos, { money: money(1_000n, 'CLP') }),
    theirsOf(attempts.twice),
    theirsOf(attempts.twice, { reference: 'again' }),
    theirsOf(attempts.fine),
  ])
  expect(told(found)).toEqual(
    [
      'paid_not_recorded stranger null',
      `paid_not_recorded ref-${attempts.refused.key} ${attempts.refused.id}`,
      `recorded_not_paid null ${attempts.gone.id}`,
      `amount ${attempts.more.reference} ${attempts.more.id}`,
      `currency ${attempts.pesos.reference} ${attempts.pesos.id}`,
      `duplicate again ${attempts.twice.id}`,
      `timing null ${attempts.open.id}`,
    ].sort(),
  )
  expect(severity).toBe('critical')
  expect(result).toMatchObject({
    status: 'discrepancy_found',
    findings: { paid_not_recorded: 2, recorded_not_paid: 1, amount: 1, currency: 1, duplicate: 1, timing: 1 },
    urgent: 6,
    byCurrency: [
      { currency: 'CLP', payments: 1, total: '1000', grossOver: '1000', grossUnder: '0', moneyAtRisk: '1000' },
      { currency: 'USD', payments: 6, grossOver: '32.50', grossUnder: '20.00', moneyAtRisk: '52.50' },
    ],
  })
  expect(result.recommendations[0]).toContain('again')
  expect(found.find(({ category }) => category === 'amount')).toMatchObject({
    ...{ payable_id: attempts.more.payableId, payable_type: 'seller_balance', urgent: true, status: 'open' },
    ...{ provider_state: 'paid', provider_amount: 1_250n, recorded_amount: 1_000n, recorded_state: 'paid' },
    ...{ over_amount: 250n, over_currency: 'USD', under_amount: null },
  })
})

test('a second payment is a duplicate a week after the first', async () => {
  const attempt = anAttempt({ at: new Date('2026-11-10T12:00:00Z') })
  await insertAttempts(world, 'fpay', [attempt])
  const { found } = await compare(world, [theirsOf(attempt, { reference: 'again', at: NOON })])
  expect(told(found)).toEqual([`duplicate again ${attempt.id}`])
})

test('two generations that were both paid: the one that we did not hear of is the duplicate', async () => {
  const first = anAttempt({ state: 'declined' })
  const second = anAttempt({ payableId: first.payableId, generation: 2 })
  await insertAttempts(world, 'fpay', [first, second])
  const { found } = await compare(world, [theirsOf(first, { state: 'paid' }), theirsOf(second)])
  expect(told(found)).toEqual([`duplicate ref-${first.key} ${first.id}`])
})

test('a payment under another name than we recorded is that payment, not a loss and a duplicate', async () => {
  const attempt = anAttempt()
  await insertAttempts(world, 'fpay', [attempt])
  expect((await compare(world, [theirsOf(attempt, { reference: 'renamed' })])).found).toEqual([])
})

test('a payment accepted in the window and made before it, or known by its payable alone, is not missing', async () => {
  const attempt = anAttempt({ at: WINDOW.from })
  const other = anAttempt()
  await insertAttempts(world, 'fpay', [attempt, other])
  const { found } = await compare(world, [
    theirsOf(attempt, { at: new Date('2026-11-19T23:00:00Z') }),
    theirsOf(other, { key: undefined, reference: other.reference ?? '' }),
  ])
  expect(found).toEqual([])
})

test('what we began long before anything was read is told as timing, not as missing', async () => {
  const attempt = anAttempt()
  await insertAttempts(world, 'fpay', [attempt])
  await sql`update payment_attempts set first_called_at = '2026-11-01T00:00:00Z'`.execute(world.database)
  expect(told((await compare(world, [])).found)).toEqual([`timing null ${attempt.id}`])
})

test('reading reaches back to the first call of what was accepted in the window, a week at most', async () => {
  const query = { books: 'fpay', timeZone: 'UTC' } as const
  const fiveMinutes = 5 * 60_000
  const to = new Date(WINDOW.to.getTime() + fiveMinutes)
  expect(await spanToRead(world.database, query, WINDOW)).toEqual({
    from: new Date(WINDOW.from.getTime() - fiveMinutes),
    to,
  })
  await insertAttempts(world, 'fpay', [anAttempt()])
  await sql`update payment_attempts set first_called_at = '2026-11-18T00:00:00Z'`.execute(world.database)
  const begun = Date.parse('2026-11-18T00:00:00Z')
  expect((await spanToRead(world.database, query, WINDOW)).from).toEqual(new Date(begun - fiveMinutes))
  await sql`update payment_attempts set first_called_at = '2026-01-01T00:00:00Z'`.execute(world.database)
  const week = 7 * 86_400_000
  expect((await spanToRead(world.database, query, WINDOW)).from.getTime()).toBe(
    WINDOW.from.getTime() - week - fiveMinutes,
  )
})

test('every key we asked for in the window is named once, in pages, none of another rail or day', async () => {
  const attempts = Array.from({ length: 450 }, (_, n) => anAttempt({ at: new Date(NOON.getTime() + (n % 7)) }))
  await insertAttempts(world, 'payoneer', [
    ...attempts,
    anAttempt({ at: WINDOW.to }),
    anAttempt({ at: new Date(WINDOW.from.getTime() - 1) }),
  ])
  await insertAttempts(world, 'fpay', [anAttempt()])
  const sizes: number[] = []
  const keys: string[] = []
  for await (const page of keysAskedFor(world.database, { books: 'payoneer', timeZone: 'UTC' }, WINDOW)) {
    sizes.push(page.length)
    keys.push(...page.map(({ key }) => key))
  }
  expect(sizes).toEqual([200, 200, 50])
  expect(keys.toSorted()).toEqual(attempts.map(({ key }) => key).toSorted())
})

test('pages that overlap count each payment once, and what was lost of them is never taken for missing', async () => {
  const attempts = [anAttempt(), anAttempt()]
  await insertAttempts(world, 'fpay', attempts)
  const [one, other] = attempts.map((attempt) => theirsOf(attempt)) as [ProviderPayment, ProviderPayment]
  const readingId = randomUUID()
  expect(await stagePayments(world.database, readingId, [one, { ...other, state: 'pending' }], WINDOW)).toBe(2)
  expect(await stagePayments(world.database, readingId, [other], WINDOW)).toBe(0)
  const comparison = {
    ...{ books: 'fpay' as const, timeZone: 'UTC', window: WINDOW, read: READ, readAt: READ_AT, graceMs: RAIL_GRACE_MS },
    ...{ readingId, reportId: randomUUID(), staged: 2 },
  } as const
  const compared = () => inTransaction(world, (tx) => compareRail(tx, comparison))
  expect((await compared()).result).toMatchObject({ status: 'success', payments: 2 })
  await sql`delete from rail_staged_payments where reference = ${one.reference}`.execute(world.database)
  await expect(compared()).rejects.toThrow('2 payments were read, and 1 are left of them')
})

test('reversals of ours are known: of a part, of all, and while they are under way', async () => {
  const attempts = Array.from({ length: 4 }, () => anAttempt())
  const [part, all, underWay, nobodys] = attempts as [Attempt, Attempt, Attempt, Attempt]
  await insertAttempts(world, 'stripe', attempts, 'payout_transfer')
  // The table's own walls want a payout, its booking and its provider: beside the matter here.
  await sql`alter table payout_reversals disable trigger user, drop constraint payout_reversals_payout_id_fkey,
    drop constraint payout_reversals_transfer_id_fkey`.execute(world.database)
  const reversal = (transferId: string, amount: number, status: 'reversed' | 'processing') =>
    sql`
    insert into payout_reversals (payout_id, transfer_id, provider_id, amount, currency, status, attempts, due_at, ended_at,
      provider_reference, updated_at)
    values (gen_random_uuid(), ${transferId}, 'provider', ${amount}, 'USD', ${status}, 1,
      ${status === 'processing' ? NOON : null}, ${status === 'reversed' ? NOON : null},
      ${status === 'reversed' ? 'trr_1' : null}, ${NOON})`.execute(world.database)
  await reversal(part.payableId, 400, 'reversed')
  await reversal(all.payableId, 1_000, 'reversed')
  await reversal(underWay.payableId, 300, 'processing')
  const back = new Map([
    [part, 400n],
    [all, 1_000n],
    [underWay, 300n],
    [nobodys, 200n],
  ])
  const theirs = attempts.map((attempt) => theirsOf(attempt, { key: undefined, takenBack: back.get(attempt) ?? 0n }))
  const { found } = await compare(world, theirs, { books: 'stripe-transfers' })
  expect(told(found)).toEqual(
    [`amount ${nobodys.reference} ${nobodys.id}`, `timing ${underWay.reference} ${underWay.id}`].sort(),
  )
})

// ---- properties

const PLANTS: readonly (RailFindingCategory | 'none')[] = [
  ...['none', 'none', 'paid_not_recorded', 'recorded_not_paid', 'amount', 'currency', 'duplicate', 'timing'],
] as never

/** One payable whose two sides differ in one way, and what must be found of it. */
function planted(kind: RailFindingCategory | 'none', variant: number) {
  const amount = BigInt(1_000 + variant)
  const fine = anAttempt({ amount, state: variant % 2 === 0 ? 'paid' : 'accepted' })
  const named = (category: string, reference: string | null, attempt: Attempt | null) =>
    `${category} ${reference} ${attempt?.id ?? null}`
  switch (kind) {
    case 'none':
      return { attempts: [fine], theirs: [theirsOf(fine)], expected: [] }
    case 'paid_not_recorded': {
      if (variant % 3 === 0) {
        const theirs = theirsOf(fine, { state: 'paid' })
        return { attempts: [], theirs: [theirs], expected: [named(kind, theirs.reference, null)] }
      }
      const refused = anAttempt({ amount, state: variant % 3 === 1 ? 'declined' : 'reversed' })
      const theirs = theirsOf(refused, { state: 'paid', takenBack: 0n })
      return { attempts: [refused], theirs: [theirs], expected: [named(kind, theirs.reference, refused)] }
    }
    case 'recorded_not_paid': {
      if (variant % 3 === 0) return { attempts: [fine], theirs: [], expected: [named(kind, null, fine)] }
      const theirs = theirsOf(fine, variant % 3 === 1 ? { state: 'rejected' } : { state: 'paid', takenBack: amount })
      return { attempts: [fine], theirs: [theirs], expected: [named(kind, theirs.reference, fine)] }
    }
    case 'amount': {
      const paid = money(amount + (variant % 2 === 0 ? 1n : -1n), 'USD')
      const money_ = variant % 5 === 0 ? undefined : paid
      return {
        attempts: [fine],
        theirs: [theirsOf(fine, { money: money_ })],
        expected: [named(kind, fine.reference, fine)],
      }
    }
    case 'currency': {
      const theirs = theirsOf(fine, { money: money(amount, 'PEN') })
      return { attempts: [fine], theirs: [theirs], expected: [named(kind, fine.reference, fine)] }
    }
    case 'duplicate': {
      const again = theirsOf(fine, { reference: `again-${fine.id}`, ...(variant % 2 === 0 && { key: undefined }) })
      return { attempts: [fine], theirs: [theirsOf(fine), again], expected: [named(kind, again.reference, fine)] }
    }
    case 'timing': {
      const open = anAttempt({ amount, state: 'claimed' })
      if (variant % 2 === 0) return { attempts: [open], theirs: [], expected: [named(kind, null, open)] }
      const justNow = theirsOf(open, { changedAt: new Date(READ_AT.getTime() - 1_000) })
      return { attempts: [open], theirs: [justNow], expected: [named(kind, justNow.reference, open)] }
    }
  }
}

test('whatever is planted is found, all of it and nothing else', async () => {
  const plants = fc.array(fc.tuple(fc.constantFrom(...PLANTS), fc.nat(30)), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(plants, async (kinds) => {
      await sql`delete from payment_attempts`.execute(world.database)
      const cases = kinds.map(([kind, variant]) => planted(kind, variant))
      await insertAttempts(
        world,
        'fpay',
        cases.flatMap(({ attempts }) => attempts),
      )
      const { found, result } = await compare(
        world,
        cases.flatMap(({ theirs }) => theirs),
      )
      expect(told(found)).toEqual(cases.flatMap(({ expected }) => expected).sort())
      const mismatches = found.filter(({ category }) => category !== 'timing').length
      expect(result.status).toBe(mismatches === 0 ? 'success' : 'discrepancy_found')
    }),
    { numRuns: 40 },
  )
})
