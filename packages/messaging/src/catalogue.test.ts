import { expect, test } from '@jest/globals'
import { STRIPE_EVENT_SUBSCRIPTIONS, topics } from './catalogue.ts'
import { paymentStatusFromJson, paymentStatusJson, paymentStatusToJson } from './payment-status-json.ts'
import type { AnyTopic } from './topic.ts'

const all: readonly AnyTopic[] = Object.values(topics)

test('each name is used once and is one that Pub/Sub takes', () => {
  const topicNames = all.flatMap(({ name, deadLetter }) => [name, deadLetter.topic])
  const subscriptions = all.flatMap((topic) => [
    ...topic.subscriptions.map(({ name }) => name),
    topic.deadLetter.subscription,
  ])
  for (const names of [topicNames, subscriptions]) {
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/)
  }
})

test('the settings of each subscription are within what Pub/Sub allows', () => {
  for (const { ackDeadlineSeconds, retryPolicy, maxDeliveryAttempts } of all.flatMap((topic) => topic.subscriptions)) {
    expect(ackDeadlineSeconds).toBeGreaterThanOrEqual(10)
    expect(retryPolicy.maximumBackoffSeconds).toBeLessThanOrEqual(600)
    expect(maxDeliveryAttempts).toBeLessThanOrEqual(100)
  }
})

test("each reader of Stripe's events has a subscription of its own, with the same settings", () => {
  const { subscriptions } = topics.stripeEvent
  expect(subscriptions.map(({ name }) => name)).toEqual(Object.values(STRIPE_EVENT_SUBSCRIPTIONS))
  const [first, second] = subscriptions.map(({ name: _, ...settings }) => settings)
  expect(second).toEqual(first)
})

const sellerEvent = {
  eventId: '6a0f0000-0000-4000-8000-000000000001',
  eventType: 'SellerUpdated',
  eventVersion: 2,
  eventTime: '2026-11-20T14:03:11.512Z',
  sequence: 17,
  seller: { sellerId: 'SC1A2B3', country: 'CL', operationType: 'local', accountNumber: null },
}

test('a seller event is read with fields and types that we do not know, but not in another version', () => {
  const { schema } = topics.sellerProfile
  expect(schema.parse({ ...sellerEvent, brandNew: true })).toEqual(sellerEvent)
  expect(schema.parse({ ...sellerEvent, eventType: 'SellerMoved' }).eventType).toBe('SellerMoved')
  expect(schema.parse({ ...sellerEvent, sequence: undefined }).sequence).toBeUndefined()
  expect(schema.safeParse({ ...sellerEvent, eventVersion: 3 }).success).toBe(false)
  expect(schema.safeParse({ ...sellerEvent, seller: {} }).success).toBe(false)
})

test('ids of ours must be UUIDs', () => {
  expect(topics.paySellerBalance.schema.safeParse({ sellerBalanceId: '12' }).success).toBe(false)
})

test('an amount is a decimal string, not a number', () => {
  const { schema } = topics.sellerClosing
  const closing = { settlementId: 's', gscSellerId: 'g', country: 'cl', date: '2026-11-20', currency: 'CLP' }
  expect(schema.parse({ ...closing, amount: '-12.50' }).amount).toBe('-12.50')
  for (const amount of [12.5, '1e3', '1,000', '', '.5'])
    expect(schema.safeParse({ ...closing, amount }).success).toBe(false)
  expect(schema.safeParse({ ...closing, amount: '1', date: '2026-02-30' }).success).toBe(false)
})

test('a payment status survives the way through a message', () => {
  const statuses = [
    { state: 'pending' },
    { state: 'paid', paidAt: new Date('2026-11-20T10:00:00Z') },
    { state: 'rejected', reason: 'ACCOUNT_CLOSED', category: 'beneficiary' },
    { state: 'reversed', reason: 'returned' },
  ] as const
  for (const status of statuses) {
    const sent = JSON.parse(JSON.stringify(paymentStatusToJson(status))) as unknown
    expect(paymentStatusFromJson(paymentStatusJson.parse(sent))).toEqual(status)
  }
})
