import type { PubSub } from '@google-cloud/pubsub'
import type { Database } from '@remesa/database/connection'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { type Answered, answerDelivery, recordAnswers } from './answers.ts'
import { askHandler, type VerdictOf } from './ask-handler.ts'
import { countOf, RETRIES } from './attributes.ts'
import { openConsumer } from './consumer.ts'
import { openDeadLetterStore } from './dead-letter-store.ts'
import { createGatherer } from './gatherer.ts'
import type { BatchHandler } from './handler.ts'
import { createInHand } from './in-hand.ts'
import { type Delivery, readDelivery } from './read-delivery.ts'
import type { Relay } from './relay.ts'
import type { AnyTopic, Topic } from './topic.ts'

export interface Worker {
  /** @throws Error while the subscription cannot be read: a readiness check */
  checkReady(): void
  /**
   * Takes no more, finishes the batches that have begun, gives the rest back, and flushes the outbox. Resolves when
   * that is done or the grace has passed; what was not answered then comes again.
   */
  stop(): Promise<void>
}

interface Parts<Data extends object> {
  readonly pubsub: PubSub
  readonly database: Database
  readonly topic: Topic<Data>
  /** The topic's only one when absent. */
  readonly subscription?: string
  readonly handle: BatchHandler<Data>
  /** Where an error thrown by the handler has a meaning of its own, such as a provider that is down. */
  readonly verdictOf?: VerdictOf
  readonly maxBatch?: number
  /** How long a message may wait for its batch to fill, milliseconds. */
  readonly lingerMs?: number
  readonly concurrentBatches?: number
  /** How often a message may throw before it is set aside, retries between not counted; waits double from a second up to ten minutes. */
  readonly maxThrows?: number
  readonly relay: Relay
  readonly logger: Logger
  readonly metrics: Metrics
  /** What `stop` may take. */
  readonly graceMs?: number
}

/**
 * Feeds a subscription to a handler, batch by batch, and does what its verdicts say. A message is acknowledged when
 * what follows from it is committed: never before, and not when that fails. Stores what lands in the topic's dead-letter
 * subscription too.
 */
export function startWorker<Data extends object>(parts: Parts<Data>): Worker {
  const { pubsub, database, topic, handle, relay, metrics, graceMs = 20_000 } = parts
  const { maxBatch = 100, lingerMs = 20, concurrentBatches = 2, maxThrows = 10, verdictOf = () => undefined } = parts
  const subscription = parts.subscription ?? onlySubscription(topic)
  const logger = parts.logger.child({ subscription })
  let stopping = false
  const inHand = createInHand()
  metrics.messagesInHand({ subscription }, inHand.read)

  /** Never rejects: what cannot be written down is given back. */
  async function run(batch: readonly Delivery[]): Promise<void> {
    const began = performance.now()
    const read = batch.map((delivery) => ({ delivery, reading: readDelivery(topic, subscription, delivery) }))
    const messages = read.flatMap(({ reading }) => (reading.kind === 'message' ? [reading.message] : []))
    const verdicts = messages.length > 0 ? await askHandler(handle, verdictOf, messages) : []
    let next = 0
    const answered = read.map(({ delivery, reading }) => {
      const verdict = reading.kind === 'message' ? verdicts[next++] : undefined
      return answerDelivery(delivery, reading, verdict, maxThrows)
    })
    const recorded = await record(answered)
    for (const one of answered) {
      if (recorded || one.answer.kind === 'nothing') one.delivery.ack()
      else one.delivery.nack()
      inHand.answered(one.delivery)
      report(one)
    }
    metrics.batchHandled({ subscription }, { messages: batch.length, seconds: (performance.now() - began) / 1000 })
    relay.nudge()
  }

  async function record(answered: readonly Answered[]): Promise<boolean> {
    try {
      await recordAnswers(database, { topic, subscription }, answered)
      return true
    } catch (error) {
      logger.error({ err: error, messages: answered.length }, 'answers could not be written down; messages go back')
      return false
    }
  }

  function report({ delivery, answer, outcome, error }: Answered): void {
    if (outcome !== 'not-ours') metrics.messageHandled({ subscription, outcome })
    const about = { messageId: delivery.id, eventId: delivery.attributes.eventId }
    if (error !== undefined) logger.error({ err: error, ...about }, 'a handler threw')
    if (outcome === 'retry' && answer.kind === 'again') {
      const retries = countOf(answer.counts, RETRIES)
      const level = isLandmark(retries) ? 'warn' : 'debug'
      logger[level](
        { ...about, reason: answer.reason, retries, afterMs: answer.afterMs },
        'a message is tried again later',
      )
    }
    if (answer.kind === 'set-aside') logger.error({ ...about, reason: answer.reason }, 'a message was set aside')
  }

  const gatherer = createGatherer<Delivery>({ maxBatch, lingerMs, concurrentBatches, run })
  const consumer = openConsumer({
    pubsub,
    subscription,
    maxMessages: maxBatch * (concurrentBatches + 1), // one batch gathers while the others run
    graceMs,
    logger,
    onMessage(message) {
      if (stopping) return message.nack()
      inHand.take(message)
      gatherer.add(message)
    },
  })
  const deadLetters = openDeadLetterStore({ pubsub, database, topic, graceMs, logger })

  async function finish(): Promise<void> {
    const { unbegun, finished } = gatherer.stop()
    const closed = Promise.all([consumer.close(), deadLetters.close()])
    for (const delivery of unbegun) delivery.nack()
    await finished
    // With every answer given, what could still keep the client from closing are messages that it never handed out,
    // which would take it the whole grace (facts: pubsub §10). They come again when their leases end.
    await within(ANSWERS_SENT_MS, closed)
    await relay.drained()
  }

  return {
    checkReady: () => consumer.checkOpen(),
    async stop() {
      if (stopping) return
      stopping = true
      if (!(await within(graceMs, finish()))) logger.error({ graceMs }, 'the worker did not finish within its grace')
    },
  }
}

/** The 10th, 100th, … retry: heard of now and then, however many messages wait for however long. */
const isLandmark = (retries: number): boolean => retries >= 10 && /^10+$/.test(String(retries))

function onlySubscription(topic: AnyTopic): string {
  const [first, ...others] = topic.subscriptions
  if (others.length > 0) throw new Error(`${topic.name} has several subscriptions: say which`)
  return first.name
}

const ANSWERS_SENT_MS = 2000

/** @returns whether the work ended in time */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
