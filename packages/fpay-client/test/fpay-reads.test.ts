import { afterEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import type { PaymentInstruction } from '@remesa/domain/rail'
import type { ProviderPayment } from '@remesa/domain/rail-reconciliation'
import { type Received, type Reply, startAnswering } from '@remesa/provider-http/testing/answering'
import { startFPay } from '@remesa/sandbox/fpay'
import { createFPayRail } from '../src/fpay-client.ts'
import { createFPayReads } from '../src/fpay-reads.ts'
import { instruction, payout } from './rail.ts'

const running: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close()
})
const retry = { tries: 4, firstMs: 1, maxMs: 20 }
const window = { from: new Date('2026-11-20T00:00:00Z'), to: new Date('2026-11-21T00:00:00Z') }

async function all(pages: AsyncIterable<readonly ProviderPayment[]>) {
  const sizes: number[] = []
  const payments: ProviderPayment[] = []
  for await (const page of pages) {
    sizes.push(page.length)
    payments.push(...page)
  }
  return { sizes, payments }
}

/** FPay's sandbox with a clock, a rail that pays there, and its books as our client reads them. */
async function aBank() {
  const clock = { now: new Date('2026-11-20T00:00:00Z') }
  const fpay = await startFPay({ settleDelayMs: 'by-hand', now: () => clock.now })
  const connection = { baseUrl: fpay.url, ...fpay.credentials, timeoutMs: 5_000, maxConcurrent: 4 }
  const rail = createFPayRail({ ...connection, callbackUrl: 'http://127.0.0.1:9/never' })
  const reads = createFPayReads({ ...connection, retry })
  running.push({ close: () => fpay.stop() }, rail, reads)
  async function pay(payableId: string, at: string, change: Partial<PaymentInstruction> = {}): Promise<string> {
    clock.now = new Date(at)
    const idempotencyKey = `seller-balance:${payableId}`
    const outcome = await rail.pay({ ...instruction, payableId, idempotencyKey, ...change })
    if (outcome.kind !== 'accepted') throw new Error(`${payableId}: ${outcome.kind}`)
    return outcome.reference
  }
  return { fpay, reads, pay, clock }
}

test('a window has the payouts made from its first instant to before its last, each as it stands now', async () => {
  const { fpay, reads, pay, clock } = await aBank()
  await pay('before', '2026-11-19T23:59:59.999Z')
  const first = await pay('first', '2026-11-20T00:00:00Z')
  const back = await pay('back', '2026-11-20T10:00:00Z')
  const refused = await pay('refused', '2026-11-20T11:00:00Z')
  const open = await pay('open', '2026-11-20T23:59:59.999Z')
  await pay('after', '2026-11-21T00:00:00Z')
  clock.now = new Date('2026-11-21T01:00:00Z')
  fpay.cancel(refused)
  fpay.settle(first)
  fpay.settle(back)
  fpay.reverse(back)
  const { payments } = await all(reads.listPayouts(window))
  const changedAt = clock.now
  const CLP = money(1_250_000n, 'CLP')
  const of = (payableId: string) => ({ key: `seller-balance:${payableId}`, payableId, money: CLP, takenBack: 0n })
  expect(payments).toEqual([
    { reference: first, ...of('first'), state: 'paid', at: new Date('2026-11-20T00:00:00Z'), changedAt },
    {
      reference: back,
      ...of('back'),
      state: 'paid',
      takenBack: 1_250_000n,
      at: new Date('2026-11-20T10:00:00Z'),
      changedAt,
    },
    { reference: refused, ...of('refused'), state: 'rejected', at: new Date('2026-11-20T11:00:00Z'), changedAt },
    {
      reference: open,
      ...of('open'),
      state: 'pending',
      at: new Date('2026-11-20T23:59:59.999Z'),
      changedAt: new Date('2026-11-20T23:59:59.999Z'),
    },
  ])
})

