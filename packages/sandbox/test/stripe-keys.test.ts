import { afterEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import type { StripeOptions } from '../src/stripe/stripe.ts'
import { aTransfer, refusal, stripeWorld, until } from './stripe-caller.ts'
import { sdkAt } from './stripe-rail.ts'

let world: Awaited<ReturnType<typeof stripeWorld>>
const start = async (options: StripeOptions = {}) => {
  world = await stripeWorld(options)
  return world
}
afterEach(() => world.stripe.stop())

const FORM = 'amount=1250&currency=usd&destination=acct_1A&transfer_group=b7c0&metadata[a]=b'
const ROUTE = 'POST /v1/transfers'

test('the same request with the same key is answered byte for byte as before, and pays once', async () => {
  const { post, stripe, sdk } = await start()
  const first = await post(FORM, 'k1')
  expect(first.headers.get('idempotent-replayed')).toBeNull()
  await sdk.transfers.update(JSON.parse(first.text).id, { metadata: { a: 'changed since' } })
  const again = await post(FORM, 'k1')
  const reordered = await post(FORM.split('&').toReversed().join('&'), 'k1')
  for (const { status, text, headers } of [again, reordered]) {
    expect([status, text, headers.get('idempotent-replayed')]).toEqual([200, first.text, 'true'])
    expect(headers.get('idempotency-key')).toBe('k1')
    expect(headers.get('request-id')).not.toBe(first.headers.get('request-id'))
  }
  expect(stripe.books.payments()).toHaveLength(1)
})

test('a key that comes with other parameters, or for something else, is an idempotency_error and changes nothing', async () => {
  const { sdk, stripe } = await start()
  const { id } = await sdk.transfers.create(aTransfer(), { idempotencyKey: 'k1' })
  const others = [
    sdk.transfers.create(aTransfer({ amount: 1_251 }), { idempotencyKey: 'k1' }),
    sdk.transfers.createReversal(id, {}, { idempotencyKey: 'k1' }),
  ]
  for (const other of others) {
    expect(await refusal(other)).toMatchObject({ statusCode: 400, type: 'StripeIdempotencyError' })
  }
  expect(await refusal(sdk.transfers.create(aTransfer(), { idempotencyKey: 'k'.repeat(256) }))).toMatchObject({
    type: 'StripeIdempotencyError',
  })
  expect(stripe.books.payments()).toMatchObject([{ returned: false }])
})

test('a key whose work is under way is 409, and its account is locked for other keys', async () => {
  const { sdk, stripe } = await start()
  stripe.slowWork('b7c0', 250)
  const first = sdk.transfers.create(aTransfer(), { idempotencyKey: 'k1' })
  await until(() => stripe.calls()[ROUTE] === 1)
  expect(await refusal(sdk.transfers.create(aTransfer(), { idempotencyKey: 'k1' }))).toMatchObject({
    statusCode: 409,
    type: 'StripeAPIError',
    code: 'idempotency_key_in_use',
    shouldRetry: 'true',
  })
  const beside = aTransfer({ transfer_group: 'other' })
  const locked = await refusal(sdk.transfers.create(beside, { idempotencyKey: 'k2' }))
  expect(locked).toMatchObject({ statusCode: 429, code: 'lock_timeout', type: 'StripeRateLimitError' })
  expect(locked.headers).not.toHaveProperty('stripe-rate-limited-reason')
  const { id } = await first
  expect((await sdk.transfers.create(aTransfer(), { idempotencyKey: 'k1' })).id).toBe(id)
  await sdk.transfers.create(beside, { idempotencyKey: 'k2' })
  expect(stripe.books.payments()).toHaveLength(2)
})

test('balance_insufficient is stored: topped up, its key is refused for a day, and another key is paid', async () => {
  const { post, stripe, passMs } = await start({ balance: [money(0n, 'USD')] })
  const first = await post(FORM, 'k1')
  expect([first.status, JSON.parse(first.text).error.code]).toEqual([400, 'balance_insufficient'])
  stripe.topUp(money(10_000n, 'USD'))
  const replayed = await post(FORM, 'k1')
  expect([replayed.text, replayed.headers.get('idempotent-replayed')]).toEqual([first.text, 'true'])
  expect((await post(FORM, 'k1:g2')).status).toBe(200)
  passMs(24 * 3_600_000 - 1)
  expect((await post(FORM, 'k1')).text).toBe(first.text)
  expect(stripe.books.payments()).toHaveLength(1)
})

test('a key older than a day is forgotten: the same request pays a second time', async () => {
  const { sdk, stripe, passMs } = await start()
  const pay = (idempotencyKey: string) => sdk.transfers.create(aTransfer(), { idempotencyKey })
  const { id } = await pay('k1')
  passMs(24 * 3_600_000)
  expect((await pay('k1')).id).not.toBe(id)
  await pay('k2')
  stripe.forgetKeys()
  await pay('k2')
  expect(stripe.books.payments()).toHaveLength(4)
})

test('after a time-out a new key pays twice; the same key pays once', async () => {
  const { sdk, stripe } = await start()
  const hasty = sdkAt(stripe.url, { ...stripe.credentials, timeoutMs: 60 })
  for (const group of ['careless', 'careful']) {
    stripe.slowWork(group, 150)
    const asked = aTransfer({ transfer_group: group, destination: `acct_${group}` })
    expect(await refusal(hasty.transfers.create(asked, { idempotencyKey: group }))).toMatchObject({
      type: 'StripeConnectionError',
      statusCode: undefined,
    })
    await until(() => stripe.books.payments(asked.destination).length === 1)
    await sdk.transfers.create(asked, { idempotencyKey: group === 'careful' ? group : 'another' })
  }
  expect(stripe.books.payments('acct_careless')).toHaveLength(2)
  expect(stripe.books.payments('acct_careful')).toHaveLength(1)
})

test('a stored server error is replayed for ever, with the transfer made or without', async () => {
  const { sdk, stripe } = await start()
  for (const [kind, made] of [
    ['stored-error-before', 0],
    ['stored-error-after', 1],
  ] as const) {
    stripe.faults.script({ kind, subject: kind, route: ROUTE })
    const pay = () => sdk.transfers.create(aTransfer({ transfer_group: kind }), { idempotencyKey: kind })
    for (let time = 0; time < 3; time += 1) {
      const { headers, ...refused } = await refusal(pay())
      expect(refused).toMatchObject({ statusCode: 500, type: 'StripeAPIError', shouldRetry: 'false' })
      expect(headers['idempotent-replayed']).toBe(time === 0 ? undefined : 'true')
    }
    const { data } = await sdk.transfers.list({ transfer_group: kind })
    expect(data).toHaveLength(made)
  }
})

test('what did not reach the work is stored nowhere: the same key pays afterwards', async () => {
  const { sdk, stripe, ask } = await start()
  const pay = (idempotencyKey: string, change: object = {}) =>
    refusal(sdk.transfers.create(aTransfer(change), { idempotencyKey }))
  stripe.faults.script({ kind: 'error-before', route: ROUTE })
  expect([502, 503]).toContain((await pay('proxy')).statusCode)
  stripe.faults.script({ kind: 'rate-limited', route: ROUTE })
  expect(await pay('429')).toMatchObject({ statusCode: 429, code: 'rate_limit' })
  stripe.faults.script({ kind: 'lock-timeout', route: ROUTE })
  expect(await pay('lock')).toMatchObject({ statusCode: 429, code: 'lock_timeout', shouldRetry: 'true' })
  stripe.refuseApiKey(1)
  expect(await pay('401')).toMatchObject({
    statusCode: 401,
    type: 'StripeAuthenticationError',
    code: 'api_key_expired',
  })
  expect(await pay('400', { amount: 0 })).toMatchObject({ code: 'parameter_invalid_integer' })
  const keys = ['proxy', '429', 'lock', '401', '400']
  for (const key of keys) await sdk.transfers.create(aTransfer(), { idempotencyKey: key })
  expect(stripe.books.payments()).toHaveLength(keys.length)
  expect(stripe.calls()).toEqual({ total: 10, [ROUTE]: 10 })

  const json = { 'content-type': 'application/json' }
  expect((await ask('POST', '/v1/transfers', { form: '{}', headers: json })).status).toBe(400)
})

test('an answer lost or spoilt after the work is the real one when it is asked for again', async () => {
  const { sdk, stripe, post } = await start()
  stripe.faults.script({ kind: 'error-after', route: ROUTE })
  expect([502, 503]).toContain((await post(FORM, 'k1')).status)
  stripe.faults.script({ kind: 'lost-response', route: ROUTE })
  await expect(post(FORM, 'k2')).rejects.toThrow()
  for (const key of ['k1', 'k2']) {
    const { status, headers } = await post(FORM, key)
    expect([status, headers.get('idempotent-replayed')]).toEqual([200, 'true'])
  }
  expect(stripe.books.payments()).toHaveLength(2)
  stripe.faults.script({ kind: 'insufficient-funds', route: ROUTE })
  expect(await refusal(sdk.transfers.create(aTransfer()))).toMatchObject({ code: 'balance_insufficient' })
})

test('a key that Stripe does not know is 401; an unreadable version or an account to act for is said', async () => {
  const { sdk, stripe, ask } = await start()
  const stranger = sdkAt(stripe.url, { apiKey: 'sk_test_wrong' })
  expect(await refusal(stranger.balance.retrieve())).toMatchObject({
    statusCode: 401,
    type: 'StripeAuthenticationError',
  })
  expect((await ask('GET', '/v1/balance', { headers: { authorization: '' } })).status).toBe(401)
  const basic = `Basic ${Buffer.from(`${stripe.credentials.apiKey}:`).toString('base64')}`
  expect((await ask('GET', '/v1/balance', { headers: { authorization: basic } })).status).toBe(200)
  expect((await ask('GET', '/v1/balance', { headers: { 'stripe-version': 'yesterday' } })).status).toBe(400)
  expect((await refusal(sdk.balance.retrieve({}, { stripeAccount: 'acct_1' }))).statusCode).toBe(400)
})

test('each endpoint and all together are held to their rates, which can change at any time', async () => {
  const { sdk, stripe, passMs } = await start({ rateLimits: { perEndpoint: 5 } })
  const storm = async (calls: number, call: () => Promise<unknown> = () => sdk.balance.retrieve()) => {
    const settled = await Promise.allSettled(Array.from({ length: calls }, call))
    return settled.filter(({ status }) => status === 'fulfilled').length
  }
  expect(await storm(8)).toBe(5)
  const { headers, ...limited } = await refusal(sdk.balance.retrieve())
  expect(limited).toMatchObject({ statusCode: 429, code: 'rate_limit', type: 'StripeRateLimitError' })
  expect(headers['stripe-rate-limited-reason']).toBe('endpoint-rate')
  expect(headers['retry-after']).toBeUndefined()
  expect(await storm(1, () => sdk.accounts.retrieve('acct_1'))).toBe(1)
  passMs(400)
  expect(await storm(8)).toBe(2)

  stripe.setRateLimits({ global: 3, endpoints: { 'GET /v1/balance': null } })
  expect(await storm(8)).toBe(3)
  expect((await refusal(sdk.balance.retrieve())).headers['stripe-rate-limited-reason']).toBe('global-rate')
  stripe.setRateLimits({})
  expect(await storm(30)).toBe(30)
  expect(() => stripe.setRateLimits({ global: -1 })).toThrow()
})

test('too many at once are refused for that reason, and latency holds up each request', async () => {
  const { sdk, stripe } = await start({ maxConcurrent: 1, latencyMs: 100 })
  const startedAt = performance.now()
  const [first, second] = await Promise.allSettled([sdk.balance.retrieve(), refusal(sdk.balance.retrieve())])
  expect(performance.now() - startedAt).toBeGreaterThan(90)
  expect(first.status).toBe('fulfilled')
  expect(second).toMatchObject({ value: { headers: { 'stripe-rate-limited-reason': 'global-concurrency' } } })
  stripe.setLatency(0)
  await sdk.balance.retrieve()
})
