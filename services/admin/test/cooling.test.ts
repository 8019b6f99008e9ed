import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { COOLING_MS } from '@remesa/domain/cooling'
import { payNow } from '@remesa/local-stack/testing/payments'
import { aPayableBalance, changeSeller } from '@remesa/local-stack/testing/sellers'
import { topics } from '@remesa/messaging/catalogue'
import { APPROVER, type Api, aKey, anApi, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())

const BOTH = { subject: 'olga', roles: ['approver'] }
const read = async (path: string) => (await api.ask('GET', path, { token: await api.token(VIEWER) })).body
const coolingOf = async (id: string) =>
  (await read('/v1/cooling')).items.find((one: { payee: { id: string } }) => one.payee.id === id)

async function aChangedSeller() {
  const { sellerBalanceId, ...seller } = await aPayableBalance(api.world)
  await changeSeller(api.world, seller, { fpayId: `FP-NEW-${seller.gscSellerId}` })
  expect(await payNow(api.world, sellerBalanceId)).toBe('later')
  return { sellerBalanceId, seller, release: `/v1/cooling/seller/${seller.sellerId}/release` }
}

test('what waits for a changed account is listed and explained; two people release it, and it is queued at once', async () => {
  const { sellerBalanceId, seller, release } = await aChangedSeller()
  const waiting = await coolingOf(seller.sellerId)
  expect(waiting).toMatchObject({
    payee: { type: 'seller', name: seller.profile.legalName },
    payments: 1,
    release: null,
  })
  expect(Date.parse(waiting.until) - Date.parse(waiting.changedAt)).toBe(COOLING_MS)
  expect(await read(`/v1/explain/${sellerBalanceId}`)).toMatchObject({
    next: { who: 'remesa', text: expect.stringContaining(waiting.until.slice(0, 19).replace('T', ' ')) },
  })

  const key = aKey()
  const body = { reason: 'the seller confirmed it on the known number' }
  const asked = await api.act(release, OPERATOR, { body, key })
  expect(asked).toMatchObject({
    status: 202,
    body: {
      approval: { kind: 'seller_cooling_release', subjectId: seller.sellerId, wish: { changedAt: waiting.changedAt } },
    },
  })
  expect((await api.act(release, OPERATOR, { body, key })).body).toEqual(asked.body)
  const { id } = asked.body.approval
  expect(await api.act(release, OPERATOR)).toMatchObject({ status: 409, body: { approval: { id } } })
  expect((await coolingOf(seller.sellerId)).release).toMatchObject({ id })
  expect(await api.act(`/v1/control-approvals/${id}/approve`, BOTH)).toMatchObject({ status: 403 })

  expect(await api.act(`/v1/control-approvals/${id}/approve`, APPROVER)).toMatchObject({ status: 200 })
  expect(await api.world.take(topics.paySellerBalance)).toMatchObject([{ data: { sellerBalanceId } }])
  expect(await payNow(api.world, sellerBalanceId)).toBe('claimed')
  expect(await coolingOf(seller.sellerId)).toBeUndefined()
})

test('an approval of an earlier change is void', async () => {
  const { seller, release } = await aChangedSeller()
  const { id } = (await api.act(release, OPERATOR)).body.approval
  await changeSeller(api.world, { ...seller, profile: seller.profile }, { fpayId: 'FP-THIRD' })
  expect(await api.act(`/v1/control-approvals/${id}/approve`, APPROVER)).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:approval-void', approval: { status: 'void' } },
  })
})

test.each([
  ['a seller who was never changed', 'seller/0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22', 404],
  ['a user whom nobody knows', 'user/nobody', 404],
  ['no seller’s id', 'seller/nobody', 400],
  ['neither a seller nor a user', 'bank/nobody', 400],
])('%s cannot be released', async (_, who, status) => {
  expect((await api.act(`/v1/cooling/${who}/release`, OPERATOR)).status).toBe(status)
})
