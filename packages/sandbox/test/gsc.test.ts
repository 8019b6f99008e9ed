import { PubSub } from '@google-cloud/pubsub'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Emulator, startEmulator } from '@remesa/pubsub-emulator/emulator'
import { type GscSandbox, startGsc } from '../src/gsc/gsc.ts'
import type { MarketplaceClosing, MarketplaceSeller } from '../src/marketplace.ts'

process.env.METADATA_SERVER_DETECTION = 'none' // there is no cloud around to ask

let emulator: Emulator
let pubSub: PubSub
let gsc: GscSandbox
beforeEach(async () => {
  emulator = await startEmulator()
  pubSub = new PubSub({ projectId: 'remesa', apiEndpoint: emulator.host, emulatorMode: true })
  gsc = await startGsc({ emulatorHost: emulator.host })
})
afterEach(async () => {
  await gsc.stop()
  await pubSub.close()
  await emulator.stop()
})

const seller = (fields: Partial<MarketplaceSeller> = {}): MarketplaceSeller => ({
  gscSellerId: 'SC1',
  legalName: 'Comercial Ejemplo SpA',
  taxId: '90749000-9',
  operationType: 'local',
  type: '3P',
  fpayId: 'FP-1',
  payoneerPayeeId: null,
  countries: [
    { country: 'cl', currency: 'CLP', enabled: true },
    { country: 'pe', currency: 'USD', enabled: false },
  ],
  ...fields,
})
const closing = (fields: Partial<MarketplaceClosing> = {}): MarketplaceClosing => ({
  settlementId: 'ST1',
  gscSellerId: 'SC1',
  country: 'pe',
  date: '2026-11-20',
  currency: 'USD',
  amount: '10.5',
  ...fields,
})
const authorized = (headers: Record<string, string> = {}) => ({
  authorization: `Bearer ${gsc.credentials.token}`,
  ...headers,
})
const read = (id: string, headers = authorized()) => fetch(`${gsc.url}/v2/sellers/${id}`, { headers })

/** A topic with one subscription, and how to take `count` messages from it. */
async function listenTo(topic: string) {
  await pubSub.createTopic(topic)
  const [subscription] = await pubSub.topic(topic).createSubscription('test', { enableMessageOrdering: true })
  return (count: number) =>
    new Promise<{ data: Record<string, never>; attributes: Record<string, string>; orderingKey?: string }[]>(
      (resolve, reject) => {
        const taken: Parameters<typeof resolve>[0] = []
        subscription.on('error', reject)
        subscription.on('message', (message) => {
          message.ack()
          const { attributes, orderingKey } = message
          taken.push({ data: JSON.parse(message.data.toString()), attributes, ...(orderingKey && { orderingKey }) })
          if (taken.length === count) subscription.close().then(() => resolve(taken), reject)
        })
      },
    )
}

test('sellers are told of in order: created without an account, then updated with it', async () => {
  const take = await listenTo('seller-profile')
  gsc.loadSellers([
    seller(),
    seller({ gscSellerId: 'SC2', operationType: 'international', fpayId: null, payoneerPayeeId: 'PY-2' }),
  ])
  expect(await gsc.publishSellerEvents()).toEqual({ created: 2, updated: 1 })
  const events = await take(3)
  const ofFirst = events.filter(({ orderingKey }) => orderingKey === 'SC1')
  expect(ofFirst.map(({ data }) => data)).toEqual([
    {
      eventId: expect.any(String),
      eventType: 'SellerCreated',
      eventVersion: 2,
      eventTime: expect.stringMatching(/Z$/),
      sequence: 1,
      seller: { sellerId: 'SC1', country: 'CL', operationType: 'local', accountNumber: null },
    },
    expect.objectContaining({
      eventType: 'SellerUpdated',
      sequence: 2,
      seller: expect.objectContaining({ accountNumber: 'FP-1' }),
    }),
  ])
  expect(ofFirst[0]?.attributes).toMatchObject({
    event_type: 'SellerCreated',
    event_version: '2',
    country: 'CL',
    operator: expect.any(String),
    event_id: expect.any(String),
  })
  expect(await gsc.publishSellerEvents()).toEqual({ created: 0, updated: 0 })
})

test('an event that Pub/Sub does not take is published by the next call', async () => {
  gsc.loadSellers([seller()])
  await expect(gsc.publishSellerEvents()).rejects.toThrow('seller-profile')
  const take = await listenTo('seller-profile')
  expect(await gsc.publishSellerEvents()).toEqual({ created: 1, updated: 1 })
  expect(await take(2)).toHaveLength(2)
})

test('a seller’s detail shows its account only once it has one', async () => {
  await listenTo('seller-profile')
  gsc.loadSellers([seller()])
  await gsc.publishSellerEvents({ openAccounts: false })
  const response = await read('SC1')
  expect(await response.json()).toMatchObject({
    sellerId: 'SC1',
    legalName: 'Comercial Ejemplo SpA',
    taxId: { type: 'RUT', value: '90749000-9' },
    country: 'CL',
    operationType: 'local',
    sellerType: '3P',
    countries: { cl: { currency: 'CLP', enabled: true }, pe: { currency: 'USD', enabled: false } },
    payment: { provider: 'FPAY', accountNumber: null, payeeId: null },
    status: 'ACTIVE',
    version: 1,
  })
  const etag = response.headers.get('etag') ?? ''
  expect((await read('SC1', authorized({ 'if-none-match': etag }))).status).toBe(304)
  await gsc.publishSellerEvents()
  const later = await read('SC1', authorized({ 'if-none-match': etag }))
  expect(await later.json()).toMatchObject({ payment: { accountNumber: 'FP-1' }, version: 2 })
})

