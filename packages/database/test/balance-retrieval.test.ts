import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import type { Currency } from '@remesa/domain/currency'
import type { SellerDocument } from '@remesa/domain/seller-documents'
import { sql } from 'kysely'
import { findForRetrieval, type Retrieved, recordRetrieved } from '../src/balance-retrieval.ts'
import { insertAlerts } from '../src/finance-alerts.ts'
import { ledgerProof, payeeBalances } from '../src/ledger.ts'
import { findBalance } from '../src/seller-balances.ts'
import { insertClosingsOnce, type SellerClosing } from '../src/seller-closings.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { addCountries, addSellers, aProfile, CLP, initializeAll, inTransaction, PEN, THE_DAY } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
  await addCountries(world)
})
afterAll(() => world.drop())

let sellers = 0
/** A seller of its own, with an empty balance in Chile. */
async function aBalance(date = THE_DAY): Promise<{ id: string; sellerId: string; gscSellerId: string }> {
  sellers += 1
  const gscSellerId = `seller${sellers}`
  const sellerId = (await addSellers(world, aProfile(gscSellerId)))(gscSellerId)
  await initializeAll(world, date)
  await sql`update pay_day_runs set initialized_at = now()`.execute(world.database)
  const { rows } = await sql<{ id: string }>`
    select id from seller_balances where seller_id = ${sellerId} and business_date = ${date}`.execute(world.database)
  const id = rows[0]?.id
  if (!id) throw new Error('no balance')
  return { id, sellerId, gscSellerId }
}

let documents = 0
function aDocument(type: SellerDocument['type'], amount: bigint, currency: Currency = CLP): SellerDocument {
  documents += 1
  return { erpId: `${documents}`, type, tranId: `T-${documents}`, currency, amount }
}
const bill = (amount: bigint, currency?: Currency) => aDocument('vendorBill', amount, currency)
const invoice = (amount: bigint) => aDocument('invoice', amount)

const record = (...results: Retrieved[]) => inTransaction(world, (tx) => recordRetrieved(tx, results, 'test'))
const close = (...closings: SellerClosing[]) => inTransaction(world, (tx) => insertClosingsOnce(tx, closings, 'test'))
const aClosing = (gscSellerId: string, amount: bigint, settlementId = `S-${gscSellerId}`): SellerClosing => ({
  settlementId,
  gscSellerId,
  country: 'cl',
  businessDate: THE_DAY,
  money: { amount, currency: CLP },
})

test('a balance that waits for its documents tells what NetSuite must be asked; one that has them is left out', async () => {
  const { id, sellerId, gscSellerId } = await aBalance()
  expect(await findForRetrieval(world.database, [id])).toEqual([
    {
      sellerBalanceId: id,
      sellerId,
      gscSellerId,
      country: 'cl',
      businessDate: THE_DAY,
      currency: 'CLP',
      erp: { vendorId: null, customerId: null, subsidiaryId: '10' },
    },
  ])
  await record({ sellerBalanceId: id, documents: [] })
  expect(await findForRetrieval(world.database, [id])).toEqual([])
})

test('bills less invoices are owed, credited to the payee, and matched with the closing that came before', async () => {
  const { id, sellerId, gscSellerId } = await aBalance()
  await close(aClosing(gscSellerId, 1250n))
  const { recorded, alerts } = await record({ sellerBalanceId: id, documents: [bill(1500n), invoice(250n)] })
  expect(alerts).toEqual([])
  expect(recorded).toEqual([
    { sellerBalanceId: id, status: 'payable', amountOwed: 1250n, closingMatch: 'matched', blockedReason: null },
  ])
  expect(await findBalance(world.database, id)).toMatchObject({
    status: 'payable',
    owed: { amount: 1250n, currency: 'CLP' },
    closingMatch: 'matched',
  })
  expect(await payeeBalances(world.database, [sellerId])).toEqual([
    { payeeId: sellerId, money: { amount: 1250n, currency: 'CLP' } },
  ])
  expect(await ledgerProof(world.database)).toMatchObject({ disagreements: [] })
})

test.each([
  ['nothing sold', [], 0n, 0],
  ['bills and invoices that are even', [bill(5n), invoice(5n)], 0n, 1],
  ['more invoices than bills', [bill(5n), invoice(9n)], -4n, 1],
])('%s: no payment is due, and the payee is owed nothing', async (_, told, owed, alertCount) => {
  const { id, sellerId } = await aBalance()
  const { recorded, alerts } = await record({ sellerBalanceId: id, documents: told })
  expect(recorded).toMatchObject([{ status: 'no_payment_due', amountOwed: owed, closingMatch: 'missing' }])
  expect(alerts.map(({ kind }) => kind)).toEqual(Array(alertCount).fill('closing_missing'))
  expect(await payeeBalances(world.database, [sellerId])).toEqual([])
})

test('a closing that differs raises an alert with both amounts, and NetSuite’s figure stands', async () => {
  const { id, gscSellerId } = await aBalance()
  await close(aClosing(gscSellerId, 7n))
  const { recorded, alerts } = await record({ sellerBalanceId: id, documents: [bill(8n)] })
  expect(recorded).toMatchObject([{ status: 'payable', amountOwed: 8n, closingMatch: 'different' }])
  expect(alerts).toMatchObject([{ kind: 'closing_different', details: { owed: 8n, closing: 7n, currency: 'CLP' } }])
})

test('documents told twice, in one batch and in two, are recorded once', async () => {
  const { id, sellerId } = await aBalance()
  const told = { sellerBalanceId: id, documents: [bill(100n)] }
  const [first, second] = await Promise.all([record(told, told), record(told)])
  expect([...first.recorded, ...second.recorded]).toHaveLength(1)
  expect(await record(told)).toEqual({ recorded: [], alerts: [] })
  expect(await payeeBalances(world.database, [sellerId])).toMatchObject([{ money: { amount: 100n } }])
})

