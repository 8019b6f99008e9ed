import { expect, test } from '@jest/globals'
import type { Reply } from '@remesa/provider-http/testing/answering'
import { createStripeRail } from '../src/stripe-rail.ts'
import { instruction, railAnswered, refusal, running, transfer } from './rail.ts'

const invalid = (code?: string, more: object = {}) => refusal('invalid_request_error', code, more)
const replayed = { 'idempotent-replayed': 'true' }

test.each<[string, Reply, object]>([
  ...[
    ['parameter_missing', 'request'],
    ['parameter_unknown', 'request'],
    ['parameter_invalid_integer', 'request'],
    ['parameter_invalid_empty', 'request'],
    ['amount_too_small', 'request'],
    ['amount_too_large', 'request'],
    ['balance_invalid_parameter', 'request'],
    ['transfer_source_balance_parameters_mismatch', 'request'],
    ['insufficient_capabilities_for_transfer', 'beneficiary'],
    ['capability_not_active', 'beneficiary'],
    ['transfers_not_allowed', 'beneficiary'],
    ['account_closed', 'beneficiary'],
    ['no_account', 'beneficiary'],
    ['country_unsupported', 'beneficiary'],
    ['account_country_invalid_address', 'beneficiary'],
    ['not_allowed_on_standard_account', 'beneficiary'],
    ['payouts_not_allowed', 'beneficiary'],
    ['action_blocked', 'compliance'],
    ['request_blocked', 'compliance'],
    ['payouts_limit_exceeded', 'unknown'],
    ['charge_disputed', 'unknown'],
    ['a_code_that_stripe_added', 'unknown'],
    ['toString', 'unknown'],
  ].map(([code, category]): [string, Reply, object] => [
    `400 ${code}`,
    { status: 400, body: invalid(code) },
    { kind: 'declined_for_good', reason: code, category },
  ]),
  [
    '400 resource_missing for the destination',
    {
      status: 400,
      headers: { 'request-id': 'req_1' },
      body: invalid('resource_missing', { param: 'destination', message: "No such destination: 'acct_1A'" }),
    },
    {
      kind: 'declined_for_good',
      reason: 'resource_missing',
      category: 'beneficiary',
      facts: { status: 400, code: 'resource_missing', requestId: 'req_1' },
    },
  ],
  [
    '400 without a code',
    { status: 400, body: invalid() },
    { kind: 'declined_for_good', reason: 'invalid_request_error', category: 'unknown' },
  ],
  [
    '400 balance_insufficient',
    { status: 400, headers: { 'request-id': 'req_2' }, body: invalid('balance_insufficient') },
    {
      kind: 'declined_may_change',
      reason: 'funds',
      keyIsSpent: true,
      facts: { status: 400, code: 'balance_insufficient', requestId: 'req_2' },
    },
  ],
  [
    '400 with other parameters under the key',
    { status: 400, body: refusal('idempotency_error') },
    { kind: 'unknown', reason: 'mismatch' },
  ],
  [
    '400 rate_limit',
    { status: 400, body: invalid('rate_limit') },
    { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false },
  ],
  ['400 of a proxy', { status: 400, body: '<html>Bad Request</html>' }, { kind: 'unknown', reason: 'garbled' }],
  [
    '400 of a gateway that writes JSON',
    { status: 400, body: { error: 'bad request' } },
    { kind: 'unknown', reason: 'garbled' },
  ],
  [
    '400 of a gateway that writes errors',
    { status: 400, body: { error: { message: 'bad request' } } },
    { kind: 'unknown', reason: 'garbled' },
  ],
  ['401', { status: 401, body: invalid() }, { kind: 'unknown', reason: 'credentials', facts: { status: 401 } }],
  ['401 of a gateway', { status: 401, body: '' }, { kind: 'unknown', reason: 'credentials' }],
  ...['api_key_expired', 'platform_api_key_expired', 'livemode_mismatch', 'testmode_charges_only'].flatMap((code) =>
    [400, 401, 403].map((status): [string, Reply, object] => [
      `${status} ${code}`,
      { status, body: invalid(code) },
      { kind: 'unknown', reason: 'credentials', facts: { status, code } },
    ]),
  ),
  [
    '402 card_error',
    { status: 402, body: refusal('card_error', 'card_declined') },
    { kind: 'declined_for_good', reason: 'card_declined', category: 'unknown' },
  ],
  [
    '403 account_invalid',
    { status: 403, body: invalid('account_invalid') },
    { kind: 'declined_for_good', reason: 'account_invalid', category: 'beneficiary' },
  ],
  ['403 for what our key may do', { status: 403, body: invalid() }, { kind: 'unknown', reason: 'credentials' }],
  ['403 of a gateway', { status: 403, body: '<html>' }, { kind: 'unknown', reason: 'garbled' }],
  [
    '404 resource_missing',
    { status: 404, body: invalid('resource_missing') },
    { kind: 'declined_for_good', reason: 'resource_missing' },
  ],
  ['404 for the address itself', { status: 404, body: invalid() }, { kind: 'unknown', reason: 'garbled' }],
  ['404 of a web server', { status: 404, body: 'not found' }, { kind: 'unknown', reason: 'garbled' }],
  ['408', { status: 408, body: '' }, { kind: 'unknown', reason: 'no_answer', facts: { status: 408 } }],
  [
    '409 idempotency_key_in_use',
    { status: 409, body: refusal('idempotency_error', 'idempotency_key_in_use') },
    { kind: 'unknown', reason: 'in_progress', facts: { status: 409, code: 'idempotency_key_in_use' } },
  ],
  [
    '409 by another type',
    { status: 409, body: invalid('idempotency_key_in_use') },
    { kind: 'unknown', reason: 'in_progress' },
  ],
  ['424', { status: 424, body: refusal('api_error') }, { kind: 'unknown', reason: 'server_error' }],
  [
    '429 rate_limit',
    {
      status: 429,
      headers: { 'stripe-rate-limited-reason': 'endpoint-rate', 'stripe-should-retry': 'true' },
      body: refusal('rate_limit_error', 'rate_limit'),
    },
    {
      kind: 'declined_may_change',
      reason: 'rate_limited',
      keyIsSpent: false,
      facts: { status: 429, code: 'rate_limit' },
    },
  ],
  [
    '429 lock_timeout',
    { status: 429, body: invalid('lock_timeout') },
    { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false },
  ],
  [
    '429 of a gateway that says how long',
    { status: 429, headers: { 'retry-after': '7' }, body: 'slow down' },
    { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts: { retryAfterMs: 7_000 } },
  ],
  ...[500, 502, 503, 504].flatMap((status): [string, Reply, object][] => [
    [
      `${status}`,
      { status, headers: { 'stripe-should-retry': 'true' }, body: refusal('api_error') },
      { kind: 'unknown', reason: 'server_error', facts: { status } },
    ],
    [`${status} of a proxy`, { status, body: '<html>' }, { kind: 'unknown', reason: 'server_error' }],
    [
      `${status} from Stripe’s memory, which never heals`,
      { status, headers: replayed, body: refusal('api_error') },
      { kind: 'unknown', reason: 'replayed_error', facts: { status } },
    ],
  ]),
  [
    '424 from Stripe’s memory',
    { status: 424, headers: replayed, body: refusal('api_error') },
    { kind: 'unknown', reason: 'replayed_error' },
  ],
  ['500 without a body', { status: 500, body: '' }, { kind: 'unknown', reason: 'server_error' }],
  ['500 with an object', { status: 500, body: '{}' }, { kind: 'unknown', reason: 'server_error' }],
  ['302', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, { kind: 'unknown', reason: 'garbled' }],
  ...['', '<html>502</html>', '{"id":"tr_1', '[]', 'null', '7', '"tr_1A"', 'true', '{}'].map(
    (body): [string, Reply, object] => [
      `200 with ${JSON.stringify(body)}`,
      { status: 200, body },
      { kind: 'unknown', reason: 'garbled', facts: { status: 200 } },
    ],
  ),
  ['200 with an error', { status: 200, body: invalid('account_closed') }, { kind: 'unknown', reason: 'garbled' }],
  ['204', { status: 204, body: '' }, { kind: 'unknown', reason: 'garbled' }],
])('an answer %s is classified, and asked for once', async (_, reply, outcome) => {
  const { rail, calls } = await railAnswered(() => reply)
  expect(await rail.pay(instruction)).toMatchObject(outcome)
  expect(calls).toHaveLength(1)
})

