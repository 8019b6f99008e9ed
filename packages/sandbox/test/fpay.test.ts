import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import { money } from '@remesa/domain/money'
import { type FPayOptions, type FPaySandbox, startFPay } from '../src/fpay/fpay.ts'
import { aPayout, callerOf, startReceiver, takeToken } from './fpay-caller.ts'

let fpay: FPaySandbox
let caller: Awaited<ReturnType<typeof callerOf>>
let time = new Date('2026-11-20T12:00:00Z')
const CLP = currency('CLP')

beforeEach(() => {
  time = new Date('2026-11-20T12:00:00Z')
})
afterEach(() => fpay.stop())

async function start(options: FPayOptions = {}): Promise<void> {
  fpay = await startFPay({ settleDelayMs: 'by-hand', now: () => time, ...options })
  caller = await callerOf(fpay)
}
const laterBy = (hours: number) => {
  time = new Date(time.getTime() + hours * 3_600_000)
}
const tryUntil = async (met: () => boolean | Promise<boolean>) => {
  for (let tries = 0; !(await met()); tries += 1) {
    if (tries > 400) throw new Error('waited in vain')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('a payout goes PENDING, PROCESSING, PAID, and stands once in the books', async () => {
  await start({ settleDelayMs: 20, now: () => new Date() })
  const made = await caller.submit(aPayout(), 'balance-1:1')
  expect(made.status).toBe(201)
  expect(made.body).toMatchObject({ status: 'PENDING', amount: { value: '1250000', currency: 'CLP' }, reason: null })
  await tryUntil(async () => (await caller.status(made.body.payoutId)) === 'PAID')
  expect(fpay.books.payments('FP-000123')).toEqual([
    expect.objectContaining({ reference: 'balance-1', money: money(1250000n, 'CLP'), returned: false }),
  ])
  expect(fpay.books.totals()).toEqual(new Map([[CLP, 1250000n]]))
})

test('no token, a wrong one, an expired one and a revoked one are all 401, and nothing is made', async () => {
  await start()
  const unauthorized = async (headers: Record<string, string> = {}) =>
    (await caller.ask('/v1/payouts?externalReference=x', { headers })).status
  expect(await unauthorized()).toBe(200)
  expect(await unauthorized({ authorization: 'Bearer nonsense' })).toBe(401)
  laterBy(1)
  expect(await unauthorized()).toBe(401)
  const fresh = { authorization: `Bearer ${await takeToken(fpay)}` }
  expect(await unauthorized(fresh)).toBe(200)
  fpay.revokeTokens()
  expect(await unauthorized(fresh)).toBe(401)
})

test('wrong client credentials get no token', async () => {
  await start()
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' })
  expect((await fetch(`${fpay.url}/oauth/token`, { method: 'POST', body })).status).toBe(401)
})

test('the same key and body answer with the payout as it stands; another body is a mismatch', async () => {
  await start()
  const made = await caller.submit(aPayout(), 'balance-1:1')
  fpay.settleAll()
  const again = await caller.submit(aPayout(), 'balance-1:1')
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
  expect(again.body).toMatchObject({ payoutId: made.body.payoutId, status: 'PAID' })
  const other = await caller.submit(aPayout({ amount: { value: '1', currency: 'CLP' } }), 'balance-1:1')
  expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_MISMATCH'])
  expect(fpay.books.payments()).toHaveLength(1)
})

test('a new key is taken only after the payout before was rejected or cancelled', async () => {
  await start()
  const made = await caller.submit(aPayout({ accountNumber: 'FP-NOFUNDS-1' }), 'balance-1:1')
  const refused = await caller.submit(aPayout({ accountNumber: 'FP-NOFUNDS-1' }), 'balance-1:2')
  expect([refused.status, refused.body.code]).toEqual([409, 'DUPLICATE_REFERENCE'])
  expect(refused.body.existingPayoutId).toBe(made.body.payoutId)

  fpay.settleAll() // rejected for want of funds
  const second = await caller.submit(aPayout({ accountNumber: 'FP-NOFUNDS-1' }), 'balance-1:2')
  expect(second.status).toBe(201)
  fpay.cancel(String(second.body.payoutId))
  const third = await caller.submit(aPayout({ accountNumber: 'FP-NOFUNDS-1' }), 'balance-1:3')
  fpay.settleAll()
  for (const reversed of [false, true]) {
    if (reversed) fpay.reverse(String(third.body.payoutId))
    expect((await caller.submit(aPayout(), 'balance-1:4')).body.existingPayoutId).toBe(third.body.payoutId)
  }
  const found = await caller.ask('/v1/payouts?externalReference=balance-1')
  expect((found.body.payouts as { status: string }[]).map(({ status }) => status)).toEqual([
    'REVERSED',
    'CANCELLED',
    'REJECTED',
  ])
})

test('a key is forgotten after seven days, its reference never', async () => {
  await start()
  await caller.submit(aPayout(), 'balance-1:1')
  laterBy(7 * 24)
  caller = await callerOf(fpay)
  expect((await caller.submit(aPayout(), 'balance-1:1')).body.code).toBe('DUPLICATE_REFERENCE')
})

test('a second request with a key whose work is under way is told so, and one payout is made', async () => {
  await start()
  fpay.slowWork('balance-1', 60)
  const first = caller.submit(aPayout(), 'balance-1:1')
  await tryUntil(() => fpay.calls()['POST /v1/payouts'] === 1)
  const second = await caller.submit(aPayout(), 'balance-1:1')
  expect([second.status, second.body.code]).toEqual([409, 'REQUEST_IN_PROGRESS'])
  expect((await first).status).toBe(201)
  expect(fpay.payoutsOf('balance-1')).toHaveLength(1)
})

test.each([
  ['MISSING_FIELD', { externalReference: undefined }],
  ['MISSING_FIELD', { beneficiary: { name: 'x' } }],
  ['INVALID_ACCOUNT_FORMAT', { accountNumber: '12345' }],
  ['INVALID_CURRENCY', { amount: { value: '1', currency: 'CLF' } }],
  ['INVALID_CURRENCY', { amount: { value: '1', currency: 'EUR' } }],
  ['INVALID_AMOUNT', { amount: { value: '10.50', currency: 'CLP' } }],
  ['INVALID_AMOUNT', { amount: { value: '10.00', currency: 'CLP' } }],
  ['INVALID_AMOUNT', { amount: { value: '0', currency: 'CLP' } }],
  ['INVALID_AMOUNT', { amount: { value: '-5', currency: 'CLP' } }],
  ['INVALID_AMOUNT', { amount: { value: '1e3', currency: 'CLP' } }],
])('a bad request is 400 %s and makes nothing: %j', async (code, change) => {
  await start()
  const answer = await caller.submit(aPayout(change), 'balance-1:1')
  expect([answer.status, answer.body.code]).toEqual([400, code])
  expect(fpay.payoutsOf('balance-1')).toEqual([])
})

test('a body that is no JSON and a missing key are 400; an unknown payout is 404', async () => {
  await start()
  expect((await caller.ask('/v1/payouts', { method: 'POST', body: '{' })).status).toBe(400)
  expect((await caller.submit(aPayout(), '')).body.code).toBe('MISSING_FIELD')
  expect((await caller.ask('/v1/payouts/fpo_nothing')).status).toBe(404)
})

test('a treasury that holds too little refuses, and the same key is paid after a top-up', async () => {
  await start({ treasury: [money(1_000_000n, 'CLP')] })
  const refused = await caller.submit(aPayout(), 'balance-1:1')
  expect([refused.status, refused.body.code]).toEqual([422, 'INSUFFICIENT_FUNDS'])
  fpay.setTreasury(money(1_250_000n, 'CLP'))
  expect((await caller.submit(aPayout(), 'balance-1:1')).status).toBe(201)
  fpay.settleAll()
  expect(fpay.treasury(CLP)).toBe(0n)
})

test.each([
  ['FP-CLOSED-1', 'ACCOUNT_CLOSED', 'BENEFICIARY'],
  ['FP-BLOCKED-1', 'ACCOUNT_BLOCKED', 'BENEFICIARY'],
  ['FP-HOLDER-1', 'HOLDER_MISMATCH', 'BENEFICIARY'],
  ['FP-COMPLIANCE-1', 'COMPLIANCE_REJECTED', 'COMPLIANCE'],
  ['FP-SANCTIONS-1', 'SANCTIONS_HIT', 'COMPLIANCE'],
  ['FP-NEWCODE-1', 'SOME_CODE_ADDED_LATER', 'UNKNOWN'],
])('%s is rejected each time with %s, and nothing is paid', async (accountNumber, code, category) => {
  await start()
  for (const generation of [1, 2]) {
    const made = await caller.submit(aPayout({ accountNumber }), `balance-1:${generation}`)
    fpay.settleAll()
    const { body } = await caller.ask(`/v1/payouts/${made.body.payoutId}`)
    expect(body).toMatchObject({ status: 'REJECTED', reason: { code, category } })
  }
  expect(fpay.books.payments()).toEqual([])
})

test.each([
  ['FP-NOFUNDS-1', 'INSUFFICIENT_FUNDS'],
  ['FP-LIMIT-1', 'DAILY_LIMIT_EXCEEDED'],
  ['FP-BUSY-1', 'BANK_UNAVAILABLE'],
])('%s is rejected once with %s, then paid', async (accountNumber, code) => {
  await start()
  const ends = []
  for (const generation of [1, 2]) {
    const made = await caller.submit(aPayout({ accountNumber }), `balance-1:${generation}`)
    fpay.settleAll()
    const { body } = await caller.ask(`/v1/payouts/${made.body.payoutId}`)
    ends.push((body.reason as { code: string } | null)?.code ?? body.status)
  }
  expect(ends).toEqual([code, 'PAID'])
  expect(fpay.books.payments(accountNumber)).toHaveLength(1)
})

test('FP-UNKNOWN is refused when submitted; FP-SLOW stays pending until its fourth status read', async () => {
  await start({ settleDelayMs: 1, slowDelayMs: 60_000 })
  const unknown = await caller.submit(aPayout({ accountNumber: 'FP-UNKNOWN-1' }), 'balance-1:1')
  expect([unknown.status, unknown.body.code]).toEqual([404, 'ACCOUNT_NOT_FOUND'])
  const slow = await caller.submit(aPayout({ accountNumber: 'FP-SLOW-1' }), 'balance-1:1')
  const states = []
  for (let read = 0; read < 4; read += 1) states.push(await caller.status(slow.body.payoutId))
  expect(states).toEqual(['PENDING', 'PENDING', 'PENDING', 'PAID'])
})

test('FP-REVERSED is paid, then comes back: the books keep the payment and mark it returned', async () => {
  await start({ settleDelayMs: 1, reverseDelayMs: 5 })
  const made = await caller.submit(aPayout({ accountNumber: 'FP-REVERSED-1' }), 'balance-1:1')
  await tryUntil(async () => (await caller.status(made.body.payoutId)) === 'REVERSED')
  expect(fpay.books.payments()).toEqual([expect.objectContaining({ returned: true })])
  expect(fpay.books.totals()).toEqual(new Map())
})

test('each change of state is called back, signed with every secret in force, and again until accepted', async () => {
  const receiver = await startReceiver([500, 200])
  await start({ callbackSecrets: ['new', 'old'], callbackRetryDelaysMs: [5, 5] })
  await caller.submit(aPayout({ callbackUrl: `${receiver.url}/webhooks/fpay` }), 'balance-1:1')
  fpay.settleAll()
  await fpay.callbacks.idle()
  expect(fpay.callbacks.counts()).toEqual({ delivered: 2, tries: 3, givenUp: 0 })
  const seconds = time.getTime() / 1_000
  for (const { headers, raw } of receiver.received) {
    const signature = (secret: string) => createHmac('sha256', secret).update(`${seconds}.${raw}`).digest('hex')
    expect(headers['x-fpay-signature']).toBe(`t=${seconds},v1=${signature('new')},v1=${signature('old')}`)
    expect(JSON.parse(raw)).toMatchObject({ type: 'payout.updated', data: { externalReference: 'balance-1' } })
  }
  const states = receiver.received.map(({ raw }) => JSON.parse(raw).data.status)
  expect(states.sort()).toEqual(['PAID', 'PROCESSING', 'PROCESSING'])
  await receiver.stop()
})

test('callbacks can be repeated, and come late, after the one that followed', async () => {
  const receiver = await startReceiver()
  await start({ faults: { rates: {}, lateMs: 30 } })
  fpay.faults.script({ kind: 'late-callback', subject: 'balance-1' })
  fpay.faults.script({ kind: 'duplicate-callback', subject: 'balance-1' })
  await caller.submit(aPayout({ callbackUrl: receiver.url, accountNumber: 'FP-SLOW-2' }), 'balance-1:1')
  fpay.settleAll()
  await fpay.callbacks.idle()
  expect(receiver.received.map(({ raw }) => JSON.parse(raw).data.status).at(-1)).toBe('PROCESSING')
  expect(receiver.received).toHaveLength(3)
  await receiver.stop()
})

test('the request id comes back, and a caller that lost the reply finds one payout under its key', async () => {
  await start()
  fpay.faults.script({ kind: 'lost-response', route: 'POST /v1/payouts' })
  await expect(caller.submit(aPayout(), 'balance-1:1')).rejects.toThrow()
  const again = await caller.submit(aPayout(), 'balance-1:1')
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
  const { headers } = await caller.ask('/v1/payouts?externalReference=balance-1', {
    headers: { 'x-request-id': 'r-1' },
  })
  expect(headers.get('x-request-id')).toBe('r-1')
})

test('the fault of insufficient funds passes: at most two refusals per payable, at submit or at the bank', async () => {
  await start({ faults: { rates: { 'insufficient-funds': 1 } } })
  const ends: unknown[] = []
  for (let generation = 1; generation <= 3; generation += 1) {
    const made = await caller.submit(aPayout(), `balance-1:${generation}`)
    fpay.settleAll()
    ends.push(made.status === 422 ? 'refused' : await caller.status(made.body.payoutId))
  }
  expect(ends.at(-1)).toBe('PAID')
  expect(ends.slice(0, 2)).not.toContain('PAID')
  expect(fpay.books.payments()).toHaveLength(1)
})

test('the control functions speak JSON and check their input', async () => {
  await start()
  await caller.submit(aPayout(), 'balance-1:1')
  await fpay.controls.settleAll?.({})
  expect(await fpay.controls.books?.({})).toMatchObject({ totals: { CLP: '1250000' } })
  await fpay.controls.setFaults?.({ rates: { latency: 0.5 } })
  expect(() => fpay.controls.setFaults?.({ rates: { laziness: 1 } })).toThrow()
  expect(() => fpay.controls.settle?.({})).toThrow()
})

test('payouts are listed by when they were made, half-open, oldest first, page after page', async () => {
  await start()
  const ids: unknown[] = []
  for (let n = 1; n <= 5; n += 1) {
    ids.push((await caller.submit(aPayout({ externalReference: `balance-${n}` }), `balance-${n}:1`)).body.payoutId)
    laterBy(0.05)
  }
  const list = (query: object) => caller.ask(`/v1/payouts?${new URLSearchParams(query as Record<string, string>)}`)
  const window = { createdFrom: '2026-11-20T12:03:00Z', createdTo: '2026-11-20T12:12:00Z' }
  const idsOf = ({ body }: { body: Record<string, unknown> }) =>
    (body.payouts as { payoutId: string }[]).map(({ payoutId }) => payoutId)
  const first = await list({ ...window, limit: '2' })
  expect(idsOf(first)).toEqual(ids.slice(1, 3))
  const second = await list({ ...window, limit: '2', cursor: first.body.nextCursor })
  expect([idsOf(second), second.body.nextCursor]).toEqual([ids.slice(3, 4), null])
  expect((await list({ ...window, createdTo: 'tomorrow' })).status).toBe(400)
  expect((await list({ ...window, limit: '1000' })).status).toBe(400)
})

test('a bank that does twice what it was asked for once pays twice, and its books say so', async () => {
  await start()
  const { body } = await caller.submit(aPayout(), 'balance-1:1')
  fpay.makeAgain(String(body.payoutId))
  fpay.settleAll()
  expect(fpay.books.totals()).toEqual(new Map([[CLP, 2_500_000n]]))
})
