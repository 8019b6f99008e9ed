import { expect, test } from '@jest/globals'
import type { PaymentInstruction } from '@remesa/domain/rail'
import { type Reply, startAnswering } from '@remesa/provider-http/testing/answering'
import { createFPayRail } from '../src/fpay-client.ts'
import { instruction, payout, railAnswered, refused, rejected, running, second } from './rail.ts'

test('a payment is sent once, in FPay’s words, under its key and the token, and accepted', async () => {
  const { rail, calls, server } = await railAnswered(() => ({
    status: 201,
    headers: { 'x-request-id': 'r-1' },
    body: payout,
  }))
  expect(await rail.pay(instruction)).toEqual({
    kind: 'accepted',
    reference: 'fpo_1',
    status: { state: 'pending' },
    facts: { status: 201, requestId: 'r-1' },
  })
  expect(calls()).toHaveLength(1)
  expect(calls()[0]).toMatchObject({
    method: 'POST',
    target: '/v1/payouts',
    headers: { 'idempotency-key': 'seller-balance:7b1e', authorization: 'Bearer token-1' },
  })
  expect(JSON.parse(calls()[0]?.body ?? '')).toEqual({
    externalReference: '7b1e',
    accountNumber: 'FP-000123',
    amount: { value: '1250000', currency: 'CLP' },
    country: 'CL',
    beneficiary: { taxId: '90749000-9', name: 'Comercial Uno' },
    description: 'Seller balance 2026-11-19 CL',
    callbackUrl: 'https://pay.example.com/webhooks/fpay',
    metadata: { sellerId: 'SC1A2B3', idempotencyKey: 'seller-balance:7b1e' },
  })
  const basic = `Basic ${Buffer.from('remesa:a+b/c').toString('base64')}`
  expect(server.received[0]).toMatchObject({ headers: { authorization: basic }, body: 'grant_type=client_credentials' })
})

test('two calls with one instruction send the same bytes', async () => {
  const { rail, calls } = await railAnswered(() => ({ status: 200, body: payout }))
  await rail.pay(instruction)
  await rail.pay({ ...instruction })
  expect(calls()[0]?.body).toBe(calls()[1]?.body)
})

test('a replay gives what has become of the payment since', async () => {
  const headers = { 'idempotency-replayed': 'true' }
  const paid = { ...payout, status: 'PAID', paidAt: '2026-11-20T10:00:00.000Z' }
  const { rail } = await railAnswered(() => ({ status: 200, headers, body: paid }))
  const status = { state: 'paid', paidAt: new Date('2026-11-20T10:00:00Z') }
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'accepted', reference: 'fpo_1', status })
})

test.each([
  ['another amount', { amount: { value: '1250001', currency: 'CLP' } }],
  ['another currency', { amount: { value: '1250000', currency: 'COP' } }],
  ['an amount that is none', { amount: { value: '1e6', currency: 'CLP' } }],
  ['another account', { accountNumber: 'FP-000124' }],
  ['another payable', { externalReference: 'other' }],
])('a replay with %s is left to a person', async (_, difference) => {
  const { rail } = await railAnswered(() => ({ status: 200, body: { ...payout, ...difference } }))
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'mismatch' })
})

