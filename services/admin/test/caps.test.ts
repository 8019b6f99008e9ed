import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { APPROVER, type Api, aKey, anApi, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())

const HOURLY = { rail: 'stripe', currency: 'USD', scope: 'rail_hour', reason: 'a new marketplace' }
const send = async (method: string, path: string, body: object, wish = OPERATOR) =>
  api.ask(method, path, { token: await api.token(wish), key: aKey(), body })
const caps = async () => (await api.ask('GET', '/v1/caps', { token: await api.token(VIEWER) })).body.items

test('one person sets a cap and lowers it, two raise and remove it', async () => {
  const set = await send('PUT', '/v1/caps', { ...HOURLY, amount: '100000' })
  expect(set).toMatchObject({ status: 200, body: { cap: { ...HOURLY, amount: '100000', setBy: 'operator:olga' } } })
  const { id } = set.body.cap
  expect((await send('PUT', '/v1/caps', { ...HOURLY, amount: '50000' })).status).toBe(200)

  const raise = await send('PUT', '/v1/caps', { ...HOURLY, amount: '70000' })
  expect(raise).toMatchObject({
    status: 202,
    body: { cap: { amount: '50000' }, approval: { kind: 'cap_change', wish: { from: '50000', to: '70000' } } },
  })
  expect((await send('PUT', '/v1/caps', { ...HOURLY, amount: '80000' })).status).toBe(409)
  const approve = (approvalId: string, wish: typeof APPROVER) =>
    api.act(`/v1/control-approvals/${approvalId}/approve`, wish)
  expect((await approve(raise.body.approval.id, { subject: 'olga', roles: ['approver'] })).status).toBe(403)
  expect((await approve(raise.body.approval.id, APPROVER)).status).toBe(200)
  expect(await caps()).toMatchObject([{ id, amount: '70000' }])

  const removal = await send('DELETE', `/v1/caps/${id}`, { reason: 'no longer needed' })
  expect(removal).toMatchObject({ status: 202, body: { approval: { wish: { from: '70000', to: null } } } })
  expect((await approve(removal.body.approval.id, APPROVER)).status).toBe(200)
  expect(await caps()).toEqual([])
  expect((await send('DELETE', `/v1/caps/${id}`, { reason: 'again' })).status).toBe(404)
})

test.each([
  ['an amount that is none', { amount: '1.5' }],
  ['a negative amount', { amount: '-1' }],
  ['a currency that is none', { currency: 'XXQ' }],
  ['a scope that is none', { scope: 'year' }],
  ['no reason', { reason: '' }],
])('%s is refused with one sentence, and sets no cap', async (_, change) => {
  const answer = await send('PUT', '/v1/caps', { ...HOURLY, amount: '1', ...change })
  expect(answer).toMatchObject({ status: 400, body: { type: 'urn:remesa:problem:bad-request' } })
  expect(await caps()).toEqual([])
})
