import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Duration } from '../src/api.ts'
import type { World } from './world.ts'
import { startWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const PROJECT = 'projects/remesa-test'
const refusal = (code: status) => expect.objectContaining({ code })

test('a topic is created once, read, listed and deleted', async () => {
  const name = await world.createTopic()
  await expect(world.call('CreateTopic', { name })).rejects.toEqual(refusal(status.ALREADY_EXISTS))
  expect(await world.call('GetTopic', { topic: name })).toMatchObject({ name })
  const [topics] = await world.pubsub.getTopics()
  expect(topics.map((topic) => topic.name)).toContain(name)

  await world.call('DeleteTopic', { topic: name })
  for (const method of ['GetTopic', 'DeleteTopic', 'ListTopicSubscriptions']) {
    await expect(world.call(method, { topic: name })).rejects.toEqual(refusal(status.NOT_FOUND))
  }
  await expect(world.publish(name, ['late'])).rejects.toEqual(refusal(status.NOT_FOUND))
})

test.each([
  ['starts with a digit', `${PROJECT}/topics/1abc`],
  ['is shorter than 3 characters', `${PROJECT}/topics/ab`],
  ['is longer than 255 characters', `${PROJECT}/topics/${'a'.repeat(256)}`],
  ['starts with goog', `${PROJECT}/topics/google-things`],
  ['has a character that is not allowed', `${PROJECT}/topics/a b c`],
  ['is of another collection', `${PROJECT}/subscriptions/abc`],
  ['has no project', 'topics/abc'],
])('a topic whose name %s is refused', async (_, name) => {
  await expect(world.call('CreateTopic', { name })).rejects.toEqual(refusal(status.INVALID_ARGUMENT))
})

test('a subscription gets the defaults of the service', async () => {
  const { topic, subscription } = await world.createPair()
  expect(await world.call('GetSubscription', { subscription })).toMatchObject({
    name: subscription,
    topic,
    ackDeadlineSeconds: 10,
    messageRetentionDuration: { seconds: 604_800 },
    expirationPolicy: { ttl: { seconds: 2_678_400 } },
    retainAckedMessages: false,
    enableMessageOrdering: false,
  })
})

test('a subscription keeps the settings it was created with, as the client library sends them', async () => {
  const topic = await world.createTopic()
  const [dead] = await world.pubsub.topic(await world.createTopic()).get()
  const [created] = await world.pubsub.topic(topic).createSubscription(`kept-${Date.now()}`, {
    ackDeadlineSeconds: 60,
    enableMessageOrdering: true,
    filter: 'attributes:kind',
    labels: { team: 'payments' },
    expirationPolicy: {},
    retryPolicy: { minimumBackoff: { seconds: 5 }, maximumBackoff: { seconds: 30 } },
    deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 7 },
  })
  const [metadata] = await created.getMetadata()
  expect(metadata).toMatchObject({
    ackDeadlineSeconds: 60,
    enableMessageOrdering: true,
    filter: 'attributes:kind',
    labels: { team: 'payments' },
    expirationPolicy: { ttl: null },
    retryPolicy: { minimumBackoff: { seconds: '5' }, maximumBackoff: { seconds: '30' } },
    deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 7 },
  })
})

test('a subscription is created once, on a topic that exists', async () => {
  const { topic, subscription } = await world.createPair()
  await expect(world.call('CreateSubscription', { name: subscription, topic })).rejects.toEqual(
    refusal(status.ALREADY_EXISTS),
  )
  await expect(world.createSubscription(`${PROJECT}/topics/no-such-topic`)).rejects.toEqual(refusal(status.NOT_FOUND))
})

const seconds = (count: number): Duration => ({ seconds: count, nanos: 0 })
test.each<[string, object]>([
  ['an ack deadline below 10 s', { ackDeadlineSeconds: 9 }],
  ['an ack deadline above 600 s', { ackDeadlineSeconds: 601 }],
  ['a retention below 10 minutes', { messageRetentionDuration: seconds(599) }],
  ['a retention above 31 days', { messageRetentionDuration: seconds(31 * 86_400 + 1) }],
  ['an expiration below a day', { expirationPolicy: { ttl: seconds(86_399) } }],
  ['a backoff above 600 s', { retryPolicy: { maximumBackoff: seconds(601) } }],
  [
    'a minimum backoff above the maximum',
    { retryPolicy: { minimumBackoff: seconds(20), maximumBackoff: seconds(10) } },
  ],
  ['a filter that cannot be read', { filter: 'attributes.kind == "a"' }],
  ['a filter of more than 256 bytes', { filter: `attributes.kind = "${'x'.repeat(250)}"` }],
])('a subscription with %s is refused', async (_, settings) => {
  const topic = await world.createTopic()
  await expect(world.createSubscription(topic, settings)).rejects.toEqual(refusal(status.INVALID_ARGUMENT))
})

