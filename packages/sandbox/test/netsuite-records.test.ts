import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { customerIdOf, vendorIdOf } from '../src/netsuite/ids.ts'
import { type NetSuiteSandbox, startNetSuite } from '../src/netsuite/netsuite.ts'
import { type Ask, asker, document } from './netsuite-account.ts'

let netsuite: NetSuiteSandbox
let ask: Ask
let clp: string
let usd: string
let chile: string
let peru: string
beforeEach(async () => {
  netsuite = await startNetSuite()
  netsuite.loadCountries([
    { id: 'cl', name: 'Chile', currency: 'CLP', enabled: true },
    { id: 'pe', name: 'Peru', currency: 'PEN', enabled: true },
  ])
  netsuite.loadCurrencies(['USD'])
  const { subsidiaries, currencies } = netsuite.ids()
  ;[chile = '', peru = '', clp = '', usd = ''] = [subsidiaries.cl, subsidiaries.pe, currencies.CLP, currencies.USD]
  ask = await asker(netsuite)
})
afterEach(() => netsuite.stop())

const vendorBody = (fields: object = {}) => ({
  companyName: 'Comercial Ejemplo SpA',
  isPerson: false,
  subsidiary: { id: chile },
  currency: { id: clp },
  ...fields,
})
const vendor = (fields: object = {}) => ask('PUT', 'vendor/eid:gsc-seller-S1', vendorBody(fields))
const paymentBody = (bills: readonly { id: string; amount: number }[], fields: object = {}) => ({
  entity: { id: vendorIdOf('S1') },
  subsidiary: { id: chile },
  currency: { id: clp },
  account: { id: '340' },
  apAcct: { id: '114' },
  tranDate: '2026-11-21',
  memo: 'FPay fpo_1',
  apply: { items: bills.map(({ id, amount }) => ({ doc: { id }, apply: true, amount })) },
  ...fields,
})
const pay = (bills: readonly { id: string; amount: number }[], fields: object = {}, eid = 'sb-1') =>
  ask('PUT', `vendorPayment/eid:${eid}`, paymentBody(bills, fields))
const codeOf = ({ status, body }: Awaited<ReturnType<Ask>>) => [
  status,
  body['o:errorDetails'][0]['o:errorCode'],
  body['o:errorDetails'][0]['o:errorPath'],
]
const openOf = async (id: string) => (await ask('GET', `vendorBill/${id}`)).body.amountRemaining

test('an upsert by external id makes one vendor, whose id another sandbox gives it too', async () => {
  const first = await vendor()
  const again = await vendor({ phone: '+56 2 2345' })
  expect(first).toEqual({ status: 204, location: `vendor/${vendorIdOf('S1')}`, body: undefined })
  expect(again).toEqual(first)
  const { body } = await ask('GET', 'vendor/eid:gsc-seller-S1')
  expect(body).toMatchObject({
    id: vendorIdOf('S1'),
    externalId: 'gsc-seller-S1',
    companyName: 'Comercial Ejemplo SpA',
    phone: '+56 2 2345',
    subsidiary: { id: chile, refName: 'Chile' },
  })
})

test('a record is created, read in part, changed, listed and deleted', async () => {
  const { status, location } = await ask('POST', 'vendor', vendorBody({ externalId: 'X', email: 'a@b.cl' }))
  expect(status).toBe(204)
  expect((await ask('PATCH', location, { legalName: 'Otra Ltda' })).status).toBe(204)
  const { body } = await ask('GET', `${location}?fields=legalName,email`)
  expect(body).toEqual({ links: expect.anything(), legalName: 'Otra Ltda', email: 'a@b.cl' })
  const found = await ask('GET', `vendor?q=${encodeURIComponent('email IS "A@b.cl"')}`)
  expect(found.body).toMatchObject({ count: 1, hasMore: false, totalResults: 1, items: [{ id: location.slice(7) }] })
  expect((await ask('DELETE', location)).status).toBe(204)
  expect(codeOf(await ask('GET', location))).toEqual([404, 'NONEXISTENT_ID', undefined])
})

