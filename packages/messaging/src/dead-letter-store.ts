import type { PubSub } from '@google-cloud/pubsub'
import type { Database } from '@remesa/database/connection'
import type { Logger } from '@remesa/service-kit/logger'
import { type Consumer, openConsumer } from './consumer.ts'
import { insertDeadLettersOnce, type NewDeadLetter } from './dead-letters.ts'
import { createGatherer } from './gatherer.ts'
import type { Delivery } from './read-delivery.ts'
import type { AnyTopic } from './topic.ts'

interface Parts {
  readonly pubsub: PubSub
  readonly database: Database
  readonly topic: AnyTopic
  readonly graceMs: number
  readonly logger: Logger
}

/** Stores what Pub/Sub gave up on, so that operators find it where they find every other dead letter. */
export function openDeadLetterStore({ pubsub, database, topic, graceMs, logger }: Parts): Pick<Consumer, 'close'> {
  async function store(batch: readonly Delivery[]): Promise<void> {
    try {
      const letters = batch.map((delivery) => letterOf(topic, delivery))
      await database.transaction().execute((tx) => insertDeadLettersOnce(tx, letters))
      for (const delivery of batch) delivery.ack()
      logger.error({ messageIds: batch.map(({ id }) => id) }, 'messages were delivered too often and are set aside')
    } catch (error) {
      logger.error({ err: error, messages: batch.length }, 'dead letters could not be stored; they come again')
      for (const delivery of batch) delivery.nack()
    }
  }
  const gatherer = createGatherer<Delivery>({ maxBatch: 50, lingerMs: 50, concurrentBatches: 1, run: store })
  const consumer = openConsumer({
    pubsub,
    subscription: topic.deadLetter.subscription,
    maxMessages: 100,
    graceMs,
    logger,
    onMessage: (message) => gatherer.add(message),
  })
  return {
    async close() {
      const { unbegun, finished } = gatherer.stop()
      const closed = consumer.close()
      for (const delivery of unbegun) delivery.nack()
      await Promise.all([finished, closed])
    },
  }
}

function letterOf(topic: AnyTopic, { id, data, attributes, orderingKey }: Delivery): NewDeadLetter {
  const source = attributes.CloudPubSubDeadLetterSourceSubscription
  const known = topic.subscriptions.find(({ name }) => name === source)
  return {
    topic: topic.name,
    subscription: (known ?? topic.subscriptions[0]).name,
    messageId: id,
    orderingKey: orderingKey || null,
    data,
    attributes,
    reason: `delivered ${attributes.CloudPubSubDeadLetterSourceDeliveryCount ?? 'many'} times without an answer`,
  }
}
