import { afterEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import type { PaymentInstruction } from '@remesa/domain/rail'
import { type Received, type Reply, startAnswering } from '@remesa/provider-http/testing/answering'
import { createPayoneerRail, type PayoneerOptions } from '../src/payoneer-client.ts'

const instruction: PaymentInstruction = {
  payableId: '7b1e',
  idempotencyKey: 'seller-balance:7b1e',
  generation: 1,
  money: money(15_000n, 'USD'),
  destination: 'PY-0001',
  country: 'US',
  beneficiary: { name: 'Far Trade', taxId: '00-000' },
  description: 'Seller balance 2026-11-19 CL',
  payeeId: 'SC1A2B3',
}

const pending = '{"payout_date":"2026-11-20","amount":150.00,"currency":"USD","status":"Pending","payee_id":"PY-0001"}'
const shown = (change: object = {}): Reply => ({
  status: 200,
  body: { result: { ...JSON.parse(pending), ...change } },
})
const created: Reply = { status: 201, body: { result: 'Payments Created' } }
const error = (status: number, sub_code: number, target?: string): Reply => ({
  status,
  body: {
    error: 'for people',
    error_description: 'for people',
    error_details: { code: status, sub_code, ...(target && { errors: [{ target, message: 'for people', sub_code }] }) },
  },
})
const notVisible = error(404, 2306)
const balanceOf = (balance: string): Reply => ({
  status: 200,
  body: `{"result":{"balance":${balance},"currency":"USD"}}`,
})

const running: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close()
})

type Answers = Partial<Record<'submit' | 'status' | 'balance', (request: Received) => Reply | 'hang up'>>

/** A rail, with a clock that a test moves, against a server that grants tokens and answers the rest as told. */
async function railAnswered(answers: Answers, options: Partial<PayoneerOptions> = {}) {
  let tokens = 0
  const clock = { ms: Date.parse('2026-11-21T12:00:00Z') }
  const server = await startAnswering((request) => {
    if (request.target === '/token') {
      tokens += 1
      return { status: 200, body: { access_token: `token-${tokens}`, token_type: 'Bearer', expires_in: 2_592_000 } }
    }
    if (request.method === 'POST') return answers.submit?.(request) ?? created
    if (request.target.endsWith('/status')) return answers.status?.(request) ?? notVisible
    return answers.balance?.(request) ?? balanceOf('999999999999999999.00')
  })
  const rail = createPayoneerRail({
    baseUrl: `${server.url}/v4`,
    tokenUrl: `${server.url}/token`,
    programId: '100/1',
    clientId: 'remesa',
    clientSecret: 'secret',
    timeoutMs: 2_000,
    maxConcurrent: 4,
    now: () => new Date(clock.ms),
    ...options,
  })
  running.push(server, rail)
  const calls = (part: string) => server.received.filter(({ target }) => target.endsWith(part))
  return { rail, calls, server, clock }
}

test('a payment is a batch of one under its key, its amount exact, accepted and pending', async () => {
  const { rail, calls, server } = await railAnswered({})
  const large = { ...instruction, money: money(90_071_992_547_409_931n, 'USD') }
  expect(await rail.pay(large)).toMatchObject({
    kind: 'accepted',
    reference: 'seller-balance:7b1e',
    status: { state: 'pending' },
    facts: { status: 201 },
  })
  const [sent] = calls('/masspayouts')
  expect(sent).toMatchObject({ method: 'POST', target: '/v4/programs/100%2F1/masspayouts' })
  expect(sent?.headers.authorization).toBe('Bearer token-1')
  expect(sent?.body).toContain('"amount":900719925474099.31,')
  expect(JSON.parse(sent?.body ?? '')).toMatchObject({
    Payments: [
      {
        client_reference_id: 'seller-balance:7b1e',
        payee_id: 'PY-0001',
        currency: 'USD',
        description: 'Seller balance 2026-11-19 CL',
      },
    ],
  })
  expect(server.received[0]).toMatchObject({
    headers: { authorization: `Basic ${Buffer.from('remesa:secret').toString('base64')}` },
    body: 'grant_type=client_credentials&scope=read+write',
  })
})

