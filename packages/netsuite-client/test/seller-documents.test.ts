import { afterEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { type Answer, aNetSuite, closeAll } from './a-netsuite.ts'

afterEach(closeAll)

const DAY = businessDate('2026-11-19')

const row = (id: number, fields: object = {}) => ({
  links: [],
  id: String(id),
  tranid: `B-${id}`,
  type: 'VendBill',
  trandate: '2026-11-19',
  entity: '742',
  currency: 'CLP',
  subsidiary: '10',
  foreignamountunpaid: '1500000',
  ...fields,
})
const page = (items: readonly object[], hasMore = false): Answer => {
  return {
    status: 200,
    body: { links: [], count: items.length, hasMore, items, offset: 0, totalResults: items.length },
  }
}

test('bills and invoices of many sellers come from one query, with amounts positive whatever sign NetSuite gives', async () => {
  const { client, asked } = await aNetSuite(() =>
    page([
      row(8101, { foreignamountunpaid: '-1500000.00' }),
      row(8102, { type: 'CustInvc', entity: '1742', foreignamountunpaid: '250000', tranid: 'INV-9' }),
      row(8103, { currency: 'USD', foreignamountunpaid: '1250.5' }),
    ]),
  )
  const found = await client.findSellerDocuments({ businessDate: DAY, entityIds: ['742', '1742'] })
  const common = { entityId: '742', subsidiaryId: '10', date: '2026-11-19', type: 'vendorBill' }
  expect(found).toEqual({
    documents: [
      { ...common, erpId: '8101', tranId: 'B-8101', currency: 'CLP', amount: 1_500_000n },
      {
        ...common,
        erpId: '8102',
        tranId: 'INV-9',
        currency: 'CLP',
        amount: 250_000n,
        type: 'invoice',
        entityId: '1742',
      },
      { ...common, erpId: '8103', tranId: 'B-8103', currency: 'USD', amount: 125_050n },
    ],
    unreadable: [],
    requests: 1,
  })
  expect(asked).toMatchObject([
    {
      method: 'POST',
      url: '/services/rest/query/v1/suiteql?limit=1000',
      headers: { prefer: 'transient', 'content-type': 'application/json' },
    },
  ])
  const { q } = JSON.parse(asked[0]?.text ?? '') as { q: string }
  for (const part of [
    "t.type IN ('VendBill','CustInvc')",
    "t.trandate = TO_DATE('2026-11-19','YYYY-MM-DD')",
    't.entity IN (742,1742)',
    "NVL(t.voided,'F') = 'F'",
    'NVL(t.approvalstatus,2) = 2',
    "NVL(t.paymenthold,'F') = 'F'",
    't.foreignamountunpaid <> 0',
    't.id > 0 ORDER BY t.id',
  ]) {
    expect(q).toContain(part)
  }
})

test('subsidiaries narrow the query', async () => {
  const { client, asked } = await aNetSuite(() => page([]))
  await client.findSellerDocuments({ businessDate: DAY, entityIds: ['742'], subsidiaryIds: ['10', '11'] })
  expect(asked[0]?.text).toContain('AND tl.subsidiary IN (10,11) AND')
})

test('pages go on after the last id, and none is asked for twice', async () => {
  const { client, asked } = await aNetSuite((_, count) =>
    count === 1 ? page([row(7), row(2 ** 53 - 1)], true) : page([row(2 ** 53)]),
  )
  const { documents, requests } = await client.findSellerDocuments({ businessDate: DAY, entityIds: ['742'] })
  expect([documents.length, requests, asked.length]).toEqual([3, 2, 2])
  expect(asked[1]?.text).toContain('t.id > 9007199254740991 ORDER BY')
})

test('a document that cannot be counted is told apart, and the others are found', async () => {
  const { foreignamountunpaid, ...withoutAmount } = row(5)
  const { client } = await aNetSuite(() =>
    page([
      row(1, { foreignamountunpaid: '10.5' }),
      row(2, { currency: 'CLF' }),
      row(3, { currency: 'Peso' }),
      row(4, { trandate: '20/11/2026' }),
      withoutAmount,
      row(6, { foreignamountunpaid: 'secret' }),
      row(7),
    ]),
  )
  const { documents, unreadable } = await client.findSellerDocuments({ businessDate: DAY, entityIds: ['742'] })
  expect(documents.map(({ erpId }) => erpId)).toEqual(['7'])
  expect(unreadable.map(({ erpId, problem }) => `${erpId} ${problem}`)).toEqual([
    '1 the open amount is no amount in CLP',
    '2 the currency is not a payable ISO 4217 currency',
    '3 the currency is not a payable ISO 4217 currency',
    '4 the date is not the one that was asked for',
    '5 the open amount is missing',
    '6 the open amount is no amount in CLP',
  ])
  expect(unreadable[0]).toMatchObject({ entityId: '742', subsidiaryId: '10' })
})

test('a bill without a number is known by its id, and one with nothing open is left out', async () => {
  const { tranid, ...withoutNumber } = row(1)
  const { client } = await aNetSuite(() => page([withoutNumber, row(2, { foreignamountunpaid: '0.00' })]))
  const found = await client.findSellerDocuments({ businessDate: DAY, entityIds: ['742'] })
  expect(found).toMatchObject({ documents: [{ erpId: '1', tranId: '1' }], unreadable: [] })
})

test('rows out of order, of another entity, of another type or without an owner are garbled', async () => {
  const { entity, ...withoutOwner } = row(1)
  const garbled: Answer[] = [
    page([row(2), row(1)]),
    page([row(1), row(1)]),
    page([row(1, { entity: '9' })]),
    page([row(1, { type: 'VendCred' })]),
    page([withoutOwner]),
    page([row(1, { id: '1; x' })]),
    page([], true),
    { status: 200, body: '<html>' },
    { status: 200, body: { items: [] } },
  ]
  for (const answer of garbled) {
    const { client, asked } = await aNetSuite(() => answer)
    const finding = client.findSellerDocuments({ businessDate: DAY, entityIds: ['742'] })
    await expect(finding).rejects.toMatchObject({ kind: 'garbled', operation: 'find seller documents' })
    expect(asked).toHaveLength(4)
  }
})

test('nothing but ids and a date gets into the query', async () => {
  const { client, asked } = await aNetSuite(() => page([]))
  const find = (facts: object) => client.findSellerDocuments({ businessDate: DAY, entityIds: ['1'], ...facts })
  const impossible = [
    { entityIds: ['1) OR (1=1'] },
    { entityIds: ['0'] },
    { entityIds: [''] },
    { subsidiaryIds: ["1'"] },
    { businessDate: "2026-11-19' OR" },
    { entityIds: Array.from({ length: 1001 }, (_, i) => String(i + 1)) },
  ]
  for (const facts of impossible) await expect(find(facts)).rejects.toThrow(RangeError)
  expect(await find({ entityIds: [] })).toEqual({ documents: [], unreadable: [], requests: 0 })
  expect(asked).toEqual([])
})
