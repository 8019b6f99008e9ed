import { createHash, createHmac } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import { type PayoneerOptions, type PayoneerSandbox, startPayoneer } from '../src/payoneer/payoneer.ts'
import { SANDBOX_CODES } from '../src/payoneer/test-payees.ts'
import { startReceiver } from './fpay-caller.ts'

let payoneer: PayoneerSandbox
let token = ''
let time: Date

beforeEach(() => {
  time = new Date('2026-11-20T12:00:00.250Z')
})
afterEach(() => payoneer.stop())

async function start(options: PayoneerOptions = {}): Promise<void> {
  payoneer = await startPayoneer({ settleDelayMs: 'by-hand', now: () => time, ...options })
  token = await takeToken()
}

async function takeToken(): Promise<string> {
  const { clientId, clientSecret } = payoneer.credentials
  const response = await fetch(payoneer.tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read write' }),
  })
  return ((await response.json()) as { access_token: string }).access_token
}

async function ask(path: string, init: RequestInit = {}) {
  const url = `${payoneer.apiUrl}/programs/${payoneer.credentials.programId}${path}`
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, ...init })
  const raw = await response.text()
  return { status: response.status, raw, body: JSON.parse(raw) as { result: Record<string, unknown> } & Refused }
}
interface Refused {
  error_details: { code: number; sub_code: number; errors?: { target: string; sub_code: number }[] }
}

const submit = (...payments: object[]) =>
  ask('/masspayouts', { method: 'POST', body: JSON.stringify({ Payments: payments }) })
const statusOf = (reference: string) => ask(`/payouts/${reference}/status`)
const aPayment = (change: object = {}): object => ({
  client_reference_id: 'seller-balance:1',
  payee_id: 'PY-001',
  amount: JSON.rawJSON('150.00'),
  currency: 'USD',
  description: 'Seller balance 2026-11-19',
  ...change,
})

test('a payment is created, pending, then transferred, and stands once in the books with its exact cents', async () => {
  await start()
  const created = await submit(aPayment({ amount: JSON.rawJSON('90071992547.41') }))
  expect([created.status, created.body.result]).toEqual([201, 'Payments Created'])
  expect((await statusOf('seller-balance:1')).body.result).toMatchObject({ status: 'Pending', payee_id: 'PY-001' })
  payoneer.settleAll()
  const paid = await statusOf('seller-balance%3A1')
  expect(paid.body.result).toMatchObject({ status: 'Transferred', load_date: time.toISOString() })
  expect(paid.raw).toContain('"amount":90071992547.41,')
  expect(payoneer.books.payments('PY-001')).toEqual([
    expect.objectContaining({ reference: 'seller-balance:1', money: money(9007199254741n, 'USD') }),
  ])
})

test('a reference is taken forever: using it again is refused and pays nothing more', async () => {
  await start()
  await submit(aPayment())
  payoneer.settleAll()
  const again = await submit(aPayment())
  expect(again.status).toBe(400)
  expect(again.body.error_details).toMatchObject({
    sub_code: SANDBOX_CODES.duplicateReference,
    errors: [{ target: 'Payments[0].client_reference_id' }],
  })
  expect(payoneer.books.payments()).toHaveLength(1)
})

test('one bad payment refuses the whole batch', async () => {
  await start()
  const good = aPayment()
  const answer = await submit(good, aPayment({ client_reference_id: 'b', currency: 'CLP' }), good)
  expect(answer.status).toBe(400)
  expect(answer.body.error_details.errors?.map(({ target }) => target)).toEqual([
    'Payments[1].currency',
    'Payments[2].client_reference_id',
  ])
  expect((await statusOf('seller-balance:1')).status).toBe(404)
})

test.each([
  { amount: 0 },
  { amount: JSON.rawJSON('1.005') },
  { amount: JSON.rawJSON('1e3') },
  { amount: -5 },
  { amount: '150.00' },
  { payee_id: 'nobody' },
  { payee_id: 'PY-UNKNOWN-1' },
  { currency: 'EUR' },
  { description: undefined },
  { client_reference_id: '' },
])('a bad payment is 400 and creates nothing: %j', async (change) => {
  await start()
  expect((await submit(aPayment(change))).status).toBe(400)
  expect(payoneer.paymentsTo('PY-001')).toEqual([])
})