test.each<[string, Reply, object]>([
  [
    '422 without funds',
    { status: 422, body: refused('INSUFFICIENT_FUNDS') },
    { kind: 'declined_may_change', reason: 'funds', keyIsSpent: false },
  ],
  [
    '429',
    { status: 429, headers: { 'retry-after': '7' }, body: refused('RATE_LIMITED') },
    {
      kind: 'declined_may_change',
      reason: 'rate_limited',
      keyIsSpent: false,
      facts: { status: 429, code: 'RATE_LIMITED', retryAfterMs: 7000 },
    },
  ],
  ['429 of a gateway', { status: 429, body: '<html>' }, { kind: 'declined_may_change', reason: 'rate_limited' }],
  [
    '409 in progress',
    { status: 409, body: refused('REQUEST_IN_PROGRESS') },
    { kind: 'unknown', reason: 'in_progress' },
  ],
  [
    '403 for the merchant',
    { status: 403, body: refused('MERCHANT_NOT_ALLOWED') },
    { kind: 'unknown', reason: 'credentials', facts: { status: 403, code: 'MERCHANT_NOT_ALLOWED' } },
  ],
  ...Object.entries({
    INVALID_AMOUNT: 'request',
    INVALID_CURRENCY: 'request',
    MISSING_FIELD: 'request',
    INVALID_ACCOUNT_FORMAT: 'beneficiary',
  }).map(([code, category]): [string, Reply, object] => [
    `400 ${code}`,
    { status: 400, body: refused(code) },
    { kind: 'declined_for_good', reason: code, category },
  ]),
  [
    '404 for the account',
    { status: 404, body: refused('ACCOUNT_NOT_FOUND') },
    {
      kind: 'declined_for_good',
      reason: 'ACCOUNT_NOT_FOUND',
      category: 'beneficiary',
      facts: { status: 404, code: 'ACCOUNT_NOT_FOUND' },
    },
  ],
  [
    '422 with a code that FPay added',
    { status: 422, body: refused('NEW_CODE') },
    { kind: 'declined_for_good', reason: 'NEW_CODE', category: 'unknown' },
  ],
  [
    '422 for the day’s limit',
    { status: 422, body: refused('DAILY_LIMIT_EXCEEDED') },
    { kind: 'declined_may_change', reason: 'funds', keyIsSpent: false },
  ],
  [
    '422 for a bank that is away',
    { status: 422, body: refused('BANK_UNAVAILABLE') },
    { kind: 'declined_may_change', reason: 'rail_unavailable', keyIsSpent: false },
  ],
  [
    '404 over anything but the account',
    { status: 404, body: refused('NOT_FOUND') },
    { kind: 'unknown', reason: 'garbled' },
  ],
  ['404 that is not FPay’s', { status: 404, body: '<html>not here</html>' }, { kind: 'unknown', reason: 'garbled' }],
  ['409 with an unknown code', { status: 409, body: refused('NEW_CODE') }, { kind: 'unknown', reason: 'garbled' }],
  [
    '409 for a duplicate that is not named',
    { status: 409, body: refused('DUPLICATE_REFERENCE') },
    { kind: 'unknown', reason: 'garbled' },
  ],
  ['408', { status: 408 }, { kind: 'unknown', reason: 'no_answer' }],
  ['500', { status: 500, body: refused('INTERNAL') }, { kind: 'unknown', reason: 'server_error' }],
  [
    '503',
    { status: 503, body: '', headers: { 'retry-after': '2' } },
    { kind: 'unknown', reason: 'server_error', facts: { retryAfterMs: 2000 } },
  ],
  ['302', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, { kind: 'unknown', reason: 'garbled' }],
  ['200 with a page', { status: 200, body: '<html>502</html>' }, { kind: 'unknown', reason: 'garbled' }],
  ['201 with half a body', { status: 201, body: '{"payoutId":"fpo' }, { kind: 'unknown', reason: 'garbled' }],
  ['201 without a body', { status: 201, body: '' }, { kind: 'unknown', reason: 'garbled' }],
  ['204', { status: 204, body: '' }, { kind: 'unknown', reason: 'garbled' }],
])('an answer %s is classified', async (_, reply, outcome) => {
  const { rail } = await railAnswered(() => reply)
  expect(await rail.pay(instruction)).toMatchObject(outcome)
})

test('a connection that breaks, an answer that never comes and a server that is gone are unknown', async () => {
  const { rail } = await railAnswered(() => 'hang up')
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'no_answer', facts: { status: 0 } })
  expect(await rail.find(instruction)).toMatchObject({ kind: 'unknown', reason: 'no_answer' })
  const gone = createFPayRail({
    baseUrl: 'http://127.0.0.1:9',
    clientId: 'a',
    clientSecret: 'b',
    callbackUrl: 'https://pay.example.com/',
    timeoutMs: 500,
    maxConcurrent: 1,
  })
  running.push(gone)
  expect(await gone.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'no_answer' })
})

test('an expired token is replaced once; a second 401 is our credentials, and nobody’s refusal', async () => {
  const expired = await railAnswered(({ headers }) =>
    headers.authorization === 'Bearer token-1'
      ? { status: 401, body: refused('TOKEN_EXPIRED') }
      : { status: 201, body: payout },
  )
  expect(await expired.rail.pay(instruction)).toMatchObject({ kind: 'accepted' })
  const { rail, calls } = await railAnswered(() => ({ status: 401, body: refused('TOKEN_EXPIRED') }))
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'credentials' })
  expect(calls()).toHaveLength(2)
})