test.each([4, 101])('a dead-letter policy of %i attempts is refused', async (maxDeliveryAttempts) => {
  const topic = await world.createTopic()
  const deadLetterPolicy = { deadLetterTopic: topic, maxDeliveryAttempts }
  await expect(world.createSubscription(topic, { deadLetterPolicy })).rejects.toEqual(refusal(status.INVALID_ARGUMENT))
})

test('a dead-letter topic must exist', async () => {
  const topic = await world.createTopic()
  const deadLetterPolicy = { deadLetterTopic: `${PROJECT}/topics/no-such-topic` }
  await expect(world.createSubscription(topic, { deadLetterPolicy })).rejects.toEqual(refusal(status.NOT_FOUND))
})

test('a subscription changes the fields of the mask and no others', async () => {
  const { subscription: name } = await world.createPair({ labels: { a: '1' } })
  const update = { subscription: { name, ackDeadlineSeconds: 30, labels: { b: '2' } } }
  await world.call('UpdateSubscription', { ...update, updateMask: { paths: ['ack_deadline_seconds'] } })
  expect(await world.call('GetSubscription', { subscription: name })).toMatchObject({
    ackDeadlineSeconds: 30,
    labels: { a: '1' },
  })
})

test.each(['filter', 'enable_message_ordering', 'topic', 'no_such_field'])(
  'the field %s of a subscription cannot be changed',
  async (path) => {
    const { subscription: name } = await world.createPair()
    const request = { subscription: { name, filter: 'attributes:a' }, updateMask: { paths: [path] } }
    await expect(world.call('UpdateSubscription', request)).rejects.toEqual(refusal(status.INVALID_ARGUMENT))
  },
)

test('an update without a mask is refused', async () => {
  const { subscription: name } = await world.createPair()
  await expect(world.call('UpdateSubscription', { subscription: { name } })).rejects.toEqual(
    refusal(status.INVALID_ARGUMENT),
  )
})

test('a topic changes its labels', async () => {
  const name = await world.createTopic()
  await world.call('UpdateTopic', { topic: { name, labels: { team: 'payments' } }, updateMask: { paths: ['labels'] } })
  expect(await world.call('GetTopic', { topic: name })).toMatchObject({ labels: { team: 'payments' } })
})

test('a list comes in pages, in which each name stands once', async () => {
  const topic = await world.createTopic()
  const created = await Promise.all(Array.from({ length: 5 }, () => world.createSubscription(topic)))
  const listed: string[] = []
  let pageToken = ''
  do {
    type List = { subscriptions: string[]; nextPageToken: string }
    const page = await world.call<List>('ListTopicSubscriptions', { topic, pageSize: 2, pageToken })
    expect(page.subscriptions.length).toBeLessThanOrEqual(2)
    listed.push(...page.subscriptions)
    pageToken = page.nextPageToken
  } while (pageToken)
  expect(listed.sort()).toEqual(created.sort())

  const [all] = await world.pubsub.getSubscriptions()
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(created))
})

test('a deleted subscription is gone with its messages', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['lost'])
  await world.call('DeleteSubscription', { subscription })
  await expect(world.pull(subscription)).rejects.toEqual(refusal(status.NOT_FOUND))
  await world.call('CreateSubscription', { name: subscription, topic })
  expect(await world.pull(subscription)).toEqual([])
})

test('a subscription outlives its topic, keeps what it has, and is not taken up by a new topic of that name', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['before'])
  await world.call('DeleteTopic', { topic })
  expect(await world.call('GetSubscription', { subscription })).toMatchObject({ topic: '_deleted-topic_' })

  await world.call('CreateTopic', { name: topic })
  await world.publish(topic, ['after'])
  const received = await world.pull(subscription)
  expect(received.map(({ message }) => message.data.toString())).toEqual(['before'])
})

test('a detached subscription gives no more messages and does not come back', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['dropped'])
  await world.pubsub.detachSubscription(subscription)
  await expect(world.pull(subscription)).rejects.toEqual(refusal(status.FAILED_PRECONDITION))
  expect(await world.call('GetSubscription', { subscription })).toMatchObject({ detached: true })
  expect(await world.call('ListTopicSubscriptions', { topic })).toMatchObject({ subscriptions: [] })
})
