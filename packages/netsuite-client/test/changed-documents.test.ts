import { afterEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { startNetSuite } from '@remesa/sandbox/netsuite'
import type { ChangedDocument, ChangedDocumentsFilter } from '../src/changed-documents.ts'
import { createNetSuiteClient, type NetSuiteClient } from '../src/netsuite-client.ts'
import { aNetSuite, closeAll } from './a-netsuite.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  closeAll()
  for (const close of closing.splice(0).reverse()) await close()
})

const DAY = businessDate('2026-11-20')
const filter: ChangedDocumentsFilter = { from: DAY, to: DAY, changedSince: null, subsidiaryIds: ['7'], andThese: [] }

async function all(client: NetSuiteClient, changes: Partial<ChangedDocumentsFilter> = {}) {
  const documents: ChangedDocument[] = []
  for await (const page of client.listChangedDocuments({ ...filter, ...changes })) documents.push(...page)
  return documents
}

const row = (id: number, changes: object = {}) => ({
  ...{ links: [], id: String(id), tranid: `B-${id}`, type: 'VendBill', trandate: DAY, entity: '742', currency: 'CLP' },
  ...{ subsidiary: '7', foreigntotal: '-1000', foreignamountunpaid: '400', voided: 'F', approvalstatus: '2' },
  ...{ paymenthold: 'F', modified: '2026-11-21 09:30:00' },
  ...changes,
})
const page = (items: readonly object[], hasMore = false) => ({ status: 200, body: { items, hasMore } })

/** NetSuite's sandbox of a company in this zone, with one bill. */
async function anErp(timeZone: string) {
  const netsuite = await startNetSuite({ timeZone })
  closing.push(() => netsuite.stop())
  netsuite.loadCountries([{ id: 'cl', name: 'Chile', currency: 'CLP', enabled: true }])
  const { account, consumerKey, consumerSecret, tokenId, tokenSecret } = netsuite.credentials
  const client = createNetSuiteClient({
    baseUrl: netsuite.url,
    accountId: account,
    auth: { kind: 'tba', consumerKey, consumerSecret, tokenId, tokenSecret },
    retry: { tries: 1, firstMs: 1, maxMs: 1 },
  })
  closing.push(client.close)
  const bill = { documentType: 'vendorBill' as const, gscSellerId: 'S1', country: 'cl', date: DAY, currency: 'CLP' }
  netsuite.loadDocuments([{ ...bill, tranId: 'B-1', amount: '1000' }])
  return { netsuite, client, subsidiaryIds: [netsuite.ids().subsidiaries.cl ?? ''] }
}

test.each(['Etc/GMT+12', 'America/Santiago', 'UTC', 'Pacific/Kiritimati'])(
  'what was changed since a moment is found, wherever NetSuite’s clock hangs (%s)',
  async (timeZone) => {
    const { netsuite, client, subsidiaryIds } = await anErp(timeZone)
    const before = Date.now()
    netsuite.editAmount({ gscSellerId: 'S1', tranId: 'B-1' }, '1200')
    const since = (at: number) => all(client, { subsidiaryIds, changedSince: new Date(at) })
    expect(await since(before - 1_000)).toMatchObject([
      { tranId: 'B-1', date: DAY, state: 'payable', figures: { currency: 'CLP', total: 1_200n, open: 1_200n } },
    ])
    // Clocks on earth are 26 hours apart: that much more is asked for, and no more.
    expect(await since(Date.now() + 26 * 3_600_000 + 1_000)).toEqual([])
  },
)

test('documents of other days are left out, unless they are asked for by id', async () => {
  const { netsuite, client, subsidiaryIds } = await anErp('UTC')
  const bill = { documentType: 'vendorBill' as const, gscSellerId: 'S1', country: 'cl', currency: 'CLP', amount: '5' }
  const [erpId = ''] = netsuite.loadDocuments([{ ...bill, date: '2026-11-22', tranId: 'B-2' }])
  expect((await all(client, { subsidiaryIds })).map(({ tranId }) => tranId)).toEqual(['B-1'])
  const both = await all(client, { subsidiaryIds, andThese: [erpId] })
  expect(both.map(({ tranId }) => tranId).sort()).toEqual(['B-1', 'B-2'])
})

test('pages go by key, and signs, states and figures come out in our words', async () => {
  const { client, asked } = await aNetSuite((_, count) =>
    count === 1
      ? page([row(1), row(2, { voided: 'T' }), row(3, { approvalstatus: '1' })], true)
      : page([
          row(4, { paymenthold: 'T' }),
          row(5, { type: 'CustInvc', foreigntotal: '1000', foreignamountunpaid: '-400' }),
          row(6, { foreigntotal: '1000' }),
          row(7, { foreignamountunpaid: '4.5' }),
          row(8, { currency: 'XXZ' }),
        ]),
  )
  const documents = await all(client)
  expect(
    documents.map(({ erpId, type, state, figures }) => [erpId, type, state, figures?.total, figures?.open]),
  ).toEqual([
    ['1', 'vendorBill', 'payable', 1_000n, 400n],
    ['2', 'vendorBill', 'voided', 1_000n, 400n],
    ['3', 'vendorBill', 'withheld', 1_000n, 400n],
    ['4', 'vendorBill', 'withheld', 1_000n, 400n],
    ['5', 'invoice', 'payable', 1_000n, 400n],
    ['6', 'vendorBill', 'payable', -1_000n, 400n],
    ['7', 'vendorBill', 'payable', undefined, undefined],
    ['8', 'vendorBill', 'payable', undefined, undefined],
  ])
  expect(asked.map(({ text }) => /t\.id > (\d+) ORDER/.exec(text)?.[1])).toEqual(['0', '3'])
})

test.each<[string, object]>([
  ['rows out of order', page([row(2), row(1)]).body],
  ['a row of no date', page([row(1, { trandate: '20/11/2026' })]).body],
  ['more of nothing', page([], true).body],
  ['no list', { items: 'none' }],
])('%s is garbage, and nothing of it is believed', async (_, body) => {
  const { client } = await aNetSuite(() => ({ status: 200, body }))
  await expect(all(client)).rejects.toMatchObject({ name: 'ProviderError', kind: 'garbled' })
})

test.each<[string, Partial<ChangedDocumentsFilter>]>([
  ['no subsidiary', { subsidiaryIds: [] }],
  ['an id that is none', { andThese: ["1) OR ('1'='1'"] }],
  ['a day that is none', { from: "2026-11-20' OR" as ChangedDocumentsFilter['from'] }],
  ['more ids than a query takes', { andThese: Array.from({ length: 1_001 }, (_, at) => String(at + 1)) }],
])('%s is refused before NetSuite is asked', async (_, changes) => {
  const { client, asked } = await aNetSuite(() => page([]))
  await expect(all(client, changes)).rejects.toThrow(RangeError)
  expect(asked).toEqual([])
})
