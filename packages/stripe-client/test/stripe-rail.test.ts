import { expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import type { PaymentInstruction } from '@remesa/domain/rail'
import type { Reply } from '@remesa/provider-http/testing/answering'
import { STRIPE_API_VERSION } from '../src/stripe-connection.ts'
import { instruction, paidAt, railAnswered, refusal, second, transfer } from './rail.ts'

const reversed = { ...transfer, amount_reversed: 125_000, reversed: true }
const cameBack = { state: 'reversed', reason: 'transfer_reversed' }
const list = (data: object[], more = {}) => ({ object: 'list', url: '/v1/transfers', has_more: false, data, ...more })

test('a transfer is sent once, in Stripe’s words, under its key and our version, and accepted', async () => {
  const { rail, calls } = await railAnswered(() => ({
    status: 200,
    headers: { 'request-id': 'req_1' },
    body: transfer,
  }))
  expect(await rail.pay(instruction)).toEqual({
    kind: 'accepted',
    reference: 'tr_1A',
    status: { state: 'paid', paidAt },
    facts: { status: 200, requestId: 'req_1' },
  })
  expect(calls).toHaveLength(1)
  expect(calls[0]).toMatchObject({
    method: 'POST',
    target: '/v1/transfers',
    headers: {
      'idempotency-key': 'payout:b7c0',
      authorization: 'Bearer sk_test_1',
      'stripe-version': STRIPE_API_VERSION,
      'content-type': 'application/x-www-form-urlencoded',
    },
  })
  expect(calls[0]?.headers).not.toHaveProperty('x-stripe-client-telemetry')
  expect(Object.fromEntries(new URLSearchParams(calls[0]?.body))).toEqual({
    amount: '125000',
    currency: 'usd',
    destination: 'acct_1A',
    transfer_group: 'b7c0',
    'metadata[transfer_id]': 'b7c0',
    'metadata[payee_id]': 'user-9',
    'metadata[generation]': '1',
    description: 'Contest 17, prize',
  })
})

test('two calls with one instruction send the same bytes, and a generation differs in nothing but its number', async () => {
  const { rail, calls } = await railAnswered(() => ({ status: 200, body: transfer }))
  await rail.pay(instruction)
  await rail.pay({ ...instruction })
  await rail.createTransfer(second)
  const [first, again, next] = calls
  expect(again?.body).toBe(first?.body)
  expect(next?.body).toBe(first?.body.replace('metadata[generation]=1', 'metadata[generation]=2'))
  expect(next?.headers['idempotency-key']).toBe('payout:b7c0:g2')
})

test.each([
  ['nothing', money(0n, 'USD')],
  ['less than nothing', money(-1n, 'USD')],
  ['more than an integer of JSON can say', money(2n ** 60n, 'USD')],
  ['thousandths that Stripe wants round', money(1_001n, 'KWD')],
])('an amount of %s is refused for good, and not sent', async (_, amount) => {
  const { rail, calls } = await railAnswered(() => ({ status: 200, body: transfer }))
  expect(await rail.pay({ ...instruction, money: amount })).toMatchObject({
    kind: 'declined_for_good',
    reason: 'amount_not_payable',
    category: 'request',
  })
  expect(calls).toHaveLength(0)
})

test('a reply from Stripe’s memory is followed by a look at what has become of the transfer since', async () => {
  const headers = { 'idempotent-replayed': 'true' }
  const { rail, calls } = await railAnswered(({ method }) =>
    method === 'POST' ? { status: 200, headers, body: transfer } : { status: 200, body: reversed },
  )
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'accepted', reference: 'tr_1A', status: cameBack })
  expect(calls.map(({ method, target }) => `${method} ${target}`)).toEqual([
    'POST /v1/transfers',
    'GET /v1/transfers/tr_1A',
  ])
})

test('a reply from Stripe’s memory counts even when that look fails', async () => {
  const headers = { 'idempotent-replayed': 'true' }
  const { rail } = await railAnswered(({ method }) =>
    method === 'POST' ? { status: 200, headers, body: transfer } : { status: 500 },
  )
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'accepted', status: { state: 'paid', paidAt } })
})

