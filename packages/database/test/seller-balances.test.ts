import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { currency } from '@remesa/domain/currency'
import type { SellerProfile } from '@remesa/domain/seller'
import type { BlockedReason } from '@remesa/domain/seller-balance'
import { sql } from 'kysely'
import { recordRetrieved } from '../src/balance-retrieval.ts'
import { insertAlerts } from '../src/finance-alerts.ts'
import { alertCounts, isRunFinished, paidTotals, runProgress, sellerCounts } from '../src/run-summary.ts'
import { findBalance, findBalancesByStatus, noteJobs, releaseBlocked, releaseByHand } from '../src/seller-balances.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { addCountries, addSellers, aProfile, CLP, initializeAll, inTransaction, THE_DAY } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
  await addCountries(world)
})
afterAll(() => world.drop())
beforeEach(async () => {
  for (const table of ['seller_balance_documents', 'seller_balances', 'pay_day_runs', 'seller_countries', 'sellers']) {
    await sql`delete from ${sql.table(table)}`.execute(world.database)
  }
})

const now = new Date('2026-11-21T09:00:00Z')

/** One seller per profile, each owed 10 pesos for the day; ids by GSC's. */
async function owedTo(...profiles: readonly SellerProfile[]) {
  const sellerIdOf = await addSellers(world, ...profiles)
  const ids = await initializeAll(world)
  await inTransaction(world, (tx) =>
    recordRetrieved(
      tx,
      ids.map((sellerBalanceId) => ({
        sellerBalanceId,
        documents: [{ erpId: `d-${sellerBalanceId}`, type: 'vendorBill', tranId: 'B', currency: CLP, amount: 10n }],
      })),
      'test',
    ),
  )
  const { rows } = await sql<{ id: string; gsc_seller_id: string }>`
    select b.id, s.gsc_seller_id from seller_balances b join sellers s on s.id = b.seller_id`.execute(world.database)
  const idOf = (name: string) => rows.find(({ gsc_seller_id }) => gsc_seller_id === name)?.id ?? name
  return { idOf, sellerIdOf }
}

const block = (id: string, reason: BlockedReason) =>
  sql`update seller_balances set status = 'blocked', blocked_reason = ${reason} where id = ${id}`.execute(
    world.database,
  )

test('a balance blocked for want of an account is payable again once the seller has one, and its alert is settled', async () => {
  const { idOf, sellerIdOf } = await owedTo(aProfile('a', { fpayId: null }))
  await block(idOf('a'), 'bank_id_missing')
  await inTransaction(world, (tx) =>
    insertAlerts(tx, [
      {
        kind: 'bank_id_missing',
        dedupKey: `bank_id_missing:seller-balance:${idOf('a')}`,
        subject: { type: 'seller_balance', id: idOf('a') },
        businessDate: THE_DAY,
        details: {},
      },
    ]),
  )
  const release = () => inTransaction(world, (tx) => releaseBlocked(tx, [sellerIdOf('a')], 'test'))
  expect(await release()).toEqual([]) // still without one
  await addSellers(world, aProfile('a', { fpayId: 'FP-1' }))
  expect(await release()).toEqual([idOf('a')])
  expect(await release()).toEqual([])
  expect(await findBalance(world.database, idOf('a'))).toMatchObject({ status: 'payable', blockedReason: null })
  const { rows } = await sql`select status from finance_alerts where subject_id = ${idOf('a')}`.execute(world.database)
  expect(rows).toEqual([{ status: 'resolved' }])
  expect(await alertCounts(world.database, THE_DAY)).toEqual({ bank_id_missing: 1 })
})

test('a change of the seller releases nothing that waits for mended documents, nor anybody else’s balance', async () => {
  const { idOf, sellerIdOf } = await owedTo(aProfile('a'), aProfile('b'))
  await block(idOf('a'), 'documents_unreadable')
  await block(idOf('b'), 'bank_id_missing')
  expect(await inTransaction(world, (tx) => releaseBlocked(tx, [sellerIdOf('a')], 'test'))).toEqual([])
})

