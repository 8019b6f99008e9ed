import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { anInitializedBalance, aSeller, type TestBalance, THE_DAY } from '@remesa/local-stack/testing/sellers'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import { sql } from 'kysely'
import {
  addDocuments,
  alertsOf,
  credited,
  type NetSuiteReads,
  queries,
  retrieve,
  retriever,
  stateOf,
  toBePaid,
} from './retrieval.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const THE_DAY_BEFORE = businessDate('2026-11-19')

test('what is owed is bills less invoices, to the last minor unit; the seller is credited, and payment is queued', async () => {
  const pesos = await anInitializedBalance(world)
  addDocuments(world, pesos, 'vendorBill', [1_250_000n, 1n])
  addDocuments(world, pesos, 'invoice', [250_000n])
  const dollars = await anInitializedBalance(world, { operationType: 'international', country: 'pe' })
  addDocuments(world, dollars, 'vendorBill', [9_007_199_254_740_993n, 10n])
  addDocuments(world, dollars, 'invoice', [5n])
  expect(await retrieve(world, pesos, dollars)).toEqual([{ kind: 'done' }, { kind: 'done' }])

  expect(await stateOf(world, pesos)).toMatchObject({
    status: 'payable',
    owed: { amount: 1_000_001n, currency: 'CLP' },
  })
  expect(await stateOf(world, dollars)).toMatchObject({
    status: 'payable',
    owed: { amount: 9_007_199_254_740_998n, currency: 'USD' },
  })
  expect(await credited(world, pesos)).toBe(1_000_001n)
  expect(await credited(world, dollars)).toBe(9_007_199_254_740_998n)
  expect(await toBePaid(world)).toEqual(expect.arrayContaining([pesos.sellerBalanceId, dollars.sellerBalanceId]))
})

test.each<[string, bigint[], bigint[], bigint]>([
  ['no documents', [], [], 0n],
  ['as much in invoices as in bills', [500n], [200n, 300n], 0n],
  ['more in invoices than in bills', [500n], [700n], -200n],
])('with %s nothing is paid, and nothing is owed in the ledger', async (_, bills, invoices, owed) => {
  const balance = await anInitializedBalance(world)
  addDocuments(world, balance, 'vendorBill', bills)
  addDocuments(world, balance, 'invoice', invoices)
  await retrieve(world, balance)
  expect(await stateOf(world, balance)).toMatchObject({ status: 'no_payment_due', owed: { amount: owed } })
  expect(await credited(world, balance)).toBe(0n)
  expect(await toBePaid(world)).not.toContain(balance.sellerBalanceId)
})

test('documents of another day, another country, void, held or not approved do not count', async () => {
  const balance = await anInitializedBalance(world)
  addDocuments(world, balance, 'vendorBill', [100n, 20n, 30n, 40n])
  addDocuments(world, balance, 'vendorBill', [5_000n], { date: THE_DAY_BEFORE })
  addDocuments(world, balance, 'vendorBill', [6_000n], { country: 'co' })
  const { netsuite } = world.sandbox
  const { gscSellerId } = balance
  const tranId = (at: number) => `vendorBill-${gscSellerId}-${THE_DAY}-${at}`
  netsuite.voidDocument({ gscSellerId, tranId: tranId(1) })
  netsuite.holdDocument({ gscSellerId, tranId: tranId(2) })
  netsuite.sendBackForApproval({ gscSellerId, tranId: tranId(3) })
  await retrieve(world, balance)
  expect(await stateOf(world, balance)).toMatchObject({ owed: { amount: 100n } })
})

