import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { World } from './world.ts'
import { startWorld, textsOf } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

test('a seek forward drops what was published before', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['old'])
  await world.pass(2)
  const [marker] = await publishMarker(topic)
  await world.call('Seek', { subscription, time: marker })
  expect(textsOf(await world.pull(subscription))).toEqual(['marker'])
})

test('a seek back brings acknowledged messages again when they are retained', async () => {
  const { topic, subscription } = await world.createPair({ retainAckedMessages: true })
  await world.publish(topic, ['too old'])
  await world.pass(2)
  const [marker] = await publishMarker(topic)
  await world.acknowledge(subscription, await world.pull(subscription))
  await world.call('Seek', { subscription, time: marker })
  expect(textsOf(await world.pull(subscription))).toEqual(['marker'])
})

test('a seek back finds nothing when acknowledged messages are not retained', async () => {
  const { topic, subscription } = await world.createPair()
  const [marker] = await publishMarker(topic)
  await world.acknowledge(subscription, await world.pull(subscription))
  await world.pubsub.subscription(subscription).seek(new Date((marker?.seconds ?? 0) * 1000 - 5000))
  expect(await world.pull(subscription)).toEqual([])
})

test('a seek back replays an ordered subscription in order', async () => {
  const { topic, subscription } = await world.createPair({ enableMessageOrdering: true, retainAckedMessages: true })
  await world.publish(topic, ['1', '2', '3'], { orderingKey: 'k' })
  for (let count = 0; count < 2; count++) await world.acknowledge(subscription, await world.pull(subscription))
  await world.call('Seek', { subscription, time: { seconds: 1 } })
  const texts: string[] = []
  while (texts.length < 3) {
    const received = await world.pull(subscription)
    texts.push(...textsOf(received))
    if (received.length > 0) await world.acknowledge(subscription, received)
  }
  expect(texts).toEqual(['1', '2', '3'])
})

test('a seek without a target is refused', async () => {
  const { subscription } = await world.createPair()
  await expect(world.call('Seek', { subscription })).rejects.toEqual(
    expect.objectContaining({ code: status.INVALID_ARGUMENT }),
  )
})

/** Publishes one more message. @returns its publish time, learnt on a subscription of its own */
async function publishMarker(topic: string) {
  const probe = await world.createSubscription(topic)
  await world.publish(topic, ['marker'])
  const received = await world.pull(probe)
  return received.map(({ message }) => message.publishTime)
}
