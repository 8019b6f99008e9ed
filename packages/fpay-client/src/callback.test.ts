import { createHmac } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { verifyFPayCallback } from './callback.ts'

const SECRET = 'first secret'
const NOW = new Date('2026-11-20T10:00:00Z')
const nowSeconds = NOW.getTime() / 1000

const event = {
  eventId: 'evt_1',
  type: 'payout.updated',
  createdAt: '2026-11-20T09:59:59.000Z',
  data: {
    payoutId: 'fpo_1',
    externalReference: '7b1e',
    status: 'PAID',
    amount: { value: '1250000', currency: 'CLP' },
    accountNumber: 'FP-000123',
    createdAt: '2026-11-20T09:00:00.000Z',
    reason: null,
  },
}
const rawBody = JSON.stringify(event)

const sign = (body: string, secret = SECRET, t = nowSeconds) =>
  createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')
const header = (body: string, secret = SECRET, t = nowSeconds) => `t=${t},v1=${sign(body, secret, t)}`
const verify = (signatureHeader: string | undefined, body: string | Buffer = rawBody, secrets = [SECRET]) =>
  verifyFPayCallback({ rawBody: body, signatureHeader, secrets, now: NOW })

const verified = {
  eventId: 'evt_1',
  payoutId: 'fpo_1',
  externalReference: '7b1e',
  status: { state: 'paid', paidAt: new Date('2026-11-20T09:59:59Z') },
  createdAt: new Date('2026-11-20T09:59:59Z'),
}

test('a callback that FPay signed tells where the payout stands', () => {
  expect(verify(header(rawBody))).toEqual(verified)
  expect(verify(header(rawBody), Buffer.from(rawBody))).toEqual(verified)
})

test('either of two signatures, and either of two secrets, is enough while one is being replaced', () => {
  const twice = `t=${nowSeconds},v1=${sign(rawBody, 'next secret')},v1=${sign(rawBody)}`
  expect(verify(twice)).toEqual(verified)
  expect(verify(header(rawBody, 'next secret'), rawBody, [SECRET, 'next secret'])).toEqual(verified)
})

test.each([
  ['without a signature', undefined, 'signature_missing'],
  ['with an empty signature', '', 'signature_missing'],
  ['with a signature of another form', 'sha256=abc', 'signature_malformed'],
  ['without a time', `v1=${sign(rawBody)}`, 'signature_malformed'],
  ['with a short digest', `t=${nowSeconds},v1=abcd`, 'signature_malformed'],
  ['signed by another', header(rawBody, 'not the secret'), 'signature_wrong'],
  ['signed for another time', `t=${nowSeconds - 1},v1=${sign(rawBody)}`, 'signature_wrong'],
  ['with another body', header(rawBody.replace('1250000', '9250000')), 'signature_wrong'],
  ['of 301 s ago', header(rawBody, SECRET, nowSeconds - 301), 'outside_tolerance'],
  ['of 301 s ahead', header(rawBody, SECRET, nowSeconds + 301), 'outside_tolerance'],
])('a callback %s is refused', (_, signatureHeader, refused) => {
  expect(verify(signatureHeader)).toEqual({ refused })
})

test('300 s are still within tolerance', () => {
  expect(verify(header(rawBody, SECRET, nowSeconds - 300))).toEqual(verified)
})

test.each([
  '',
  '{"eventId":',
  '[]',
  JSON.stringify({ ...event, type: 'payout.created' }),
  JSON.stringify({ ...event, data: {} }),
])('a signed body that is no payout event is refused: %s', (body) => {
  expect(verify(header(body), body)).toEqual({ refused: 'body_unreadable' })
})

test('without a secret nothing is believed', () => {
  expect(verify(header(rawBody), rawBody, [])).toEqual({ refused: 'signature_wrong' })
})