test('a seller with two countries has each country’s documents in its own balance', async () => {
  const chile = await anInitializedBalance(world)
  const peru = await anInitializedBalance(world, { seller: { ...chile, country: 'pe', currency: 'PEN' } })
  addDocuments(world, chile, 'vendorBill', [70_000n])
  addDocuments(world, peru, 'vendorBill', [80_000n])
  await retrieve(world, chile, peru)
  expect(await stateOf(world, chile)).toMatchObject({ owed: { amount: 70_000n, currency: 'CLP' } })
  expect(await stateOf(world, peru)).toMatchObject({ owed: { amount: 80_000n, currency: 'PEN' } })
})

test('a seller that is vendor and customer under one id in NetSuite has each document counted once', async () => {
  const balance = await anInitializedBalance(world)
  addDocuments(world, balance, 'vendorBill', [70_000n])
  await sql`update sellers set erp_customer_id = erp_id where id = ${balance.sellerId}`.execute(world.database)
  expect(await retrieve(world, balance)).toEqual([{ kind: 'done' }])
  expect(await stateOf(world, balance)).toMatchObject({ owed: { amount: 70_000n } })
})

test('a document in the wrong currency blocks its balance, with an alert that names it; its neighbours are paid', async () => {
  const wrong = await anInitializedBalance(world)
  const right = await anInitializedBalance(world)
  addDocuments(world, wrong, 'vendorBill', [100n])
  addDocuments(world, wrong, 'invoice', [200n], { currency: 'USD' })
  addDocuments(world, right, 'vendorBill', [300n])
  expect(await retrieve(world, wrong, right)).toEqual([{ kind: 'done' }, { kind: 'done' }])
  expect(await stateOf(world, wrong)).toMatchObject({
    status: 'blocked',
    blockedReason: 'document_currency',
    owed: null,
  })
  expect(await credited(world, wrong)).toBe(0n)
  expect(await alertsOf(world, wrong)).toMatchObject([
    {
      kind: 'document_currency',
      details: { document: expect.stringContaining('invoice'), erpId: expect.any(String), documentCurrency: 'USD' },
    },
  ])
  expect(await stateOf(world, right)).toMatchObject({ status: 'payable' })
})

test('a document that cannot be read blocks its balance, with an alert; its neighbours are paid', async () => {
  const wrong = await anInitializedBalance(world)
  const right = await anInitializedBalance(world)
  const [illegible] = addDocuments(world, wrong, 'vendorBill', [100n, 200n])
  addDocuments(world, right, 'vendorBill', [300n])
  await world.deliver(
    retriever(world, withUnreadable(illegible ?? '')),
    { sellerBalanceId: wrong.sellerBalanceId },
    { sellerBalanceId: right.sellerBalanceId },
  )
  expect(await stateOf(world, wrong)).toMatchObject({ status: 'blocked', blockedReason: 'documents_unreadable' })
  expect(await alertsOf(world, wrong)).toMatchObject([
    {
      kind: 'documents_unreadable',
      details: { document: expect.any(String), erpId: illegible, problem: 'the open amount is missing' },
    },
  ])
  expect(await stateOf(world, right)).toMatchObject({ status: 'payable' })
  expect(await toBePaid(world)).not.toContain(wrong.sellerBalanceId)
})

/** NetSuite, with one document that its client could not read. */
const withUnreadable = (erpId: string): NetSuiteReads => ({
  async findSellerDocuments(filter) {
    const found = await world.netsuite.findSellerDocuments(filter)
    return {
      ...found,
      documents: found.documents.filter((document) => document.erpId !== erpId),
      unreadable: found.documents
        .filter((document) => document.erpId === erpId)
        .map(({ entityId, subsidiaryId, tranId }) => ({
          erpId,
          tranId,
          entityId,
          subsidiaryId,
          problem: 'the open amount is missing',
        })),
    }
  },
})

