import type { Message } from '@google-cloud/pubsub'
import { Duration, SubscriptionCloseBehaviors } from '@google-cloud/pubsub'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { World } from './world.ts'
import { startWorld, textOf, textsOf, until } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const waiting = {
  closeOptions: { behavior: SubscriptionCloseBehaviors.WaitForProcessing, timeout: Duration.from({ seconds: 10 }) },
}

test('a client that waits at close has its work acknowledged', async () => {
  const { topic, subscription } = await world.createPair()
  const inWork: Message[] = []
  const { close } = world.listen(subscription, waiting, (message) => inWork.push(message))
  await world.publish(topic, ['a', 'b'])
  await until(() => inWork.length === 2, 'both messages are in work')
  const closed = close()
  for (const message of inWork) message.ack()
  await closed
  await world.pass(11)
  expect(await world.pull(subscription)).toEqual([])
})

test('a client that does not wait gives back what is in work, and its later acknowledgement counts for nothing', async () => {
  const { topic, subscription } = await world.createPair()
  const inWork: Message[] = []
  const { close } = world.listen(subscription, {}, (message) => inWork.push(message))
  await world.publish(topic, ['a'])
  await until(() => inWork.length === 1, 'the message is in work')
  await close()
  inWork[0]?.ack()
  expect(textsOf(await world.pull(subscription))).toEqual(['a'])
})

test('messages published while nobody listens wait for the next client', async () => {
  const { topic, subscription } = await world.createPair()
  const first = world.listen(subscription, waiting, (message) => message.ack())
  await world.publish(topic, ['first'])
  await until(() => first.messages.length === 1, 'the first message is received')
  await first.close()
  await world.publish(topic, ['second'])
  const second = world.listen(subscription, waiting, (message) => message.ack())
  await until(() => second.messages.length === 1, 'the second message is received')
  expect(second.messages.map(textOf)).toEqual(['second'])
  expect(first.messages.map(textOf)).toEqual(['first'])
})
