import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { moved, payeeAccount, recordEntries, userPayee } from '../src/ledger.ts'
import { insertReversals, takenBackByUs } from '../src/payout-reversals.ts'
import { outstandingReceivable, receivableAccount } from '../src/receivables.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import type { TransferredPayout } from '../src/testing/transferred-payout.ts'
import { auditOf, faultsOfBooks, NOW, refused, untilSomebodyWaits } from './payout-worlds.ts'
import { aPayout, aReversal, ask, booksOf, claimed, made, record, reversalNow, USD } from './reversal-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const owedToUs = ({ providerId }: TransferredPayout) =>
  inTransaction(world, (tx) => outstandingReceivable(tx, providerId, USD))

/** What the release of a later payout does: keeps part of it back. */
const setOff = (providerId: string, amount: bigint) =>
  inTransaction(world, async (tx) => {
    const payee = userPayee(providerId)
    const money = { amount, currency: USD }
    await recordEntries(tx, [
      {
        idempotencyKey: `set-off:${randomUUID()}`,
        kind: 'set_off',
        postings: [
          ...moved(money, { from: 'owed_from:bookings', to: payeeAccount(payee) }),
          ...moved(money, { from: payeeAccount(payee), to: receivableAccount(payee) }),
        ],
      },
    ])
  })

test('what is asked back waits to be reversed, and nothing is booked before the rail has answered', async () => {
  const payout = await aPayout(world, { amount: 1_000n })
  const [id = ''] = await ask(world, payout, 300n)
  expect(await reversalNow(world, id)).toMatchObject({ status: 'pending', attempts: 0, due_at: NOW })
  expect(await booksOf(world, payout)).toEqual({ owed_from: -1_000n, paid_from: 1_000n })
  expect(await auditOf(world, id)).toEqual(['payout_reversal.created'])
  expect(await owedToUs(payout)).toBe(0n)
})

test('of a payout part of which was set off, only what was transferred is reversed: the rest is owed to us at once', async () => {
  const first = await aPayout(world, { amount: 500n })
  await record(world, [{ claim: await claimed(world, await aReversal(world, first, 400n)), outcome: refused }])
  const { providerId } = first
  const payout = await aPayout(world, { amount: 1_000n, setOff: 400n, providerId })
  expect(await owedToUs(payout)).toBe(0n)
  const ids = await ask(world, payout, 700n)
  expect(ids).toHaveLength(1)
  const { rows } = await sql<{ amount: bigint; status: string; failure_reason: string | null }>`
    select amount, status, failure_reason from payout_reversals where payout_id = ${payout.payoutId} order by amount
  `.execute(world.database)
  expect(rows).toEqual([
    { amount: 100n, status: 'refused', failure_reason: 'never_transferred' },
    { amount: 600n, status: 'pending', failure_reason: null },
  ])
  expect(await owedToUs(payout)).toBe(100n)
  expect(await auditOf(world, payout.payoutId)).toEqual(['payout.receivable_opened'])
  expect(await faultsOfBooks(world)).toEqual([])
})

test('a payout that was set off as a whole has no transfer, and what is asked back of it is owed to us', async () => {
  const first = await aPayout(world, { amount: 500n })
  await record(world, [{ claim: await claimed(world, await aReversal(world, first, 500n)), outcome: refused }])
  const payout = await aPayout(world, { amount: 500n, setOff: 500n, providerId: first.providerId })
  expect(payout.transferId).toBeNull()
  expect(await ask(world, payout, 200n)).toEqual([])
  expect(await owedToUs(payout)).toBe(200n)
})

test('two parts of one transfer are asked back together, and what is more than it moved is owed to us', async () => {
  const debtor = await aPayout(world, { amount: 90n })
  await record(world, [{ claim: await claimed(world, await aReversal(world, debtor, 90n)), outcome: refused }])
  const payout = await aPayout(world, { amount: 1_000n, setOff: 90n, providerId: debtor.providerId })
  expect(await ask(world, payout, 500n, 450n)).toHaveLength(2)
  expect(await owedToUs(payout)).toBe(40n)
})

test.each<[string, (payout: TransferredPayout) => Promise<unknown>]>([
  ['more than the payout', (payout) => ask(world, payout, 1_001n)],
  ['more than is left of it', async (payout) => [await ask(world, payout, 600n), await ask(world, payout, 401n)]],
  ['more than the payout in parts', (payout) => ask(world, payout, 600n, 401n)],
  ['another provider’s money', (payout) => ask(world, { ...payout, providerId: 'somebody' }, 1n)],
  ['a payout that does not exist', (payout) => ask(world, { ...payout, payoutId: randomUUID() }, 1n)],
  [
    'nothing',
    (payout) =>
      sql`
    insert into payout_reversals (payout_id, transfer_id, provider_id, amount, currency, due_at)
    values (${payout.payoutId}, ${payout.transferId}, ${payout.providerId}, 0, 'USD', now())`.execute(world.database),
  ],
  [
    'money of another currency',
    ({ payoutId, transferId, providerId }) =>
      sql`
    insert into payout_reversals (payout_id, transfer_id, provider_id, amount, currency, due_at)
    values (${payoutId}, ${transferId}, ${providerId}, 1, 'EUR', now())`.execute(world.database),
  ],
  [
    'another payout’s transfer',
    async ({ payoutId, providerId }) => {
      const { transferId } = await aPayout(world, { amount: 10n, providerId })
      return sql`
      insert into payout_reversals (payout_id, transfer_id, provider_id, amount, currency, due_at)
      values (${payoutId}, ${transferId}, ${providerId}, 1, 'USD', now())`.execute(world.database)
    },
  ],
])('the database refuses to take back %s', async (_, take) => {
  const payout = await aPayout(world, { amount: 1_000n })
  await expect(take(payout)).rejects.toThrow()
  const { rows } = await sql<{ asked: bigint }>`
    select coalesce(sum(amount), 0)::bigint as asked from payout_reversals where payout_id = ${payout.payoutId}
  `.execute(world.database)
  expect(rows[0]?.asked).toBeLessThanOrEqual(600n)
})