test('a document that counts in another balance already is not paid a second time', async () => {
  const paid = await anInitializedBalance(world, { date: THE_DAY_BEFORE })
  const balance = await anInitializedBalance(world, { seller: paid })
  const [moved] = addDocuments(world, balance, 'vendorBill', [100n])
  // It had the day before's date when that was paid; finance has edited it since.
  await sql`
    insert into seller_balance_documents (erp_id, seller_balance_id, type, tran_id, currency, amount)
    values (${moved}, ${paid.sellerBalanceId}, 'vendorBill', 'VB', 'CLP', 100)`.execute(world.database)
  await retrieve(world, balance)
  expect(await stateOf(world, balance)).toMatchObject({ status: 'blocked', blockedReason: 'document_in_other_balance' })
  expect(await alertsOf(world, balance)).toMatchObject([
    { kind: 'document_in_other_balance', details: { erpId: moved, otherBalance: paid.sellerBalanceId } },
  ])
})

test('balances of several days in one batch cost one query a day, and each counts its own day', async () => {
  const days = ['2026-11-16', '2026-11-17', '2026-11-18'].map(businessDate)
  const seller = await aSeller(world)
  const balances: TestBalance[] = []
  for (const [at, date] of days.entries()) {
    const balance = await anInitializedBalance(world, { seller, date })
    addDocuments(world, balance, 'vendorBill', [BigInt(at + 1) * 1_000n])
    balances.push(balance)
  }
  const before = queries(world)
  await retrieve(world, ...balances)
  expect(queries(world) - before).toBe(3)
  const states = await Promise.all(balances.map((balance) => stateOf(world, balance)))
  expect(states.map(({ owed }) => owed?.amount)).toEqual([1_000n, 2_000n, 3_000n])
})

test('delivered again, alone and twice at once, a balance is credited and sent to payment once', async () => {
  const balance = await anInitializedBalance(world)
  addDocuments(world, balance, 'vendorBill', [900n])
  await Promise.all([retrieve(world, balance), retrieve(world, balance), retrieve(world, balance, balance)])
  await retrieve(world, balance)
  expect(await credited(world, balance)).toBe(900n)
  expect((await toBePaid(world)).filter((id) => id === balance.sellerBalanceId)).toHaveLength(1)
})

test('killed before its transaction commits, it has done nothing; delivered again, it does everything', async () => {
  const balance = await anInitializedBalance(world)
  addDocuments(world, balance, 'vendorBill', [800n])
  await world.database.transaction().execute(async (tx) => {
    await sql`select from seller_balances where id = ${balance.sellerBalanceId} for update`.execute(tx)
    const retrieval = retrieve(world, balance)
    await world.until('it waits for the balance’s row', async () => {
      const { rows } = await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(world.database)
      return rows.length > 0
    })
    expect(await retrieval).toMatchObject([{ kind: 'threw' }])
  })
  expect(await stateOf(world, balance)).toMatchObject({ status: 'initialized', jobs: {} })
  expect(await toBePaid(world)).not.toContain(balance.sellerBalanceId)
  await retrieve(world, balance)
  expect(await stateOf(world, balance)).toMatchObject({ status: 'payable' })
  expect(await credited(world, balance)).toBe(800n)
})

test('what the job did last stands with the balance', async () => {
  const [paid, blocked] = [await anInitializedBalance(world), await anInitializedBalance(world)]
  addDocuments(world, paid, 'vendorBill', [1n])
  addDocuments(world, blocked, 'vendorBill', [1n], { currency: 'USD' })
  await retrieve(
    world,
    aMessage({ sellerBalanceId: paid.sellerBalanceId }, { id: 'm-1' }),
    aMessage({ sellerBalanceId: blocked.sellerBalanceId }, { id: 'm-2' }),
  )
  const lastExecution = expect.stringMatching(/^\d{4}-.*Z$/)
  expect((await stateOf(world, paid)).jobs).toEqual({
    retrieval: { messageId: 'm-1', finished: true, successful: true, lastExecution, error: null },
  })
  expect((await stateOf(world, blocked)).jobs).toEqual({
    retrieval: { messageId: 'm-2', finished: true, successful: false, lastExecution, error: 'document_currency' },
  })
})