test('an external id that exists cannot be created again', async () => {
  await vendor()
  const refused = await ask('POST', 'vendor', vendorBody({ externalId: 'gsc-seller-S1' }))
  expect(codeOf(refused)).toEqual([400, 'USER_ERROR', 'externalId'])
})

test('what is missing or malformed is refused in full, an unknown name only when asked to', async () => {
  const bad = await vendor({ email: 5, isPerson: 'no', subsidiary: '10', balance: 3 })
  expect(bad.status).toBe(400)
  expect(bad.body['o:errorDetails'].map((each: Record<string, string>) => each['o:errorPath'])).toEqual([
    'isPerson',
    'subsidiary',
    'email',
    'balance',
  ])
  expect(codeOf(await ask('PUT', 'vendor/eid:Y', { companyName: 'Y' }))).toEqual([400, 'USER_ERROR', 'subsidiary'])
  expect(codeOf(await vendor({ subsidiary: { id: '999' } }))).toEqual([400, 'INVALID_CONTENT', 'subsidiary'])
  expect((await vendor({ nickname: 'Eje' })).status).toBe(204)
  const strict = { 'x-netsuite-propertynamevalidation': 'Error' }
  const named = await ask('PUT', 'vendor/eid:Z', vendorBody({ nickname: 'Eje' }), strict)
  expect(codeOf(named)).toEqual([400, 'INVALID_CONTENT', 'nickname'])
  expect(codeOf(await ask('PUT', 'vendor/742', vendorBody()))).toEqual([400, 'INVALID_ID', undefined])
  expect(codeOf(await ask('GET', 'purchaseOrder/1'))).toEqual([404, 'NONEXISTENT_ID', undefined])
})

test('lines of an upsert are appended unless the request says replace', async () => {
  await vendor()
  const bill = (query = '') =>
    ask('PUT', `vendorBill/eid:bill-1${query}`, {
      entity: { externalId: 'gsc-seller-S1' },
      subsidiary: { id: chile },
      currency: { id: clp },
      tranDate: '2026-11-20',
      expense: { items: [{ account: { id: '620' }, amount: 700 }] },
    })
  const { location } = await bill()
  expect((await ask('GET', location)).body.total).toBe(700)
  await bill()
  expect((await ask('GET', `${location}?expandSubResources=true`)).body).toMatchObject({
    total: 1400,
    expense: { totalResults: 2, items: [{ line: 1 }, { line: 2 }] },
  })
  await bill('?replace=expense')
  expect((await ask('GET', location)).body).toMatchObject({ total: 700, amountRemaining: 700, status: { id: 'A' } })
})

test('a payment that is upserted twice takes its amount from the bill once', async () => {
  const [bill = ''] = netsuite.loadDocuments([document({ amount: '1000' })])
  await vendor()
  expect((await pay([{ id: bill, amount: 600 }])).status).toBe(204)
  expect((await pay([{ id: bill, amount: 600 }])).status).toBe(204)
  expect(await openOf(bill)).toBe(400)
  expect((await pay([{ id: bill, amount: 1000 }])).status).toBe(204)
  expect((await ask('GET', `vendorBill/${bill}`)).body).toMatchObject({ amountRemaining: 0, status: { id: 'B' } })
  expect(netsuite.books().vendorPayments).toEqual([
    expect.objectContaining({
      externalId: 'sb-1',
      gscSellerId: 'S1',
      country: 'cl',
      currency: 'CLP',
      amount: '1000',
      bills: [{ id: bill, tranId: 'B-1', amount: '1000' }],
    }),
  ])
})

test('a deleted payment gives back what it took', async () => {
  const [bill = ''] = netsuite.loadDocuments([document()])
  await vendor()
  await pay([{ id: bill, amount: 1000 }])
  expect(codeOf(await ask('DELETE', `vendorBill/${bill}`))).toEqual([400, 'USER_ERROR', undefined])
  await ask('DELETE', 'vendorPayment/eid:sb-1')
  expect(await openOf(bill)).toBe(1000)
})