test.each<[string, Reply | 'hang up', object]>([
  [
    '429',
    { ...error(429, 429), headers: { 'retry-after': '3' } },
    { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts: { retryAfterMs: 3000 } },
  ],
  ['403', error(403, 403), { kind: 'unknown', reason: 'credentials' }],
  ['401, twice', error(401, 401), { kind: 'unknown', reason: 'credentials' }],
  ['500', error(500, 500), { kind: 'unknown', reason: 'server_error' }],
  ['503 with a page', { status: 503, body: '<html>' }, { kind: 'unknown', reason: 'server_error' }],
  ['408', { status: 408 }, { kind: 'unknown', reason: 'no_answer' }],
  ['404 with a page', { status: 404, body: '<html>' }, { kind: 'unknown', reason: 'garbled' }],
  ['405', error(405, 405), { kind: 'unknown', reason: 'garbled' }],
  ['302', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, { kind: 'unknown', reason: 'garbled' }],
  ['200 with a page', { status: 200, body: '<html>502</html>' }, { kind: 'unknown', reason: 'garbled' }],
  ['200 with something else', { status: 200, body: '{"unexpected":true}' }, { kind: 'unknown', reason: 'garbled' }],
  ['200 with nothing', { status: 200, body: '' }, { kind: 'unknown', reason: 'garbled' }],
  ['204', { status: 204, body: '' }, { kind: 'unknown', reason: 'garbled' }],
  ['cut off', 'hang up', { kind: 'unknown', reason: 'no_answer', facts: { status: 0 } }],
])('a submission answered %s is classified without a look-up', async (_, reply, outcome) => {
  const { rail, calls } = await railAnswered({ submit: () => reply })
  expect(await rail.pay(instruction)).toMatchObject(outcome)
  expect(calls('/status')).toEqual([])
})

test('a refused submission whose reference has a payment adopts it, whatever the code says', async () => {
  for (const sub_code of [2107, 1, 99999]) {
    const { rail, calls } = await railAnswered({ submit: () => error(400, sub_code), status: () => shown() })
    expect(await rail.pay(instruction)).toMatchObject({
      kind: 'accepted',
      reference: 'seller-balance:7b1e',
      status: { state: 'pending' },
      facts: { status: 400, code: String(sub_code) },
    })
    expect(calls('/status')[0]?.target).toBe('/v4/programs/100%2F1/payouts/seller-balance%3A7b1e/status')
  }
})

test.each([
  ['another amount', { amount: 150.01 }],
  ['an amount that is none', { amount: '1e2' }],
  ['another currency', { currency: 'EUR' }],
  ['another payee', { payee_id: 'PY-0002' }],
])('a refused submission whose reference pays %s is left to a person', async (_, change) => {
  const { rail } = await railAnswered({ submit: () => error(400, 2107), status: () => shown(change) })
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'mismatch' })
})

test('a refusal is believed only when no payment can be hidden any more', async () => {
  const { rail, clock } = await railAnswered({ submit: () => error(400, 2201, 'Payments[0].payee_id') })
  const hidden = { kind: 'unknown', reason: 'in_progress', facts: { status: 400, code: '2201', retryAfterMs: 120_000 } }
  expect(await rail.pay(instruction)).toMatchObject(hidden)
  clock.ms += 119_999
  expect(await rail.pay(instruction)).toMatchObject({ ...hidden, facts: { retryAfterMs: 1 } })
  clock.ms += 1
  expect(await rail.pay(instruction)).toMatchObject({
    kind: 'declined_for_good',
    reason: '2201',
    category: 'unknown',
  })
})

test('a submission that was never answered begins the wait anew', async () => {
  let reply: Reply | 'hang up' = error(400, 2201)
  const { rail, clock } = await railAnswered({ submit: () => reply })
  await rail.pay(instruction)
  clock.ms += 120_000
  reply = 'hang up'
  await rail.pay(instruction)
  reply = error(400, 2201)
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', facts: { retryAfterMs: 120_000 } })
})

