import { setTimeout as sleep } from 'node:timers/promises'
import type { PubSub } from '@google-cloud/pubsub'
import type { Database } from '@remesa/database/connection'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { claimDueRows, measureLag, millisecondsUntilDue, putBack } from './outbox-rows.ts'
import { type PublishResult, publishRows } from './publish-rows.ts'
import { createPublisher, type Publisher } from './publisher.ts'

/** Publishes what transactions left in the outbox. Any number may run at once, in one process or many. */
export interface Relay {
  /** Tells that a transaction with messages has committed, so that they go out now and not at the next poll. */
  nudge(): void
  /** Resolves once nothing is left that is due and could be published; waits as long as Pub/Sub cannot be reached. */
  drained(): Promise<void>
  /** Finishes the batch in hand and stops. What is left stays in the outbox, for another relay or the next start. */
  stop(): Promise<void>
}

interface Parts {
  readonly database: Database
  readonly pubsub: PubSub
  readonly logger: Logger
  readonly metrics: Metrics
  /** Rows that one transaction claims, publishes and deletes. */
  readonly batchSize?: number
  /** How long a row may wait when nobody nudged; also how often an idle relay asks the database, with one index probe. */
  readonly pollMs?: number
  /** A request to Pub/Sub that takes longer counts as failed, since a transaction waits for it. */
  readonly publishTimeoutMs?: number
}

export function startRelay({
  database,
  pubsub,
  logger,
  metrics,
  batchSize = 500,
  pollMs = 1000,
  publishTimeoutMs = 5000,
}: Parts): Relay {
  const stopping = new AbortController()
  const publisher = createPublisher(pubsub, { timeoutMs: publishTimeoutMs })
  publisher.catch(() => undefined) // each pass awaits it and reports
  let nudged = false
  let wake = () => {}
  let waitingForDrain: (() => void)[] = []
  let failuresInARow = 0
  let lastPass = { endedAt: Number.NEGATIVE_INFINITY, claimed: 0 }
  let lagMeasuredAt = Number.NEGATIVE_INFINITY

  /** Claims, publishes and deletes one batch. @returns how many rows it took */
  async function pass(): Promise<number> {
    const waiting = waitingForDrain // those who ask while this pass runs wait for the next
    waitingForDrain = []
    try {
      const { claimed, published } = await relayBatch({
        database,
        publisher: await publisher,
        batchSize,
        logger,
        metrics,
      })
      failuresInARow = claimed > 0 && published === 0 ? failuresInARow + 1 : 0
      if (claimed === 0) for (const resolve of waiting) resolve()
      else waitingForDrain.push(...waiting)
      return claimed
    } catch (error) {
      failuresInARow++
      waitingForDrain.push(...waiting)
      throw error
    }
  }

  async function turn(): Promise<void> {
    const sinceLastMs = performance.now() - lastPass.endedAt
    const gatherMs = lastPass.claimed > 1 ? STREAM_GATHER_MS : GATHER_MS
    if (nudged && sinceLastMs < gatherMs) await sleep(gatherMs - sinceLastMs)
    const asked = nudged || waitingForDrain.length > 0
    nudged = false
    if (!asked) {
      const dueInMs = (await untilDue()) + LEFT_TO_THE_NUDGED_MS
      // A little dice, or every relay of the product would wake for the same row in the same millisecond.
      if (dueInMs > 0) return pause(Math.min(dueInMs + Math.random() * TIMER_JITTER_MS, pollMs))
    }
    const claimed = await pass()
    lastPass = { endedAt: performance.now(), claimed }
    if (failuresInARow > 0) return backOff()
    if (claimed === 0 && !asked) await pause(pollMs) // what is due is in another relay's hands
  }

  async function untilDue(): Promise<number> {
    if (performance.now() - lagMeasuredAt > LAG_INTERVAL_MS) {
      lagMeasuredAt = performance.now()
      metrics.outboxLag(await measureLag(database))
    }
    return millisecondsUntilDue(database)
  }

  function pause(ms: number): Promise<void> {
    if (nudged || waitingForDrain.length > 0 || stopping.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Not ended by a nudge: what failed would fail again. */
  async function backOff(): Promise<void> {
    const ms = Math.min(MAXIMUM_BACKOFF_MS, MINIMUM_BACKOFF_MS * 2 ** (failuresInARow - 1))
    await sleep(ms * (0.5 + Math.random() / 2), undefined, { signal: stopping.signal }).catch(() => undefined)
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await turn()
      } catch (error) {
        failuresInARow = Math.max(1, failuresInARow)
        logger.error({ err: error }, 'the outbox relay could not finish a batch; its rows stay')
        await backOff()
      }
    }
    for (const resolve of waitingForDrain) resolve()
    await publisher.then((opened: Publisher) => opened.close()).catch(() => undefined)
  }
  const running = run()

  return {
    nudge() {
      nudged = true
      wake()
    },
    drained: () =>
      stopping.signal.aborted
        ? running
        : new Promise((resolve) => {
            waitingForDrain.push(resolve)
            wake()
          }),
    async stop() {
      stopping.abort()
      wake()
      await running
    },
  }
}

