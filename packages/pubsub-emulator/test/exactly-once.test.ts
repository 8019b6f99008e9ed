import type { Message } from '@google-cloud/pubsub'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { World } from './world.ts'
import { startWorld, until } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const settings = { enableExactlyOnceDelivery: true }

test('with exactly-once delivery the client library is told that its acknowledgement succeeded', async () => {
  const { topic, subscription } = await world.createPair(settings)
  const inWork: Message[] = []
  world.listen(subscription, {}, (message) => inWork.push(message))
  await world.publish(topic, ['in time'])
  await until(() => inWork.length === 1, 'the message is in work')
  expect(await inWork[0]?.ackWithResponse()).toBe('SUCCESS')
})

test.each(['Acknowledge', 'ModifyAckDeadline'])(
  'with exactly-once delivery a late %s fails, and the ids in time among the others count',
  async (method) => {
    const { topic, subscription } = await world.createPair(settings)
    await world.publish(topic, ['late'])
    const [late] = await world.pull(subscription)
    await world.pass(11)
    const [inTime] = await world.pull(subscription)
    const request = { subscription, ackIds: [late?.ackId, inTime?.ackId], ackDeadlineSeconds: 30 }
    await expect(world.call(method, request)).rejects.toMatchObject({ code: status.FAILED_PRECONDITION })
    await world.pass(11)
    expect(await world.pull(subscription)).toEqual([]) // acknowledged, or leased for longer
  },
)