test.each<[string, object]>([
  ['an amount that is no integer', { amount: 12.5 }],
  ['an amount as text', { amount: '125000' }],
  ['no id', { id: undefined }],
  ['another object', { object: 'payout' }],
  ['no time', { created: null }],
])('a reply with %s is unknown, and never taken for a payment', async (_, difference) => {
  const { rail } = await railAnswered(() => ({ status: 200, body: { ...transfer, ...difference } }))
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'garbled' })
})

test.each<[string, object]>([
  ['another amount', { amount: 125_001 }],
  ['another currency', { currency: 'eur' }],
  ['a currency that nobody knows', { currency: 'zzz' }],
  ['another destination', { destination: 'acct_1B' }],
  ['another group', { transfer_group: 'other' }],
  ['no group', { transfer_group: null }],
])('a reply about %s is left to a person', async (_, difference) => {
  const { rail } = await railAnswered(() => ({ status: 200, body: { ...transfer, ...difference } }))
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'mismatch' })
})

test('a connection that breaks is unknown, and the SDK does not send the request again by itself', async () => {
  const { rail, calls } = await railAnswered(() => 'hang up')
  const noAnswer = { kind: 'unknown', reason: 'no_answer', facts: { status: 0, code: 'ECONNRESET' } }
  expect(await rail.pay(instruction)).toMatchObject(noAnswer)
  expect(calls).toHaveLength(1)
  expect(await rail.find(instruction)).toMatchObject(noAnswer)
  expect(calls).toHaveLength(2)
})

