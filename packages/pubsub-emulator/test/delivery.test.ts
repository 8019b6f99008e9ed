import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { World } from './world.ts'
import { startWorld, textOf, textsOf, until } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const refusal = (code: status) => expect.objectContaining({ code })

test('an acknowledged message does not come again', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['once'])
  await world.acknowledge(subscription, await world.pull(subscription))
  await world.pass(12)
  expect(await world.pull(subscription)).toEqual([])
})

test('a message comes again when its deadline passes, not before, with the same id and another ack id', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['again'])
  const [first] = await world.pull(subscription)
  await world.pass(8)
  expect(await world.pull(subscription)).toEqual([])
  await world.pass(3)
  const [second] = await world.pull(subscription)
  expect(second?.message.messageId).toBe(first?.message.messageId)
  expect(second?.ackId).not.toBe(first?.ackId)
})

test('the deadline of the subscription holds for a pull', async () => {
  const { topic, subscription } = await world.createPair({ ackDeadlineSeconds: 15 })
  await world.publish(topic, ['slow'])
  await world.pull(subscription)
  await world.pass(11)
  expect(await world.pull(subscription)).toEqual([])
  await world.pass(5)
  expect(await world.pull(subscription)).toHaveLength(1)
})

test('a deadline that is moved on keeps the message, counted from that moment', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['longer'])
  const [{ ackId } = { ackId: '' }] = await world.pull(subscription)
  await world.pass(5)
  await world.call('ModifyAckDeadline', { subscription, ackIds: [ackId], ackDeadlineSeconds: 10 })
  await world.pass(8)
  expect(await world.pull(subscription)).toEqual([])
  await world.pass(3)
  expect(await world.pull(subscription)).toHaveLength(1)
})

test('a refused message comes again at once', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['refused'])
  await world.refuse(subscription, await world.pull(subscription))
  expect(textsOf(await world.pull(subscription))).toEqual(['refused'])
})

test('with a retry policy, each refusal doubles the wait, from the minimum to the maximum', async () => {
  const retryPolicy = { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 3 } }
  const { topic, subscription } = await world.createPair({ retryPolicy })
  await world.publish(topic, ['patient'])
  let held = await world.pull(subscription)
  for (const waitSeconds of [1, 2, 3, 3]) {
    await world.refuse(subscription, held)
    await world.pass(waitSeconds - 0.7)
    expect(await world.pull(subscription)).toEqual([])
    await world.pass(0.7)
    held = await world.pull(subscription)
    expect(textsOf(held)).toEqual(['patient'])
  }
})

test('acknowledging late, twice, or something unknown does no harm', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['late'])
  const first = await world.pull(subscription)
  await world.pass(11)
  const second = await world.pull(subscription)
  await world.acknowledge(subscription, first)
  await world.acknowledge(subscription, second)
  await world.acknowledge(subscription, second)
  await world.pass(11)
  expect(await world.pull(subscription)).toEqual([])
})

test('a pull takes no more than it asks for', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['a', 'b', 'c'])
  expect(await world.pull(subscription, 2)).toHaveLength(2)
  expect(await world.pull(subscription, 2)).toHaveLength(1)
})

test('a pull waits for the first message', async () => {
  const { topic, subscription } = await world.createPair()
  const waiting = world.call<{ receivedMessages: { message: { data: Buffer } }[] }>('Pull', {
    subscription,
    maxMessages: 5,
  })
  await world.publish(topic, ['at last'])
  expect(textsOf((await waiting).receivedMessages)).toEqual(['at last'])
})

test.each<[string, string, object, status]>([
  ['a pull of no messages', 'Pull', { maxMessages: 0 }, status.INVALID_ARGUMENT],
  ['an acknowledgement without ids', 'Acknowledge', { ackIds: [] }, status.INVALID_ARGUMENT],
  ['a malformed ack id', 'Acknowledge', { ackIds: ['?!'] }, status.INVALID_ARGUMENT],
  [
    'a deadline above 600 s',
    'ModifyAckDeadline',
    { ackIds: ['1-1'], ackDeadlineSeconds: 601 },
    status.INVALID_ARGUMENT,
  ],
  ['a deadline below 0 s', 'ModifyAckDeadline', { ackIds: ['1-1'], ackDeadlineSeconds: -1 }, status.INVALID_ARGUMENT],
])('%s is refused', async (_, method, request, code) => {
  const { subscription } = await world.createPair()
  await expect(world.call(method, { subscription, ...request })).rejects.toEqual(refusal(code))
})

test.each(['Pull', 'Acknowledge', 'ModifyAckDeadline', 'Seek'])(
  '%s on an unknown subscription is not found',
  async (method) => {
    const subscription = 'projects/remesa-test/subscriptions/no-such-subscription'
    const request = { subscription, maxMessages: 1, ackIds: ['1-1'], ackDeadlineSeconds: 10, time: { seconds: 1 } }
    await expect(world.call(method, request)).rejects.toEqual(refusal(status.NOT_FOUND))
  },
)

test('two consumers of one subscription share its messages', async () => {
  const { topic, subscription } = await world.createPair()
  const options = { flowControl: { maxMessages: 5 } }
  const one = world.listen(subscription, options, (message) => message.ack())
  const two = world.listen(subscription, options, (message) => message.ack())
  await world.publish(
    topic,
    Array.from({ length: 80 }, (_, number) => String(number)),
  )
  await until(() => one.messages.length + two.messages.length > 79, 'all 80 messages are received')
  expect(new Set([...one.messages, ...two.messages].map(textOf)).size).toBe(80)
  expect(Math.min(one.messages.length, two.messages.length)).toBeGreaterThan(10)
})

test('what a closing client holds comes to the next one, unless it is acknowledged', async () => {
  const { topic, subscription } = await world.createPair()
  const first = world.listen(subscription, {}, (message) => {
    if (textOf(message) === 'done') message.ack()
  })
  await world.publish(topic, ['done', 'in work'])
  await until(() => first.messages.length === 2, 'both messages are received')
  await first.close() // the default: refuses at once what is still in work
  const second = world.listen(subscription, {}, (message) => message.ack())
  await until(() => second.messages.length > 0, 'the message comes again')
  expect(second.messages.map(textOf)).toEqual(['in work'])
})
