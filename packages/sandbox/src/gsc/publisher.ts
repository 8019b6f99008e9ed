import { PubSub, type Topic } from '@google-cloud/pubsub'

export interface Publication {
  readonly orderingKey: string
  readonly data: object
  readonly attributes: Readonly<Record<string, string>>
}

/** Publishes in order per key; keys do not wait for each other. */
export interface EventPublisher {
  /**
   * @param done - called for each message as soon as Pub/Sub has it
   * @throws Error when one could not be published: it and what follows it under its key are not `done`
   */
  publish<Item>(
    topic: string,
    items: readonly Item[],
    parts: { toMessage: (item: Item) => Publication; done: (item: Item) => void },
  ): Promise<void>
  close(): Promise<void>
}

/** A key's messages cannot share a request with another's, so there are as many requests as keys: many at once. */
const KEYS_AT_ONCE = 200
/** Longer than a healthy Pub/Sub takes, shorter than a person waits for a wrong address. */
const PUBLISH_TIMEOUT_MS = 15_000

/**
 * @param options.projectId - Google Cloud project
 * @param options.emulatorHost - `host:port`; when left out, PUBSUB_EMULATOR_HOST or Google's own service
 */
export function createEventPublisher(options: {
  projectId: string
  emulatorHost?: string | undefined
}): EventPublisher {
  const { projectId, emulatorHost } = options
  let pubSub: PubSub | undefined
  const topics = new Map<string, Topic>()

  function topicOf(name: string): Topic {
    pubSub ??= new PubSub({ projectId, ...(emulatorHost && { apiEndpoint: emulatorHost, emulatorMode: true }) })
    const topic =
      topics.get(name) ??
      pubSub.topic(name, {
        messageOrdering: true,
        batching: { maxMilliseconds: 1 },
        gaxOpts: { timeout: PUBLISH_TIMEOUT_MS },
      })
    topics.set(name, topic)
    return topic
  }

  return {
    async publish(name, items, { toMessage, done }) {
      const topic = topicOf(name)
      const byKey = Map.groupBy(
        items.map((item) => ({ item, message: toMessage(item) })),
        ({ message }) => message.orderingKey,
      )
      const waiting = byKey.entries()
      const publishKeys = async (): Promise<void> => {
        for (const [orderingKey, entries] of waiting) {
          for (const { item, message } of entries) {
            try {
              await topic.publishMessage({ orderingKey, json: message.data, attributes: { ...message.attributes } })
            } catch (error) {
              topic.resumePublishing(orderingKey)
              throw error
            }
            done(item)
          }
        }
      }
      const results = await Promise.allSettled(Array.from({ length: KEYS_AT_ONCE }, publishKeys))
      const failed = results.find((result) => result.status === 'rejected')
      if (failed)
        throw new Error(`cannot publish to ${name}: ${(failed.reason as Error).message}`, { cause: failed.reason })
    },
    async close() {
      await pubSub?.close()
      pubSub = undefined
      topics.clear()
    },
  }
}