const ofGeneration = (generation: string | undefined, more: object) => ({
  ...transfer,
  metadata: { transfer_id: 'b7c0', ...(generation !== undefined && { generation }) },
  ...more,
})
const reversedFirst = ofGeneration('1', { id: 'tr_0', reversed: true, amount_reversed: 125_000 })
test.each<[string, PaymentInstruction, object[], unknown]>([
  ['none: not found', instruction, [], 'not-found'],
  [
    'one: this payment',
    instruction,
    [transfer],
    { kind: 'accepted', reference: 'tr_1A', status: { state: 'paid', paidAt } },
  ],
  ['one of an earlier generation that stands: this payment', second, [transfer], { reference: 'tr_1A' }],
  [
    'one taken back in part: this payment, paid',
    instruction,
    [{ ...transfer, amount_reversed: 500 }],
    { status: { state: 'paid' } },
  ],
  ['one taken back: reversed', instruction, [reversedFirst], { reference: 'tr_0', status: cameBack }],
  ['one taken back of an earlier generation: not found', second, [reversedFirst], 'not-found'],
  [
    'one taken back and its successor: the one that stands',
    second,
    [ofGeneration('2', { id: 'tr_2' }), reversedFirst],
    { reference: 'tr_2', status: { state: 'paid' } },
  ],
  [
    'one taken back and its successor, for the first: the one that stands',
    instruction,
    [ofGeneration('2', { id: 'tr_2' }), reversedFirst],
    { reference: 'tr_2', status: { state: 'paid' } },
  ],
  [
    'two taken back: each generation its own',
    second,
    [ofGeneration('2', { id: 'tr_2', reversed: true }), reversedFirst],
    { reference: 'tr_2', status: cameBack },
  ],
  [
    'one taken back without a generation: the first’s',
    instruction,
    [ofGeneration(undefined, { reversed: true })],
    { status: cameBack },
  ],
  [
    'one of another amount: for a person',
    instruction,
    [{ ...transfer, amount: 1 }],
    { kind: 'unknown', reason: 'mismatch' },
  ],
  [
    'one to another account: for a person',
    instruction,
    [{ ...transfer, destination: 'acct_1B' }],
    { reason: 'mismatch' },
  ],
  [
    'two that stand: for a person',
    instruction,
    [transfer, { ...transfer, id: 'tr_1B' }],
    { kind: 'unknown', reason: 'mismatch' },
  ],
])('a look-up that shows %s', async (_, asked, data, found) => {
  const { rail, calls } = await railAnswered(() => ({ status: 200, body: list(data) }))
  const outcome = await rail.find(asked)
  if (typeof found === 'string') expect(outcome).toBe(found)
  else expect(outcome).toMatchObject(found as object)
  expect(calls[0]?.target).toBe('/v1/transfers?transfer_group=b7c0&limit=100')
})

test('a look-up reads every page before it says that there is none', async () => {
  const { rail, calls } = await railAnswered(({ target }) =>
    target.includes('starting_after=tr_0')
      ? { status: 200, body: list([ofGeneration('2', { id: 'tr_2' })]) }
      : { status: 200, body: list([reversedFirst], { has_more: true }) },
  )
  expect(await rail.find(second)).toMatchObject({ kind: 'accepted', reference: 'tr_2' })
  expect(calls).toHaveLength(2)
})

test.each<[string, Reply]>([
  ['no list', { status: 200, body: '[]' }],
  ['nothing', { status: 200, body: '' }],
  ['a transfer that is none', { status: 200, body: list([{ id: 'tr_1' }]) }],
  ['more of nothing', { status: 200, body: list([], { has_more: true }) }],
  ['a 404', { status: 404, body: refusal('invalid_request_error', 'resource_missing') }],
  ['a 400', { status: 400, body: refusal('invalid_request_error', 'parameter_unknown') }],
  ['a 409', { status: 409, body: refusal('invalid_request_error') }],
  ['a 429', { status: 429, body: refusal('rate_limit_error', 'rate_limit') }],
  ['a 500', { status: 500 }],
])('a look-up answered with %s is never taken for "not found", nor for a refusal', async (_, reply) => {
  const { rail } = await railAnswered(() => reply)
  expect(await rail.find(instruction)).toMatchObject({ kind: 'unknown' })
})

test('a look-up with a key of ours that is refused is unknown for our credentials', async () => {
  const { rail } = await railAnswered(() => ({ status: 401, body: refusal('invalid_request_error') }))
  expect(await rail.find(instruction)).toMatchObject({ kind: 'unknown', reason: 'credentials' })
})

test('the transfers of a group are told in our words', async () => {
  const { rail } = await railAnswered(() => ({ status: 200, body: list([reversed]) }))
  expect(await rail.findTransferByGroup('b7c0')).toEqual([
    {
      reference: 'tr_1A',
      money: money(125_000n, 'USD'),
      reversed: money(125_000n, 'USD'),
      destination: 'acct_1A',
      status: cameBack,
      createdAt: paidAt,
    },
  ])
})

test.each<[string, object, unknown]>([
  ['stands', transfer, { state: 'paid', paidAt }],
  ['was taken back', reversed, cameBack],
])('the status of a transfer that %s', async (_, body, status) => {
  const { rail, calls } = await railAnswered(() => ({ status: 200, body }))
  expect(await rail.status('tr/1A')).toEqual(status)
  expect(calls[0]?.target).toBe('/v1/transfers/tr%2F1A')
})

