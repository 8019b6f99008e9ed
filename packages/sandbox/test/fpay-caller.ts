import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FPaySandbox } from '../src/fpay/fpay.ts'

export interface Answer {
  status: number
  headers: Headers
  body: Record<string, unknown>
}

/** Speaks FPay's wire format by hand, so that the sandbox is judged against the contract and not against a client. */
export async function callerOf(fpay: FPaySandbox) {
  const token = await takeToken(fpay)

  async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) }
    const response = await fetch(fpay.url + path, { ...init, headers })
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    }
  }

  return {
    ask,
    submit: (body: object, key: string) =>
      ask('/v1/payouts', { method: 'POST', body: JSON.stringify(body), headers: { 'idempotency-key': key } }),
    status: async (payoutId: unknown) => (await ask(`/v1/payouts/${payoutId}`)).body.status,
  }
}

export async function takeToken(fpay: FPaySandbox): Promise<unknown> {
  const { clientId, clientSecret } = fpay.credentials
  const response = await fetch(`${fpay.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
    }),
  })
  return ((await response.json()) as { access_token: unknown }).access_token
}

/** The contract's example body, with what a test cares about. */
export const aPayout = (change: object = {}): object => ({
  externalReference: 'balance-1',
  accountNumber: 'FP-000123',
  amount: { value: '1250000', currency: 'CLP' },
  country: 'CL',
  beneficiary: { taxId: '90749000-9', name: 'Tienda' },
  description: 'Seller balance 2026-11-19 CL',
  metadata: { sellerId: 'SC1A2B3' },
  ...change,
})

/** Receives callbacks; answers `statuses` in turn, then 200. */
export async function startReceiver(statuses: number[] = []) {
  const received: { headers: IncomingMessage['headers']; url: string; raw: string }[] = []
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    received.push({ headers: request.headers, url: request.url ?? '', raw: Buffer.concat(chunks).toString('utf8') })
    response.writeHead(statuses.shift() ?? 200).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
