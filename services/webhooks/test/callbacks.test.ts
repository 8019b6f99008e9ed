import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createTestDatabase } from '@remesa/database/testing/test-database'
import { currency } from '@remesa/domain/currency'
import type { PaymentInstruction } from '@remesa/domain/rail'
import { topics } from '@remesa/messaging/catalogue'
import { webhookServer } from '../src/server.ts'
import { callbackTaker } from '../src/take-callbacks.ts'
import { aCancelledPayment, anEdge, aPayoutUpdate, type Edge, FPAY_SECRETS, fpaySignature } from './an-edge.ts'

let edge: Edge
beforeAll(async () => {
  edge = await anEdge()
})
afterAll(() => edge.stop())
beforeEach(() => edge.taken())

const instruction = (changes: Partial<PaymentInstruction>): PaymentInstruction => ({
  payableId: randomUUID(),
  idempotencyKey: `seller-balance:${randomUUID()}`,
  generation: 1,
  money: { amount: 1250000n, currency: currency('CLP') },
  destination: 'FP-000123',
  country: 'CL',
  beneficiary: { name: 'Comercial Uno', taxId: '76192083-9' },
  description: 'Seller balance 2026-11-20 CL',
  payeeId: 'SC1',
  ...changes,
})

test('callbacks that FPay’s sandbox sends reach the topic, each once, with what they say', async () => {
  const rail = edge.world.rails.get('fpay')
  const paying = instruction({})
  const outcome = await rail?.pay(paying)
  edge.world.sandbox.fpay.settleAll()
  await edge.world.sandbox.fpay.callbacks.idle()
  expect(edge.world.sandbox.fpay.callbacks.counts()).toMatchObject({ givenUp: 0 })

  const taken = await edge.taken()
  expect(outcome).toMatchObject({ kind: 'accepted' })
  expect(taken).toContainEqual({
    rail: 'fpay',
    reference: outcome?.kind === 'accepted' && outcome.reference,
    eventId: expect.any(String),
    externalReference: paying.payableId,
    status: { state: 'paid', paidAt: expect.stringMatching(/Z$/) },
  })
})

test('callbacks that Payoneer’s sandbox sends reach the topic and say only: look now', async () => {
  const { payoneer } = edge.world.sandbox
  payoneer.setIpcnUrls({ 'account-loaded': `${edge.url}/webhooks/payoneer` })
  const paying = instruction({ destination: 'PY-1', money: { amount: 1250n, currency: currency('USD') } })
  await edge.world.rails.get('payoneer')?.pay(paying)
  payoneer.settleAll()
  await payoneer.callbacks.idle()
  expect(await edge.taken()).toEqual([
    {
      rail: 'payoneer',
      reference: paying.idempotencyKey,
      eventId: expect.any(String),
      externalReference: null,
      status: null,
    },
  ])
})

test('a callback that is sent again, or replayed by somebody, is accepted and goes no further', async () => {
  const body = aPayoutUpdate()
  for (let time = 0; time < 3; time += 1) expect((await edge.fpay(body)).status).toBe(204)
  for (let time = 0; time < 3; time += 1) {
    expect((await edge.payoneer(aCancelledPayment('sb-1'), { nonce: 'the-same' })).status).toBe(204)
  }
  expect(await edge.taken()).toHaveLength(2)
})

test('the same callback ten times at once reaches the topic once', async () => {
  const body = aPayoutUpdate()
  const answers = await Promise.all(Array.from({ length: 10 }, () => edge.fpay(body)))
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(204))
  expect(await edge.taken()).toHaveLength(1)
})

test('an answer waits for the database and for nothing else: 200 callbacks at once, no Pub/Sub about', async () => {
  const bodies = Array.from({ length: 200 }, (_, at) => aPayoutUpdate({ payoutId: `fpo_${at}` }))
  const answers = await Promise.all(bodies.map((body) => edge.fpay(body)))
  expect(answers.every(({ status }) => status === 204)).toBe(true)
  expect(await edge.taken()).toHaveLength(200)
})

test('a callback that says only that a payment goes on is answered, and goes no further', async () => {
  for (const status of ['PENDING', 'PROCESSING']) {
    expect((await edge.fpay(aPayoutUpdate({ status }))).status).toBe(204)
  }
  expect((await edge.fpay(aPayoutUpdate({ status: 'PROCESSING' }), { secret: 'a guess' })).status).toBe(401)
  expect(await edge.taken()).toEqual([])
})

test('while FPay’s secret is rotated, both are believed', async () => {
  for (const secret of FPAY_SECRETS) expect((await edge.fpay(aPayoutUpdate(), { secret })).status).toBe(204)
  const body = aPayoutUpdate()
  const [t, old] = fpaySignature(body, { secret: 'one that FPay uses and we do not know' }).split(',')
  const [, known] = fpaySignature(body, { secret: FPAY_SECRETS[1] }).split(',')
  const header = { 'x-fpay-signature': `${t},${old},${known}` }
  expect((await edge.post('/webhooks/fpay', body, header)).status).toBe(204)
  expect(await edge.taken()).toHaveLength(3)
})