test('a document in another currency blocks the balance, and the payee is owed nothing', async () => {
  const { id, sellerId } = await aBalance()
  const { recorded, alerts } = await record({ sellerBalanceId: id, documents: [bill(1n), bill(2n, PEN)] })
  expect(recorded).toMatchObject([{ status: 'blocked', blockedReason: 'document_currency', amountOwed: null }])
  const named = { document: expect.any(String), erpId: expect.any(String), documentCurrency: 'PEN' }
  expect(alerts).toMatchObject([{ kind: 'document_currency', details: { ...named, currency: 'CLP' } }])
  const { rows } = await sql<{ after: object }>`
    select after from audit_log where subject_id = ${id} and action = 'seller_balance.blocked'`.execute(world.database)
  expect(rows).toMatchObject([{ after: named }])
  expect(await payeeBalances(world.database, [sellerId])).toEqual([])
})

test('a document that counts in another balance blocks the one that comes later, in one batch and in another', async () => {
  const [a, b, c] = [await aBalance(), await aBalance(), await aBalance()]
  const moved = bill(100n)
  const { recorded } = await record(
    { sellerBalanceId: a.id, documents: [moved] },
    { sellerBalanceId: b.id, documents: [bill(1n), moved] },
  )
  expect(recorded).toMatchObject([
    { sellerBalanceId: a.id, status: 'payable' },
    { sellerBalanceId: b.id, status: 'blocked', blockedReason: 'document_in_other_balance' },
  ])
  const later = await record({ sellerBalanceId: c.id, documents: [moved] })
  expect(later.alerts).toMatchObject([{ kind: 'document_in_other_balance', details: { otherBalance: a.id } }])
  expect(await payeeBalances(world.database, [b.sellerId, c.sellerId])).toEqual([])
})

test('two workers that record one document for two balances at once: one balance has it, the other is decided again', async () => {
  const [a, b] = [await aBalance(), await aBalance()]
  const shared = bill(100n)
  const outcomes = await Promise.allSettled(
    [a, b].map(({ id }) => record({ sellerBalanceId: id, documents: [shared] })),
  )
  const again = await record(
    { sellerBalanceId: a.id, documents: [shared] },
    { sellerBalanceId: b.id, documents: [shared] },
  )
  const statuses = [...outcomes.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : [])), again]
    .flatMap(({ recorded }) => recorded)
    .map(({ status }) => status)
  expect(statuses.toSorted()).toEqual(['blocked', 'payable'])
})

test('a document listed twice for one balance is not counted twice: the answer is refused', async () => {
  const { id } = await aBalance()
  const once = bill(100n)
  await expect(record({ sellerBalanceId: id, documents: [once, once] })).rejects.toThrow(/listed twice/)
  expect(await findBalance(world.database, id)).toMatchObject({ status: 'initialized' })
})

test('a closing repeated does no harm; one that contradicts the first is told, and the first is kept', async () => {
  const { gscSellerId } = await aBalance()
  const first = aClosing(gscSellerId, 10n)
  expect((await close(first, first)).answers.map(({ kind }) => kind)).toEqual(['inserted', 'repeated'])
  expect((await close(first)).answers).toEqual([{ closing: first, kind: 'repeated' }])
  const otherAmount = aClosing(gscSellerId, 11n)
  const otherSettlement = aClosing(gscSellerId, 10n, 'S-other')
  expect((await close(otherAmount, otherSettlement)).answers).toEqual([
    { closing: otherAmount, kind: 'contradicts', kept: [first] },
    { closing: otherSettlement, kind: 'contradicts', kept: [first] },
  ])
})

test('a late closing matches the balance that was retrieved without it, and settles its alert', async () => {
  const { id, gscSellerId } = await aBalance()
  const { alerts } = await record({ sellerBalanceId: id, documents: [bill(10n)] })
  await inTransaction(world, (tx) => insertAlerts(tx, alerts))
  expect(await close(aClosing(gscSellerId, 10n))).toMatchObject({
    matched: [{ sellerBalanceId: id, match: 'matched' }],
    alerts: [],
  })
  expect(await findBalance(world.database, id)).toMatchObject({ closingMatch: 'matched' })
  const { rows } = await sql`select status from finance_alerts where subject_id = ${id}`.execute(world.database)
  expect(rows).toEqual([{ status: 'resolved' }])
})

test('a late closing that differs raises an alert, once', async () => {
  const { id, gscSellerId } = await aBalance()
  await record({ sellerBalanceId: id, documents: [bill(10n)] })
  const late = aClosing(gscSellerId, 9n)
  expect(await close(late)).toMatchObject({
    matched: [{ match: 'different' }],
    alerts: [{ kind: 'closing_different' }],
  })
  expect(await close(late)).toMatchObject({ matched: [], alerts: [] })
})

test('a closing that arrives while the documents are being recorded is matched, whoever comes first', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { id, gscSellerId } = await aBalance()
    await Promise.all([record({ sellerBalanceId: id, documents: [bill(10n)] }), close(aClosing(gscSellerId, 10n))])
    expect(await findBalance(world.database, id)).toMatchObject({ closingMatch: 'matched' })
  }
})

test('closings of other dates are not taken for this one', async () => {
  const { id, gscSellerId } = await aBalance()
  await close({ ...aClosing(gscSellerId, 10n), businessDate: businessDate('2026-11-19') })
  const { recorded } = await record({ sellerBalanceId: id, documents: [bill(10n)] })
  expect(recorded).toMatchObject([{ closingMatch: 'missing' }])
})
