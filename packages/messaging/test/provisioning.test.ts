import type { PubSub } from '@google-cloud/pubsub'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Emulator, startEmulator } from '@remesa/pubsub-emulator/emulator'
import { topics } from '../src/catalogue.ts'
import { provision } from '../src/provisioning.ts'
import { createPubSub } from '../src/pubsub.ts'
import { loose, ordered } from './topics.ts'

let emulator: Emulator
let pubsub: PubSub
beforeAll(async () => {
  emulator = await startEmulator()
  pubsub = createPubSub({ projectId: 'test', emulatorHost: emulator.host })
})
afterAll(async () => {
  await pubsub.close()
  await emulator.stop()
})

const settingsOf = async (subscription: string) => (await pubsub.subscription(subscription).getMetadata())[0]

test('several services may provision the whole catalogue at once, and again', async () => {
  const all = Object.values(topics)
  await Promise.all([provision(pubsub, all), provision(pubsub, all), provision(pubsub, all)])
  await provision(pubsub, all)
  const [found] = await pubsub.getSubscriptions()
  const deadLetters = all.length
  expect(found).toHaveLength(all.flatMap(({ subscriptions }) => subscriptions).length + deadLetters)
  expect(await settingsOf('seller_closing_subscription')).toMatchObject({
    topic: 'projects/test/topics/seller_closing_topic',
    enableMessageOrdering: true,
    ackDeadlineSeconds: 15,
    retryPolicy: { minimumBackoff: { seconds: '1' }, maximumBackoff: { seconds: '600' } },
    deadLetterPolicy: {
      deadLetterTopic: 'projects/test/topics/seller_closing_topic_dead_letter',
      maxDeliveryAttempts: 100,
    },
    expirationPolicy: { ttl: null },
  })
  expect(await settingsOf('seller_closing_topic_dead_letter_subscription')).toMatchObject({
    topic: 'projects/test/topics/seller_closing_topic_dead_letter',
    enableMessageOrdering: false,
    deadLetterPolicy: null,
  })
})

test('settings that changed in the catalogue are brought up to date', async () => {
  await provision(pubsub, [loose])
  const [subscription] = loose.subscriptions
  const changed = { ...subscription, ackDeadlineSeconds: 33, maxDeliveryAttempts: 50 }
  await provision(pubsub, [{ ...loose, subscriptions: [changed] }])
  expect(await settingsOf(subscription.name)).toMatchObject({
    ackDeadlineSeconds: 33,
    deadLetterPolicy: { maxDeliveryAttempts: 50 },
  })
})

test('what cannot be changed in a subscription is refused by name, and so is one of another topic', async () => {
  await provision(pubsub, [ordered])
  const [subscription] = ordered.subscriptions
  const unordered = { ...ordered, subscriptions: [{ ...subscription, ordered: false }] as const }
  await expect(provision(pubsub, [unordered])).rejects.toThrow(
    'subscription ordered_subscription has enableMessageOrdering true, not false, which cannot be changed: delete it first',
  )
  await expect(provision(pubsub, [{ ...loose, subscriptions: ordered.subscriptions }])).rejects.toThrow(
    'subscription ordered_subscription belongs to projects/test/topics/ordered_topic, not to loose_topic',
  )
})