test('no payment takes more than is open, twice over or of another vendor, and a refused one takes nothing', async () => {
  const [bill = '', other = ''] = netsuite.loadDocuments([document(), document({ gscSellerId: 'S2' })])
  await vendor()
  expect(codeOf(await pay([{ id: bill, amount: 1001 }]))).toEqual([400, 'USER_ERROR', 'apply.items[0].amount'])
  expect(codeOf(await pay([{ id: bill, amount: 0 }]))).toEqual([400, 'USER_ERROR', 'apply.items[0].amount'])
  expect(codeOf(await pay([{ id: bill, amount: 10.5 }]))).toEqual([400, 'INVALID_CONTENT', 'apply.items[0].amount'])
  const both = [
    { id: bill, amount: 5 },
    { id: other, amount: 5 },
  ]
  expect(codeOf(await pay(both))).toEqual([400, 'USER_ERROR', 'apply.items[1].doc'])
  expect(codeOf(await pay([{ id: 'eid:B-1', amount: 5 }]))).toEqual([400, 'INVALID_CONTENT', 'apply.items[0].doc'])
  expect(codeOf(await pay([]))).toEqual([400, 'USER_ERROR', 'apply'])
  expect(await openOf(bill)).toBe(1000)
  await pay([{ id: bill, amount: 800 }])
  expect(codeOf(await pay([{ id: bill, amount: 800 }], {}, 'sb-2'))).toEqual([
    400,
    'USER_ERROR',
    'apply.items[0].amount',
  ])
})

test('a payment needs its vendor, the vendor in the subsidiary, the currency on the vendor, and an open period', async () => {
  const [chilean = '', peruvian = ''] = netsuite.loadDocuments([
    document(),
    document({ tranId: 'B-2', country: 'pe', currency: 'USD', amount: '10.50' }),
  ])
  const inPeru = { subsidiary: { id: peru }, currency: { id: usd } }
  expect(codeOf(await pay([{ id: chilean, amount: 1 }]))).toEqual([400, 'INVALID_CONTENT', 'entity'])
  await vendor()
  expect(codeOf(await pay([{ id: peruvian, amount: 10.5 }], inPeru))).toEqual([400, 'USER_ERROR', 'subsidiary'])
  const relationship = { entity: { id: vendorIdOf('S1') }, subsidiary: { id: peru } }
  await ask('PUT', 'vendorSubsidiaryRelationship/eid:S1-pe', relationship)
  expect(codeOf(await pay([{ id: peruvian, amount: 10.5 }], inPeru))).toEqual([400, 'USER_ERROR', 'currency'])
  await vendor({ currencyList: { items: [{ currency: { id: clp } }, { currency: { id: usd } }] } })
  expect(codeOf(await pay([{ id: peruvian, amount: 1 }]))).toEqual([400, 'USER_ERROR', 'apply.items[0].doc'])
  expect((await pay([{ id: peruvian, amount: 10.5 }], inPeru)).status).toBe(204)
  expect((await ask('GET', `vendorBill/${peruvian}`)).body.amountRemaining).toBe(0)

  netsuite.closePeriod('2026-11')
  expect(codeOf(await pay([{ id: chilean, amount: 1 }], {}, 'sb-2'))).toEqual([400, 'USER_ERROR', 'tranDate'])
  netsuite.openPeriod('2026-11')
  expect((await pay([{ id: chilean, amount: 1 }], {}, 'sb-2')).status).toBe(204)
})

test('a bill that is void, held or waiting for approval cannot be paid', async () => {
  const [bill = ''] = netsuite.loadDocuments([document()])
  await vendor()
  const key = { gscSellerId: 'S1', tranId: 'B-1' }
  netsuite.sendBackForApproval(key)
  expect(codeOf(await pay([{ id: bill, amount: 1 }]))).toEqual([400, 'USER_ERROR', 'apply.items[0].doc'])
  netsuite.loadDocuments([document()])
  netsuite.holdDocument(key)
  expect(codeOf(await pay([{ id: bill, amount: 1 }]))).toEqual([400, 'USER_ERROR', 'apply.items[0].doc'])
  netsuite.loadDocuments([document()])
  netsuite.voidDocument(key)
  expect(codeOf(await pay([{ id: bill, amount: 1 }]))).toEqual([400, 'USER_ERROR', 'apply.items[0].doc'])
})

