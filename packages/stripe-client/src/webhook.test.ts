import { expect, test } from '@jest/globals'
import Stripe from 'stripe'
import { verifyStripeEvent } from './webhook.ts'

const SECRET = 'whsec_first'
const NOW = new Date('2026-11-20T10:00:00Z')
const nowSeconds = NOW.getTime() / 1000

const event = {
  id: 'evt_1A',
  object: 'event',
  api_version: '2026-10-28.endive',
  created: 1_795_242_760,
  type: 'transfer.created',
  livemode: false,
  pending_webhooks: 1,
  request: { id: 'req_1', idempotency_key: 'payout:b7c0' },
  data: { object: { id: 'tr_1A', object: 'transfer', description: 'Prêmio für Zoë' } },
}
const rawBody = JSON.stringify(event)

/** As Stripe's own SDK signs. */
const header = (payload: string, secret = SECRET, timestamp = nowSeconds) =>
  Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp })
const verify = (signatureHeader: string | undefined, body: string | Buffer = rawBody, more: object = {}) =>
  verifyStripeEvent({ rawBody: body, signatureHeader, secrets: [SECRET], now: NOW, ...more })

const verified = {
  eventId: 'evt_1A',
  type: 'transfer.created',
  created: new Date(1_795_242_760_000),
  account: undefined,
  object: event.data.object,
}

test('an event that Stripe signed tells what it is about', () => {
  expect(verify(header(rawBody))).toEqual(verified)
  expect(verify(header(rawBody), Buffer.from(rawBody))).toEqual(verified)
})

test('an event of a connected account names it', () => {
  const body = JSON.stringify({ ...event, account: 'acct_1A' })
  expect(verify(header(body), body)).toEqual({ ...verified, account: 'acct_1A' })
})

test('either of two signatures, and any of our secrets, is enough while one is being replaced', () => {
  const next = header(rawBody, 'whsec_next').replace(/^t=\d+,/, '')
  expect(verify(`${header(rawBody)},${next}`)).toEqual(verified)
  expect(verify(`${header(rawBody, 'whsec_old')},${next}`, rawBody, { secrets: ['whsec_next'] })).toEqual(verified)
  expect(verify(header(rawBody), rawBody, { secrets: ['whsec_other', SECRET] })).toEqual(verified)
})

test.each([
  ['without a signature', undefined, 'signature_missing'],
  ['with an empty signature', '', 'signature_missing'],
  ['with a signature of another form', 'sha256=abc', 'signature_malformed'],
  ['without a time', header(rawBody).replace(/^t=\d+,/, ''), 'signature_malformed'],
  ['with a time that is none', header(rawBody).replace(/^t=\d+/, 't=soon'), 'signature_malformed'],
  ['with v0 alone', header(rawBody).replace('v1=', 'v0='), 'signature_malformed'],
  ['signed by another', header(rawBody, 'whsec_another'), 'signature_wrong'],
  ['signed for another time', header(rawBody).replace(/^t=\d+/, `t=${nowSeconds - 1}`), 'signature_wrong'],
  ['with another body', header(rawBody.replace('tr_1A', 'tr_1B')), 'signature_wrong'],
  ['with a short signature', `t=${nowSeconds},v1=abcd`, 'signature_wrong'],
  ['with an empty signature value', `t=${nowSeconds},v1=`, 'signature_malformed'],
  ['with a signature name alone', `${header(rawBody)},v1`, 'signature_malformed'],
  [
    'of long ago, with a second time that is now',
    `t=${nowSeconds},${header(rawBody, SECRET, nowSeconds - 9_999)}`,
    'signature_malformed',
  ],
  ['of 301 s ago', header(rawBody, SECRET, nowSeconds - 301), 'outside_tolerance'],
  ['of 301 s ahead', header(rawBody, SECRET, nowSeconds + 301), 'outside_tolerance'],
])('an event %s is refused', (_, signatureHeader, refused) => {
  expect(verify(signatureHeader)).toEqual({ refused })
})

test('the tolerance can be chosen, and its edge is within', () => {
  expect(verify(header(rawBody, SECRET, nowSeconds - 300))).toEqual(verified)
  expect(verify(header(rawBody, SECRET, nowSeconds + 300))).toEqual(verified)
  expect(verify(header(rawBody, SECRET, nowSeconds - 11), rawBody, { toleranceSeconds: 10 })).toEqual({
    refused: 'outside_tolerance',
  })
})

test('without a secret, or with a blank one, nothing is believed', () => {
  expect(verify(header(rawBody), rawBody, { secrets: [] })).toEqual({ refused: 'signature_wrong' })
  expect(verify(header(rawBody), rawBody, { secrets: [' '] })).toEqual({ refused: 'signature_wrong' })
})

test('a thin event is refused as such, since it shows no object', () => {
  const body = JSON.stringify({ id: 'evt_1', object: 'v2.core.event', type: 'v1.billing.meter.error_report_triggered' })
  expect(verify(header(body), body)).toEqual({ refused: 'thin_event' })
})

test.each([
  '{"id":',
  'null',
  '[]',
  JSON.stringify({ ...event, data: {} }),
  JSON.stringify({ ...event, type: undefined }),
  JSON.stringify({ ...event, created: 'today' }),
])('a signed body that is no event is refused: %s', (body) => {
  expect(verify(header(body), body)).toEqual({ refused: 'body_unreadable' })
})

test('an empty body is refused, signed or not', () => {
  expect(verify(header(''), '')).toEqual({ refused: 'signature_wrong' })
})
