import { afterEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { money } from '@remesa/domain/money'
import type { ProviderPayment } from '@remesa/domain/rail-reconciliation'
import { startNetSuite } from '@remesa/sandbox/netsuite'
import { createNetSuiteClient } from '../src/netsuite-client.ts'
import { aNetSuite, closeAll } from './a-netsuite.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  closeAll()
  for (const close of closing.splice(0).reverse()) await close()
})
const window = { from: businessDate('2026-11-20'), to: businessDate('2026-11-21') }

async function all(pages: AsyncIterable<readonly ProviderPayment[]>) {
  const payments: ProviderPayment[] = []
  for await (const page of pages) payments.push(...page)
  return payments
}

/** NetSuite's sandbox with a seller, bills enough, and a client that pays and reads them. */
async function anErp() {
  const netsuite = await startNetSuite()
  closing.push(() => netsuite.stop())
  netsuite.loadCountries([{ id: 'cl', name: 'Chile', currency: 'CLP', enabled: true }])
  const { account, clientId, certificateId, privateKeyPem } = netsuite.credentials
  const client = createNetSuiteClient({
    baseUrl: netsuite.url,
    accountId: account,
    auth: { kind: 'oauth2', clientId, certificateId, privateKeyPem, algorithm: 'ES256' },
    retry: { tries: 12, firstMs: 2, maxMs: 50 },
  })
  closing.push(client.close)
  const { subsidiaries, currencies } = netsuite.ids()
  const ids = { subsidiaryId: subsidiaries.cl ?? '', currencyId: currencies.CLP ?? '' }
  const vendor = { name: 'Seller SC1', gscSellerId: 'SC1', taxId: '76192083-9', ...ids }
  const { erpId: vendorId } = await client.upsertVendor('gsc-seller-SC1', vendor)
  let bills = 0
  async function book(externalId: string, date: string, memo: string, amount = 1_000n): Promise<string> {
    bills += 1
    const bill = { tranId: `B-${bills}`, gscSellerId: 'SC1', country: 'cl', currency: 'CLP', amount: String(amount) }
    const [billId = ''] = netsuite.loadDocuments([{ documentType: 'vendorBill', date: '2026-11-19', ...bill }])
    const { erpId } = await client.upsertVendorPayment(externalId, {
      ...{ vendorId, ...ids, accountId: '340', apAccountId: '114' },
      ...{ date: businessDate(date), memo, apply: [{ billId, amount: money(amount, 'CLP') }] },
    })
    return erpId
  }
  return { netsuite, client, book }
}

test('a window has our payments that are dated in it, and those that name a payment at a rail as ours do', async () => {
  const { client, book } = await anErp()
  await book('sb-before', '2026-11-19', 'fpay fpo_0')
  const ours = await book('sb-7b1e', '2026-11-20', 'fpay fpo_1', 1_250_000n)
  const typedIn = await book('typed in by hand', '2026-11-20', 'fpay fpo_1')
  await book('another matter', '2026-11-20', 'rent of November')
  await book('sb-after', '2026-11-21', 'fpay fpo_2')
  const of = { takenBack: 0n, state: 'paid', at: new Date('2026-11-20T00:00:00Z'), mentions: 'fpo_1' }
  const byId = (one: { reference: string }, other: { reference: string }) =>
    Number(one.reference) - Number(other.reference)
  const listed = [
    { reference: ours, key: 'sb-7b1e', payableId: '7b1e', money: money(1_250_000n, 'CLP'), ...of },
    { reference: typedIn, key: undefined, payableId: undefined, money: money(1_000n, 'CLP'), ...of },
  ]
  expect(await all(client.listVendorPayments(window))).toEqual(listed.sort(byId))
})

test('all payments of a day come, each once, while NetSuite fails and loses answers', async () => {
  const { netsuite, client, book } = await anErp()
  for (let n = 0; n < 30; n += 1) await book(`sb-${n}`, '2026-11-20', `fpay fpo_${n}`)
  netsuite.setFaults({ seed: 5, perSubject: 3, rates: { 'error-before': 0.7, 'lost-response': 0.7 } })
  const payments = await all(client.listVendorPayments(window))
  const ids = payments.map(({ payableId }) => Number(payableId)).sort((a, b) => a - b)
  expect(ids).toEqual(Array.from({ length: 30 }, (_, n) => n))
})

const row = (id: number, change: object = {}) => ({
  ...{ links: [], id: String(id), externalid: `sb-${id}`, memo: 'fpay fpo_1', foreigntotal: '-12.50' },
  ...{ currency: 'USD', voided: 'F', trandate: '2026-11-20' },
  ...change,
})
const pageOf = (items: readonly object[], hasMore = false) => ({ status: 200, body: { items, hasMore } })

test('pages go on after the last id, and what is void is no payment', async () => {
  const { client, asked } = await aNetSuite((_, count) =>
    count === 1 ? pageOf([row(4), row(9)], true) : pageOf([row(12, { voided: 'T' })]),
  )
  const payments = await all(client.listVendorPayments(window))
  expect(payments.map(({ reference, state, money }) => [reference, state, money?.amount])).toEqual([
    ['4', 'paid', 1250n],
    ['9', 'paid', 1250n],
    ['12', 'rejected', 1250n],
  ])
  expect(asked.map(({ text }) => /t\.id > (\d+)/.exec(text)?.[1])).toEqual(['0', '9'])
})

test('an amount that cannot be read is told as no amount, not as an error and not as zero', async () => {
  const odd = [row(1, { foreigntotal: '-1.005' }), row(2, { currency: 'XXX' }), row(3, { foreigntotal: undefined })]
  const { client } = await aNetSuite(() => pageOf(odd))
  const payments = await all(client.listVendorPayments(window))
  expect(payments.map((payment) => payment.money)).toEqual([undefined, undefined, undefined])
})

test.each<[string, object]>([
  ['rows out of order', pageOf([row(2), row(1)])],
  ['a page of nothing that has more', pageOf([], true)],
  ['a row without a date', pageOf([row(1, { trandate: undefined })])],
  ['something else', { status: 200, body: '[]' }],
])('%s end in one error', async (_, answer) => {
  const { client } = await aNetSuite(() => answer as never)
  await expect(all(client.listVendorPayments(window))).rejects.toMatchObject({ kind: 'garbled', provider: 'netsuite' })
})
