import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { type Api, aKey, anApi, aPayout, everything, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
let path: string
beforeAll(async () => {
  api = await anApi()
  path = `/v1/payouts/${(await aPayout(api.world)).payoutId}/hold`
})
afterAll(() => api.stop())

const reason = 'a good reason'

test.each<[string, { body?: unknown; key?: string; headers?: Record<string, string> }, number, string | RegExp]>([
  [
    'no key',
    { body: { reason } },
    400,
    'header idempotency-key: is missing: name the request, so that sending it twice does it once.',
  ],
  [
    'an empty key',
    { body: { reason }, headers: { 'idempotency-key': '' } },
    400,
    /^header idempotency-key: must have 1 to 200/,
  ],
  [
    'a key that is too long',
    { body: { reason }, key: 'k'.repeat(201) },
    400,
    /^header idempotency-key: must have 1 to 200/,
  ],
  ['no reason', { body: {}, key: 'k' }, 400, /^body reason: /],
  ['an empty reason', { body: { reason: '  ' }, key: 'k' }, 400, 'body reason: must not be empty.'],
  [
    'a reason that is a book',
    { body: { reason: 'x'.repeat(1_001) }, key: 'k' },
    400,
    'body reason: must have at most 1000 characters.',
  ],
  [
    'a reason with a NUL',
    { body: { reason: 'a\u0000b' }, key: 'k' },
    400,
    'body reason: must have no control characters.',
  ],
  [
    'a reason with half a character',
    { body: '{"reason":"\\ud800"}', key: 'k' },
    400,
    'body reason: must have no control characters.',
  ],
  ['a field too many', { body: { reason, force: true }, key: 'k' }, 400, /^body: .*force/],
  ['a list', { body: [], key: 'k' }, 400, /^body: /],
  ['bad JSON', { body: '{"reason":', key: 'k' }, 400, 'The body is not JSON.'],
  ['poisoned JSON', { body: '{"reason":"x","__proto__":{"a":1}}', key: 'k' }, 400, /\.$/],
  ['no body', { key: 'k' }, 400, /^body: /],
  ['an empty body', { body: '', key: 'k' }, 400, 'The body is empty.'],
  [
    'another type',
    { body: 'reason=x', key: 'k', headers: { 'content-type': 'text/plain' } },
    415,
    'Send the body as application/json.',
  ],
  ['too much', { body: { reason: 'x'.repeat(20_000) }, key: 'k' }, 413, 'The body is larger than 16384 bytes.'],
])(
  'an action with %s is refused with one clear sentence, and nothing is changed',
  async (_, options, status, detail) => {
    const before = await everything(api.world)
    const answer = await api.ask('POST', path, { token: await api.token(OPERATOR), ...options })
    expect(answer.body).toEqual({
      type: expect.stringMatching(/^urn:remesa:problem:/),
      title: expect.any(String),
      status,
      detail: detail instanceof RegExp ? expect.stringMatching(detail) : detail,
    })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(await everything(api.world)).toBe(before)
    const { rows } = await sql`select from admin_requests where key = 'k'`.execute(api.world.database)
    expect(rows).toHaveLength(0)
  },
)

test.each([
  ['/v1/payouts?status=paid', /^query status: /],
  ['/v1/payouts?limit=0', /^query limit: /],
  ['/v1/payouts?limit=201', /^query limit: /],
  ['/v1/payouts?limit=ten', /^query limit: /],
  ['/v1/payouts?cursor=abc', /^query cursor: /],
  ['/v1/payouts?bookingId=', /^query bookingId: must not be empty/],
  ['/v1/payouts?bookingId=a%00b', /^query bookingId: must have no control/],
  ['/v1/payouts?booking=b', /^query: .*booking/],
  ['/v1/payouts?bookingId=a&bookingId=b', /^query bookingId: /],
  ['/v1/payouts/7', /^path id: /],
  ['/v1/approvals?status=pending', /^query status: /],
])('GET %s is 400 with what is wrong', async (wrong, detail) => {
  const answer = await api.ask('GET', wrong, { token: await api.token(VIEWER) })
  expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringMatching(detail) } })
})

test.each([
  ['GET', '/v1'],
  ['POST', '/v1/payouts'],
  ['DELETE', '/v1/payouts/00000000-0000-4000-8000-000000000000'],
  ['GET', '/v1/payouts/00000000-0000-4000-8000-000000000000/hold'],
])('%s %s is no route: 404', async (method, unknown) => {
  expect(await api.ask(method, unknown)).toMatchObject({ status: 404, body: { type: 'urn:remesa:problem:not-found' } })
})

test('a path that is none is 400, and the console is 503 where nobody has built it', async () => {
  expect(await api.ask('GET', '/%00')).toMatchObject({ status: 400, body: { type: 'urn:remesa:problem:bad-request' } })
  expect(await api.ask('GET', '/')).toMatchObject({ status: 503, body: { type: 'urn:remesa:problem:console-missing' } })
})

test('what goes wrong here is 500 without a word of why, and nothing of the action stays', async () => {
  const { payoutId } = await aPayout(api.world)
  await sql`alter table outbox rename to outbox_away`.execute(api.world.database)
  const key = aKey()
  const failed = await api.act(`/v1/payouts/${payoutId}/hold`, OPERATOR, { key })
  await sql`alter table outbox_away rename to outbox`.execute(api.world.database)
  expect(failed.status).toBe(500)
  expect(failed.body).toEqual({
    type: 'urn:remesa:problem:internal',
    title: 'Something went wrong here',
    status: 500,
    detail: 'Something went wrong here; it is logged. Send the request again.',
  })
  expect(await api.act(`/v1/payouts/${payoutId}/hold`, OPERATOR, { key })).toMatchObject({ status: 200 })
})

test('no answer may be kept by a cache or taken for something else', async () => {
  const { headers } = await api.ask('GET', '/v1/payouts', { token: await api.token(VIEWER) })
  expect([headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff'])
})
