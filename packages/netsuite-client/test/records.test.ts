import { afterEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { money } from '@remesa/domain/money'
import type { VendorPaymentFields } from '../src/records.ts'
import { aNetSuite, closeAll, refusing, saved } from './a-netsuite.ts'

afterEach(closeAll)

const VENDOR = { name: 'Comercial Ejemplo SpA', subsidiaryId: '10', taxId: '76192083-9', gscSellerId: 'SC1' }

test('a vendor is upserted by our key; what is absent is not sent, what is null is emptied', async () => {
  const { client, asked } = await aNetSuite(() => saved('vendor', 742))
  const fields = { ...VENDOR, email: null, fpayId: 'FP-1', currencyId: '5', currencyIds: ['5', '1'], inactive: false }
  expect(await client.upsertVendor('gsc-seller-SC1', fields)).toEqual({ erpId: '742' })
  expect(asked).toMatchObject([
    {
      method: 'PUT',
      url: '/services/rest/record/v1/vendor/eid:gsc-seller-SC1',
      // An unknown field would be dropped in silence otherwise.
      headers: { 'x-netsuite-propertynamevalidation': 'Error', 'content-type': 'application/json' },
    },
  ])
  expect(JSON.parse(asked[0]?.text ?? '')).toEqual({
    companyName: 'Comercial Ejemplo SpA',
    legalName: 'Comercial Ejemplo SpA',
    isPerson: false,
    subsidiary: { id: '10' },
    custentity_gsc_seller_id: 'SC1',
    vatRegNumber: '76192083-9',
    email: null,
    currency: { id: '5' },
    currencyList: { items: [{ currency: { id: '5' } }, { currency: { id: '1' } }] },
    isInactive: false,
    custentity_fpay_id: 'FP-1',
  })
})

test('a name longer than NetSuite takes is cut, never within a character', async () => {
  const { client, asked } = await aNetSuite(() => saved('vendor', 1))
  await client.upsertVendor('x', { ...VENDOR, name: `${'a'.repeat(82)}😀b` })
  expect(JSON.parse(asked[0]?.text ?? '').companyName).toBe('a'.repeat(82))
})

test('customers and further subsidiaries are upserted by keys of their own', async () => {
  const { client, asked } = await aNetSuite(({ url }) => saved(url.includes('customer') ? 'customer' : 'vsr', 9))
  expect(await client.upsertCustomer('c/1', VENDOR)).toEqual({ erpId: '9' })
  const bank = { rail: 'fpay', account: 'FP-1', currency: 'CLP' } as const
  await client.upsertVendorSubsidiary('SC1-cl', { vendorId: '742', subsidiaryId: '10', bank })
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'PUT /services/rest/record/v1/customer/eid:c%2F1',
    'PUT /services/rest/record/v1/vendorSubsidiaryRelationship/eid:SC1-cl',
  ])
  expect(JSON.parse(asked[1]?.text ?? '')).toEqual({
    entity: { id: '742' },
    subsidiary: { id: '10' },
    custrecord_remesa_rail: 'fpay',
    custrecord_remesa_bank_account: 'FP-1',
    custrecord_remesa_bank_currency: 'CLP',
  })
})

const PAYMENT: VendorPaymentFields = {
  ...{ vendorId: '742', subsidiaryId: '10', currencyId: '5', accountId: '340', apAccountId: '114' },
  ...{ date: businessDate('2026-11-20'), memo: 'FPay fpo_01J' },
  apply: [
    { billId: '8101', amount: money(12_345_678_901_234_567n, 'USD') },
    { billId: '8102', amount: money(10n, 'USD') },
  ],
}

