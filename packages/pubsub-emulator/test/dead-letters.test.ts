import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { World } from './world.ts'
import { startWorld, textsOf } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

async function createWithDeadLetters(settings: object = {}) {
  const dead = await world.createPair()
  const deadLetterPolicy = { deadLetterTopic: dead.topic, maxDeliveryAttempts: 5 }
  return { ...(await world.createPair({ deadLetterPolicy, ...settings })), dead }
}

test('a message refused as often as allowed goes to the dead-letter topic, with where it comes from', async () => {
  const { topic, subscription, dead } = await createWithDeadLetters()
  const [id] = await world.publish(topic, ['poison'], { attributes: { kind: 'bad' } })
  for (const attempt of [1, 2, 3, 4, 5]) {
    const received = await world.pull(subscription)
    expect(received).toEqual([expect.objectContaining({ deliveryAttempt: attempt })])
    await world.refuse(subscription, received)
  }
  expect(await world.pull(subscription)).toEqual([])

  const [letter] = await world.pull(dead.subscription)
  expect(letter?.message.data.toString()).toBe('poison')
  expect(letter?.message.messageId).not.toBe(id)
  expect(letter?.deliveryAttempt).toBe(0)
  expect(letter?.message.attributes).toEqual({
    kind: 'bad',
    CloudPubSubDeadLetterSourceDeliveryCount: '5',
    CloudPubSubDeadLetterSourceSubscription: subscription.split('/')[3],
    CloudPubSubDeadLetterSourceSubscriptionProject: 'remesa-test',
    CloudPubSubDeadLetterSourceTopicPublishTime: expect.stringMatching(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/,
    ),
  })
})

test('a deadline that passes counts as an attempt', async () => {
  const { topic, subscription } = await createWithDeadLetters()
  await world.publish(topic, ['slow'])
  await world.pull(subscription)
  await world.pass(11)
  expect(await world.pull(subscription)).toEqual([expect.objectContaining({ deliveryAttempt: 2 })])
})

test('without a dead-letter policy no attempts are told', async () => {
  const { topic, subscription } = await world.createPair()
  await world.publish(topic, ['plain'])
  expect(await world.pull(subscription)).toEqual([expect.objectContaining({ deliveryAttempt: 0 })])
})

test('a dead letter lets the next message of its key go on', async () => {
  const { topic, subscription, dead } = await createWithDeadLetters({ enableMessageOrdering: true })
  await world.publish(topic, ['poison'], { orderingKey: 'k' })
  for (let attempt = 1; attempt <= 5; attempt++) await world.refuse(subscription, await world.pull(subscription))
  await world.publish(topic, ['healthy'], { orderingKey: 'k' })
  expect(textsOf(await world.pull(subscription))).toEqual(['healthy'])
  expect(textsOf(await world.pull(dead.subscription))).toEqual(['poison'])
})

test('a dead-letter policy can be added later', async () => {
  const { topic, subscription } = await world.createPair()
  const dead = await world.createPair()
  await world.call('UpdateSubscription', {
    subscription: { name: subscription, deadLetterPolicy: { deadLetterTopic: dead.topic } },
    updateMask: { paths: ['dead_letter_policy'] },
  })
  await world.publish(topic, ['poison'])
  for (let attempt = 1; attempt <= 5; attempt++) await world.refuse(subscription, await world.pull(subscription))
  expect(textsOf(await world.pull(dead.subscription))).toEqual(['poison'])
})