test('a body that is no batch is 400', async () => {
  await start()
  for (const body of ['{', '{}', '{"Payments":[]}', '[]']) {
    expect((await ask('/masspayouts', { method: 'POST', body })).status).toBe(400)
  }
})

test('an unknown payment is 404 with sub_code 2306, and so is one that is not visible yet', async () => {
  await start({ visibleAfterMs: 60_000 })
  expect((await statusOf('nothing')).body.error_details).toEqual({ code: 404, sub_code: 2306 })
  await submit(aPayment())
  expect((await statusOf('seller-balance:1')).body.error_details.sub_code).toBe(2306)
  time = new Date(time.getTime() + 60_000)
  expect((await statusOf('seller-balance:1')).status).toBe(200)
})

test.each([
  ['PY-CLOSED-1', 30013],
  ['PY-INACTIVE-1', 10009],
  ['PY-NEWCODE-1', 99999],
])('payments to %s are cancelled with %i, each time', async (payee_id, code) => {
  await start()
  for (const client_reference_id of ['a', 'a:g2']) {
    await submit(aPayment({ payee_id, client_reference_id }))
    payoneer.settleAll()
    expect((await statusOf(client_reference_id)).body.result).toMatchObject({
      status: 'Cancelled',
      cancel_reason_code: code,
    })
  }
  expect(payoneer.books.payments()).toEqual([])
})

test('PY-NOFUNDS is cancelled once for want of funds, then paid', async () => {
  await start()
  const ends = []
  for (const client_reference_id of ['a', 'a:g2']) {
    await submit(aPayment({ payee_id: 'PY-NOFUNDS-1', client_reference_id }))
    payoneer.settleAll()
    const { result } = (await statusOf(client_reference_id)).body
    ends.push(result.cancel_reason_code ?? result.status)
  }
  expect(ends).toEqual([SANDBOX_CODES.insufficientFunds, 'Transferred'])
})

test('a program balance that is too low cancels when the payment is due, and shows in the balance call', async () => {
  await start()
  payoneer.setBalance(14_999n)
  expect((await ask('/balance')).raw).toContain('"balance":149.99')
  await submit(aPayment())
  payoneer.settleAll()
  expect((await statusOf('seller-balance:1')).body.result.cancel_reason_code).toBe(SANDBOX_CODES.insufficientFunds)
  payoneer.setBalance(15_000n)
  await submit(aPayment({ client_reference_id: 'seller-balance:1:g2' }))
  payoneer.settleAll()
  expect((await ask('/balance')).body.result).toEqual({ balance: 0, currency: 'USD' })
})

test('PY-PENDING waits until its payee is approved; PY-SLOW until its fourth status read', async () => {
  await start({ settleDelayMs: 1, slowDelayMs: 60_000 })
  await submit(aPayment({ payee_id: 'PY-PENDING-1' }), aPayment({ payee_id: 'PY-SLOW-1', client_reference_id: 'slow' }))
  const states = []
  for (let read = 0; read < 4; read += 1) states.push((await statusOf('slow')).body.result.status)
  expect(states).toEqual(['Pending', 'Pending', 'Pending', 'Transferred'])
  expect((await statusOf('seller-balance:1')).body.result.status).toBe('Pending Payee')
  payoneer.approvePayee('PY-PENDING-1')
  payoneer.settle('seller-balance:1')
  expect((await statusOf('seller-balance:1')).body.result.status).toBe('Transferred')
})

test('a payee is pending, active or inactive', async () => {
  await start()
  const typeOf = async (payee: string) => (await ask(`/payees/${payee}/status`)).body.result?.status
  expect(await typeOf('PY-1')).toEqual({ type: 1, description: 'ACTIVE' })
  expect(await typeOf('PY-PENDING-1')).toEqual({ type: 0, description: 'PENDING' })
  expect(await typeOf('PY-INACTIVE-1')).toEqual({ type: 99, description: 'INACTIVE' })
  expect((await ask('/payees/nobody/status')).status).toBe(404)
})

test('a pending payment can be cancelled, in its own time; one that was transferred cannot', async () => {
  await start()
  await submit(aPayment())
  const cancel = () => ask('/payouts/seller-balance:1/cancel', { method: 'PUT' })
  expect((await cancel()).body.result).toBe('Cancel request received')
  expect((await statusOf('seller-balance:1')).body.result.status).toBe('Pending')
  payoneer.settleAll()
  expect((await statusOf('seller-balance:1')).body.result).toMatchObject({
    status: 'Cancelled',
    cancel_reason_code: SANDBOX_CODES.cancelledByClient,
  })
  expect((await cancel()).status).toBe(400)
  expect(payoneer.books.payments()).toEqual([])
})

