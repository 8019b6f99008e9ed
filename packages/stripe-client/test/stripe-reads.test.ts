import { createServer } from 'node:http'
import { expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { type StripeSandbox, startStripe } from '@remesa/sandbox/stripe'
import { createStripeReads, type StripeReads } from '../src/stripe-reads.ts'
import { apiBaseOf, running } from './rail.ts'

const NOON = Date.parse('2026-11-20T12:00:00Z')
const at = (second: number) => new Date(NOON + second * 1_000)
const DAY = { from: at(-86_400), to: at(86_400) }

async function startWorld(options: Parameters<typeof startStripe>[0] = {}, perSecond = 1_000) {
  const stripe = await startStripe(options)
  const reads = createStripeReads({
    secretKey: stripe.credentials.apiKey,
    apiBase: apiBaseOf(stripe.url),
    timeoutMs: 2_000,
    rate: { perSecond, concurrent: 10 },
  })
  running.push({ close: () => stripe.stop() }, reads)
  return { stripe, payments: stripe.payments, reads }
}

function load({ payments }: StripeSandbox, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) =>
    payments.load({ paymentId: `pi_${index}`, money: money(100n, 'USD'), created: at(index) }, 'quietly'),
  )
}

async function all<Row>(pages: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> {
  const rows: Row[] = []
  for await (const page of pages) rows.push(...page)
  return rows
}

const idsOf = async (pages: ReturnType<StripeReads['listCharges']>) =>
  (await all(pages)).map(({ paymentId }) => paymentId)

test('every charge of a span of time comes once, newest first, the first second of it included and the last not', async () => {
  const { stripe, reads } = await startWorld()
  const ids = load(stripe, 350)
  expect(await idsOf(reads.listCharges({ from: at(20), to: at(330) }))).toEqual(ids.slice(20, 330).toReversed())
  expect(stripe.calls()['GET /v1/charges']).toBe(4)
  // Bounds within a second: what was made in that second was made before them.
  expect(await idsOf(reads.listCharges({ from: new Date(NOON + 20_001), to: new Date(NOON + 22_500) }))).toEqual([
    'pi_22',
    'pi_21',
  ])
  expect(await idsOf(reads.listCharges({ from: at(400), to: at(500) }))).toEqual([])
})

test('a charge is told in our words: what was captured, by which id it is matched, and whether it counts', async () => {
  const { payments, reads } = await startWorld()
  const about = { money: money(5_000n, 'USD'), created: at(0) }
  payments.load({ ...about, paymentId: 'pi_1', chargeId: 'ch_1', description: 'order\u00001', refunded: 700n })
  payments.load({ ...about, paymentId: 'ch_2', captured: false })
  payments.load({ ...about, paymentId: 'pi_3', chargeId: 'ch_3', status: 'failed' })
  payments.dispute('pi_1')
  const [failed, authorised, paid] = await all(reads.listCharges(DAY))
  expect(paid).toEqual({
    chargeId: 'ch_1',
    paymentId: 'pi_1',
    money: money(5_000n, 'USD'),
    refunded: 700n,
    created: at(0),
    isCounted: true,
    status: 'succeeded',
    description: 'order1',
    disputed: true,
  })
  expect(authorised).toMatchObject({
    paymentId: 'ch_2',
    money: money(0n, 'USD'),
    isCounted: false,
    status: 'succeeded',
  })
  expect(failed).toMatchObject({ paymentId: 'pi_3', isCounted: false, status: 'failed' })

  expect(await reads.getPayment('pi_1')).toEqual(paid)
  expect(await reads.getPayment('ch_1')).toEqual(paid)
  expect(await reads.getPayment('ch_2')).toEqual(authorised)
  expect(await reads.getPayment('pi_none')).toBe('not-found')
  expect(await reads.getPayment('ch_../../balance?x=%2F')).toBe('not-found')
})

test('refunds come with the payment they belong to and how they stand, by time, by charge and by payment', async () => {
  const { payments, reads } = await startWorld()
  for (const paymentId of ['pi_1', 'ch_2']) payments.load({ paymentId, money: money(50_000n, 'USD'), created: at(0) })
  for (let index = 0; index < 120; index += 1) payments.refund('pi_1', { amount: 1n, created: at(index) })
  const pending = payments.refund('ch_2', { amount: 9n, status: 'pending', created: at(200) })
  const chargeId = payments.find('pi_1')?.id ?? ''
  expect(await all(reads.listRefunds({ from: at(100), to: at(300) }))).toHaveLength(21)
  expect(await all(reads.listRefunds({ from: at(200), to: at(201) }))).toEqual([
    {
      refundId: pending.id,
      paymentId: 'ch_2',
      chargeId: 'ch_2',
      money: money(9n, 'USD'),
      status: 'pending',
      created: at(200),
    },
  ])
  const ofCharge = await reads.getRefunds(chargeId)
  expect(ofCharge).toHaveLength(120)
  expect(new Set(ofCharge.map(({ paymentId }) => paymentId))).toEqual(new Set(['pi_1']))
  expect(await reads.getRefunds('ch_2')).toHaveLength(1)
  // A further charge of the same payment: its own refunds alone by its id, all of them by the payment's.
  payments.load({ paymentId: 'pi_1', chargeId: 'ch_again', money: money(50_000n, 'USD'), created: at(300) })
  payments.refund('pi_1', { amount: 5n, created: at(300) })
  expect(await reads.getRefunds(chargeId)).toHaveLength(120)
  expect(await reads.getRefunds('ch_again')).toHaveLength(1)
  expect(await reads.getRefunds('pi_1')).toHaveLength(121)
})

test('transfers come with the payable they were made for', async () => {
  const { stripe, reads } = await startWorld({ now: () => at(0) })
  const response = await fetch(`${stripe.url}/v1/transfers`, {
    method: 'POST',
    body: new URLSearchParams({ amount: '1250', currency: 'usd', destination: 'acct_1', transfer_group: 'b7c0' }),
    headers: { authorization: `Bearer ${stripe.credentials.apiKey}`, 'idempotency-key': 'payout:b7c0' },
  })
  const { id } = (await response.json()) as { id: string }
  expect(await all(reads.listTransfers({ from: at(0), to: at(1) }))).toEqual([
    expect.objectContaining({ reference: id, transferGroup: 'b7c0', money: money(1_250n, 'USD'), createdAt: at(0) }),
  ])
  expect(await all(reads.listTransfers({ from: at(1), to: at(2) }))).toEqual([])
})

test.each([
  ['CLP', 1_250n],
  ['JPY', 99n],
  ['UGX', 5_000n],
  ['ISK', 700n],
  ['MGA', 5_500n],
  ['KWD', 12_340n],
  ['COP', 100_000n],
])('%s, which Stripe writes in its own way, is read in its own minor units', async (code, amount) => {
  const { payments, reads } = await startWorld()
  const unit = code === 'MGA' ? 100n : 10n
  payments.load({ paymentId: 'pi_1', money: money(amount, code), refunded: unit, created: at(0) })
  expect(await all(reads.listCharges(DAY))).toMatchObject([{ money: money(amount, code), refunded: unit }])
  expect(await all(reads.listRefunds(DAY))).toMatchObject([{ money: money(unit, code) }])
})

test('a balance is told by what of it can be transferred, odd hundredths or none; a currency of another world is left out', async () => {
  const available = [
    { amount: 12_345, currency: 'isk' },
    { amount: 500_099, currency: 'ugx' },
    { amount: 5, currency: 'usd' },
    { amount: 5, currency: 'zzz' },
  ]
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ object: 'balance', available, pending: [], livemode: false }))
  })
  const url = await new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as { port: number }).port}`))
  })
  const reads = createStripeReads({
    ...{ secretKey: 'sk_test', apiBase: apiBaseOf(url), timeoutMs: 2_000, rate: { perSecond: 10, concurrent: 1 } },
  })
  running.push({ close: () => server.close() }, reads)
  expect(await reads.getBalance()).toEqual([money(123n, 'ISK'), money(5_000n, 'UGX'), money(5n, 'USD')])
})

test.each(['error-before', 'lost-response', 'garbage-before', 'garbage-after', 'rate-limited'] as const)(
  'a page that fails (%s) ends the list with the error, after what came before it, and the list goes on from there',
  async (kind) => {
    const { stripe, reads } = await startWorld()
    const ids = load(stripe, 350).toReversed()
    const had: { paymentId: string; chargeId: string }[] = []
    const failure = await (async () => {
      for await (const page of reads.listCharges(DAY)) {
        had.push(...page)
        // The third page is on its way, and has not come to Stripe yet.
        if (had.length === 200) stripe.faults.script({ kind, route: 'GET /v1/charges' })
      }
    })().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ProviderError)
    expect((failure as ProviderError).kind).toBe(kind.startsWith('garbage') ? 'garbled' : 'unavailable')
    expect(had.map(({ paymentId }) => paymentId)).toEqual(ids.slice(0, 200))

    const startingAfter = had.at(-1)?.chargeId ?? ''
    expect(await idsOf(reads.listCharges({ ...DAY, startingAfter }))).toEqual(ids.slice(200))
  },
)

test('a key that Stripe refuses is our own fault, and tells nothing of what it has', async () => {
  const { stripe, reads } = await startWorld()
  load(stripe, 1)
  stripe.refuseApiKey(3)
  for (const ask of [
    () => all(reads.listCharges(DAY)),
    () => reads.getPayment('pi_0'),
    () => reads.getRefunds('ch_0'),
  ]) {
    await expect(ask()).rejects.toMatchObject({ kind: 'unavailable', status: 401, credentials: true })
  }
})

test('what is no charge, or of no currency that we know, is garbled and never left out', async () => {
  const { stripe, payments, reads } = await startWorld()
  const charge = payments.load({ paymentId: 'ch_1', money: money(5_000n, 'UGX'), created: at(0) })
  const row = payments.charges.find(charge)
  if (row) row.amountCaptured += 1 // half a shilling
  await expect(all(reads.listCharges(DAY))).rejects.toMatchObject({
    kind: 'garbled',
    message: expect.stringContaining('ch_1'),
  })
  await expect(reads.getPayment('ch_1')).rejects.toMatchObject({ kind: 'garbled' })
  expect(stripe.calls().total).toBe(2)
})

test('whoever stops in the middle of a list is not told of a page that failed after it', async () => {
  const { stripe, reads } = await startWorld()
  load(stripe, 250)
  const unheard: unknown[] = []
  const hear = (error: unknown) => unheard.push(error)
  process.on('unhandledRejection', hear)
  for await (const page of reads.listCharges(DAY)) {
    expect(page).toHaveLength(100)
    stripe.faults.script({ kind: 'error-before', route: 'GET /v1/charges' })
    break
  }
  // The page that was on its way has failed by the time that this one is answered.
  expect(await reads.getPayment('pi_0')).toMatchObject({ paymentId: 'pi_0' })
  expect(stripe.faults.injected()['error-before']).toBe(1)
  expect(await idsOf(reads.listCharges(DAY))).toHaveLength(250)
  process.off('unhandledRejection', hear)
  expect(unheard).toEqual([])
})

test('lists keep to the pace', async () => {
  const { stripe, reads } = await startWorld({ rateLimits: { perEndpoint: 50, global: 100 } }, 50)
  load(stripe, 1_000)
  const spans = Array.from({ length: 10 }, (_, index) => ({ from: at(index * 100), to: at(index * 100 + 100) }))
  const rows = await Promise.all(spans.map((span) => all(reads.listCharges(span))))
  expect(rows.flat()).toHaveLength(1_000)
})
