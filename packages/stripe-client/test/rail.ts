import { afterEach } from '@jest/globals'
import { money } from '@remesa/domain/money'
import type { PaymentInstruction } from '@remesa/domain/rail'
import { type Received, type Reply, startAnswering, type Trouble } from '@remesa/provider-http/testing/answering'
import type { StripeOptions } from '../src/stripe-connection.ts'
import { createStripeRail } from '../src/stripe-rail.ts'

export const instruction: PaymentInstruction = {
  payableId: 'b7c0',
  idempotencyKey: 'payout:b7c0',
  generation: 1,
  money: money(125_000n, 'USD'),
  destination: 'acct_1A',
  country: 'US',
  beneficiary: { name: 'Winner One', taxId: '' },
  description: 'Contest 17, prize',
  payeeId: 'user-9',
}
export const second: PaymentInstruction = { ...instruction, idempotencyKey: 'payout:b7c0:g2', generation: 2 }

/** Facts: stripe §12. */
export const transfer = {
  id: 'tr_1A',
  object: 'transfer',
  amount: 125_000,
  amount_reversed: 0,
  balance_transaction: 'txn_1A',
  created: 1_795_242_756,
  currency: 'usd',
  description: 'Contest 17, prize',
  destination: 'acct_1A',
  destination_payment: 'py_1A',
  livemode: false,
  metadata: { transfer_id: 'b7c0', payee_id: 'user-9', generation: '1' } as Record<string, string>,
  reversals: { object: 'list', data: [], has_more: false, url: '/v1/transfers/tr_1A/reversals' },
  reversed: false,
  source_transaction: null,
  source_type: 'card',
  transfer_group: 'b7c0' as string | null,
}
export const paidAt = new Date(1_795_242_756_000)

export const refusal = (type: string, code?: string, more: object = {}) => ({
  error: { type, ...(code !== undefined && { code }), message: 'for people', ...more },
})

/** Closed after each test. */
export const running: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close()
})

/** What the rail wants of `http://host:port`. */
export function apiBaseOf(url: string): NonNullable<StripeOptions['apiBase']> {
  const { hostname: host, port } = new URL(url)
  return { host, port: Number(port), protocol: 'http' }
}

/** A rail against a server that answers as told. */
export async function railAnswered(
  answer: (request: Received) => Reply | Trouble,
  options: Partial<StripeOptions> = {},
) {
  const server = await startAnswering(answer)
  const rail = createStripeRail({
    secretKey: 'sk_test_1',
    apiBase: apiBaseOf(server.url),
    timeoutMs: 2_000,
    rate: { perSecond: 1_000, concurrent: 10 },
    ...options,
  })
  running.push(server, rail)
  return { rail, calls: server.received, server }
}