test('a payout that was not transferred has nothing to take back', async () => {
  const bookingId = `booking-${randomUUID()}`
  const payoutId = randomUUID()
  await sql`insert into bookings (booking_id) values (${bookingId})`.execute(world.database)
  await sql`insert into payouts (id, booking_id, sequence, provider_id, currency, amount, due_at)
    values (${payoutId}, ${bookingId}, 1, 'p', 'USD', 5, now())`.execute(world.database)
  await expect(ask(world, { payoutId, transferId: null, providerId: 'p', bookingId }, 5n)).rejects.toThrow(
    /was not transferred/,
  )
})

test('of two who take the same money back at once, one is refused', async () => {
  const payout = await aPayout(world, { amount: 1_000n })
  let second: Promise<unknown> = Promise.resolve()
  await inTransaction(world, async (tx) => {
    const { payoutId, transferId, providerId } = payout
    await insertReversals(tx, [{ payoutId, transferId, providerId, money: { amount: 700n, currency: USD } }], NOW)
    second = ask(world, payout, 700n)
    second.catch(() => {}) // judged below
    await untilSomebodyWaits(world)
  })
  await expect(second).rejects.toThrow(/more cannot be taken back/)
})

test('a reversal keeps its amount and its end, and is never removed', async () => {
  const payout = await aPayout(world, { amount: 1_000n })
  const id = await aReversal(world, payout, 300n)
  const change = (statement: string) => sql`${sql.raw(statement)} where id = ${id}`.execute(world.database)
  await expect(change('update payout_reversals set amount = 400')).rejects.toThrow(/was to be changed/)
  await expect(change('delete from payout_reversals')).rejects.toThrow(/was to be changed/)
  await record(world, [{ claim: await claimed(world, id), outcome: made() }])
  await expect(
    change(`update payout_reversals set status = 'refused', failure_reason = 'x', provider_reference = null`),
  ).rejects.toThrow(/has ended as reversed/)
})

test('the database refuses to set off more than is owed, and keeps count of what is', async () => {
  const payout = await aPayout(world, { amount: 1_000n })
  await record(world, [{ claim: await claimed(world, await aReversal(world, payout, 300n)), outcome: refused }])
  expect(await owedToUs(payout)).toBe(300n)
  await setOff(payout.providerId, 200n)
  expect(await owedToUs(payout)).toBe(100n)
  await expect(setOff(payout.providerId, 101n)).rejects.toThrow(/receivable_is_never_above_zero/)
  await setOff(payout.providerId, 100n)
  expect(await owedToUs(payout)).toBe(0n)
  await expect(setOff(`nobody-${randomUUID()}`, 1n)).rejects.toThrow(/receivable_is_never_above_zero/)
  expect(await faultsOfBooks(world)).toEqual([])
})

test('what is owed stays locked for who reads it, so that no two payouts are set off against one debt', async () => {
  const payout = await aPayout(world, { amount: 1_000n })
  await record(world, [{ claim: await claimed(world, await aReversal(world, payout, 300n)), outcome: refused }])
  let second: Promise<bigint> = Promise.resolve(0n)
  await inTransaction(world, async (tx) => {
    expect(await outstandingReceivable(tx, payout.providerId, USD)).toBe(300n)
    second = owedToUs(payout)
    await untilSomebodyWaits(world)
    const payee = userPayee(payout.providerId)
    const money = { amount: 250n, currency: USD }
    await recordEntries(tx, [
      {
        idempotencyKey: `set-off:${randomUUID()}`,
        kind: 'set_off',
        postings: moved(money, { from: 'owed_from:bookings', to: receivableAccount(payee) }),
      },
    ])
  })
  expect(await second).toBe(50n)
})

test('what we took back of a transfer is ours, what was refused or not begun is not', async () => {
  const reference = `tr_${randomUUID()}`
  const payout = await aPayout(world, { amount: 1_000n, reference })
  const [first = '', second = '', third = ''] = await ask(world, payout, 100n, 20n, 3n)
  expect(await takenBackByUs(world.database, reference)).toBe(0n)
  const claims = [await claimed(world, first), await claimed(world, second), await claimed(world, third)]
  expect(await takenBackByUs(world.database, reference)).toBe(123n)
  const [one, two] = claims
  if (one) await record(world, [{ claim: one, outcome: made() }])
  if (two) await record(world, [{ claim: two, outcome: refused }])
  expect(await takenBackByUs(world.database, reference)).toBe(103n)
  expect(await takenBackByUs(world.database, 'tr_of_nobody')).toBe(0n)
})
