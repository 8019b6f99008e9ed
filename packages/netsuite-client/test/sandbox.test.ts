import { afterEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { money } from '@remesa/domain/money'
import type { MarketplaceDocument } from '@remesa/sandbox/marketplace'
import { type NetSuiteOptions, startNetSuite } from '@remesa/sandbox/netsuite'
import { vendorIdOf } from '@remesa/sandbox/netsuite-ids'
import { createNetSuiteClient, type NetSuiteClientOptions } from '../src/netsuite-client.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const DAY = businessDate('2026-11-19')
const COUNTRIES = [
  { id: 'cl', name: 'Chile', currency: 'CLP', enabled: true },
  { id: 'pe', name: 'Perú', currency: 'PEN', enabled: true },
]

/** NetSuite's sandbox, which knows nothing of this package's code, and a client of it. */
async function aWorld(sandboxOptions: NetSuiteOptions = {}, clientOptions: Partial<NetSuiteClientOptions> = {}) {
  const netsuite = await startNetSuite(sandboxOptions)
  closing.push(() => netsuite.stop())
  netsuite.loadCountries(COUNTRIES)
  netsuite.loadCurrencies(['USD'])
  const { account, clientId, certificateId, privateKeyPem } = netsuite.credentials
  const client = createNetSuiteClient({
    baseUrl: netsuite.url,
    accountId: account,
    auth: { kind: 'oauth2', clientId, certificateId, privateKeyPem, algorithm: 'ES256' },
    retry: { tries: 12, firstMs: 2, maxMs: 50 },
    ...clientOptions,
  })
  closing.push(client.close)
  const { subsidiaries, currencies } = netsuite.ids()
  const aSeller = async (gscSellerId: string) => {
    const fields = {
      name: `Seller ${gscSellerId}`,
      gscSellerId,
      subsidiaryId: subsidiaries.cl ?? '',
      currencyId: currencies.CLP ?? '',
      currencyIds: Object.values(currencies),
    }
    const externalId = `gsc-seller-${gscSellerId}`
    const vendor = await client.upsertVendor(externalId, { ...fields, taxId: '76192083-9' })
    const customer = await client.upsertCustomer(externalId, fields)
    return { vendorId: vendor.erpId, customerId: customer.erpId }
  }
  return { netsuite, client, subsidiaries, currencies, aSeller }
}

const aDocument = (tranId: string, facts: Partial<MarketplaceDocument> = {}): MarketplaceDocument => ({
  ...{
    documentType: 'vendorBill',
    tranId,
    gscSellerId: 'SC1',
    country: 'cl',
    date: DAY,
    currency: 'CLP',
    amount: '1000',
  },
  ...facts,
})

test('both ways to log in work, signatures over queries and odd keys included', async () => {
  const { netsuite, client } = await aWorld()
  await client.ping()
  const { account, consumerKey, consumerSecret, tokenId, tokenSecret } = netsuite.credentials
  const auth = { kind: 'tba', consumerKey, consumerSecret, tokenId, tokenSecret } as const
  const signing = createNetSuiteClient({ baseUrl: netsuite.url, accountId: account, auth })
  closing.push(signing.close)
  await signing.ping()
  const subsidiaryId = netsuite.ids().subsidiaries.cl ?? ''
  const { erpId } = await signing.upsertVendor("ñandú (1)*!'/x", { name: 'Ñandú', subsidiaryId })
  expect(await client.upsertVendor("ñandú (1)*!'/x", { name: 'Ñandú', subsidiaryId })).toEqual({ erpId })
  const forged = createNetSuiteClient({
    baseUrl: netsuite.url,
    accountId: account,
    auth: { ...auth, tokenSecret: 'no' },
  })
  closing.push(forged.close)
  await expect(forged.ping()).rejects.toMatchObject({ credentials: true })
})

test('a token that NetSuite forgets is replaced without anybody noticing', async () => {
  const { netsuite, client } = await aWorld()
  await client.ping()
  netsuite.expireTokens()
  await Promise.all(Array.from({ length: 5 }, () => client.ping()))
})

test('a seller is one vendor and one customer however often it is sent, in as many subsidiaries as it sells in', async () => {
  const { netsuite, client, subsidiaries, aSeller } = await aWorld()
  const first = await aSeller('SC1')
  expect(await aSeller('SC1')).toEqual(first)
  expect(netsuite.books()).toMatchObject({ vendors: 1, customers: 1 })
  const bank = { rail: 'fpay', account: 'FP-1', currency: 'PEN' } as const
  const fields = { vendorId: first.vendorId, subsidiaryId: subsidiaries.pe ?? '', bank }
  const { erpId } = await client.upsertVendorSubsidiary('SC1-pe', fields)
  expect(await client.upsertVendorSubsidiary('SC1-pe', fields)).toEqual({ erpId })
})

test('what is open of a day is found; what is void, held, unapproved, of another day or another seller is not', async () => {
  const { netsuite, client, subsidiaries, aSeller } = await aWorld()
  const { vendorId, customerId } = await aSeller('SC1')
  await aSeller('SC2')
  netsuite.loadDocuments([
    aDocument('B-1', { amount: '1500000' }),
    aDocument('INV-1', { documentType: 'invoice', amount: '250000' }),
    aDocument('B-2', { country: 'pe', currency: 'PEN', amount: '10.5' }),
    ...['VOID', 'HELD', 'UNAPPROVED'].map((tranId) => aDocument(tranId)),
    aDocument('B-OTHER-DAY', { date: '2026-11-18' }),
    aDocument('B-OTHER-SELLER', { gscSellerId: 'SC2' }),
  ])
  netsuite.voidDocument({ gscSellerId: 'SC1', tranId: 'VOID' })
  netsuite.holdDocument({ gscSellerId: 'SC1', tranId: 'HELD' })
  netsuite.sendBackForApproval({ gscSellerId: 'SC1', tranId: 'UNAPPROVED' })
  const filter = { businessDate: DAY, entityIds: [vendorId, customerId] }
  const { documents, unreadable, requests } = await client.findSellerDocuments(filter)
  const told = documents.map(({ tranId, type, amount, currency, entityId, subsidiaryId }) => {
    return [tranId, type, amount, currency, entityId, subsidiaryId]
  })
  expect(told.sort()).toEqual([
    ['B-1', 'vendorBill', 1_500_000n, 'CLP', vendorId, subsidiaries.cl],
    ['B-2', 'vendorBill', 1050n, 'PEN', vendorId, subsidiaries.pe],
    ['INV-1', 'invoice', 250_000n, 'CLP', customerId, subsidiaries.cl],
  ])
  expect([unreadable, requests]).toEqual([[], 1])
  const peru = await client.findSellerDocuments({ ...filter, subsidiaryIds: [subsidiaries.pe ?? ''] })
  expect(peru.documents.map(({ tranId }) => tranId)).toEqual(['B-2'])
})

test('a payment whose answer is lost, sent again and again, is one payment of the bills it names', async () => {
  const { netsuite, client, subsidiaries, currencies, aSeller } = await aWorld()
  const { vendorId } = await aSeller('SC1')
  const [first = '', second = ''] = netsuite.loadDocuments([aDocument('B-1'), aDocument('B-2', { amount: '500' })])
  netsuite.faults.script({ kind: 'lost-response', times: 2 })
  const payment = {
    ...{ vendorId, subsidiaryId: subsidiaries.cl ?? '', currencyId: currencies.CLP ?? '' },
    ...{ accountId: '340', apAccountId: '114', date: DAY, memo: 'FPay fpo_1' },
    apply: [
      { billId: first, amount: money(1000n, 'CLP') },
      { billId: second, amount: money(200n, 'CLP') },
    ],
  }
  const { erpId } = await client.upsertVendorPayment('sb-1', payment)
  expect(await client.upsertVendorPayment('sb-1', payment)).toEqual({ erpId })
  const bills = [
    { id: first, tranId: 'B-1', amount: '1000' },
    { id: second, tranId: 'B-2', amount: '200' },
  ]
  expect(netsuite.books().vendorPayments).toMatchObject([
    { id: erpId, externalId: 'sb-1', amount: '1200', currency: 'CLP', bills },
  ])
  // What has been paid is never found to be owed again.
  const { documents } = await client.findSellerDocuments({ businessDate: DAY, entityIds: [vendorId] })
  expect(documents.map(({ tranId, amount }) => [tranId, amount])).toEqual([['B-2', 300n]])
  await client.setBillPaymentStatus(second, 'failed: ACCOUNT_CLOSED')
  netsuite.closePeriod('2026-11')
  const late = { ...payment, apply: [{ billId: second, amount: money(300n, 'CLP') }] }
  await expect(client.upsertVendorPayment('sb-2', late)).rejects.toMatchObject({ kind: 'refused', code: 'USER_ERROR' })
})

test('a thousand sellers take one request per thousand documents', async () => {
  const { netsuite, client } = await aWorld()
  const sellers = Array.from({ length: 1000 }, (_, i) => `S${i}`)
  netsuite.loadDocuments(
    sellers.flatMap((gscSellerId) => [1, 2, 3].map((n) => aDocument(`B-${n}`, { gscSellerId, amount: String(n) }))),
  )
  const before = netsuite.calls().total ?? 0
  const found = await client.findSellerDocuments({ businessDate: DAY, entityIds: sellers.map(vendorIdOf) })
  expect(found.documents).toHaveLength(3000)
  expect(found.documents.reduce((sum, { amount }) => sum + amount, 0n)).toBe(6000n)
  expect(new Set(found.documents.map(({ erpId }) => erpId)).size).toBe(3000)
  expect(found.requests).toBe(3)
  expect((netsuite.calls().total ?? 0) - before).toBe(4) // with the access token
})

test('an account that bears five at once is never asked for more for long, and everything gets through', async () => {
  for (const overloadAnswer of ['429', '400'] as const) {
    const { netsuite, aSeller } = await aWorld(
      { maxConcurrent: 5, overloadAnswer, latencyMs: 5 },
      { maxConcurrent: 15 },
    )
    await Promise.all(Array.from({ length: 40 }, (_, i) => aSeller(`SC${i}`)))
    expect(netsuite.books()).toMatchObject({ vendors: 40, customers: 40 })
    expect(netsuite.mostAtOnce()).toBe(5)
  }
})

test('with every transient fault at one in five, the books are as they are without', async () => {
  const faults = {
    rates: Object.fromEntries(
      ['error-before', 'error-after', 'lost-response', 'garbage-before', 'garbage-after', 'rate-limited'].map(
        (kind) => [kind, 0.2],
      ),
    ),
  }
  const { netsuite, client, aSeller } = await aWorld({ faults }, { retry: { tries: 16, firstMs: 2, maxMs: 50 } })
  const sellers = await Promise.all(Array.from({ length: 30 }, (_, i) => aSeller(`SC${i}`)))
  expect(netsuite.books()).toMatchObject({ vendors: 30, customers: 30 })
  netsuite.loadDocuments(sellers.map((_, i) => aDocument('B-1', { gscSellerId: `SC${i}` })))
  const entityIds = sellers.flatMap(({ vendorId, customerId }) => [vendorId, customerId])
  expect((await client.findSellerDocuments({ businessDate: DAY, entityIds })).documents).toHaveLength(30)
})