test('a balance that is being blocked while its seller gets an account is released: the release waits to see', async () => {
  const { idOf, sellerIdOf } = await owedTo(aProfile('a'))
  const { release } = await inTransaction(world, async (blocking) => {
    await sql`update seller_balances set status = 'blocked', blocked_reason = 'bank_id_missing'
      where id = ${idOf('a')}`.execute(blocking)
    const release = inTransaction(world, (tx) => releaseBlocked(tx, [sellerIdOf('a')], 'test'))
    while ((await waitingForLocks()) === 0) await setImmediate()
    return { release }
  })
  expect(await release).toEqual([idOf('a')])
})

async function waitingForLocks(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`.execute(world.database)
  return rows[0]?.count ?? 0
}

test('a person releases what is blocked: to payment, or to be read again', async () => {
  const { idOf } = await owedTo(aProfile('a'), aProfile('b'), aProfile('c'))
  await block(idOf('a'), 'seller_closed')
  await block(idOf('b'), 'document_currency')
  const decision = { actor: 'operator:ana', reason: 'agreed with finance' }
  const ids = ['a', 'b', 'c'].map(idOf)
  const released = await inTransaction(world, (tx) => releaseByHand(tx, ids, decision))
  expect(new Set(released)).toEqual(
    new Set([
      { sellerBalanceId: idOf('a'), status: 'payable' },
      { sellerBalanceId: idOf('b'), status: 'initialized' },
    ]),
  )
  const { rows } = await sql`
    select actor, reason, before from audit_log where action = 'seller_balance.released' and subject_id = ${idOf('b')}`.execute(
    world.database,
  )
  expect(rows).toEqual([{ ...decision, before: { status: 'blocked', blockedReason: 'document_currency' } }])
})

test('each job’s last run is noted beside those of the other jobs', async () => {
  const { idOf } = await owedTo(aProfile('a'), aProfile('b'))
  const note = (job: 'retrieval' | 'payment', error: string | null) =>
    inTransaction(world, (tx) =>
      noteJobs(
        tx,
        job,
        ['a', 'b'].map((name) => ({
          sellerBalanceId: idOf(name),
          messageId: 'm1',
          finished: true,
          successful: error === null,
          error,
        })),
        now,
      ),
    )
  await note('retrieval', 'NetSuite was slow')
  await note('payment', null)
  await note('retrieval', null)
  const done = { messageId: 'm1', finished: true, successful: true, lastExecution: now.toISOString(), error: null }
  expect((await findBalance(world.database, idOf('b')))?.jobs).toEqual({ retrieval: done, payment: done })
})

test('the summary counts every status, and the run is finished when nothing more happens by itself', async () => {
  expect(await runProgress(world.database, THE_DAY)).toBeUndefined()
  expect(await isRunFinished(world.database, THE_DAY)).toBe(false)
  const { idOf } = await owedTo(aProfile('a'), aProfile('b'), aProfile('c'), aProfile('d'))
  await sql`update seller_balances set status = 'paid' where id = any(${[idOf('a'), idOf('b')]}::uuid[])`.execute(
    world.database,
  )
  await block(idOf('c'), 'bank_id_missing')
  expect(await runProgress(world.database, THE_DAY)).toMatchObject({
    initialized: false,
    sellersLeft: 0,
    balances: { paid: 2, blocked: 1, payable: 1, failed: 0, initialized: 0 },
    open: 1,
  })
  expect(await paidTotals(world.database, THE_DAY)).toEqual([{ amount: 20n, currency: currency('CLP') }])
  expect(await paidTotals(world.database, businessDate('2026-11-19'))).toEqual([])
  expect(await sellerCounts(world.database)).toEqual({ sellers: 4, inErp: 0, withFpayId: 4 })
  await sql`update pay_day_runs set initialized_at = now()`.execute(world.database)
  expect(await isRunFinished(world.database, THE_DAY)).toBe(false)
  const open = { businessDate: THE_DAY, statuses: ['payable' as const], limit: 10 }
  expect(await findBalancesByStatus(world.database, open)).toMatchObject([{ sellerBalanceId: idOf('d') }])
  await sql`update seller_balances set status = 'failed' where id = ${idOf('d')}`.execute(world.database)
  expect(await isRunFinished(world.database, THE_DAY)).toBe(true)
})
