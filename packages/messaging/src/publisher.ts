import { type PubSub, v1 } from '@google-cloud/pubsub'
import { clientOptions } from './pubsub.ts'

export interface OutgoingPubsubMessage {
  readonly data: Buffer
  readonly attributes: Readonly<Record<string, string>>
  readonly orderingKey: string
}

export interface Publisher {
  /**
   * Publishes messages of one topic and one ordering key in one request: all are taken, in this order, or none is
   * known to be.
   * @param messages - 1 to 1000, 10 MB at most
   * @throws what gRPC said, with its `code`; after a time-out or a lost connection they may have been taken
   */
  publish(topic: string, messages: readonly OutgoingPubsubMessage[]): Promise<void>
  close(): Promise<void>
}

/**
 * Publishing as the relay needs it: one call is one request, tried once. The client's own queues gather by time, retry
 * for ten minutes, and do not keep the order of a key across a failure (facts: pubsub §5, §6); the relay's outbox does
 * all three, and a transaction waits for the answer.
 * @param options.timeoutMs - after which a request counts as failed
 */
export async function createPublisher(pubsub: PubSub, options: { timeoutMs: number }): Promise<Publisher> {
  const client = new v1.PublisherClient(await clientOptions(pubsub))
  const once = { timeout: options.timeoutMs, maxRetries: 0, retry: { retryCodes: [] }, isBundling: false }
  return {
    async publish(topic, messages) {
      await client.publish({ topic: topicPath(pubsub, topic), messages: messages as OutgoingPubsubMessage[] }, once)
    },
    close: () => client.close(),
  }
}

const topicPath = (pubsub: PubSub, topic: string) => `projects/${pubsub.projectId}/topics/${topic}`