test('a vendor payment replaces its lines when repeated, and its amounts are exact numbers', async () => {
  const { client, asked } = await aNetSuite((_, count) => (count === 1 ? 'lost' : saved('vendorPayment', 77)))
  expect(await client.upsertVendorPayment('sb-1', PAYMENT)).toEqual({ erpId: '77' })
  expect(asked).toHaveLength(2)
  expect(asked[1]?.text).toBe(asked[0]?.text)
  expect(asked[1]).toMatchObject({
    method: 'PUT',
    url: '/services/rest/record/v1/vendorPayment/eid:sb-1?replace=apply',
  })
  expect(asked[1]?.text).toContain(
    '"apply":{"items":[{"doc":{"id":"8101"},"apply":true,"amount":123456789012345.67},' +
      '{"doc":{"id":"8102"},"apply":true,"amount":0.10}]}',
  )
  const pesos = { ...PAYMENT, apply: [{ billId: '1', amount: money(1_250_000n, 'CLP') }] }
  await client.upsertVendorPayment('sb-2', pesos)
  expect(asked[2]?.text).toContain('"amount":1250000}')
})

test('a payment of nothing, of two currencies or of one bill twice is never sent', async () => {
  const { client, asked } = await aNetSuite(() => saved('vendorPayment', 77))
  const one = { billId: '1', amount: money(1n, 'USD') }
  const impossible = [
    [],
    [{ ...one, amount: money(0n, 'USD') }],
    [{ ...one, amount: money(-1n, 'USD') }],
    [one, { billId: '2', amount: money(1n, 'CLP') }],
    [one, one],
    [{ ...one, billId: 'eid:x' }],
  ]
  for (const apply of impossible) {
    await expect(client.upsertVendorPayment('sb-1', { ...PAYMENT, apply })).rejects.toThrow(RangeError)
  }
  await expect(client.upsertVendorPayment('', PAYMENT)).rejects.toThrow(RangeError)
  await expect(client.setBillPaymentStatus('1?x', 'failed')).rejects.toThrow(RangeError)
  expect(asked).toEqual([])
})

test('what became of a payment is written on its bill', async () => {
  const { client, asked } = await aNetSuite(() => saved('vendorBill', 8101))
  await client.setBillPaymentStatus('8101', 'failed: ACCOUNT_CLOSED')
  expect(asked).toMatchObject([{ method: 'PATCH', url: '/services/rest/record/v1/vendorBill/8101' }])
  expect(JSON.parse(asked[0]?.text ?? '')).toEqual({ custbody_remesa_payment_status: 'failed: ACCOUNT_CLOSED' })
})

test('a saved record without an id in Location is garbled', async () => {
  for (const headers of [{}, { location: 'https://x.example/services/rest/record/v1/vendor/eid:x' }]) {
    const { client } = await aNetSuite(() => ({ status: 204, headers }))
    await expect(client.upsertVendor('x', VENDOR)).rejects.toMatchObject({
      kind: 'garbled',
      code: 'location_without_id',
    })
  }
})

test('a page of a proxy is not taken for a save', async () => {
  const proxy = { status: 200, body: '<html>' }
  const { client } = await aNetSuite((_, count) => (count === 1 ? proxy : saved('vendorBill', 8101)))
  await client.setBillPaymentStatus('8101', 'failed')
  const { client: never } = await aNetSuite(() => proxy)
  await expect(never.setBillPaymentStatus('8101', 'failed')).rejects.toMatchObject({ kind: 'garbled' })
})

test('a ping reads, and finds an address that is not NetSuite', async () => {
  const { client, asked } = await aNetSuite(() => ({ status: 200, body: { items: [], count: 0, hasMore: false } }))
  await client.ping()
  expect(asked[0]?.method).toBe('GET')
  const { client: elsewhere } = await aNetSuite(() => ({ status: 200, body: '<html>' }))
  await expect(elsewhere.ping()).rejects.toMatchObject({ kind: 'garbled' })
})

test('two upserts that meet at a new key both succeed', async () => {
  const { client } = await aNetSuite((_, count) => (count === 1 ? refusing(400, 'DUP_RCRD') : saved('vendor', 742)))
  expect(await client.upsertVendor('x', VENDOR)).toEqual({ erpId: '742' })
})