test('a reference that is refused and shows no payment is for a person, however long we wait', async () => {
  const submit = () => error(400, 2107, 'Payments[0].client_reference_id')
  const { rail, clock } = await railAnswered({ submit })
  await rail.pay(instruction)
  clock.ms += 10 * 3_600_000
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'mismatch', facts: { code: '2107' } })
})

test('a refused submission whose look-up fails stays unknown', async () => {
  const { rail } = await railAnswered({ submit: () => error(400, 2107), status: () => ({ status: 500 }) })
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'server_error' })
})

test('an expired token is replaced once', async () => {
  const submit = ({ headers }: Received) => (headers.authorization === 'Bearer token-1' ? error(401, 401) : created)
  const { rail } = await railAnswered({ submit }, { balanceMaxAgeMs: 0 })
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'accepted' })
})

test('not found is said only after the documented wait, and unknown before', async () => {
  const { rail, clock } = await railAnswered({})
  const hidden = { kind: 'unknown', reason: 'in_progress', facts: { status: 404, code: '2306', retryAfterMs: 120_000 } }
  expect(await rail.find(instruction)).toMatchObject(hidden)
  clock.ms += 119_000
  expect(await rail.find(instruction)).toMatchObject({ ...hidden, facts: { retryAfterMs: 1_000 } })
  clock.ms += 1_000
  expect(await rail.find(instruction)).toBe('not-found')
})

test('the wait counts from the submission, where this process made it', async () => {
  const { rail, clock } = await railAnswered({ submit: () => 'hang up' })
  await rail.pay(instruction)
  clock.ms += 120_000
  expect(await rail.find(instruction)).toBe('not-found')
})

test('a look-up shows the payment, and a mismatch where it is another', async () => {
  let change: object = { status: 'Transferred', load_date: '2026-11-20T15:04:05Z' }
  const { rail } = await railAnswered({ status: () => shown(change) })
  const status = { state: 'paid', paidAt: new Date('2026-11-20T15:04:05Z') }
  expect(await rail.find(instruction)).toMatchObject({ kind: 'accepted', reference: 'seller-balance:7b1e', status })
  change = { payee_id: 'PY-0002' }
  expect(await rail.find(instruction)).toMatchObject({ kind: 'unknown', reason: 'mismatch' })
})

test('an amount is compared digit by digit, not as a float', async () => {
  const result = `{"result":${pending.replace('150.00', '90071992547409.93')}}`
  const { rail } = await railAnswered({ status: () => ({ status: 200, body: result }) })
  const asked = (amount: bigint) => rail.find({ ...instruction, money: money(amount, 'USD') })
  expect(await asked(9_007_199_254_740_993n)).toMatchObject({ kind: 'accepted' })
  expect(await asked(9_007_199_254_740_992n)).toMatchObject({ kind: 'unknown', reason: 'mismatch' })
})

test.each<[string, Reply | 'hang up']>([
  ['a 404 of another kind', error(404, 404)],
  ['a 404 with a page', { status: 404, body: '<html>' }],
  ['a 400 with the code of an unknown payment', error(400, 2306)],
  ['an empty answer', { status: 200, body: '' }],
  ['no content', { status: 204, body: '' }],
  ['a 500', { status: 500 }],
  ['silence', 'hang up'],
])('a look-up answered with %s is never taken for "not found"', async (_, reply) => {
  const { rail, clock } = await railAnswered({ status: () => reply })
  await rail.find(instruction)
  clock.ms += 10 * 3_600_000
  expect(await rail.find(instruction)).toMatchObject({ kind: 'unknown' })
})

