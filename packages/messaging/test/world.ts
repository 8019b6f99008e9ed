import type { PubSub } from '@google-cloud/pubsub'
import { createTestDatabase, type TestDatabase } from '@remesa/database/testing/test-database'
import { type Emulator, startEmulator } from '@remesa/pubsub-emulator/emulator'
import { createLogger, type Logger } from '@remesa/service-kit/logger'
import { createMetrics, type Metrics } from '@remesa/service-kit/metrics'
import { sql } from 'kysely'
import type { BatchHandler } from '../src/handler.ts'
import { enqueue, type OutgoingMessage } from '../src/outbox.ts'
import { provision } from '../src/provisioning.ts'
import { createPubSub } from '../src/pubsub.ts'
import { type Relay, startRelay } from '../src/relay.ts'
import type { Topic } from '../src/topic.ts'
import { startWorker, type Worker } from '../src/worker.ts'
import { loose, type Numbered, ordered } from './topics.ts'

export interface Arrival {
  readonly topic: string
  readonly key: string
  readonly n: number
  readonly attributes: Readonly<Record<string, string>>
}

export interface World {
  readonly database: TestDatabase['database']
  readonly databaseUrl: string
  readonly emulator: Emulator
  readonly pubsub: PubSub
  readonly logger: Logger
  readonly metrics: Metrics
  /** A relay of its own for each call; all are stopped with the world. */
  relay(options?: { pollMs?: number; batchSize?: number }): Relay
  /** On the loose topic, where no other is given; all share a relay. */
  worker(handle: BatchHandler<Numbered>, options?: Partial<WorkerParts<Numbered>>): Worker
  worker<Data extends object>(
    handle: BatchHandler<Data>,
    options: Partial<WorkerParts<Data>> & { topic: Topic<Data> },
  ): Worker
  send(...messages: OutgoingMessage<Numbered>[]): Promise<void>
  outboxRows(): Promise<number>
  /** Waits until a condition holds. @throws after 20 s, with what it waits for */
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>
  /** Collects what is published, in the order of its arrival, with a consumer that knows nothing of ours. */
  listen(): Arrival[]
  stop(): Promise<void>
}
type WorkerParts<Data extends object> = Parameters<typeof startWorker<Data>>[0]

export async function startWorld(emulatorOptions: Parameters<typeof startEmulator>[0] = {}): Promise<World> {
  const [{ database, url, drop }, emulator] = await Promise.all([createTestDatabase(), startEmulator(emulatorOptions)])
  const pubsub = createPubSub({ projectId: 'test', emulatorHost: emulator.host })
  await provision(pubsub, [loose, ordered])
  const logger = createLogger({ service: 'test', level: 'fatal' })
  const metrics = createMetrics({ service: 'test' })
  const parts = { database, pubsub, logger, metrics }
  const toStop: { stop(): Promise<void> }[] = []
  const started = <Part extends { stop(): Promise<void> }>(part: Part): Part => {
    toStop.unshift(part)
    return part
  }
  let shared: Relay | undefined
  const relay: World['relay'] = (options) => started(startRelay({ ...parts, ...options }))
  return {
    ...{ database, databaseUrl: url, emulator, pubsub, logger, metrics, relay },
    worker(handle: BatchHandler<Numbered>, options: Partial<WorkerParts<Numbered>> = {}) {
      shared ??= relay()
      return started(
        startWorker({ ...parts, topic: loose, relay: shared, graceMs: 5000, lingerMs: 5, ...options, handle }),
      )
    },
    async send(...messages) {
      await database.transaction().execute((tx) => enqueue(tx, loose, messages))
      shared?.nudge()
    },
    async outboxRows() {
      const { rows } = await sql<{ n: number }>`select count(*)::int as n from outbox`.execute(database)
      return rows[0]?.n ?? 0
    },
    async until(what, holds) {
      const deadline = performance.now() + 20_000
      for (let pauseMs = 2; !(await holds()); pauseMs = Math.min(pauseMs * 1.5, 50)) {
        if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    },
    listen() {
      const arrivals: Arrival[] = []
      for (const { name, subscriptions } of [loose, ordered]) {
        const subscription = pubsub.subscription(subscriptions[0].name, { batching: { maxMilliseconds: 5 } })
        subscription.on('message', (message) => {
          const { n } = JSON.parse(message.data.toString()) as Numbered
          arrivals.push({ topic: name, key: message.orderingKey ?? '', n, attributes: message.attributes })
          message.ack()
        })
        started({ stop: () => subscription.close() })
      }
      return arrivals
    },
    async stop() {
      for (const part of toStop) await part.stop()
      await pubsub.close()
      await emulator.stop()
      await drop()
    },
  }
}

export interface Arrival {
  readonly topic: string
  readonly key: string
  readonly n: number
  readonly attributes: Readonly<Record<string, string>>
}
