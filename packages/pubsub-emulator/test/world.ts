import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, PubSub, Subscription } from '@google-cloud/pubsub'
import { PubSub as PubSubClient } from '@google-cloud/pubsub'
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { createManualClock } from '../src/clock.ts'
import { loadServices } from '../src/definitions.ts'
import { startEmulator } from '../src/emulator.ts'
import { startExternalPubSub } from '../src/testing.ts'

process.env.METADATA_SERVER_DETECTION = 'none' // there is none, and looking for it takes seconds

const PROJECT = 'remesa-test'
const PATIENCE_MS = 15_000

export type Received = {
  ackId: string
  deliveryAttempt: number
  message: {
    data: Buffer
    attributes: Record<string, string>
    messageId: string
    orderingKey: string
    publishTime: { seconds: number; nanos: number }
  }
}
export type PullStream = ClientDuplexStream<
  object,
  { receivedMessages: Received[]; subscriptionProperties: object | null }
>

/** A Pub/Sub to test against: this package's emulator in this process, with time that tests move, or an external one. */
export type World = Awaited<ReturnType<typeof startWorld>>

export async function startWorld() {
  const clock = createManualClock()
  const external = await startExternalPubSub(process.env)
  const server = external ?? (await startEmulator({ clock }))
  const { host } = server
  const pubsub: PubSub = new PubSubClient({ projectId: PROJECT, apiEndpoint: host, emulatorMode: true })
  const channel = new Client(host, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 })
  const { publisher, subscriber } = loadServices()
  const subscribed: Subscription[] = []

  /** Calls a method as it stands in the proto. @throws ServiceError with the call's status */
  function call<Response = object>(method: string, request: object): Promise<Response> {
    const definition = publisher[method] ?? subscriber[method]
    if (!definition) throw new Error(`there is no method ${method}`)
    return new Promise((resolve, reject) => {
      channel.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        definition.responseDeserialize,
        request,
        (error: ServiceError | null, response?: unknown) => (error ? reject(error) : resolve(response as Response)),
      )
    })
  }

  const world = {
    pubsub,
    call,

    /** Lets time pass: at once in this process, really elsewhere (with a little more, for the other side's timers). */
    async pass(seconds: number): Promise<void> {
      if (external) await sleep(seconds * 1000 + 300)
      else clock.advance(seconds * 1000)
    },

    async createTopic(): Promise<string> {
      const name = `projects/${PROJECT}/topics/t-${randomUUID()}`
      await call('CreateTopic', { name })
      return name
    },

    async createSubscription(topic: string, settings: object = {}): Promise<string> {
      const name = `projects/${PROJECT}/subscriptions/s-${randomUUID()}`
      await call('CreateSubscription', { name, topic, ...settings })
      return name
    },

    /** A new topic with one subscription. */
    async createPair(settings: object = {}): Promise<{ topic: string; subscription: string }> {
      const topic = await world.createTopic()
      return { topic, subscription: await world.createSubscription(topic, settings) }
    },

    /** @returns the ids */
    async publish(
      topic: string,
      texts: string[],
      rest: { orderingKey?: string; attributes?: object } = {},
    ): Promise<string[]> {
      const messages = texts.map((text) => ({ data: Buffer.from(text), ...rest }))
      return (await call<{ messageIds: string[] }>('Publish', { topic, messages })).messageIds
    },

    /** What is there at this moment. */
    async pull(subscription: string, maxMessages = 100): Promise<Received[]> {
      const request = { subscription, maxMessages, returnImmediately: true }
      return (await call<{ receivedMessages: Received[] }>('Pull', request)).receivedMessages
    },

    async acknowledge(subscription: string, received: Received[]): Promise<void> {
      await call('Acknowledge', { subscription, ackIds: received.map(({ ackId }) => ackId) })
    },

    async refuse(subscription: string, received: Received[]): Promise<void> {
      const ackIds = received.map(({ ackId }) => ackId)
      await call('ModifyAckDeadline', { subscription, ackIds, ackDeadlineSeconds: 0 })
    },

    /** A streaming pull without the client library; what it sends first is the default of the library. */
    openStream(first: object): PullStream {
      const definition = subscriber.StreamingPull
      if (!definition) throw new Error('there is no method StreamingPull')
      const { path, requestSerialize, responseDeserialize } = definition
      const stream = channel.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata())
      stream.write({ streamAckDeadlineSeconds: 10, clientId: randomUUID(), protocolVersion: 1, ...first })
      return stream as PullStream
    },

    /** Listens as a service would. @returns the messages received so far, in order */
    listen(
      subscription: string,
      options: object,
      handle: (message: Message) => void,
    ): { messages: Message[]; close: () => Promise<void> } {
      const client = pubsub.subscription(subscription, { streamingOptions: { maxStreams: 1 }, ...options })
      const messages: Message[] = []
      client.on('message', (message) => {
        messages.push(message)
        handle(message)
      })
      client.on('error', (error) => {
        throw error
      })
      subscribed.push(client)
      return { messages, close: () => client.close() }
    },

    async stop(): Promise<void> {
      await Promise.all(subscribed.map((client) => client.close()))
      await pubsub.close()
      channel.close()
      await server.stop()
    },
  }
  return world
}

/** Waits until something holds. @throws Error after a while, saying what did not */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await sleep(2)
  }
}

export const textsOf = (received: readonly { message: { data: Buffer } }[]): string[] =>
  received.map(({ message }) => message.data.toString())

export const textOf = ({ data }: Message): string => data.toString()
