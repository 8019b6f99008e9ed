import { isDeepStrictEqual } from 'node:util'
import { type PubSub, type protos, v1 } from '@google-cloud/pubsub'
import { clientOptions } from './pubsub.ts'
import type { AnyTopic, SubscriptionSettings } from './topic.ts'

/**
 * Makes topics, subscriptions, dead-letter topics and their subscriptions as the catalogue says, and brings the
 * settings of those that exist up to date. Harmless when repeated, or done by several services at once. Every service
 * does it at its start, so it asks for the lists of both first: two calls, where nothing is to be done.
 * @throws Error naming a subscription whose ordering or filter differs: neither can be changed once it exists
 */
export async function provision(pubsub: PubSub, topics: readonly AnyTopic[]): Promise<void> {
  const options = await clientOptions(pubsub)
  const publisher = new v1.PublisherClient(options)
  const subscriber = new v1.SubscriberClient(options)
  const project = `projects/${pubsub.projectId}`
  try {
    const [[topicsThere], [subscriptionsThere]] = await Promise.all([
      publisher.listTopics({ project }),
      subscriber.listSubscriptions({ project }),
    ])
    const known = new Set(topicsThere.map(({ name }) => name))
    const found = new Map(subscriptionsThere.map((subscription) => [subscription.name, subscription]))
    const makeTopic = async (topic: string): Promise<void> => {
      const name = `${project}/topics/${topic}`
      if (!known.has(name)) await unlessThere(publisher.createTopic({ name }))
    }
    const makeSubscription = async (wanted: WantedSubscription): Promise<void> => {
      const there = found.get(wanted.name)
      if (there) return bringUpToDate(subscriber, wanted, there)
      if (await unlessThere(subscriber.createSubscription(requestFor(wanted)))) return
      // Another service made it since we asked; it may be of another version than ours.
      const [made] = await subscriber.getSubscription({ subscription: wanted.name })
      await bringUpToDate(subscriber, wanted, made)
    }
    await Promise.all(
      topics.map(async (topic) => {
        await Promise.all([makeTopic(topic.name), makeTopic(topic.deadLetter.topic)])
        await Promise.all(wantedSubscriptions(project, topic).map(makeSubscription))
      }),
    )
  } finally {
    await Promise.all([publisher.close(), subscriber.close()])
  }
}

type Subscription = protos.google.pubsub.v1.ISubscription

/** In Pub/Sub's words: what can never be changed once it exists, and what can. */
interface WantedSubscription {
  readonly name: string
  readonly topic: string
  readonly fixed: { readonly enableMessageOrdering: boolean; readonly filter: string }
  readonly changeable: Pick<
    Subscription,
    'ackDeadlineSeconds' | 'retryPolicy' | 'expirationPolicy' | 'deadLetterPolicy'
  >
}

const wantedSubscriptions = (project: string, topic: AnyTopic): WantedSubscription[] => [
  ...topic.subscriptions.map((settings) => wantedSubscription(project, topic.name, settings, topic.deadLetter.topic)),
  wantedSubscription(project, topic.deadLetter.topic, deadLetterSettings(topic)),
]

function wantedSubscription(
  project: string,
  topic: string,
  settings: SubscriptionSettings,
  deadLetterTopic?: string,
): WantedSubscription {
  const { ackDeadlineSeconds, retryPolicy } = settings
  return {
    name: `${project}/subscriptions/${settings.name}`,
    topic: `${project}/topics/${topic}`,
    fixed: { enableMessageOrdering: settings.ordered, filter: settings.filter ?? '' },
    changeable: {
      ackDeadlineSeconds,
      retryPolicy: {
        minimumBackoff: { seconds: retryPolicy.minimumBackoffSeconds, nanos: 0 },
        maximumBackoff: { seconds: retryPolicy.maximumBackoffSeconds, nanos: 0 },
      },
      expirationPolicy: { ttl: null }, // never: a subscription that nobody reads for a month must still hold its messages
      deadLetterPolicy: deadLetterTopic
        ? { deadLetterTopic: `${project}/topics/${deadLetterTopic}`, maxDeliveryAttempts: settings.maxDeliveryAttempts }
        : null,
    },
  }
}

const requestFor = ({ name, topic, fixed, changeable }: WantedSubscription): Subscription => ({
  name,
  topic,
  ...fixed,
  ...changeable,
})

async function bringUpToDate(
  subscriber: v1.SubscriberClient,
  wanted: WantedSubscription,
  found: Subscription,
): Promise<void> {
  const { fixed, changeable } = wanted
  const name = shortName(wanted.name)
  if (found.topic !== wanted.topic) {
    throw new Error(`subscription ${name} belongs to ${found.topic}, not to ${shortName(wanted.topic)}`)
  }
  for (const field of ['enableMessageOrdering', 'filter'] as const) {
    if ((found[field] || undefined) === (fixed[field] || undefined)) continue
    throw new Error(
      `subscription ${name} has ${field} ${found[field]}, not ${fixed[field]}, which cannot be changed: delete it first`,
    )
  }
  const differing = Object.entries(changeable).filter(
    ([field, value]) => !isDeepStrictEqual(plain(found[field as keyof typeof changeable]), plain(value)),
  )
  if (differing.length === 0) return
  await subscriber.updateSubscription({
    subscription: requestFor(wanted),
    updateMask: { paths: differing.map(([field]) => snakeCase(field)) },
  })
}

const shortName = (name: string) => name.slice(name.lastIndexOf('/') + 1)

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
