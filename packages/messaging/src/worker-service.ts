import { type Database, openDatabase } from '@remesa/database/connection'
import { migrate } from '@remesa/database/migrate'
import { databaseEnvironment, pubsubEnvironment, serviceEnvironment } from '@remesa/service-kit/environment'
import type { ServiceParts } from '@remesa/service-kit/run-service'
import { sql } from 'kysely'
import type { z } from 'zod'
import { topics } from './catalogue.ts'
import { provision } from './provisioning.ts'
import { createPubSub } from './pubsub.ts'
import { type Relay, startRelay } from './relay.ts'
import { startWorker, type Worker } from './worker.ts'

/** What every service that works on messages reads. */
export const workerEnvironment = { ...serviceEnvironment, ...databaseEnvironment, ...pubsubEnvironment }
export type WorkerConfig = z.output<z.ZodObject<typeof workerEnvironment>>

type WorkerOptions<Data extends object> = Omit<
  Parameters<typeof startWorker<Data>>[0],
  'pubsub' | 'database' | 'relay' | 'logger' | 'metrics' | 'graceMs'
>

/** A service's database, outbox relay and workers. */
export interface WorkerService {
  readonly database: Database
  readonly relay: Relay
  /** Feeds a topic's subscription to a handler until the service stops. */
  work<Data extends object>(options: WorkerOptions<Data>): void
}

/**
 * Connects a service to the database and to Pub/Sub: brings the schema up to date, makes the topics that are missing,
 * starts its relay. All of it is stopped with the service, workers first.
 */
export async function connectWorkerService(
  name: string,
  { config, logger, metrics, stopWith, readyWhen }: ServiceParts<WorkerConfig>,
): Promise<WorkerService> {
  const options = {
    url: config.DATABASE_URL,
    poolSize: config.DATABASE_POOL_SIZE,
    applicationName: name,
    onIdleError: (err: Error) => logger.warn({ err }, 'an idle database connection broke'),
  }
  // A migration, and the wait for another service's, may take as long as it takes.
  const migrating = openDatabase({ ...options, poolSize: 2, silentMs: 0 })
  try {
    for (const migration of await migrate(migrating)) logger.info({ migration }, 'schema migrated')
  } finally {
    await migrating.destroy()
  }
  const database = openDatabase(options)
  stopWith('database', () => database.destroy())
  readyWhen('database', () => sql`select 1`.execute(database))

  const pubsub = createPubSub({ projectId: config.PUBSUB_PROJECT_ID, emulatorHost: config.PUBSUB_EMULATOR_HOST })
  stopWith('pubsub', () => pubsub.close())
  await provision(pubsub, Object.values(topics))

  const relay = startRelay({ database, pubsub, logger, metrics })
  stopWith('outbox relay', () => relay.stop())

  const workers: Worker[] = []
  // All at once: each may take what the grace period leaves.
  stopWith('workers', () => Promise.all(workers.map((worker) => worker.stop())))

  return {
    database,
    relay,
    work(options) {
      const graceMs = Math.max(1_000, config.SHUTDOWN_GRACE_MS - 2_000) // the parts below must close within it, too
      const worker = startWorker({ ...options, pubsub, database, relay, logger, metrics, graceMs })
      workers.push(worker)
      readyWhen(options.topic.name, () => worker.checkReady())
    },
  }
}
