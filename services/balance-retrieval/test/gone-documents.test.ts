import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openAlerts, resolveAlerts } from '@remesa/database/finance-alerts'
import { payNow } from '@remesa/local-stack/testing/payments'
import { anInitializedBalance, type TestBalance, THE_DAY } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { credentialsAccepted } from '@remesa/messaging/finance-alerts'
import { addDocuments, queries, retrieve, stateOf } from './retrieval.ts'
import { lateAlerts, recordVendorPayment, settle, sweep, sweeper } from './sweeping.ts'

let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.stop())

const keyOf = (balance: TestBalance, type: 'vendorBill' | 'invoice' = 'vendorBill', at = 0) => ({
  gscSellerId: balance.gscSellerId,
  tranId: `${type}-${balance.gscSellerId}-${balance.businessDate}-${at}`,
})

async function aBalance(bills: readonly bigint[], invoices: readonly bigint[] = []): Promise<TestBalance> {
  const balance = await anInitializedBalance(world)
  addDocuments(world, balance, 'vendorBill', bills)
  if (invoices.length > 0) addDocuments(world, balance, 'invoice', invoices)
  await retrieve(world, balance)
  expect(await sweep(world)).toMatchObject([{ kind: 'done' }])
  expect(await lateAlerts(world)).toEqual([])
  return balance
}

test('a bill that is deleted after it was counted, before it is paid, is told once, and nothing is changed', async () => {
  const balance = await aBalance([1_000n, 200n])
  world.sandbox.netsuite.deleteDocument(keyOf(balance, 'vendorBill', 1))
  for (let times = 0; times < 3; times += 1) await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([
    {
      ...{ subject: { type: 'seller_balance', id: balance.sellerBalanceId }, businessDate: THE_DAY, times: 1 },
      details: {
        ...{ reason: 'deleted', difference: '-200', state: 'deleted', documentType: 'vendorBill' },
        ...{ document: keyOf(balance, 'vendorBill', 1).tranId, balanceStatus: 'payable', open: null },
        counted: { open: '200', total: '200', currency: 'CLP' },
      },
    },
  ])
  expect(await stateOf(world, balance)).toMatchObject({ status: 'payable', owed: { amount: 1_200n } })
})

test('an invoice that is deleted after its balance was paid is told: so much less was paid than is owed', async () => {
  const balance = await aBalance([1_000n], [300n])
  await payNow(world, balance.sellerBalanceId)
  await settle(world, balance)
  await recordVendorPayment(world, balance, [])
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])
  world.sandbox.netsuite.deleteDocument(keyOf(balance, 'invoice'))
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([
    { details: { reason: 'deleted', difference: '-300', documentType: 'invoice', balanceStatus: 'paid' } },
  ])
})

test('a late document that people were told of, and delete, is no matter any more', async () => {
  const balance = await aBalance([1_000n])
  const { gscSellerId, country, currency, businessDate: date } = balance
  const late = {
    documentType: 'vendorBill' as const,
    gscSellerId,
    country,
    currency,
    date,
    tranId: 'LATE',
    amount: '70',
  }
  world.sandbox.netsuite.loadDocuments([late])
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([{ details: { reason: 'not_counted' } }])
  world.sandbox.netsuite.deleteDocument({ gscSellerId, tranId: 'LATE' })
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])
})

test('a document edited and then deleted is told of as deleted; seen again, its alert closes', async () => {
  const balance = await aBalance([1_000n])
  world.sandbox.netsuite.editAmount(keyOf(balance), '800')
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([{ details: { reason: 'amount_changed' } }])
  world.sandbox.netsuite.editAmount(keyOf(balance), '1000')
  // Hidden from our role for a while: it comes back as it was.
  const { listChangedDocuments, findGoneDocuments } = world.netsuite
  const hidden = { async *listChangedDocuments() {}, findGoneDocuments: async (ids: readonly string[]) => ids }
  await world.deliver(sweeper(world, { netsuite: hidden }), {})
  expect(await lateAlerts(world)).toMatchObject([{ details: { reason: 'deleted', difference: '-1000' } }])
  await world.deliver(sweeper(world, { netsuite: { listChangedDocuments, findGoneDocuments } }), {})
  expect(await lateAlerts(world)).toEqual([])
})

test('many documents that are gone all at once are one alert of our role, and none of a document; it closes with the next sweep that sees them', async () => {
  const balance = await aBalance(Array.from({ length: 25 }, (_, index) => BigInt(index + 1)))
  for (let at = 0; at < 25; at += 1) world.sandbox.netsuite.deleteDocument(keyOf(balance, 'vendorBill', at))
  const ofRole = async () =>
    (await openAlerts(world.database, { limit: 100 })).filter(({ kind }) => kind === 'provider_credentials')
  for (let times = 1; times < 3; times += 1) {
    expect(await sweep(world)).toMatchObject([{ kind: 'retry' }])
    expect(await ofRole()).toMatchObject([
      { subject: { id: 'netsuite' }, details: { code: 'no_document_shown' }, times },
    ])
    expect(await lateAlerts(world)).toEqual([])
    // Whoever only needs other permissions is answered, and says so: that is another matter.
    await world.database.transaction().execute((tx) => resolveAlerts(tx, credentialsAccepted('netsuite')))
  }
  const { listChangedDocuments } = world.netsuite
  await world.deliver(sweeper(world, { netsuite: { listChangedDocuments, findGoneDocuments: async () => [] } }), {})
  expect(await ofRole()).toEqual([])
  expect(await lateAlerts(world)).toEqual([])
})

test('two thousand and one documents are looked for by three requests', async () => {
  const balance = await aBalance(Array.from({ length: 2_001 }, (_, index) => BigInt(index + 1)))
  const before = queries(world)
  world.sandbox.netsuite.deleteDocument(keyOf(balance, 'vendorBill', 2_000))
  await sweep(world)
  expect(queries(world) - before).toBe(2 + 3) // two pages of what was changed lately
  expect(await lateAlerts(world)).toMatchObject([{ details: { reason: 'deleted', difference: '-2001' } }])
})