test.each<[object, unknown]>([
  [{ status: 'Pending' }, { state: 'pending' }],
  [{ status: 'Pending Payee' }, { state: 'pending' }],
  [{ status: 'Transferred' }, { state: 'paid', paidAt: new Date('2026-11-20T00:00:00Z') }],
  [
    { status: 'Transferred', payout_date: 'soon' },
    { state: 'paid', paidAt: new Date('2026-11-21T12:00:00Z') },
  ],
  [
    { status: 'Cancelled', cancel_reason_code: 30013 },
    { state: 'rejected', reason: '30013', category: 'beneficiary' },
  ],
  [
    { status: 'Cancelled', cancel_reason_code: '10009' },
    { state: 'rejected', reason: '10009', category: 'beneficiary' },
  ],
  [
    { status: 'Cancelled', reason_code: 10301 },
    { state: 'rejected', reason: '10301', category: 'funding' },
  ],
  [
    { status: 'Cancelled', cancel_reason_code: 777 },
    { state: 'rejected', reason: '777', category: 'unknown' },
  ],
  [{ status: 'Cancelled' }, { state: 'rejected', reason: 'CANCELLED', category: 'unknown' }],
])('a payment %j stands at %j', async (fields, status) => {
  const { rail } = await railAnswered({ status: () => shown(fields) }, { reasonCategories: { 10301: 'funding' } })
  expect(await rail.status('seller-balance:7b1e')).toEqual(status)
})

test('a status that nobody told us of is pending, and logged', async () => {
  const warned: object[] = []
  const logger = { debug: () => {}, warn: (facts: object) => void warned.push(facts) } as never
  const { rail } = await railAnswered({ status: () => shown({ status: 'Failed' }) }, { logger })
  expect(await rail.status('ref-1')).toEqual({ state: 'pending' })
  expect(warned).toEqual([{ provider: 'payoneer', reference: 'ref-1', status: 'Failed' }])
})

test.each([
  [notVisible, { kind: 'unavailable', code: '2306' }],
  [
    { status: 500, body: '' },
    { kind: 'unavailable', status: 500 },
  ],
  [{ status: 200, body: '{"result":{}}' }, { kind: 'garbled' }],
  [error(401, 401), { kind: 'unavailable', credentials: true }],
])('a status answered with %j throws a ProviderError', async (reply, thrown) => {
  const { rail } = await railAnswered({ status: () => reply })
  await expect(rail.status('ref-1')).rejects.toMatchObject({ name: 'ProviderError', ...thrown })
})

test('without funds in the program nothing is submitted, and the same key may try again', async () => {
  let balance = '149.99'
  const { rail, calls } = await railAnswered({ balance: () => balanceOf(balance) })
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'declined_may_change', reason: 'funds', keyIsSpent: false })
  expect(calls('/masspayouts')).toEqual([])
  balance = '150.00'
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'accepted' })
})

test('a payment that spent the funds itself, its answer lost, is adopted', async () => {
  const { rail, calls } = await railAnswered({ balance: () => balanceOf('0.00'), status: () => shown() })
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'accepted', status: { state: 'pending' } })
  expect(calls('/masspayouts')).toEqual([])
})

test('the balance is asked for once while it lasts, however many are paid at once', async () => {
  const { rail, calls, clock } = await railAnswered({ balance: () => balanceOf('750.00') })
  const pay = (id: number) => rail.pay({ ...instruction, idempotencyKey: `seller-balance:${id}` })
  const outcomes = await Promise.all([1, 2, 3, 4, 5].map(pay))
  expect(outcomes.map(({ kind }) => kind)).toEqual(Array(5).fill('accepted'))
  expect(calls('/balance')).toHaveLength(1)
  clock.ms += 10_000
  await pay(6)
  expect(calls('/balance')).toHaveLength(2)
})

test.each<[string, Reply | 'hang up']>([
  ['fails', { status: 500 }],
  ['is cut off', 'hang up'],
  ['is garbled', { status: 200, body: '{"result":{"balance":"much","currency":"USD"}}' }],
  ['is in another currency', { status: 200, body: '{"result":{"balance":0,"currency":"EUR"}}' }],
])('a balance that %s keeps nobody from being paid', async (_, reply) => {
  const { rail } = await railAnswered({ balance: () => reply })
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'accepted' })
})

test('more references than are remembered only wait longer', async () => {
  const { createVisibility } = await import('../src/visibility.ts')
  let now = 0
  const visibility = createVisibility({ waitMs: 100, now: () => now })
  visibility.mayBeMade('first')
  for (let index = 0; index < 20_000; index += 1) visibility.mayBeMade(`ref-${index}`)
  now = 150
  expect(visibility.missed('ref-1')).toBe(0)
  expect(visibility.missed('first')).toBe(100)
})
