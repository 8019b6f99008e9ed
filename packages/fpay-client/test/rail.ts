import { afterEach } from '@jest/globals'
import { money } from '@remesa/domain/money'
import type { PaymentInstruction } from '@remesa/domain/rail'
import { type Received, type Reply, startAnswering } from '@remesa/provider-http/testing/answering'
import { createFPayRail } from '../src/fpay-client.ts'

export const instruction: PaymentInstruction = {
  payableId: '7b1e',
  idempotencyKey: 'seller-balance:7b1e',
  generation: 1,
  money: money(1_250_000n, 'CLP'),
  destination: 'FP-000123',
  country: 'CL',
  beneficiary: { name: 'Comercial Uno', taxId: '90749000-9' },
  description: 'Seller balance 2026-11-19 CL',
  payeeId: 'SC1A2B3',
}
export const second: PaymentInstruction = { ...instruction, idempotencyKey: 'seller-balance:7b1e:g2', generation: 2 }

export const payout = {
  payoutId: 'fpo_1',
  externalReference: '7b1e',
  status: 'PENDING',
  amount: { value: '1250000', currency: 'CLP' },
  accountNumber: 'FP-000123',
  createdAt: '2026-11-20T09:00:00.000Z',
  estimatedSettlementAt: '2026-11-21T09:00:00.000Z',
  reason: null as { code: string } | null,
}
export const rejected = { ...payout, status: 'REJECTED', reason: { code: 'ACCOUNT_CLOSED' } }

/** Closed after each test. */
export const running: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close()
})

/** A rail against a server that grants tokens and answers the rest as told. */
export async function railAnswered(answer: (request: Received) => Reply | 'hang up', timeoutMs = 2_000) {
  let tokens = 0
  const server = await startAnswering((request) => {
    if (request.target !== '/oauth/token') return answer(request)
    tokens += 1
    return { status: 200, body: { access_token: `token-${tokens}`, token_type: 'Bearer', expires_in: 1800 } }
  })
  const rail = createFPayRail({
    baseUrl: server.url,
    clientId: 'remesa',
    clientSecret: 'a+b/c',
    callbackUrl: 'https://pay.example.com/webhooks/fpay',
    timeoutMs,
    maxConcurrent: 4,
    now: () => new Date('2026-11-21T12:00:00Z'),
  })
  running.push(server, rail)
  return { rail, calls: () => server.received.filter(({ target }) => target !== '/oauth/token'), server }
}

export const refused = (code: string) => ({ code, message: 'for people' })
