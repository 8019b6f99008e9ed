import { expect, test } from '@jest/globals'
import { createInHand } from './in-hand.ts'

const aDelivery = (publishedAt: number) => ({
  ...{ id: 'm', data: Buffer.alloc(0), attributes: {}, orderingKey: '', deliveryAttempt: 1 },
  ...{ publishTime: new Date(publishedAt), ack() {}, nack() {} },
})

test('the oldest of what is in hand says how late a worker is, until it is answered', () => {
  const inHand = createInHand(() => 10_000)
  expect(inHand.read()).toEqual({ messages: 0, oldestSeconds: 0 })
  const [old, young, ahead] = [aDelivery(4_000), aDelivery(9_000), aDelivery(12_000)]
  for (const one of [young, old, ahead]) inHand.take(one)
  expect(inHand.read()).toEqual({ messages: 3, oldestSeconds: 6 })
  inHand.answered(old)
  expect(inHand.read()).toEqual({ messages: 2, oldestSeconds: 1 })
  inHand.answered(young)
  expect(inHand.read()).toEqual({ messages: 1, oldestSeconds: 0 }) // published later than now, by another clock
})
