import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { World } from './world.ts'
import { startWorld, textOf, textsOf, until } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const numbers = (count: number) => Array.from({ length: count }, (_, number) => String(number))

/** Pulls and acknowledges until `count` messages have come. */
async function drain(subscription: string, count: number): Promise<string[]> {
  const texts: string[] = []
  while (texts.length < count) {
    const received = await world.pull(subscription)
    texts.push(...textsOf(received))
    if (received.length > 0) await world.acknowledge(subscription, received)
  }
  return texts
}

test('messages of one key come in the order in which they were published', async () => {
  const { topic, subscription } = await world.createPair({ enableMessageOrdering: true })
  await world.publish(topic, numbers(20), { orderingKey: 'seller-1' })
  expect(await drain(subscription, 20)).toEqual(numbers(20))
})

test('messages of one key come in order to a listening client, however many keys there are', async () => {
  const { topic, subscription } = await world.createPair({ enableMessageOrdering: true })
  const { messages } = world.listen(subscription, {}, (message) => message.ack())
  const client = world.pubsub.topic(topic, { messageOrdering: true })
  const keys = numbers(10).map((key) => `seller-${key}`)
  await Promise.all(
    numbers(8).flatMap((text) =>
      keys.map((orderingKey) => client.publishMessage({ data: Buffer.from(text), orderingKey })),
    ),
  )
  await until(() => messages.length >= 80, 'all 80 messages are received')
  for (const key of keys) {
    expect(messages.filter(({ orderingKey }) => orderingKey === key).map(textOf)).toEqual(numbers(8))
  }
})

test('a refused message holds up its own key and no other', async () => {
  const { topic, subscription } = await world.createPair({ enableMessageOrdering: true })
  await world.publish(topic, ['a1', 'a2'], { orderingKey: 'a' })
  const [first] = await world.pull(subscription, 1)
  expect(first?.message.data.toString()).toBe('a1')
  await world.publish(topic, ['b1'], { orderingKey: 'b' })
  const others = textsOf(await world.pull(subscription)).filter((text) => text !== 'a2')
  expect(others).toEqual(['b1'])

  if (first) await world.refuse(subscription, [first])
  expect(await drain(subscription, 2)).toEqual(['a1', 'a2'])
})

test('a message whose deadline passes comes again before those that follow it', async () => {
  const { topic, subscription } = await world.createPair({ enableMessageOrdering: true })
  await world.publish(topic, ['1', '2', '3'], { orderingKey: 'k' })
  await world.pull(subscription)
  await world.pass(11)
  expect(await drain(subscription, 3)).toEqual(['1', '2', '3'])
})

test('a key that waits for its backoff does not let later messages pass', async () => {
  const retryPolicy = { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 1 } }
  const { topic, subscription } = await world.createPair({ enableMessageOrdering: true, retryPolicy })
  await world.publish(topic, ['1', '2'], { orderingKey: 'k' })
  await world.refuse(subscription, await world.pull(subscription))
  expect(await world.pull(subscription)).toEqual([])
  await world.pass(1)
  expect(await drain(subscription, 2)).toEqual(['1', '2'])
})

test('messages without a key are free of each other', async () => {
  const { topic, subscription } = await world.createPair({ enableMessageOrdering: true })
  await world.publish(topic, numbers(5))
  expect(await world.pull(subscription)).toHaveLength(5)
})
