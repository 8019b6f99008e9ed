import { isDeepStrictEqual } from 'node:util'
import { type PubSub, v1 } from '@google-cloud/pubsub'
import { clientOptions } from './pubsub.ts'
import type { AnyTopic, SubscriptionSettings } from './topic.ts'

/**
 * Makes topics, subscriptions, dead-letter topics and their subscriptions as the catalogue says, and brings the
 * settings of those that exist up to date. Harmless when repeated, or done by several services at once.
 * @throws Error naming a subscription whose ordering or filter differs: neither can be changed once it exists
 */
export async function provision(pubsub: PubSub, topics: readonly AnyTopic[]): Promise<void> {
  const options = await clientOptions(pubsub)
  const publisher = new v1.PublisherClient(options)
  const subscriber = new v1.SubscriberClient(options)
  const project = `projects/${pubsub.projectId}`
  const makeTopic = (name: string) => unlessThere(publisher.createTopic({ name: `${project}/topics/${name}` }))
  try {
    await Promise.all(
      topics.map(async (topic) => {
        await Promise.all([makeTopic(topic.name), makeTopic(topic.deadLetter.topic)])
        await Promise.all([
          ...topic.subscriptions.map((settings) =>
            makeSubscription(subscriber, project, topic.name, settings, topic.deadLetter.topic),
          ),
          makeSubscription(subscriber, project, topic.deadLetter.topic, deadLetterSettings(topic)),
        ])
      }),
    )
  } finally {
    await Promise.all([publisher.close(), subscriber.close()])
  }
}

async function makeSubscription(
  subscriber: v1.SubscriberClient,
  project: string,
  topic: string,
  settings: SubscriptionSettings,
  deadLetterTopic?: string,
): Promise<void> {
  const { retryPolicy, ackDeadlineSeconds } = settings
  const fixed = { enableMessageOrdering: settings.ordered, filter: settings.filter ?? '' }
  const changeable = {
    ackDeadlineSeconds,
    retryPolicy: {
      minimumBackoff: { seconds: retryPolicy.minimumBackoffSeconds, nanos: 0 },
      maximumBackoff: { seconds: retryPolicy.maximumBackoffSeconds, nanos: 0 },
    },
    expirationPolicy: { ttl: null }, // never: a subscription that nobody reads for a month must still hold its messages
    deadLetterPolicy: deadLetterTopic
      ? { deadLetterTopic: `${project}/topics/${deadLetterTopic}`, maxDeliveryAttempts: settings.maxDeliveryAttempts }
      : null,
  }
  const name = `${project}/subscriptions/${settings.name}`
  const wanted = { name, topic: `${project}/topics/${topic}`, ...fixed, ...changeable }
  if (await unlessThere(subscriber.createSubscription(wanted))) return

  const [found] = await subscriber.getSubscription({ subscription: name })
  if (found.topic !== wanted.topic)
    throw new Error(`subscription ${settings.name} belongs to ${found.topic}, not to ${topic}`)
  for (const field of ['enableMessageOrdering', 'filter'] as const) {
    if ((found[field] || undefined) === (wanted[field] || undefined)) continue
    throw new Error(
      `subscription ${settings.name} has ${field} ${found[field]}, not ${wanted[field]}, which cannot be changed: delete it first`,
    )
  }
  const differing = Object.entries(changeable).filter(
    ([field, value]) => !isDeepStrictEqual(plain(found[field as keyof typeof changeable]), plain(value)),
  )
  if (differing.length === 0) return
  await subscriber.updateSubscription({
    subscription: wanted,
    updateMask: { paths: differing.map(([field]) => snakeCase(field)) },
  })
}

function deadLetterSettings({ deadLetter, subscriptions: [main] }: AnyTopic): SubscriptionSettings {
  return { ...main, name: deadLetter.subscription, ordered: false, filter: '' }
}

/** @returns false when it was there already */
async function unlessThere(made: Promise<unknown>): Promise<boolean> {
  try {
    await made
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === ALREADY_EXISTS) return false
    throw error
  }
}

const ALREADY_EXISTS = 6

/** As JSON has it: seconds come as text from the wire, and what is null there may be absent here. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value ?? null), (_, part: unknown) =>
    typeof part === 'string' && /^\d+$/.test(part) ? Number(part) : (part ?? undefined),
  )

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
