import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { World } from './world.ts'
import { startWorld, until } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const refused = expect.objectContaining({ code: status.INVALID_ARGUMENT })
const data = Buffer.from('x')
const attributes = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, place) => [`k${place}`, 'v']))

test('every subscription gets its own copy of a message, with the same id', async () => {
  const topic = await world.createTopic()
  const subscriptions = [await world.createSubscription(topic), await world.createSubscription(topic)]
  const [id] = await world.publish(topic, ['hello'], { attributes: { kind: 'greeting' } })
  for (const subscription of subscriptions) {
    expect(await world.pull(subscription)).toEqual([
      expect.objectContaining({
        message: expect.objectContaining({
          messageId: id,
          data: Buffer.from('hello'),
          attributes: { kind: 'greeting' },
          publishTime: expect.objectContaining({ seconds: expect.any(Number) }),
        }),
      }),
    ])
  }
})

test('ids are given in the order of the messages, and never twice', async () => {
  const { topic, subscription } = await world.createPair()
  const ids = [...(await world.publish(topic, ['a', 'b', 'c'])), ...(await world.publish(topic, ['d']))]
  expect(new Set(ids).size).toBe(4)
  const received = await world.pull(subscription)
  const idByText = new Map(received.map(({ message }) => [message.data.toString(), message.messageId]))
  expect(['a', 'b', 'c', 'd'].map((text) => idByText.get(text))).toEqual(ids)
})

test('a subscription gets nothing that was published before it was there', async () => {
  const topic = await world.createTopic()
  await world.publish(topic, ['before'])
  expect(await world.pull(await world.createSubscription(topic))).toEqual([])
})

test.each<[string, object[]]>([
  ['no messages', []],
  ['more than 1000 messages', Array.from({ length: 1001 }, () => ({ data }))],
  ['a message without data and attributes', [{ data }, {}]],
  ['more than 100 attributes', [{ data, attributes: attributes(101) }]],
  ['an attribute key of more than 256 bytes', [{ data, attributes: { ['k'.repeat(257)]: 'v' } }]],
  ['an attribute value of more than 1024 bytes', [{ data, attributes: { k: 'ü'.repeat(513) } }]],
  ['an attribute key that starts with goog', [{ data, attributes: { 'google-thing': 'v' } }]],
  ['an ordering key of more than 1024 bytes', [{ data, orderingKey: 'k'.repeat(1025) }]],
  [
    'messages of different ordering keys',
    [
      { data, orderingKey: 'a' },
      { data, orderingKey: 'b' },
    ],
  ],
  ['more than 10 MB', [{ data: Buffer.alloc(10_000_001, 'x') }]],
])('a request with %s is refused', async (_, messages) => {
  const topic = await world.createTopic()
  await expect(world.call('Publish', { topic, messages })).rejects.toEqual(refused)
})

test('what is just within the limits is taken', async () => {
  const { topic, subscription } = await world.createPair()
  await world.call('Publish', {
    topic,
    messages: [
      { attributes: attributes(100) },
      { attributes: { ['k'.repeat(256)]: 'v'.repeat(1024), googclient_traceparent: '00-0' } },
      { data: Buffer.alloc(5_000_000, 'x') },
    ],
  })
  const sizes: number[] = []
  while (sizes.length < 3) {
    const received = await world.pull(subscription)
    await world.acknowledge(subscription, received)
    sizes.push(...received.map(({ message }) => message.data.length))
  }
  expect(sizes.sort()).toEqual([0, 0, 5_000_000])
})

test('the client library publishes thousands at once and none is lost or repeated', async () => {
  const { topic, subscription } = await world.createPair()
  const client = world.pubsub.topic(topic)
  const { messages } = world.listen(subscription, { flowControl: { maxMessages: 500 } }, (message) => message.ack())
  const ids = await Promise.all(
    Array.from({ length: 3000 }, (_, number) => client.publishMessage({ json: { number } })),
  )
  await until(() => messages.length >= 3000, 'all 3000 messages are received')
  expect(messages.map(({ id }) => id).sort()).toEqual(ids.sort())
})
