import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { currencyIdOf, customerIdOf, subsidiaryIdOf, vendorIdOf } from '../src/netsuite/ids.ts'
import { type NetSuiteSandbox, startNetSuite } from '../src/netsuite/netsuite.ts'
import { type Ask, asker, document, suiteQl } from './netsuite-account.ts'

let netsuite: NetSuiteSandbox
let ask: Ask
beforeAll(async () => {
  netsuite = await startNetSuite()
  netsuite.loadCountries([
    { id: 'cl', name: 'Chile', currency: 'CLP', enabled: true },
    { id: 'pe', name: 'Peru', currency: 'PEN', enabled: true },
  ])
  netsuite.loadDocuments([
    document({ tranId: 'B-1', amount: '1500000' }),
    document({ tranId: 'B-2', country: 'pe', currency: 'USD', amount: '1250.50' }),
    document({ tranId: 'F-1', documentType: 'invoice', amount: '250000' }),
    document({ tranId: 'B-3', date: '2026-11-19' }),
    document({ tranId: 'VOID' }),
    document({ tranId: 'HELD' }),
    document({ tranId: 'PENDING' }),
    document({ tranId: 'EDITED', date: '2026-11-18' }),
    document({ tranId: 'OTHER', gscSellerId: 'S2' }),
  ])
  netsuite.voidDocument({ gscSellerId: 'S1', tranId: 'VOID' })
  netsuite.holdDocument({ gscSellerId: 'S1', tranId: 'HELD' })
  netsuite.sendBackForApproval({ gscSellerId: 'S1', tranId: 'PENDING' })
  netsuite.editAmount({ gscSellerId: 'S1', tranId: 'EDITED' }, '77')
  ask = await asker(netsuite)
})
afterAll(() => netsuite.stop())

const entities = () => `${vendorIdOf('S1')}, ${customerIdOf('S1')}`
const rowsOf = async (q: string) =>
  (await suiteQl(ask, q)).items.map((row: Record<string, string>) => row.tranid).sort()

/** The shape of facts §6. */
const daily = (where = '') => `
  SELECT t.id, t.tranid, t.externalid, t.type, TO_CHAR(t.trandate,'YYYY-MM-DD') AS trandate, t.entity,
         c.symbol AS currency, tl.subsidiary, t.foreigntotal, t.foreignamountunpaid, t.status
  FROM transaction t
  JOIN transactionline tl ON (tl.transaction = t.id AND tl.mainline = 'T')
  JOIN currency c ON c.id = t.currency
  WHERE t.type IN ('VendBill','CustInvc') AND t.entity IN (${entities()})
    AND t.trandate = TO_DATE('2026-11-20','YYYY-MM-DD') ${where} ORDER BY t.id`

test('a day’s documents come as strings, bills negative, nulls left out, in the order of their ids', async () => {
  const page = await suiteQl(ask, daily("AND t.voided = 'F' AND t.tranid IN ('B-1','B-2','F-1')"))
  expect(page).toMatchObject({ count: 3, hasMore: false, offset: 0, totalResults: 3 })
  const ids = page.items.map((row: { id: string }) => Number(row.id))
  expect(ids).toEqual(ids.toSorted((a: number, b: number) => a - b))
  const byNumber = Object.fromEntries(page.items.map((row: { tranid: string }) => [row.tranid, row]))
  expect(byNumber['B-1']).toEqual({
    links: [],
    id: expect.stringMatching(/^\d+$/),
    tranid: 'B-1',
    type: 'VendBill',
    trandate: '2026-11-20',
    entity: vendorIdOf('S1'),
    currency: 'CLP',
    subsidiary: subsidiaryIdOf('cl'),
    foreigntotal: '-1500000',
    foreignamountunpaid: '1500000',
    status: 'A',
  })
  expect(byNumber['B-2']).toMatchObject({ currency: 'USD', foreigntotal: '-1250.5', foreignamountunpaid: '1250.5' })
  expect(byNumber['F-1']).toMatchObject({ type: 'CustInvc', entity: customerIdOf('S1'), foreigntotal: '250000' })
  expect(byNumber['F-1'].externalid).toEqual(expect.any(String))
})

test('filters leave out what is void, held, waiting for approval, in another country or settled', async () => {
  const payable = `AND NVL(t.voided,'F') = 'F' AND (t.approvalstatus IS NULL OR t.approvalstatus <> 1)
    AND NVL(t.paymenthold, 'F') = 'F' AND t.foreignamountunpaid <> 0`
  expect(await rowsOf(daily(payable))).toEqual(['B-1', 'B-2', 'F-1'])
  expect(await rowsOf(daily(`${payable} AND tl.subsidiary = ${subsidiaryIdOf('pe')}`))).toEqual(['B-2'])
  expect(await rowsOf(daily("AND t.type = 'VendBill' AND t.approvalstatus = 2 AND t.voided <> 'T'"))).toEqual([
    'B-1',
    'B-2',
    'HELD',
  ])
  // Null is neither 2 nor not 2: a filter that forgets it loses the invoices, as in the real one.
  expect(await rowsOf(daily('AND t.approvalstatus = 2'))).not.toContain('F-1')
})

