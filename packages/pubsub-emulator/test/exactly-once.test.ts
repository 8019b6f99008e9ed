import type { Message } from '@google-cloud/pubsub'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { World } from './world.ts'
import { startWorld, until } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

test('with exactly-once delivery an acknowledgement in time succeeds, and one after the lease fails as INVALID', async () => {
  const { topic, subscription } = await world.createPair({ enableExactlyOnceDelivery: true })
  const inWork: Message[] = []
  world.listen(subscription, {}, (message) => inWork.push(message))
  await world.publish(topic, ['in time'])
  await until(() => inWork.length === 1, 'the message is in work')
  expect(await inWork[0]?.ackWithResponse()).toBe('SUCCESS')

  await world.publish(topic, ['late'])
  await until(() => inWork.length === 2, 'the second message is in work')
  await world.pass(61)
  await expect(inWork[1]?.ackWithResponse()).rejects.toMatchObject({ errorCode: 'INVALID' })
  await until(() => inWork.length === 3, 'the second message comes again')
  expect(await inWork[2]?.ackWithResponse()).toBe('SUCCESS')
})
