import { createHash, createHmac, randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import type { DataOf } from '@remesa/messaging/topic'
import { webhookServer } from '../src/server.ts'
import { type CallbackTaker, callbackTaker } from '../src/take-callbacks.ts'

export const FPAY_SECRETS = ['fpay-sandbox-callback-secret', 'the secret that is being rotated in'] as const
export const STRIPE_SECRETS = ['whsec_remesaSandbox', 'whsec_of another endpoint'] as const
const PAYONEER_SECRET = 'payoneer-sandbox-ipcn-secret'

/** The public edge on a port of its own, its database, and providers that know its address. */
export interface Edge {
  readonly world: World
  readonly url: string
  post(path: string, body: string | Buffer, headers?: Record<string, string>): Promise<Response>
  fpay(body: string, signature?: Parameters<typeof fpaySignature>[1]): Promise<Response>
  payoneer(body: string, changes?: Parameters<typeof hmacauth>[1]): Promise<Response>
  stripe(body: string, signature?: Parameters<typeof stripeSignature>[1]): Promise<Response>
  /** What reached the banks' topic since it was asked last. */
  taken(): Promise<readonly object[]>
  /** What reached Stripe's topic since it was asked last. */
  stripeEvents(): Promise<readonly DataOf<typeof topics.stripeEvent>[]>
  stop(): Promise<void>
}

export async function anEdge({ requestsPerMinute = 30_000, proxyHops = 0 } = {}): Promise<Edge> {
  let taker: CallbackTaker | undefined
  const theTaker = (): CallbackTaker => {
    if (!taker) throw new Error('the world is not there yet')
    return taker
  }
  // The address must be known before the world is made, for its rail sends it with every payout.
  const server = await webhookServer(
    {
      fpay: (callback) => theTaker().fpay(callback),
      payoneer: (callback) => theTaker().payoneer(callback),
      stripe: (callback) => theTaker().stripe(callback),
    },
    { requestsPerMinute, proxyHops },
    { error: () => {} },
  )
  await server.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`
  const world = await startWorld({ env: { FPAY_CALLBACK_URL: `${url}/webhooks/fpay` } })
  world.stopWith(() => server.close())
  taker = callbackTaker({
    database: world.database,
    fpaySecrets: FPAY_SECRETS,
    payoneerSecret: PAYONEER_SECRET,
    stripeSecrets: STRIPE_SECRETS,
    publicUrl: url,
    now: world.now,
    nudge: () => {},
    logger: world.logger,
  })
  const post: Edge['post'] = (path, body, headers = {}) => fetch(url + path, { method: 'POST', body, headers })
  return {
    world,
    url,
    post,
    fpay: (body, signature) =>
      post('/webhooks/fpay', body, {
        'content-type': 'application/json',
        'x-fpay-signature': fpaySignature(body, signature),
      }),
    payoneer: (body, changes) =>
      post('/webhooks/payoneer', body, {
        authorization: hmacauth(body, { url: `${url}/webhooks/payoneer`, ...changes }),
      }),
    stripe: (body, signature) =>
      post('/webhooks/stripe', body, {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': stripeSignature(body, signature),
      }),
    stripeEvents: async () => (await world.take(topics.stripeEvent)).map(({ data }) => data),
    taken: async () => (await world.take(topics.bankPaymentEvent)).map(({ data }) => data),
    stop: () => world.stop(),
  }
}

/** By the contract (facts: marketplace §4.3), with no code of ours. */
export function fpaySignature(body: string, { secret = FPAY_SECRETS[0] as string, ageSeconds = 0 } = {}): string {
  const t = Math.floor(Date.now() / 1000) - ageSeconds
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`
}

/** By Stripe's documents (facts: stripe §9), with no code of ours. */
export function stripeSignature(
  body: string,
  { secrets = [STRIPE_SECRETS[0]] as readonly string[], ageSeconds = 0 } = {},
): string {
  const t = Math.floor(Date.now() / 1000) - ageSeconds
  const signatures = secrets.map((secret) => `v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`)
  return [`t=${t}`, ...signatures, `v0=${'0'.repeat(64)}`].join(',')
}

/** An event as Stripe sends it. */
export const aStripeEvent = (changes: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    id: `evt_${randomUUID()}`,
    object: 'event',
    account: 'acct_1',
    api_version: '2026-10-28.endive',
    created: 1_795_242_760,
    type: 'account.updated',
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    data: { object: { id: 'acct_1', object: 'account', payouts_enabled: true }, previous_attributes: {} },
    ...changes,
  })

/** By Payoneer's documents (facts: marketplace §5), with no code of ours. */
function hmacauth(
  body: string,
  { url = '', secret = PAYONEER_SECRET, nonce = randomUUID().replaceAll('-', ''), ageSeconds = 0 } = {},
): string {
  const appName = 'Webhook-IPCNSender-sandbox'
  const t = Math.floor(Date.now() / 1000) - ageSeconds
  const md5 = createHash('md5').update(body).digest('base64')
  const signed = `${appName}POST${encodeURIComponent(url.toLowerCase()).toLowerCase()}${t}${nonce}${md5}`
  return `hmacauth ${appName}:${createHmac('sha256', secret).update(signed).digest('base64')}:${nonce}:${t}`
}

/** A payout's callback as FPay sends it. */
export const aPayoutUpdate = (changes: { eventId?: string; payoutId?: string; status?: string } = {}): string =>
  JSON.stringify({
    eventId: changes.eventId ?? randomUUID(),
    type: 'payout.updated',
    createdAt: '2026-11-20T09:59:59.000Z',
    data: {
      payoutId: changes.payoutId ?? 'fpo_1',
      externalReference: '7b1e',
      status: changes.status ?? 'PAID',
      amount: { value: '1250000', currency: 'CLP' },
      accountNumber: 'FP-000123',
      createdAt: '2026-11-20T09:00:00.000Z',
      reason: null,
    },
  })

export const aCancelledPayment = (reference: string): string =>
  JSON.stringify({
    'Payee Id': 'PY-1',
    IntPaymentId: reference,
    'Reason Code': '10009',
    'Canceled Payment Date': '2026-11-20',
  })