test('a note on a bill posts nothing: a closed period, a missing vendor and its payments do not matter', async () => {
  const [bill = ''] = netsuite.loadDocuments([document()])
  const note = () => ask('PATCH', `vendorBill/${bill}`, { custbody_remesa_payment_status: 'FAILED' })
  netsuite.closePeriod('2026-11')
  expect((await note()).status).toBe(204)
  netsuite.openPeriod('2026-11')
  await vendor()
  await pay([{ id: bill, amount: 400 }])
  netsuite.holdDocument({ gscSellerId: 'S1', tranId: 'B-1' })
  expect((await note()).status).toBe(204)
  expect((await ask('GET', `vendorBill/${bill}`)).body).toMatchObject({
    custbody_remesa_payment_status: 'FAILED',
    paymentHold: true,
    amountRemaining: 600,
  })
})

test('a vendor keeps its primary subsidiary once it has documents, and is in each subsidiary once', async () => {
  netsuite.loadDocuments([document()])
  await vendor()
  expect(codeOf(await vendor({ subsidiary: { id: peru } }))).toEqual([400, 'USER_ERROR', 'subsidiary'])
  const relationship = (subsidiary: string, eid: string) =>
    ask('PUT', `vendorSubsidiaryRelationship/eid:${eid}`, {
      entity: { id: vendorIdOf('S1') },
      subsidiary: { id: subsidiary },
    })
  expect(codeOf(await relationship(chile, 'a'))).toEqual([400, 'USER_ERROR', 'subsidiary'])
  expect((await relationship(peru, 'a')).status).toBe(204)
  expect((await relationship(peru, 'a')).status).toBe(204)
  expect(codeOf(await relationship(peru, 'b'))).toEqual([400, 'USER_ERROR', 'subsidiary'])
})

test('an invoice is a customer’s, with an id of its own', async () => {
  const [invoice = ''] = netsuite.loadDocuments([document({ documentType: 'invoice', amount: '250' })])
  await ask('PUT', 'customer/eid:gsc-seller-S1', vendorBody())
  const { body } = await ask('GET', `invoice/${invoice}`)
  expect(body).toMatchObject({ entity: { id: customerIdOf('S1') }, total: 250, amountRemaining: 250 })
  expect(customerIdOf('S1')).not.toBe(vendorIdOf('S1'))
})

test('requests beyond the account’s concurrency are turned away, in either way', async () => {
  netsuite.setMaxConcurrent(2)
  netsuite.setLatency(50)
  const crowd = () => Promise.all(Array.from({ length: 4 }, () => ask('GET', 'vendor')))
  const statuses = (await crowd()).map(({ status }) => status)
  expect(statuses.toSorted()).toEqual([200, 200, 429, 429])
  netsuite.setMaxConcurrent(2, '400')
  const refused = (await crowd()).filter(({ status }) => status === 400)
  expect(refused.map(codeOf)).toEqual(Array(2).fill([400, 'CONCURRENCY_LIMIT_EXCEEDED', undefined]))
  expect(netsuite.mostAtOnce()).toBe(2)
})

test('a reply that is lost after the work leaves the work done, and the repeat changes nothing', async () => {
  const [bill = ''] = netsuite.loadDocuments([document()])
  await vendor()
  netsuite.faults.script({ kind: 'lost-response' })
  await expect(pay([{ id: bill, amount: 1000 }])).rejects.toThrow()
  expect(await openOf(bill)).toBe(0)
  expect((await pay([{ id: bill, amount: 1000 }])).status).toBe(204)
  expect(netsuite.books().vendorPayments).toHaveLength(1)
})