/** The least time between two batches that were asked for, so that a stream of small commits shares them. */
const GATHER_MS = 5
/** The same after a batch of several: then there is a stream, and each batch costs its round trips however small it is. */
const STREAM_GATHER_MS = 20
/** What a process commits, its own relay is nudged for: the others take only what is left lying. */
const LEFT_TO_THE_NUDGED_MS = 50
const TIMER_JITTER_MS = 50
const LAG_INTERVAL_MS = 15_000
const MINIMUM_BACKOFF_MS = 100
const MAXIMUM_BACKOFF_MS = 10_000

interface Batch {
  readonly database: Database
  readonly publisher: Publisher
  readonly batchSize: number
  readonly logger: Logger
  readonly metrics: Metrics
}

/**
 * One transaction: the rows are deleted first and seen by nobody while they are published, and a crash before the
 * commit brings them back. So a message may go out twice, and none is lost.
 * @throws what Pub/Sub said when it took nothing and may take it later: the transaction is undone
 */
async function relayBatch({ database, publisher, batchSize, logger, metrics }: Batch) {
  return database.transaction().execute(async (tx) => {
    const rows = await claimDueRows(tx, batchSize)
    if (rows.length === 0) return { claimed: 0, published: 0 }
    const { published, failures } = await publishRows(publisher, rows)
    for (const [topic, messages] of published) metrics.published({ topic }, { messages })
    for (const [topic, { error, messages }] of byTopic(failures)) {
      metrics.publishFailed({ topic }, { messages })
      logger.error({ err: error, topic, messages }, 'messages could not be published and stay in the outbox')
    }
    const outage = published.size === 0 && failures.find(({ error }) => mayPass(error))
    if (outage) throw outage.error
    const failed = failures.flatMap((failure) => failure.rows)
    await putBack(tx, failed)
    return { claimed: rows.length, published: rows.length - failed.length }
  })
}

/** Whether the same messages may be taken later, with nothing changed in them or in the topics that there are. */
const mayPass = (error: unknown): boolean => !REFUSALS.has((error as { code?: unknown }).code)
/** gRPC's INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED and FAILED_PRECONDITION. */
const REFUSALS: ReadonlySet<unknown> = new Set([3, 5, 7, 9])

/** One line of log for a topic, not one for each of its keys. */
function byTopic(failures: PublishResult['failures']): ReadonlyMap<string, { error: unknown; messages: number }> {
  const topics = new Map<string, { error: unknown; messages: number }>()
  for (const { error, rows } of failures) {
    const topic = rows[0]?.topic ?? ''
    topics.set(topic, { error, messages: (topics.get(topic)?.messages ?? 0) + rows.length })
  }
  return topics
}