test.each<[Reply, object]>([
  [
    { status: 500, body: '' },
    { kind: 'unavailable', status: 500 },
  ],
  [
    { status: 424, body: refusal('api_error') },
    { kind: 'unavailable', status: 424 },
  ],
  [
    { status: 429, body: refusal('rate_limit_error', 'rate_limit') },
    { kind: 'unavailable', status: 429 },
  ],
  [
    { status: 401, body: refusal('invalid_request_error') },
    { kind: 'unavailable', credentials: true },
  ],
  [
    { status: 403, body: refusal('invalid_request_error') },
    { kind: 'unavailable', credentials: true },
  ],
  [
    { status: 400, body: refusal('invalid_request_error', 'api_key_expired') },
    { kind: 'unavailable', credentials: true },
  ],
  [
    { status: 404, headers: { 'request-id': 'req_9' }, body: refusal('invalid_request_error', 'resource_missing') },
    { kind: 'refused', code: 'resource_missing', requestId: 'req_9' },
  ],
  [{ status: 404, body: '<html>' }, { kind: 'garbled' }],
  [{ status: 302, body: '' }, { kind: 'garbled' }],
  [{ status: 200, body: '{}' }, { kind: 'garbled' }],
  [{ status: 200, body: 'null' }, { kind: 'garbled' }],
])('a status answered with %j throws a ProviderError', async (reply, error) => {
  const { rail } = await railAnswered(() => reply)
  await expect(rail.status('tr_1')).rejects.toMatchObject({ name: 'ProviderError', provider: 'stripe', ...error })
})

/** Facts: stripe §12. */
const account = {
  id: 'acct_1A',
  object: 'account',
  country: 'US',
  default_currency: 'usd',
  charges_enabled: true,
  payouts_enabled: true,
  details_submitted: true,
  capabilities: { transfers: 'active' },
  requirements: { currently_due: [] as string[], past_due: [] as string[], disabled_reason: null as string | null },
}
const accountFacts = {
  id: 'acct_1A',
  transfersActive: true,
  payoutsEnabled: true,
  detailsSubmitted: true,
  disabledReason: null,
  currency: 'USD',
  country: 'US',
  requirementsDue: [],
}

test.each<[string, object, object]>([
  ['complete', {}, {}],
  ['not yet able to receive', { capabilities: { transfers: 'pending' } }, { transfersActive: false }],
  ['without any capability', { capabilities: {} }, { transfersActive: false }],
  ['without a word on capabilities', { capabilities: undefined }, { transfersActive: false }],
  ['whose bank is not paid', { payouts_enabled: false }, { payoutsEnabled: false }],
  [
    'that owes Stripe answers',
    { requirements: { disabled_reason: 'requirements.past_due', past_due: ['a'], currently_due: ['a', 'b'] } },
    { disabledReason: 'requirements.past_due', requirementsDue: ['a', 'b'] },
  ],
])('an account %s', async (_, difference, facts) => {
  const { rail, calls } = await railAnswered(() => ({ status: 200, body: { ...account, ...difference } }))
  expect(await rail.getAccount('acct_1A')).toEqual({ ...accountFacts, ...facts })
  expect(calls[0]?.target).toBe('/v1/accounts/acct_1A')
})

test.each<[string, Reply, unknown]>([
  ['unknown', { status: 404, body: refusal('invalid_request_error', 'resource_missing') }, 'not-found'],
  ['not ours', { status: 403, body: refusal('invalid_request_error', 'account_invalid') }, 'not-found'],
])('an account that is %s is not found', async (_, reply, found) => {
  const { rail } = await railAnswered(() => reply)
  expect(await rail.getAccount('acct_1A')).toBe(found)
})

test.each<[Reply, object]>([
  [{ status: 503, body: '' }, { kind: 'unavailable' }],
  [{ status: 404, body: 'nothing here' }, { kind: 'garbled' }],
  [{ status: 200, body: { ...account, payouts_enabled: 'yes' } }, { kind: 'garbled' }],
  [
    { status: 401, body: '' },
    { kind: 'unavailable', credentials: true },
  ],
])('an account answered with %j throws, and is not taken for missing', async (reply, error) => {
  const { rail } = await railAnswered(() => reply)
  await expect(rail.getAccount('acct_1A')).rejects.toMatchObject({ name: 'ProviderError', ...error })
})

test('what an error says holds no key, no header and no body', async () => {
  const { rail } = await railAnswered(() => ({
    status: 400,
    body: refusal('invalid_request_error', 'parameter_unknown', { message: 'acct_secret' }),
  }))
  const error: unknown = await rail.status('tr_1').catch((thrown: unknown) => thrown)
  expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toMatch(/sk_test|acct_secret/)
})

test('calls are counted by what was asked and how it ended', async () => {
  const seen: object[] = []
  const { rail } = await railAnswered(({ method }) => (method === 'GET' ? 'hang up' : { status: 429, body: '' }), {
    metrics: { providerCall: (labels) => seen.push(labels) },
  })
  await rail.pay(instruction)
  await rail.find(instruction)
  await expect(rail.status('tr_1')).rejects.toThrow()
  expect(seen).toEqual([
    { provider: 'stripe', operation: 'POST /v1/transfers', outcome: '429' },
    { provider: 'stripe', operation: 'GET /v1/transfers', outcome: 'no_answer' },
    { provider: 'stripe', operation: 'GET /v1/transfers/:id', outcome: 'no_answer' },
  ])
})