test('a seller that changes has a newer version and tells of it; one loaded again unchanged does not', async () => {
  const take = await listenTo('seller-profile')
  gsc.loadSellers([seller({ fpayId: null })])
  gsc.loadSellers([seller({ fpayId: null })])
  gsc.changeSeller('SC1', { taxId: '76192083-9' })
  gsc.giveFpayId('SC1', 'FP-9')
  expect(await gsc.publishSellerEvents()).toEqual({ created: 1, updated: 2 })
  expect((await take(3)).map(({ data }) => data.sequence)).toEqual([1, 2, 3])
  expect(await (await read('SC1')).json()).toMatchObject({
    taxId: { value: '76192083-9' },
    payment: { accountNumber: 'FP-9' },
  })
})

test('an unknown or hidden seller is 404, a wrong token 401', async () => {
  gsc.loadSellers([seller()])
  const unknown = await read('SC9')
  expect([unknown.status, await unknown.json()]).toEqual([404, expect.objectContaining({ code: 'SELLER_NOT_FOUND' })])
  gsc.hideSeller('SC1', 1)
  expect((await read('SC1')).status).toBe(404)
  expect((await read('SC1')).status).toBe(200)
  expect((await read('SC1', { authorization: 'Bearer guessed' })).status).toBe(401)
})

test('a token is given for the right secret and stops working when revoked', async () => {
  const ask = (secret: string) =>
    fetch(gsc.tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: gsc.credentials.clientId,
        client_secret: secret,
      }),
    })
  expect((await ask('wrong')).status).toBe(401)
  const { access_token } = (await (await ask(gsc.credentials.clientSecret)).json()) as { access_token: string }
  gsc.loadSellers([seller()])
  const headers = { authorization: `Bearer ${access_token}` }
  expect((await read('SC1', headers)).status).toBe(200)
  gsc.revokeTokens()
  expect((await read('SC1', headers)).status).toBe(401)
})

const notification = (fields: object = {}) => ({
  sellerId: 'SC1',
  country: 'PE',
  currency: 'USD',
  amount: '10.50',
  status: 'PAID',
  provider: 'FPAY',
  providerReference: 'fpo_1',
  paidAt: '2026-11-21T10:00:00Z',
  reasonCode: null,
  ...fields,
})
async function notify(fields: object = {}, { key = 'sb-1:PAID', settlementId = 'ST1' } = {}) {
  const response = await fetch(`${gsc.url}/v2/settlements/${settlementId}/payments`, {
    method: 'POST',
    headers: authorized({ 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) }),
    body: JSON.stringify(notification(fields)),
  })
  const { code } = (await response.json()) as { code?: string }
  return code === undefined ? response.status : [response.status, code]
}

test('a payment is noted once: the same key again is 200, another key 409', async () => {
  gsc.loadClosings([closing()])
  expect(await notify()).toBe(201)
  expect(await notify()).toBe(200)
  expect(await notify({}, { key: 'sb-1:AGAIN' })).toEqual([409, 'ALREADY_NOTIFIED'])
  expect(await notify({ providerReference: 'fpo_2' })).toEqual([422, 'IDEMPOTENCY_MISMATCH'])
  expect(gsc.books().notifications).toEqual([
    expect.objectContaining({ settlementId: 'ST1', status: 'PAID', amount: '10.50', idempotencyKey: 'sb-1:PAID' }),
  ])
})

test('a settlement that is unknown, of another amount or another seller is refused, each in its code', async () => {
  gsc.loadClosings([closing()])
  expect(await notify({}, { settlementId: 'ST9' })).toEqual([404, 'SETTLEMENT_NOT_FOUND'])
  expect(await notify({ amount: '10.51' })).toEqual([422, 'AMOUNT_MISMATCH'])
  expect(await notify({ amount: '10.5' })).toEqual([422, 'AMOUNT_MISMATCH'])
  expect(await notify({ currency: 'PEN' })).toEqual([422, 'AMOUNT_MISMATCH'])
  expect(await notify({ sellerId: 'SC2' })).toEqual([422, 'SELLER_MISMATCH'])
  expect(await notify({ status: 'MAYBE' })).toEqual([400, 'INVALID_NOTIFICATION'])
  expect(await notify({}, { key: '' })).toEqual([400, 'MISSING_IDEMPOTENCY_KEY'])
  expect(gsc.books().notifications).toEqual([])
})

test('closings are published once, and all of them again on request', async () => {
  const take = await listenTo('seller_closing_topic')
  gsc.loadClosings([closing(), closing({ settlementId: 'ST2', gscSellerId: 'SC2' })])
  expect(await gsc.publishClosings()).toEqual({ published: 2 })
  expect(await gsc.publishClosings()).toEqual({ published: 0 })
  expect(await gsc.publishClosings({ again: true })).toEqual({ published: 2 })
  const messages = await take(4)
  expect(messages.filter(({ orderingKey }) => orderingKey === 'SC1').map(({ data }) => data)).toEqual([
    closing(),
    closing(),
  ])
})

test('all events of a thousand sellers are out when publishing ends', async () => {
  await pubSub.createTopic('seller-profile')
  gsc.loadSellers(
    Array.from({ length: 1_000 }, (_, index) => seller({ gscSellerId: `M${index}`, fpayId: `FP-${index}` })),
  )
  expect(await gsc.publishSellerEvents()).toEqual({ created: 1_000, updated: 1_000 })
  expect(emulator.stats().published).toBe(2_000)
})
