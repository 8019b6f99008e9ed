import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import { anEdge, aStripeEvent, type Edge, STRIPE_SECRETS, stripeSignature } from './an-edge.ts'

let edge: Edge
beforeAll(async () => {
  edge = await anEdge()
  edge.world.sandbox.stripe.setWebhook({ url: `${edge.url}/webhooks/stripe` })
})
afterAll(() => edge.stop())
beforeEach(() => edge.stripeEvents())

test('events that Stripe’s sandbox sends reach the topic, each once, with what they say', async () => {
  const { stripe } = edge.world.sandbox
  stripe.updateAccount('acct_nocap7', { payouts_enabled: true, capabilities: { transfers: 'active' } })
  stripe.topUp({ amount: 5_000n, currency: currency('USD') })
  await stripe.callbacks.idle()
  expect(stripe.callbacks.counts()).toMatchObject({ givenUp: 0 })

  const events = await edge.stripeEvents()
  expect(events).toHaveLength(2)
  expect(events).toContainEqual({
    eventId: expect.stringMatching(/^evt_/),
    type: 'account.updated',
    created: expect.any(Number),
    account: 'acct_nocap7',
    object: expect.objectContaining({
      id: 'acct_nocap7',
      payouts_enabled: true,
      capabilities: { transfers: 'active' },
    }),
  })
  expect(events).toContainEqual(expect.objectContaining({ type: 'balance.available', account: null }))
})

test('what the sandbox repeats, or sends late and twice, goes on once', async () => {
  const { stripe } = edge.world.sandbox
  stripe.setFaults({ rates: { 'duplicate-callback': 1, 'late-callback': 0.5 } })
  for (let at = 0; at < 20; at += 1) stripe.updateAccount(`acct_${at}`, { payouts_enabled: at % 2 === 0 })
  await stripe.callbacks.idle()
  for (let at = 0; at < 20; at += 1) stripe.repeatEvent(`acct_${at}`)
  await stripe.callbacks.idle()
  stripe.setFaults({ rates: {} })
  const ids = (await edge.stripeEvents()).map(({ eventId }) => eventId)
  expect(ids).toHaveLength(20)
  expect(new Set(ids).size).toBe(20)
})

test('an event that is sent again with a new signature, or ten times at once, goes on once', async () => {
  const body = aStripeEvent()
  for (const ageSeconds of [0, 60, 200]) expect((await edge.stripe(body, { ageSeconds })).status).toBe(204)
  const answers = await Promise.all(Array.from({ length: 10 }, () => edge.stripe(body)))
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(204))
  expect(await edge.stripeEvents()).toHaveLength(1)
})

test('while a secret is rolled, events that are signed with either, or with both, are believed', async () => {
  const { stripe } = edge.world.sandbox
  for (const secrets of [['whsec_remesaSandbox'], [...STRIPE_SECRETS], ['whsec_new one', STRIPE_SECRETS[1]]]) {
    stripe.setWebhookSecrets(secrets)
    stripe.updateAccount('acct_rolled', { payouts_enabled: true })
  }
  await stripe.callbacks.idle()
  stripe.setWebhookSecrets([STRIPE_SECRETS[0]])
  expect(await edge.stripeEvents()).toHaveLength(3)
})

test('an event of 300 KiB, as of an object with much metadata, is taken in whole', async () => {
  const object = { id: 'pi_1', object: 'payment_intent', metadata: { long: 'ñ'.repeat(150 * 1024) } }
  expect((await edge.stripe(aStripeEvent({ type: 'payment_intent.created', data: { object } }))).status).toBe(204)
  expect(await edge.stripeEvents()).toMatchObject([{ object }])
})

test('an answer waits for the database and for nothing else: 300 events at once, no Pub/Sub about', async () => {
  const bodies = Array.from({ length: 300 }, () => aStripeEvent())
  const answers = await Promise.all(bodies.map((body) => edge.stripe(body)))
  expect(answers.every(({ status }) => status === 204)).toBe(true)
  expect(await edge.stripeEvents()).toHaveLength(300)
})

const thin = JSON.stringify({ id: 'evt_1', object: 'v2.core.event', type: 'v2.core.account.updated', created: '2026' })

test.each<[string, number, string, (edge: Edge) => Promise<Response>]>([
  ['unsigned', 401, 'signature_missing', ({ post }) => post('/webhooks/stripe', aStripeEvent())],
  ['signed by a stranger', 401, 'signature_wrong', (on) => on.stripe(aStripeEvent(), { secrets: ['whsec_guess'] })],
  ['signed with nothing', 401, 'signature_wrong', (on) => on.stripe(aStripeEvent(), { secrets: [''] })],
  [
    'with a changed body',
    401,
    'signature_wrong',
    ({ post }) => {
      const headers = { 'stripe-signature': stripeSignature(aStripeEvent()) }
      return post('/webhooks/stripe', aStripeEvent({ type: 'transfer.reversed' }), headers)
    },
  ],
  [
    'with the same JSON in other bytes',
    401,
    'signature_wrong',
    ({ post }) => {
      const body = aStripeEvent()
      return post('/webhooks/stripe', JSON.stringify(JSON.parse(body), null, 1), {
        'stripe-signature': stripeSignature(body),
      })
    },
  ],
  [
    'with a signature that is none',
    401,
    'signature_malformed',
    ({ post }) => post('/webhooks/stripe', aStripeEvent(), { 'stripe-signature': 'v1=zzz' }),
  ],
  [
    'signed by the old scheme alone',
    401,
    'signature_malformed',
    ({ post }) => {
      const header = stripeSignature(aStripeEvent()).replace(/v1=/, 'v0=')
      return post('/webhooks/stripe', aStripeEvent(), { 'stripe-signature': header })
    },
  ],
  ['of six minutes ago', 401, 'outside_tolerance', (on) => on.stripe(aStripeEvent(), { ageSeconds: 360 })],
  ['of the future', 401, 'outside_tolerance', (on) => on.stripe(aStripeEvent(), { ageSeconds: -360 })],
  ['empty and signed', 422, 'body_unreadable', (on) => on.stripe('')],
  ['signed garbage', 422, 'body_unreadable', (on) => on.stripe('<html>502 Bad Gateway</html>')],
  ['without an object', 422, 'body_unreadable', (on) => on.stripe(aStripeEvent({ data: {} }))],
  ['with an id of 300 letters', 422, 'body_unreadable', (on) => on.stripe(aStripeEvent({ id: 'e'.repeat(300) }))],
  [
    'with a text that no database takes',
    422,
    'body_unreadable',
    (on) => on.stripe(aStripeEvent({ data: { object: { id: 'a\0b' } } })),
  ],
  ['of API v2, which names its object only', 422, 'thin_event', (on) => on.stripe(thin)],
  ['of a megabyte', 413, 'body_too_large', ({ post }) => post('/webhooks/stripe', Buffer.alloc(1024 * 1024))],
  ['sent as GET', 405, 'method_not_allowed', ({ url }) => fetch(`${url}/webhooks/stripe`)],
])('an event %s is answered %i %s and goes nowhere', async (_, status, error, send) => {
  const response = await send(edge)
  expect(response.status).toBe(status)
  expect(await response.json()).toEqual({ error })
  expect(await edge.stripeEvents()).toEqual([])
})