test('every payout comes once, in pages of a hundred, while FPay fails and loses answers', async () => {
  const { fpay, reads, pay } = await aBank()
  const ids: string[] = []
  for (let n = 0; n < 250; n += 1) ids.push(await pay(`p${n}`, '2026-11-20T12:00:00Z'))
  fpay.setFaults({ seed: 7, perSubject: 1, rates: { 'error-before': 0.5, 'lost-response': 0.5 } })
  const { payments, sizes } = await all(reads.listPayouts(window))
  expect(payments.map(({ reference }) => reference)).toEqual(ids)
  expect(sizes).toEqual([100, 100, 50])
})

test('a window without payouts is one empty page', async () => {
  const { reads } = await aBank()
  expect(await all(reads.listPayouts(window))).toEqual({ sizes: [0], payments: [] })
})

test('what the bank did twice shows twice', async () => {
  const { fpay, reads, pay } = await aBank()
  const once = await pay('one', '2026-11-20T12:00:00Z')
  const twice = fpay.makeAgain(once)
  const { payments } = await all(reads.listPayouts(window))
  expect(payments.map(({ reference, payableId }) => [reference, payableId])).toEqual([
    [once, 'one'],
    [twice, 'one'],
  ])
})

async function readsAnswered(answer: (request: Received) => Reply | 'hang up') {
  const server = await startAnswering((request) => {
    if (request.target !== '/oauth/token') return answer(request)
    return { status: 200, body: { access_token: 'token', token_type: 'Bearer', expires_in: 1800 } }
  })
  const credentials = { clientId: 'remesa', clientSecret: 'secret' }
  const reads = createFPayReads({ baseUrl: server.url, ...credentials, timeoutMs: 2_000, maxConcurrent: 2, retry })
  running.push(server, reads)
  return { reads, asked: () => server.received.filter(({ target }) => target !== '/oauth/token') }
}
const page = (payouts: readonly object[], nextCursor: string | null = null): Reply => ({
  status: 200,
  body: { payouts, nextCursor },
})

test('an amount that is none is told as no amount, not as an error and not as zero', async () => {
  const amounts = [
    { value: '12.5', currency: 'CLP' },
    { value: '12', currency: 'XXX' },
  ]
  const { reads } = await readsAnswered(() => page(amounts.map((amount) => ({ ...payout, amount }))))
  const { payments } = await all(reads.listPayouts(window))
  expect(payments.map((payment) => payment.money)).toEqual([undefined, undefined])
})

test.each<[string, Reply | 'hang up', object]>([
  ['a 403', { status: 403, body: { code: 'MERCHANT_NOT_ALLOWED' } }, { kind: 'unavailable', credentials: true }],
  ['a 400', { status: 400, body: { code: 'INVALID_PARAMETER' } }, { kind: 'refused', code: 'INVALID_PARAMETER' }],
  ['a 500 each time', { status: 500 }, { kind: 'unavailable', status: 500 }],
  ['a broken connection', 'hang up', { kind: 'unavailable', status: 0 }],
  ['something else', { status: 200, body: { payouts: {} } }, { kind: 'garbled' }],
  ['a page without the word whether there is more', { status: 200, body: { payouts: [] } }, { kind: 'garbled' }],
  ['another day', page([{ ...payout, createdAt: '2026-11-21T00:00:00Z' }]), { kind: 'garbled' }],
])('a list answered with %s ends in one error', async (_, reply, error) => {
  const { reads } = await readsAnswered(() => reply)
  await expect(all(reads.listPayouts(window))).rejects.toMatchObject({ provider: 'fpay', ...error })
})

test('a page that leads to itself ends in an error', async () => {
  const { reads, asked } = await readsAnswered(() => page([payout], 'same'))
  await expect(all(reads.listPayouts(window))).rejects.toMatchObject({ kind: 'garbled', code: 'page_not_as_asked' })
  expect(asked().length).toBeLessThan(8)
})