test('an answer that never comes, and one that never ends, are unknown once the time is up', async () => {
  const silent = await railAnswered(() => 'never', { timeoutMs: 60 })
  expect(await silent.rail.pay(instruction)).toMatchObject({ kind: 'unknown', facts: { status: 0, code: 'TIMEOUT' } })
  const dripping = await railAnswered(() => 'drip', { timeoutMs: 120 })
  expect(await dripping.rail.pay(instruction)).toMatchObject({ kind: 'unknown', facts: { status: 0, code: 'TIMEOUT' } })
})

test('an answer that breaks off is unknown', async () => {
  const { rail } = await railAnswered(() => 'break off')
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'no_answer', facts: { status: 0 } })
})

test('nobody listening is unknown', async () => {
  const gone = createStripeRail({
    secretKey: 'sk_test_1',
    apiBase: { host: '127.0.0.1', port: 9, protocol: 'http' },
    timeoutMs: 500,
    rate: { concurrent: 1 },
  })
  running.push(gone)
  expect(await gone.pay(instruction)).toMatchObject({ kind: 'unknown', facts: { status: 0, code: 'ECONNREFUSED' } })
  await expect(gone.status('tr_1')).rejects.toMatchObject({ name: 'NoAnswerError', sent: false })
})

test('what our own limiter does not let out was not sent, and keeps its key', async () => {
  const { rail, calls } = await railAnswered(() => 'never', {
    timeoutMs: 300,
    rate: { perSecond: 100, concurrent: 1, maxWaitMs: 50 },
  })
  const first = rail.pay(instruction)
  expect(await rail.pay(instruction)).toMatchObject({
    kind: 'declined_may_change',
    reason: 'rate_limited',
    keyIsSpent: false,
    facts: { status: 0, code: 'not_admitted' },
  })
  expect(await rail.find(instruction)).toMatchObject({ kind: 'unknown', reason: 'no_answer' })
  await first
  expect(calls).toHaveLength(1)
})
