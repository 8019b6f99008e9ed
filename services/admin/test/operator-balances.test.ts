import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { anAcceptedPayment, follow, payNow } from '@remesa/local-stack/testing/payments'
import { aPayableBalance, aSeller, THE_DAY } from '@remesa/local-stack/testing/sellers'
import { type Api, anApi, VIEWER } from './an-api.ts'

let api: Api
let token: string
beforeAll(async () => {
  api = await anApi()
  token = await api.token(VIEWER)
})
afterAll(() => api.stop())

const get = async (path: string) => (await api.ask('GET', path, { token })).body
const idsOf = ({ items }: { items: readonly { id: string }[] }) => items.map(({ id }) => id)

async function pagesOf(path: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let next: string | null = ''; next !== null; ) {
    const page: { items: { id: string }[]; next: string | null } = await get(`${path}${next && `&cursor=${next}`}`)
    ids.push(...idsOf(page))
    next = page.next
  }
  return ids
}

test('a balance is found by its status, seller, date, country, currency, amount, and by what people know it by', async () => {
  const balance = await aPayableBalance(api.world, { country: 'pe', amount: 7_700n, closing: 'different' })
  await aPayableBalance(api.world, { date: businessDate('2026-11-19') })
  const { sellerBalanceId: id, sellerId, gscSellerId } = balance
  for (const query of [
    `sellerId=${sellerId}`,
    'country=PE',
    'currency=PEN&status=payable',
    `date=${THE_DAY}&min=7700&max=7700`,
    `q=${id}`,
    `q=${sellerId}`,
    `q=${gscSellerId}`,
    'q=20131312955',
    `q=${encodeURIComponent(`comerc ${gscSellerId.slice(0, 6)}`)}`,
  ]) {
    expect([query, idsOf(await get(`/v1/balances?${query}`))]).toEqual([query, [id]])
  }
  for (const query of ['status=paid', 'min=7701&max=99999', 'q=nobody', `q=${encodeURIComponent(':*&!')}`]) {
    expect([query, idsOf(await get(`/v1/balances?${query}`))]).toEqual([query, []])
  }
  const [item] = (await get(`/v1/balances?q=${id}`)).items
  expect(item).toEqual({
    id,
    seller: {
      id: sellerId,
      gscSellerId,
      name: `Comercial ${gscSellerId}`,
      taxId: '*******2955',
    },
    country: 'pe',
    businessDate: THE_DAY,
    money: { amount: '7700', currency: 'PEN' },
    status: 'payable',
    reason: null,
    rail: null,
    updatedAt: expect.any(String),
  })
})

test('a word of a name is found though PostgreSQL takes it for a number below zero', async () => {
  const { sellerId } = await aPayableBalance(api.world, { gscSellerId: 'SC-05612345' })
  for (const q of ['comercial sc-056', 'SC-05612345', '05612']) {
    expect([q, idsOf(await get(`/v1/sellers?q=${encodeURIComponent(q)}`))]).toEqual([q, [sellerId]])
  }
})

test('balances come with the newest date first, in pages that miss none and repeat none', async () => {
  for (let count = 0; count < 4; count++) await aPayableBalance(api.world)
  const all = (await get('/v1/balances?limit=200')).items
  expect(await pagesOf('/v1/balances?limit=2')).toEqual(all.map(({ id }: { id: string }) => id))
  const dates = all.map((item: { businessDate: string }) => item.businessDate)
  expect(dates).toEqual([...dates].sort().reverse())
})

test('a paid balance tells its whole story: documents, closing, attempts, ledger, audit, with nobody’s data in it', async () => {
  const { sellerBalanceId: id, profile } = await anAcceptedPayment(api.world, {
    bills: [90_000n, 20_000n],
    invoices: [10_000n],
  })
  api.world.sandbox.fpay.settleAll()
  await follow(api.world, [id])
  const story = await get(`/v1/balances/${id}`)
  expect(story).toMatchObject({
    id,
    status: 'paid',
    rail: 'fpay',
    money: { amount: '100000', currency: 'CLP' },
    documents: [
      { type: 'vendorBill', amount: '90000' },
      { type: 'vendorBill', amount: '20000' },
      { type: 'invoice', amount: '10000' },
    ],
    closing: { match: 'matched', money: { amount: '100000' } },
    attempts: [{ rail: 'fpay', state: 'paid', money: { amount: '100000', currency: 'CLP' } }],
  })
  const kinds = new Set(story.timeline.map(({ kind }: { kind: string }) => kind))
  expect(kinds).toEqual(new Set(['message', 'attempt', 'ledger', 'audit']))
  const times = story.timeline.map(({ at }: { at: string }) => at)
  expect(times).toEqual([...times].sort())
  const attempts = story.timeline.filter(({ kind }: { kind: string }) => kind === 'attempt')
  expect(attempts).toMatchObject([
    { title: 'Attempt 1 through FPay: begun', details: { request: expect.any(Object) } },
    { title: 'Attempt 1 through FPay: accepted' },
    { title: 'Attempt 1 through FPay: paid', details: { response: expect.any(Object) } },
  ])
  const text = JSON.stringify(story)
  for (const secret of [profile.taxId, profile.fpayId]) expect(text).not.toContain(secret)
})

test('a balance that cannot be paid says why', async () => {
  const { sellerBalanceId: id } = await aPayableBalance(api.world, { account: null })
  expect(await payNow(api.world, id)).toBe('blocked')
  expect(idsOf(await get('/v1/balances?status=blocked'))).toEqual([id])
  expect(await get(`/v1/balances/${id}`)).toMatchObject({ status: 'blocked', reason: 'bank_id_missing' })
})

test('sellers are listed by name and found by id, tax id and name; one is read by our id and by GSC’s', async () => {
  const { sellerId: id, gscSellerId, profile } = await aSeller(api.world, { country: 'co', gscSellerId: 'SC-colombia' })
  for (const q of [id, gscSellerId, '890.903.938-8', '8909039388', 'colomb']) {
    expect([q, idsOf(await get(`/v1/sellers?q=${encodeURIComponent(q)}`))]).toEqual([q, [id]])
  }
  const all = (await get('/v1/sellers?limit=200')).items
  expect(await pagesOf('/v1/sellers?limit=2')).toEqual(all.map((one: { id: string }) => one.id))
  const byOurs = await get(`/v1/sellers/${id}`)
  expect(byOurs).toMatchObject({
    id,
    gscSellerId,
    taxId: '******938-8',
    account: 'fpay',
    owed: [],
    balances: [],
  })
  expect(await get(`/v1/sellers/${gscSellerId}`)).toEqual(byOurs)
  for (const secret of [profile.taxId, profile.fpayId]) expect(JSON.stringify(byOurs)).not.toContain(secret)
  expect((await api.ask('GET', '/v1/sellers/SC-nobody', { token })).status).toBe(404)
})

test('what is asked wrongly is refused with the part that is wrong', async () => {
  for (const [query, part] of [
    ['min=1.5', 'query min'],
    ['date=2026-13-01', 'query date'],
    ['status=payed', 'query status'],
    ['limit=1000', 'query limit'],
    ['cursor=1', 'query cursor'],
    ['nonsense=1', 'query'],
  ]) {
    const { status, body } = await api.ask('GET', `/v1/balances?${query}`, { token })
    expect([query, status, body.detail]).toEqual([query, 400, expect.stringContaining(part ?? '')])
  }
})
