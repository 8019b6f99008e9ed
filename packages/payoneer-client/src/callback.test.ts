import { createHash, createHmac } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { verifyPayoneerCallback } from './callback.ts'

const NOW = new Date('2026-11-20T10:00:00Z')
const nowSeconds = NOW.getTime() / 1000
const SECRET = 'ipcn secret'
const URL = 'https://Pay.example.com/webhooks/payoneer?b=2&A=1'
/** The URL above in lower case, its query sorted, encoded, in lower case: written out, so that the rule is tested, not repeated. */
const SIGNED_URL = 'https%3a%2f%2fpay.example.com%2fwebhooks%2fpayoneer%3fa%3d1%26b%3d2'

const cancelled = JSON.stringify({
  'Payee Id': 'SC1A2B3',
  IntPaymentId: 'seller-balance%3a7b1e%3ag2',
  'Reason Code': '10009',
  'Reason Description': 'payee+is+inactive',
  'Canceled Payment Date': '2022-01-17T20%3a03%3a05Z',
})

function header(body: string, change: { secret?: string; method?: string; nonce?: string; timestamp?: number } = {}) {
  const { secret = SECRET, method = 'POST', nonce = 'n-1', timestamp = nowSeconds } = change
  const app = 'Webhook-IPCNSender-sandbox'
  const text = app + method + SIGNED_URL + timestamp + nonce + createHash('md5').update(body).digest('base64')
  return `hmacauth ${app}:${createHmac('sha256', secret).update(text).digest('base64')}:${nonce}:${timestamp}`
}

const verify = (authorizationHeader: string | undefined, rawBody: string | Buffer = cancelled, more = {}) =>
  verifyPayoneerCallback({ method: 'POST', url: URL, rawBody, authorizationHeader, secret: SECRET, now: NOW, ...more })

test('a callback that Payoneer signed names our reference, decoded', () => {
  const event = { eventId: 'n-1', kind: 'payment_cancelled', reference: 'seller-balance:7b1e:g2' }
  expect(verify(header(cancelled))).toEqual(event)
  expect(verify(header(cancelled), Buffer.from(cancelled))).toEqual(event)
})

test.each([
  [
    'a payment, as JSON',
    '{"IntPaymentId":"ref-1","Payment Amount":150.5}',
    { kind: 'payment_changed', reference: 'ref-1' },
  ],
  [
    'a payment, as a form',
    'IntPaymentId=seller-balance%3A1&Amount=1',
    { kind: 'payment_changed', reference: 'seller-balance:1' },
  ],
  ['a cancelled one, as a form', 'Reason+Code=30013&IntPaymentId=r', { kind: 'payment_cancelled', reference: 'r' }],
  ['a payee', '{"Payee Id":"SC1A2B3","Session Id":"s"}', { kind: 'payee_changed', payeeId: 'SC1A2B3' }],
  ['a value with a % of its own', '{"IntPaymentId":"100%"}', { kind: 'payment_changed', reference: '100%' }],
  ['nobody', '{"Amount":"1"}', { refused: 'body_unreadable' }],
  ['half of somebody', '{"IntPaymentId":"re', { refused: 'body_unreadable' }],
  ['nothing', '', { refused: 'body_unreadable' }],
])('a callback about %s', (_, body, event) => {
  expect(verify(header(body), body)).toEqual('refused' in event ? event : { eventId: 'n-1', ...event })
})

test.each([
  ['without a signature', undefined, 'signature_missing'],
  ['with a signature of another form', 'Bearer abc', 'signature_malformed'],
  ['without a time', header(cancelled).replace(/:\d+$/, ''), 'signature_malformed'],
  ['signed by another', header(cancelled, { secret: 'not the secret' }), 'signature_wrong'],
  ['signed for another method', header(cancelled, { method: 'PUT' }), 'signature_wrong'],
  ['with another body', header(cancelled.replace('10009', '30013')), 'signature_wrong'],
  ['with another nonce', header(cancelled).replace(':n-1:', ':n-2:'), 'signature_wrong'],
  ['with a short signature', `hmacauth App:abcd:n-1:${nowSeconds}`, 'signature_wrong'],
  ['of 301 s ago', header(cancelled, { timestamp: nowSeconds - 301 }), 'outside_tolerance'],
  ['of 301 s ahead', header(cancelled, { timestamp: nowSeconds + 301 }), 'outside_tolerance'],
])('a callback %s is refused', (_, authorizationHeader, refused) => {
  expect(verify(authorizationHeader)).toEqual({ refused })
})

test('a callback for another URL is refused', () => {
  expect(verify(header(cancelled), cancelled, { url: `${URL}&c=3` })).toEqual({ refused: 'signature_wrong' })
})

test('a callback that comes twice is refused the second time, and a forged one uses no nonce up', () => {
  const seen = new Set<string>()
  const seenNonce = (nonce: string) => seen.has(nonce) || !seen.add(nonce)
  expect(verify(header(cancelled, { secret: 'forged' }), cancelled, { seenNonce })).toEqual({
    refused: 'signature_wrong',
  })
  expect(verify(header(cancelled), cancelled, { seenNonce })).toMatchObject({ kind: 'payment_cancelled' })
  expect(verify(header(cancelled), cancelled, { seenNonce })).toEqual({ refused: 'replayed' })
})
