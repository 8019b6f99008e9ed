import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { PullStream, Received, World } from './world.ts'
import { startWorld, textsOf, until } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

/** Opens a stream and keeps what it brings. */
function open(first: object) {
  const stream: PullStream = world.openStream(first)
  const received: Received[] = []
  const seen = { responses: 0, propertiesOnly: 0, error: undefined as { code?: number } | undefined }
  stream.on('data', (response) => {
    seen.responses++
    if (response.receivedMessages.length === 0 && response.subscriptionProperties) seen.propertiesOnly++
    received.push(...response.receivedMessages)
  })
  stream.on('error', (error: { code?: number }) => {
    seen.error ??= error
  })
  const leave = async () => {
    stream.cancel()
    await until(() => seen.error !== undefined, 'the stream has ended')
  }
  return { stream, received, seen, leave }
}

test('messages are pushed as they are published, and acknowledged over the stream', async () => {
  const { topic, subscription } = await world.createPair()
  const { stream, received, leave } = open({ subscription })
  await world.publish(topic, ['a', 'b'])
  await until(() => received.length === 2, 'both messages are received')
  stream.write({ ackIds: received.map(({ ackId }) => ackId) })
  await world.publish(topic, ['c'])
  await until(() => received.length === 3, 'the third message is received')
  await leave()
  await world.pass(11)
  expect(textsOf(await world.pull(subscription))).toEqual(['c'])
})

test('an empty request, the keep-alive of the client library, is answered with the properties alone', async () => {
  const { subscription } = await world.createPair({ enableMessageOrdering: true })
  const { stream, seen, leave } = open({ subscription })
  await until(() => seen.propertiesOnly === 1, 'the stream has told its properties')
  for (const pings of [2, 3]) {
    stream.write({})
    await until(() => seen.propertiesOnly === pings, 'the ping is answered')
  }
  expect(seen.error).toBeUndefined()
  await leave()
})

test('a stream gets no more messages than it asked to have outstanding, until one is settled', async () => {
  const { topic, subscription } = await world.createPair()
  const { stream, received, leave } = open({ subscription, maxOutstandingMessages: 3 })
  await world.publish(topic, ['1', '2', '3', '4', '5', '6'])
  await until(() => received.length === 3, 'three messages are received')
  stream.write({})
  await world.publish(topic, ['7'])
  expect(received).toHaveLength(3)

  const [first, second] = received.map(({ ackId }) => ackId)
  stream.write({ ackIds: [first] })
  await until(() => received.length === 4, 'an acknowledgement makes room for one')
  await world.call('Acknowledge', { subscription, ackIds: [second] }) // as the client library does it
  await until(() => received.length === 5, 'so does one outside the stream')
  await leave()
})

test('a stream gets no further message once it holds as many bytes as it asked for', async () => {
  const { topic, subscription } = await world.createPair()
  const { stream, received, leave } = open({ subscription, maxOutstandingBytes: 150 })
  await world.publish(
    topic,
    Array.from({ length: 4 }, () => 'x'.repeat(100)),
  )
  await until(() => received.length === 2, 'the second message reaches the limit')
  stream.write({ ackIds: received.map(({ ackId }) => ackId) })
  await until(() => received.length === 4, 'the others come when there is room')
  await leave()
})

test('the deadline of the stream holds, and can be changed on the way', async () => {
  const { topic, subscription } = await world.createPair({ ackDeadlineSeconds: 10 })
  const { stream, received, leave } = open({ subscription, streamAckDeadlineSeconds: 12 })
  await world.publish(topic, ['a'])
  await until(() => received.length === 1, 'the message is received')
  await world.pass(11)
  expect(received).toHaveLength(1)
  stream.write({ streamAckDeadlineSeconds: 14 })
  await world.pass(1)
  await until(() => received.length === 2, 'the message is received again')
  await leave()
  await world.pass(10)
  expect(await world.pull(subscription)).toEqual([])
  await world.pass(4)
  expect(await world.pull(subscription)).toHaveLength(1)
})

test('what a broken stream held stays leased until its deadline', async () => {
  const { topic, subscription } = await world.createPair()
  const { received, leave } = open({ subscription })
  await world.publish(topic, ['held'])
  await until(() => received.length === 1, 'the message is received')
  await leave()
  expect(await world.pull(subscription)).toEqual([])
  await world.pass(11)
  expect(textsOf(await world.pull(subscription))).toEqual(['held'])
})

test('a refusal over the stream brings the message again', async () => {
  const { topic, subscription } = await world.createPair()
  const { stream, received, leave } = open({ subscription })
  await world.publish(topic, ['refused'])
  await until(() => received.length === 1, 'the message is received')
  stream.write({ modifyDeadlineAckIds: [received[0]?.ackId], modifyDeadlineSeconds: [0] })
  await until(() => received.length === 2, 'the message is received again')
  await leave()
})

const NOBODY = 'projects/remesa-test/subscriptions/no-such-subscription'
test.each<[string, object, status]>([
  ['names no subscription', {}, status.INVALID_ARGUMENT],
  ['names an unknown subscription', { subscription: NOBODY }, status.NOT_FOUND],
])('a stream that %s is ended', async (_, first, code) => {
  const { seen } = open(first)
  await until(() => seen.error !== undefined, 'the stream has ended')
  expect(seen.error).toMatchObject({ code })
})

test.each<[string, object]>([
  ['a stream deadline below 10 s', { streamAckDeadlineSeconds: 9 }],
  ['a stream deadline above 600 s', { streamAckDeadlineSeconds: 601 }],
  ['lists of different length', { modifyDeadlineAckIds: ['1-1'], modifyDeadlineSeconds: [] }],
  ['a malformed ack id', { ackIds: ['?!'] }],
  ['a deadline below 0 s', { modifyDeadlineAckIds: ['1-1'], modifyDeadlineSeconds: [-1] }],
  ['other flow control than at first', { maxOutstandingMessages: 10 }],
])('a stream that sends %s is ended with INVALID_ARGUMENT', async (_, request) => {
  const { subscription } = await world.createPair()
  const { stream, seen } = open({ subscription })
  await until(() => seen.responses > 0, 'the stream is open')
  stream.write(request)
  await until(() => seen.error !== undefined, 'the stream has ended')
  expect(seen.error).toMatchObject({ code: status.INVALID_ARGUMENT })
})

test.each<[string, string, status]>([
  ['deleted', 'DeleteSubscription', status.NOT_FOUND],
  ['detached', 'DetachSubscription', status.FAILED_PRECONDITION],
])('the streams of a %s subscription end', async (_, method, code) => {
  const { subscription } = await world.createPair()
  const { seen } = open({ subscription })
  await until(() => seen.responses > 0, 'the stream is open')
  await world.call(method, { subscription })
  await until(() => seen.error !== undefined, 'the stream has ended')
  expect(seen.error).toMatchObject({ code })
})

test('a stream that the client half-closes ends well', async () => {
  const { subscription } = await world.createPair()
  const stream = world.openStream({ subscription })
  const ended = new Promise((resolve) => stream.on('status', resolve))
  stream.on('data', () => stream.end())
  expect(await ended).toMatchObject({ code: status.OK })
})