test.each<[string, Reply, string]>([
  ['refused with 400', { status: 400, body: { error: 'invalid_client' } }, 'credentials'],
  ['refused with 401', { status: 401, body: { error: 'invalid_client' } }, 'credentials'],
  ['answered with 503', { status: 503, body: '' }, 'server_error'],
  ['answered with a page', { status: 200, body: '<html>' }, 'garbled'],
  ['granted for no time', { status: 200, body: { access_token: 'a', expires_in: 0 } }, 'garbled'],
])('a token that is %s leaves the payment unknown and unsent', async (_, reply, reason) => {
  const server = await startAnswering(() => reply)
  const rail = createFPayRail({
    baseUrl: server.url,
    tokenUrl: `${server.url}/elsewhere`,
    clientId: 'a',
    clientSecret: 'b',
    callbackUrl: 'https://pay.example.com/',
    timeoutMs: 500,
    maxConcurrent: 1,
  })
  running.push(server, rail)
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason })
  expect(server.received.map(({ target }) => target)).toEqual(['/elsewhere'])
})

test.each<[string, Reply, object]>([
  ['made this payment', { status: 200, body: { payouts: [payout] } }, { kind: 'accepted', reference: 'fpo_1' }],
  [
    'made another payment',
    { status: 200, body: { payouts: [{ ...payout, accountNumber: 'FP-OTHER' }] } },
    { kind: 'unknown', reason: 'mismatch' },
  ],
  [
    'made nothing',
    { status: 200, body: { payouts: [] } },
    { kind: 'unknown', reason: 'mismatch', facts: { status: 422, code: 'IDEMPOTENCY_MISMATCH' } },
  ],
  ['made what cannot be read', { status: 500 }, { kind: 'unknown', reason: 'server_error' }],
])('a key that went out with another body, and %s', async (_, found, outcome) => {
  const { rail } = await railAnswered(({ method }) =>
    method === 'POST' ? { status: 422, body: refused('IDEMPOTENCY_MISMATCH') } : found,
  )
  expect(await rail.pay(instruction)).toMatchObject(outcome)
})

const duplicate = { status: 409, body: { ...refused('DUPLICATE_REFERENCE'), existingPayoutId: 'fpo_1' } }
test.each<[string, PaymentInstruction, object, object]>([
  ['is live', second, payout, { kind: 'accepted', reference: 'fpo_1', status: { state: 'pending' } }],
  [
    'was refused meanwhile',
    second,
    rejected,
    { kind: 'accepted', status: { state: 'rejected', reason: 'ACCOUNT_CLOSED', category: 'beneficiary' } },
  ],
  [
    'was cancelled meanwhile',
    second,
    { ...payout, status: 'CANCELLED' },
    { kind: 'accepted', status: { state: 'rejected', reason: 'CANCELLED', category: 'unknown' } },
  ],
  [
    'moves another amount',
    second,
    { ...payout, amount: { value: '1', currency: 'CLP' } },
    { kind: 'unknown', reason: 'mismatch' },
  ],
  [
    'is ours and came back',
    instruction,
    { ...payout, status: 'REVERSED' },
    { kind: 'accepted', status: { state: 'reversed', reason: 'REVERSED' } },
  ],
  [
    'is an earlier generation’s and came back',
    second,
    { ...payout, status: 'REVERSED' },
    { kind: 'declined_for_good', reason: 'DUPLICATE_REFERENCE' },
  ],
])('a reference in use by a payout that %s', async (_, asked, existing, outcome) => {
  const { rail, calls } = await railAnswered(({ method }) =>
    method === 'POST' ? duplicate : { status: 200, body: existing },
  )
  expect(await rail.pay(asked)).toMatchObject(outcome)
  expect(calls().map(({ method, target }) => `${method} ${target}`)).toEqual([
    'POST /v1/payouts',
    'GET /v1/payouts/fpo_1',
  ])
})

test('a reference in use by a payout that cannot be read stays unknown', async () => {
  const { rail } = await railAnswered(({ method }) => (method === 'POST' ? duplicate : { status: 500 }))
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'server_error' })
})