test.each<[string, number, string, (edge: Edge) => Promise<Response>]>([
  ['unsigned', 401, 'signature_missing', ({ post }) => post('/webhooks/fpay', aPayoutUpdate())],
  ['unsigned, of Payoneer', 401, 'signature_missing', ({ post }) => post('/webhooks/payoneer', aCancelledPayment('1'))],
  ['with a wrong signature', 401, 'signature_wrong', ({ fpay }) => fpay(aPayoutUpdate(), { secret: 'a guess' })],
  ['with a wrong signature, of Payoneer', 401, 'signature_wrong', (on) => on.payoneer('{}', { secret: 'a guess' })],
  ['signed with nothing', 401, 'signature_wrong', ({ fpay }) => fpay(aPayoutUpdate(), { secret: '' })],
  [
    'with a changed body',
    401,
    'signature_wrong',
    ({ post }) => {
      const headers = { 'x-fpay-signature': fpaySignature(aPayoutUpdate({ status: 'PROCESSING' })) }
      return post('/webhooks/fpay', aPayoutUpdate({ status: 'PAID' }), headers)
    },
  ],
  [
    'signed for another address',
    401,
    'signature_wrong',
    (on) => on.payoneer('{}', { url: 'https://elsewhere.example' }),
  ],
  [
    'with a signature that is none',
    401,
    'signature_malformed',
    ({ post }) => {
      return post('/webhooks/fpay', aPayoutUpdate(), { 'x-fpay-signature': 'v1=zzz' })
    },
  ],
  ['of six minutes ago', 401, 'outside_tolerance', ({ fpay }) => fpay(aPayoutUpdate(), { ageSeconds: 360 })],
  ['of six minutes ago, of Payoneer', 401, 'outside_tolerance', (on) => on.payoneer('{}', { ageSeconds: 360 })],
  ['of the future', 401, 'outside_tolerance', ({ fpay }) => fpay(aPayoutUpdate(), { ageSeconds: -360 })],
  ['empty', 401, 'signature_missing', ({ post }) => post('/webhooks/fpay', '')],
  ['empty and signed', 422, 'body_unreadable', ({ fpay }) => fpay('')],
  ['signed garbage', 422, 'body_unreadable', ({ fpay }) => fpay('<html>502 Bad Gateway</html>')],
  ['signed garbage, of Payoneer', 422, 'body_unreadable', ({ payoneer }) => payoneer('{"broken')],
  [
    'of a kind that we do not know',
    422,
    'body_unreadable',
    ({ fpay }) => fpay('{"eventId":"1","type":"payout.deleted"}'),
  ],
  [
    'signed, with an id of 300 letters',
    422,
    'body_unreadable',
    (on) => on.fpay(aPayoutUpdate({ eventId: 'x'.repeat(300) })),
  ],
  [
    'signed, with an id that no database takes',
    422,
    'body_unreadable',
    (on) => on.fpay(aPayoutUpdate({ eventId: 'a\0b' })),
  ],
  ['of a megabyte', 413, 'body_too_large', ({ post }) => post('/webhooks/fpay', Buffer.alloc(1024 * 1024))],
  ['sent elsewhere', 404, 'not_found', ({ post }) => post('/webhooks/other', aPayoutUpdate())],
  ['sent to the root', 404, 'not_found', ({ post }) => post('/', aPayoutUpdate())],
  ['sent as GET', 405, 'method_not_allowed', ({ url }) => fetch(`${url}/webhooks/fpay?t=1`)],
  [
    'sent as PUT',
    405,
    'method_not_allowed',
    ({ url }) => fetch(`${url}/webhooks/payoneer`, { method: 'PUT', body: '{}' }),
  ],
])('a callback %s is answered %i %s and goes nowhere', async (_, status, error, send) => {
  const response = await send(edge)
  expect(response.status).toBe(status)
  expect(await response.json()).toEqual({ error })
  expect(await edge.taken()).toEqual([])
})

test('that a payee was approved is accepted and is no concern of payments', async () => {
  expect((await edge.payoneer(JSON.stringify({ 'Payee Id': 'PY-1', 'Payoneer Id': 'PPY-1' }))).status).toBe(204)
  expect(await edge.taken()).toEqual([])
})

test('without its database it answers 500, so that the provider sends the callback again, and then takes it in', async () => {
  const gone = await createTestDatabase({ poolSize: 2 })
  await gone.drop()
  const errors: unknown[] = []
  const taker = callbackTaker({
    database: gone.database,
    fpaySecrets: FPAY_SECRETS,
    payoneerSecret: 'any',
    stripeSecrets: ['whsec_any'],
    publicUrl: edge.url,
    now: edge.world.now,
    nudge: () => {},
    logger: edge.world.logger,
  })
  const limits = { requestsPerMinute: 100, proxyHops: 0 }
  const server = await webhookServer(taker, limits, { error: (about: unknown) => void errors.push(about) })
  edge.world.stopWith(() => server.close())
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  const body = aPayoutUpdate()
  const headers = { 'x-fpay-signature': fpaySignature(body) }
  const refused = await fetch(`${url}/webhooks/fpay`, { method: 'POST', body, headers })
  expect(refused.status).toBe(500)
  expect(await refused.json()).toEqual({ error: 'try_again' })
  expect(errors).toEqual([{ err: expect.any(Error), path: '/webhooks/fpay' }])

  expect((await edge.post('/webhooks/fpay', body, headers)).status).toBe(204)
  expect(await edge.world.published(topics.bankPaymentEvent)).toHaveLength(1)
})
