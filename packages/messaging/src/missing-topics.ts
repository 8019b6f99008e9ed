import type { PubSub } from '@google-cloud/pubsub'
import type { AnyTopic } from './topic.ts'

/**
 * Compares what there is with the catalogue, and changes nothing.
 * @returns the topics and subscriptions that are not there, those of dead letters among them
 * @throws what Google's client throws when they cannot be listed
 */
export async function missingTopics(pubsub: PubSub, topics: readonly AnyTopic[]): Promise<readonly string[]> {
  const [[madeTopics], [madeSubscriptions]] = await Promise.all([pubsub.getTopics(), pubsub.getSubscriptions()])
  const made = new Set([...madeTopics, ...madeSubscriptions].map(({ name }) => name.split('/').slice(2).join('/')))
  const wanted = topics.flatMap(({ name, subscriptions, deadLetter }) => [
    ...[name, deadLetter.topic].map((topic) => `topics/${topic}`),
    ...[...subscriptions.map((one) => one.name), deadLetter.subscription].map((one) => `subscriptions/${one}`),
  ])
  return wanted.filter((one) => !made.has(one)).map((one) => one.replace('s/', ' '))
}