test('no token, a revoked one and another program are refused; JSON credentials are accepted too', async () => {
  await start()
  expect((await ask('/balance', { headers: {} })).status).toBe(401)
  const elsewhere = await fetch(`${payoneer.apiUrl}/programs/1/balance`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(elsewhere.status).toBe(403)
  payoneer.revokeTokens()
  expect((await ask('/balance')).status).toBe(401)
  const { clientId, clientSecret } = payoneer.credentials
  const asJson = (client_secret: string) =>
    fetch(payoneer.tokenUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type: 'client_credentials', client_id: clientId, client_secret }),
    })
  expect((await asJson(clientSecret)).status).toBe(200)
  expect((await asJson('wrong')).status).toBe(401)
})

test('notifications go to one URL per event, signed over method, sorted lower-case URL, time, nonce and body', async () => {
  const receiver = await startReceiver([503])
  const url = `${receiver.url}/Webhooks/payoneer/cancel?b=2&A=1`
  await start({ ipcnUrls: { 'cancel-payout': url }, ipcnValues: 'url-encoded', callbackRetryDelaysMs: [5] })
  await submit(aPayment({ payee_id: 'PY-INACTIVE-1' }))
  payoneer.settleAll()
  await payoneer.callbacks.idle()
  expect(receiver.received).toHaveLength(2)

  const nonces = receiver.received.map(({ headers, raw }) => {
    const [, app, signature, nonce, timestamp] = /^hmacauth ([^:]+):([^:]+):([^:]+):(\d+)$/.exec(
      headers.authorization ?? '',
    ) as unknown as string[]
    const canonical = encodeURIComponent(`${receiver.url}/webhooks/payoneer/cancel?a=1&b=2`).toLowerCase()
    const digest = createHash('md5').update(raw).digest('base64')
    const text = `Webhook-IPCNSender-sandboxPOST${canonical}${timestamp}${nonce}${digest}`
    const { ipcnSecret } = payoneer.credentials
    expect(signature).toBe(createHmac('sha256', ipcnSecret).update(text).digest('base64'))
    expect([app, timestamp]).toEqual(['Webhook-IPCNSender-sandbox', '1795176000'])
    return nonce
  })
  expect(new Set(nonces).size).toBe(2)
  expect(JSON.parse(receiver.received[0]?.raw ?? '')).toMatchObject({
    'Payee Id': 'PY-INACTIVE-1',
    IntPaymentId: 'seller-balance%3a1',
    'Reason Code': '10009',
    'Reason Description': 'Payee+is+inactive',
    'Payment Amount': '150.00',
    'Canceled Payment Date': '2026-11-20T12%3a00%3a00Z',
  })
  await receiver.stop()
})

test('a transferred payment is told of as accepted, loaded and sent to the bank; a repeat tells it again', async () => {
  const receiver = await startReceiver()
  await start()
  payoneer.setIpcnUrls({
    'payment-request-accepted': `${receiver.url}/accepted`,
    'account-loaded': `${receiver.url}/loaded`,
    'sent-to-bank': `${receiver.url}/bank`,
    'payee-approved': `${receiver.url}/approved`,
  })
  payoneer.approvePayee('PY-001')
  await submit(aPayment())
  payoneer.settleAll()
  payoneer.repeatNotification('seller-balance:1')
  await payoneer.callbacks.idle()
  const urls = receiver.received.map(({ url }) => url).sort()
  expect(urls).toEqual(['/accepted', '/approved', '/bank', '/bank', '/loaded', '/loaded'])
  await receiver.stop()
})

test('the control functions speak JSON and check their input', async () => {
  await start()
  await payoneer.controls.setBalance?.({ amount: '150.00', currency: 'USD' })
  await submit(aPayment())
  await payoneer.controls.settleAll?.({})
  expect(await payoneer.controls.books?.({})).toMatchObject({ totals: { USD: '150.00' } })
  expect(() => payoneer.controls.setIpcnUrls?.({ 'made-up': 'http://localhost' })).toThrow()
  expect(() => payoneer.settle('nothing')).toThrow('no payment nothing')
})