test('an amount edited by hand and a back-dated document are seen at once', async () => {
  const q = (date: string) =>
    `select tranid, foreigntotal from transaction where entity = ${vendorIdOf('S1')} and trandate = to_date('${date}','YYYY-MM-DD')`
  expect((await suiteQl(ask, q('2026-11-18'))).items).toEqual([{ links: [], tranid: 'EDITED', foreigntotal: '-77' }])
  netsuite.loadDocuments([document({ tranId: 'LATE', date: '2026-11-17' })])
  expect(await rowsOf(q('2026-11-17'))).toEqual(['LATE'])
})

test('pages by key and pages by offset both give every row once', async () => {
  const all = await rowsOf(daily())
  const byKey: string[] = []
  for (let last = '0', more = true; more; ) {
    const page = await suiteQl(ask, daily(`AND t.id > ${last}`), '?limit=2')
    byKey.push(...page.items.map((row: { tranid: string }) => row.tranid))
    last = page.items.at(-1)?.id ?? last
    more = page.hasMore
  }
  const byOffset: string[] = []
  for (let offset = 0; offset < all.length; offset += 2) {
    const page = await suiteQl(ask, daily(), `?limit=2&offset=${offset}`)
    byOffset.push(...page.items.map((row: { tranid: string }) => row.tranid))
    const rels = page.links.map(({ rel }: { rel: string }) => rel)
    expect(rels.includes('next')).toBe(page.hasMore)
  }
  expect(byKey.toSorted()).toEqual(all)
  expect(byOffset.toSorted()).toEqual(all)
})

test('a join that forgets the main line counts a header once per line', async () => {
  const q = `SELECT t.tranid FROM transaction t JOIN transactionline tl ON tl.transaction = t.id
    WHERE t.tranid = 'B-1' AND t.entity = ${vendorIdOf('S1')}`
  expect(await rowsOf(q)).toEqual(['B-1', 'B-1'])
})

test('dates come as the user prefers them, currencies and subsidiaries can be read', async () => {
  const { items } = await suiteQl(
    ask,
    `SELECT t.trandate, BUILTIN.DF(t.currency) AS money FROM transaction t WHERE t.tranid = 'B-3'`,
  )
  expect(items).toEqual([{ links: [], trandate: '19/11/2026', money: 'CLP' }])
  const currencies = await suiteQl(
    ask,
    "SELECT id, symbol FROM currency WHERE symbol IN ('CLP','USD') ORDER BY symbol DESC",
  )
  expect(currencies.items).toEqual([
    { links: [], id: currencyIdOf('USD'), symbol: 'USD' },
    { links: [], id: currencyIdOf('CLP'), symbol: 'CLP' },
  ])
  const subsidiaries = await suiteQl(ask, "SELECT s.id FROM subsidiary s WHERE s.country = 'PE'")
  expect(subsidiaries.items).toEqual([{ links: [], id: subsidiaryIdOf('pe') }])
})

test('a query without Prefer: transient, or one that is not understood, is refused with a sentence', async () => {
  const plain = await ask('POST', '/services/rest/query/v1/suiteql', { q: daily() })
  expect([plain.status, plain.body['o:errorDetails'][0]['o:errorCode']]).toEqual([400, 'INVALID_HEADER'])
  const thousandAndOne = Array.from({ length: 1001 }, (_, index) => index).join()
  const refused: Record<string, string> = {
    'DELETE FROM transaction': 'Only SELECT',
    'SELECT id FROM journal': "Record 'journal' was not found",
    'SELECT t.colour FROM transaction t': "Unknown identifier 't.colour'",
    'SELECT id FROM transaction WHERE': 'expected a value',
    'SELECT id FROM transaction ORDER BY id LIMIT 5': 'expected the end of the query',
    'SELECT MEDIAN(id) FROM transaction': 'does not have the function MEDIAN',
    "SELECT id FROM transaction WHERE trandate = '2026-11-20'": 'TO_DATE',
    "SELECT id FROM transaction WHERE trandate = TO_DATE('20/11/2026','YYYY-MM-DD')": 'ORA-01861',
    "SELECT id FROM transaction WHERE id = 'abc'": 'ORA-01722',
    'SELECT id FROM transaction WHERE entity = ?': 'neither text nor a number',
    [`SELECT id FROM transaction WHERE entity IN (${thousandAndOne})`]: 'ORA-01795',
  }
  for (const [q, sentence] of Object.entries(refused)) {
    expect(await suiteQl(ask, q)).toEqual({
      detail: expect.stringContaining(sentence),
      'o:errorCode': 'INVALID_PARAMETER',
    })
  }
})

test('a thousand entities among 20,000 documents are answered in one page after another', async () => {
  const sellers = Array.from({ length: 5000 }, (_, index) => `many-${index}`)
  netsuite.loadDocuments(
    sellers.flatMap((gscSellerId) =>
      ['A', 'B', 'C', 'D'].map((tranId) =>
        document({ gscSellerId, tranId, documentType: tranId === 'D' ? 'invoice' : 'vendorBill' }),
      ),
    ),
  )
  const some = sellers.slice(0, 500).flatMap((seller) => [vendorIdOf(seller), customerIdOf(seller)])
  const tranIds: string[] = []
  for (let last = '0', more = true; more; ) {
    const q = daily(`AND t.id > ${last}`).replace(entities(), some.join(','))
    const page = await suiteQl(ask, q, '?limit=1000')
    tranIds.push(...page.items.map((row: { tranid: string }) => row.tranid))
    last = page.items.at(-1).id
    more = page.hasMore
  }
  expect(tranIds).toHaveLength(2000)
})
