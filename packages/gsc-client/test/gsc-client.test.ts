import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import { createAccessTokens } from '@remesa/provider-http/access-token'
import { createGscClient, type GscClientOptions } from '../src/gsc-client.ts'
import type { PaymentNotification } from '../src/payment-notification.ts'

interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  /** Sent as JSON, unless it is text. */
  readonly body?: unknown
}
interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: Record<string, unknown>
  readonly body: unknown
}

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close()
})

/** A seller centre that gives these answers in turn, the last one again and again; `lost` breaks the connection. */
async function gscThatAnswers(answers: readonly (Answer | 'lost')[], options: Partial<GscClientOptions> = {}) {
  const asked: Asked[] = []
  const server = createServer(async ({ method, url, headers, socket }, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of response.req) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    asked.push({ method, url, headers, body: text && JSON.parse(text) })
    const answer = answers[Math.min(asked.length, answers.length) - 1]
    if (answer === undefined || answer === 'lost') return socket.destroy()
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
    return response.writeHead(answer.status, answer.headers).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = createGscClient({ baseUrl, token: 'secret', retry: { tries: 3, firstMs: 1, maxMs: 10 }, ...options })
  closing.push(client.close)
  return { client, asked }
}

const A_SELLER = {
  sellerId: 'SC1A2B3',
  legalName: 'Comercial Ejemplo SpA',
  tradeName: 'Ejemplo',
  taxId: { type: 'RUT', value: '76192083-9' },
  email: 'pagos@example.com',
  phone: null,
  country: 'CL',
  operationType: 'local',
  sellerType: '3P',
  countries: { cl: { currency: 'CLP', enabled: true }, pe: { currency: 'USD', enabled: false } },
  payment: { provider: 'FPAY', accountNumber: 'FP-000123', payeeId: null },
  status: 'ACTIVE',
  version: 17,
  updatedAt: '2026-11-20T14:03:11.512Z',
  somethingNew: { nested: true },
}

test('a seller comes in our words, and what GSC adds is ignored', async () => {
  const { client, asked } = await gscThatAnswers([{ status: 200, body: A_SELLER }])
  expect(await client.getSeller('SC1A2B3')).toEqual({
    gscSellerId: 'SC1A2B3',
    legalName: 'Comercial Ejemplo SpA',
    taxId: '76192083-9',
    email: 'pagos@example.com',
    phone: null,
    operationType: 'local',
    type: '3P',
    status: 'active',
    countries: [
      { country: 'cl', currency: 'CLP', enabled: true },
      { country: 'pe', currency: 'USD', enabled: false },
    ],
    fpayId: 'FP-000123',
    payoneerPayeeId: null,
  })
  expect(asked).toMatchObject([
    { method: 'GET', url: '/v2/sellers/SC1A2B3', headers: { authorization: 'Bearer secret' } },
  ])
})

test('a seller without e-mail, phone and account is a seller', async () => {
  const { email, phone, ...rest } = A_SELLER
  const payment = { provider: 'PAYONEER' }
  const { client } = await gscThatAnswers([{ status: 200, body: { ...rest, payment, status: 'SUSPENDED' } }])
  expect(await client.getSeller('SC1A2B3')).toMatchObject({
    ...{ email: null, phone: null, fpayId: null, payoneerPayeeId: null, status: 'suspended' },
  })
})

test('a seller id cannot lead to another path', async () => {
  const { client, asked } = await gscThatAnswers([{ status: 404, body: { code: 'SELLER_NOT_FOUND' } }])
  expect(await client.getSeller('../x?y')).toBe('not-found')
  expect(asked[0]?.url).toBe('/v2/sellers/..%2Fx%3Fy')
})

test('a seller that GSC garbles is refused with the path, never with a value', async () => {
  const garbled: [unknown, RegExp][] = [
    [{ ...A_SELLER, sellerType: 'private-4P' }, /sellerType: .*expected/],
    [
      { ...A_SELLER, countries: { cl: { currency: 'CLF', enabled: true } } },
      /countries\.cl\.currency: expected a payable/,
    ],
    [{ ...A_SELLER, taxId: { value: '' } }, /taxId\.value/],
    [{ ...A_SELLER, sellerId: 'SC-OTHER' }, /another_seller/],
    ['<html>maintenance</html>', /body: .*expected object, received string/],
  ]
  for (const [body, message] of garbled) {
    const { client, asked } = await gscThatAnswers([{ status: 200, body }])
    const reading = client.getSeller('SC1A2B3')
    await expect(reading).rejects.toMatchObject({
      kind: 'garbled',
      provider: 'gsc',
      message: expect.stringMatching(message),
    })
    await expect(reading).rejects.not.toThrow(/private-4P|76192083|maintenance/)
    expect(asked).toHaveLength(3)
  }
})

test('what passes is tried again: no answer, overload, a server error', async () => {
  for (const trouble of ['lost', { status: 429, headers: { 'retry-after': '0' } }, { status: 503 }] as const) {
    const { client, asked } = await gscThatAnswers([trouble, { status: 200, body: A_SELLER }])
    expect(await client.getSeller('SC1A2B3')).toMatchObject({ gscSellerId: 'SC1A2B3' })
    expect(asked).toHaveLength(2)
    const { client: other } = await gscThatAnswers([trouble])
    await expect(other.getSeller('SC1A2B3')).rejects.toMatchObject({ kind: 'unavailable', credentials: false })
  }
})

test('a 404 that is not GSC speaking is no missing seller', async () => {
  const { client } = await gscThatAnswers([{ status: 404, body: 'no such page' }])
  await expect(client.getSeller('SC1A2B3')).rejects.toMatchObject({ kind: 'garbled', status: 404 })
})

test('a refused token is our credentials at fault, and is not tried again', async () => {
  for (const status of [401, 403]) {
    const { client, asked } = await gscThatAnswers([{ status, body: { code: 'FORBIDDEN' } }])
    await expect(client.getSeller('SC1A2B3')).rejects.toMatchObject({ kind: 'unavailable', credentials: true, status })
    expect(asked).toHaveLength(1)
  }
})

test('a token that can be renewed is renewed once after a 401', async () => {
  let minted = 0
  const token = createAccessTokens({ fetchToken: async () => ({ token: `t${++minted}`, lifeMs: 60_000 }) })
  const { client, asked } = await gscThatAnswers([{ status: 401 }, { status: 200, body: A_SELLER }], { token })
  await client.getSeller('SC1A2B3')
  expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1', 'Bearer t2'])
})

const PAID: PaymentNotification = {
  gscSellerId: 'SC1A2B3',
  country: 'cl',
  money: money(1_250_000n, 'CLP'),
  rail: 'fpay',
  providerReference: 'fpo_1',
  result: { status: 'PAID', paidAt: new Date('2026-11-20T14:00:00Z') },
}

test('a payment is told in the words of the contract, amounts with exactly the decimals of the currency', async () => {
  const { client, asked } = await gscThatAnswers([
    { status: 201, body: { settlementId: 'st/1' } },
    { status: 201, body: { settlementId: 'st2' } },
  ])
  expect(await client.notifySettlementPayment('st/1', 'b1:PAID', PAID)).toBe('notified')
  const rejected = {
    ...PAID,
    money: money(1050n, 'USD'),
    result: { status: 'REJECTED', reasonCode: 'ACCOUNT_CLOSED' } as const,
  }
  expect(await client.notifySettlementPayment('st2', 'b2:REJECTED', rejected)).toBe('notified')
  const common = { sellerId: 'SC1A2B3', country: 'CL', provider: 'FPAY', providerReference: 'fpo_1' }
  expect(asked).toMatchObject([
    {
      method: 'POST',
      url: '/v2/settlements/st%2F1/payments',
      headers: { 'idempotency-key': 'b1:PAID', authorization: 'Bearer secret' },
      body: {
        ...{ ...common, currency: 'CLP', amount: '1250000', status: 'PAID' },
        ...{ paidAt: '2026-11-20T14:00:00.000Z', reasonCode: null },
      },
    },
    {
      body: {
        ...common,
        currency: 'USD',
        amount: '10.50',
        status: 'REJECTED',
        paidAt: null,
        reasonCode: 'ACCOUNT_CLOSED',
      },
    },
  ])
})

test('every answer to a notification has one meaning', async () => {
  const tell = async (...answers: Answer[]) => {
    const { client } = await gscThatAnswers(answers)
    return client.notifySettlementPayment('st1', 'b1:PAID', PAID).catch((error) => ({ kind: error.kind }))
  }
  const accepted = { settlementId: 'st1', status: 'PAID' }
  expect(await tell({ status: 200, body: accepted })).toBe('notified')
  expect(await tell({ status: 409, body: { code: 'ALREADY_NOTIFIED' } })).toBe('already_notified')
  expect(await tell({ status: 409, body: { code: 'IN_PROGRESS' } }, { status: 201, body: accepted })).toBe('notified')
  expect(await tell({ status: 404, body: { code: 'SETTLEMENT_NOT_FOUND' } })).toEqual({
    refused: 'SETTLEMENT_NOT_FOUND',
  })
  expect(await tell({ status: 422, body: { code: 'AMOUNT_MISMATCH' } })).toEqual({ refused: 'AMOUNT_MISMATCH' })
  expect(await tell({ status: 400, body: { code: 'SOMETHING_NEW' } })).toEqual({ refused: 'SOMETHING_NEW' })
  expect(await tell({ status: 404, body: 'no such page' })).toEqual({ kind: 'garbled' })
  expect(await tell({ status: 302, headers: { location: '/' } })).toEqual({ kind: 'garbled' })
  expect(await tell({ status: 500 })).toEqual({ kind: 'unavailable' })
  expect(await tell({ status: 401 })).toEqual({ kind: 'unavailable' })
})

test('a success that is not GSC speaking is no success: a page of a proxy, an answer about something else', async () => {
  for (const body of ['<html>', '', '[]', { unexpected: true }, { settlementId: 'another' }]) {
    const { client } = await gscThatAnswers([{ status: 200, body }])
    await expect(client.notifySettlementPayment('st1', 'b1:PAID', PAID)).rejects.toMatchObject({ kind: 'garbled' })
    const { client: once } = await gscThatAnswers([
      { status: 200, body },
      { status: 409, body: { code: 'ALREADY_NOTIFIED' } },
    ])
    expect(await once.notifySettlementPayment('st1', 'b1:PAID', PAID)).toBe('already_notified')
  }
})

test('a notification whose answer was lost is sent again with its key', async () => {
  const { client, asked } = await gscThatAnswers(['lost', { status: 409, body: { code: 'ALREADY_NOTIFIED' } }])
  expect(await client.notifySettlementPayment('st1', 'b1:PAID', PAID)).toBe('already_notified')
  expect(asked.map(({ headers }) => headers['idempotency-key'])).toEqual(['b1:PAID', 'b1:PAID'])
})
