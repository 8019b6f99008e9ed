import { afterEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import type { StripeOptions } from '../src/stripe/stripe.ts'
import { startReceiver } from './fpay-caller.ts'
import { refusal, stripeWorld } from './stripe-caller.ts'

let world: Awaited<ReturnType<typeof stripeWorld>>
let receiver: Awaited<ReturnType<typeof startReceiver>> | undefined
afterEach(async () => {
  await world.stripe.stop()
  await receiver?.stop()
  receiver = undefined
})

const start = async (options: StripeOptions = {}) => {
  world = await stripeWorld(options)
  return { ...world, payments: world.stripe.payments }
}

/** With somebody who listens, and nothing lost by accident. */
async function startHeard() {
  receiver = await startReceiver()
  const { url, received } = receiver
  const made = await start({
    now: () => new Date(),
    callbackRetryDelaysMs: [1],
    webhook: { url: `${url}/webhooks/stripe` },
  })
  return {
    ...made,
    /** What arrived, each proven by the SDK to be signed. */
    async heard() {
      await made.stripe.callbacks.idle()
      const { webhookSecret } = made.stripe.credentials
      return received.map(({ raw, headers }) =>
        made.sdk.webhooks.constructEvent(raw, String(headers['stripe-signature']), webhookSecret),
      )
    },
  }
}

const NOON = Date.parse('2026-11-20T12:00:00Z')
const at = (second: number) => new Date(NOON + second * 1_000)

test('a charge, its PaymentIntent, refund, dispute and movements are shown as Stripe shows them', async () => {
  const { sdk, payments } = await start()
  const paymentId = payments.load({
    paymentId: 'pi_1',
    chargeId: 'ch_1',
    money: money(5_000n, 'USD'),
    created: at(0),
    description: 'order 1',
  })
  const refund = payments.refund(paymentId, { amount: 1_200n, created: at(60) })
  const dispute = payments.dispute(paymentId, at(90))
  expect(await sdk.charges.retrieve('ch_1')).toMatchObject({
    id: 'ch_1',
    object: 'charge',
    amount: 5_000,
    amount_captured: 5_000,
    amount_refunded: 1_200,
    captured: true,
    currency: 'usd',
    created: NOON / 1_000,
    description: 'order 1',
    disputed: true,
    paid: true,
    payment_intent: 'pi_1',
    refunded: false,
    status: 'succeeded',
  })
  const intent = await sdk.paymentIntents.retrieve('pi_1', { expand: ['latest_charge'] })
  expect(intent).toMatchObject({ status: 'succeeded', amount_received: 5_000, latest_charge: { id: 'ch_1' } })
  expect(await sdk.refunds.retrieve(refund.id, { expand: ['charge'] })).toMatchObject({
    object: 'refund',
    amount: 1_200,
    status: 'succeeded',
    payment_intent: 'pi_1',
    charge: { id: 'ch_1' },
  })
  expect(await sdk.disputes.retrieve(dispute.id)).toMatchObject({ charge: 'ch_1', status: 'needs_response' })

  payments.updateRefund(refund.id, 'failed')
  expect((await sdk.charges.retrieve('ch_1')).amount_refunded).toBe(0)
  const { data } = await sdk.balanceTransactions.list({ limit: 100, expand: ['data.source'] })
  expect(data.map(({ reporting_category, amount, fee, net }) => [reporting_category, amount, fee, net])).toEqual([
    ['dispute', -5_000, 0, -5_000],
    ['refund_failure', 1_200, 0, 1_200],
    ['refund', -1_200, 0, -1_200],
    ['charge', 5_000, 145, 4_855],
  ])
  expect(data.at(-1)?.source).toMatchObject({ id: 'ch_1' })
  expect(await sdk.balanceTransactions.retrieve(data[0]?.id ?? '')).toMatchObject({ source: dispute.id })
})

test('pages are newest first by true cursors, forwards and backwards, whatever order payments were loaded in', async () => {
  const { sdk, payments } = await start()
  const order = Array.from({ length: 250 }, (_, index) => (index * 97) % 250) // three in each second
  for (const index of order) {
    payments.load({ paymentId: `pi_${index}`, money: money(100n, 'USD'), created: at(Math.floor(index / 3)) })
  }
  const created = { gte: NOON / 1_000 + 10, lt: NOON / 1_000 + 60 }
  const forwards: string[] = []
  for await (const { payment_intent: id, created: second } of sdk.charges.list({ limit: 7, created })) {
    forwards.push(String(id))
    expect(second).toBeGreaterThanOrEqual(created.gte)
    expect(second).toBeLessThan(created.lt)
    if (forwards.length === 50) payments.load({ money: money(1n, 'USD'), created: at(59) }) // after the first page: moves nothing
  }
  expect(forwards.length).toBe(150)
  expect(new Set(forwards).size).toBe(150)

  const all = await sdk.charges.list({ limit: 100, created })
  const middle = all.data[60]?.id ?? ''
  const before = await sdk.charges.list({ limit: 10, created, ending_before: middle })
  expect(before.data.map(({ id }) => id)).toEqual(all.data.slice(50, 60).map(({ id }) => id))
  expect(before.has_more).toBe(true)
  const intents = await sdk.paymentIntents.list({ limit: 10, created, starting_after: forwards[9] ?? '' })
  expect(intents.data.map(({ id }) => id)).toEqual(forwards.slice(10, 20))
  expect(await refusal(sdk.charges.list({ starting_after: 'ch_none' }))).toMatchObject({
    statusCode: 400,
    param: 'starting_after',
  })
  expect(await refusal(sdk.charges.list({ limit: 101 }))).toMatchObject({ param: 'limit' })
  expect(await refusal(sdk.charges.retrieve('ch_none'))).toMatchObject({ statusCode: 404, code: 'resource_missing' })
})

test('of a PaymentIntent whose card was declined first, both charges are listed and the latest counts', async () => {
  const { sdk, payments } = await start()
  const about = { paymentId: 'pi_1', money: money(900n, 'USD') }
  payments.load({ ...about, chargeId: 'ch_declined', status: 'failed', created: at(0) })
  payments.load({ ...about, chargeId: 'ch_paid', created: at(5) })
  const { data } = await sdk.charges.list({ payment_intent: 'pi_1' })
  expect(data.map(({ id, status, captured }) => [id, status, captured])).toEqual([
    ['ch_paid', 'succeeded', true],
    ['ch_declined', 'failed', false],
  ])
  expect((await sdk.paymentIntents.list()).data.map(({ id, latest_charge }) => [id, latest_charge])).toEqual([
    ['pi_1', 'ch_paid'],
  ])
  expect((await sdk.refunds.list({ charge: 'ch_paid' })).data).toEqual([])
})

test('everything that happens to a payment is told of, as it was then', async () => {
  const { payments, heard } = await startHeard()
  const id = payments.load({ paymentId: 'pi_1', money: money(5_000n, 'USD'), captured: false })
  payments.capture(id)
  payments.updateRefund(payments.refund(id, { amount: 100n, status: 'pending' }).id, 'failed')
  payments.updateDispute(payments.updateDispute(payments.dispute(id).id, 'under_review').id, 'won')
  const events = await heard()
  const told = events.map(({ type, data: { object } }) => {
    const { captured, amount_refunded: refunded, status } = object as unknown as Record<string, unknown>
    return `${type} ${captured ?? '-'} ${refunded ?? '-'} ${status}`
  })
  expect(told.sort()).toEqual([
    'charge.captured true 0 succeeded',
    'charge.dispute.closed - - won',
    'charge.dispute.created - - needs_response',
    'charge.dispute.updated - - under_review',
    'charge.refunded true 100 succeeded',
    'charge.succeeded false 0 succeeded',
    'refund.created - - pending',
    'refund.failed - - failed',
    'refund.updated - - failed',
  ])
})

test('lost webhooks are neither sent nor repeated, and the payment is at Stripe all the same', async () => {
  const { stripe, sdk, payments, heard } = await startHeard()
  const { controls } = stripe
  await controls.loseWebhooks?.({ paymentIds: ['pi_lost'] })
  await controls.loadPayments?.({
    payments: [
      { paymentId: 'pi_lost', currency: 'USD', amount: '12.50', refunded: '2.50', created: '2026-11-20T10:00:00Z' },
      { paymentId: 'pi_kept', currency: 'CLP', amount: '1250' },
    ],
  })
  await controls.disputePayment?.({ paymentId: 'pi_lost' })
  expect((await heard()).map(({ type }) => type)).toEqual(['charge.succeeded'])
  const lost = payments.find('pi_lost')
  expect(() => stripe.repeatEvent(lost?.id ?? '')).toThrow('no event about')
  expect(await sdk.charges.retrieve(lost?.id ?? '')).toMatchObject({
    amount: 1_250,
    amount_refunded: 250,
    disputed: true,
  })
  expect(await controls.payments?.({})).toMatchObject({
    payments: [
      { paymentId: 'pi_lost', amount: '12.50', refunded: '2.50', currency: 'USD', disputed: true },
      { paymentId: 'pi_kept', amount: '1250', refunded: '0', currency: 'CLP', disputed: false },
    ],
  })
})

test('what cannot be is refused: more than is left, a second capture, an id that is taken', async () => {
  const { payments } = await start()
  const id = payments.load({ chargeId: 'ch_1', money: money(500n, 'USD') })
  payments.refund(id, { amount: 400n })
  expect(() => payments.refund(id, { amount: 101n })).toThrow('only 100 is left')
  expect(() => payments.capture(id)).toThrow('waits to be captured')
  expect(() => payments.load({ chargeId: 'ch_1', money: money(1n, 'USD') })).toThrow('already')
  expect(() => payments.refund('pi_none')).toThrow('no payment pi_none')
})

test('lists keep to the rate limits, and each page meets its own faults', async () => {
  const { stripe, sdk, payments } = await start({ rateLimits: { endpoints: { 'GET /v1/charges': 2 } } })
  for (let index = 0; index < 5; index += 1) payments.load({ money: money(100n, 'USD') }, 'quietly')
  await sdk.charges.list({ limit: 1 })
  await sdk.charges.list({ limit: 1 })
  expect(await refusal(sdk.charges.list({ limit: 1 }))).toMatchObject({ statusCode: 429 })
  stripe.setRateLimits({})
  stripe.setFaults({ rates: { 'error-before': 1 }, perSubject: 1 })
  for (const limit of [1, 2, 3]) {
    expect((await refusal(sdk.charges.list({ limit }, { maxNetworkRetries: 0 }))).statusCode).toBeGreaterThanOrEqual(
      500,
    )
    expect((await sdk.charges.list({ limit })).data).toHaveLength(limit)
  }
})
