import { openDatabase } from '@remesa/database/connection'
import { migrate } from '@remesa/database/migrate'
import { startPostgres } from '@remesa/database/testing/postgres-server'
import { startEmulator } from '@remesa/pubsub-emulator/emulator'
import { createLogger } from '@remesa/service-kit/logger'
import { createMetrics } from '@remesa/service-kit/metrics'
import { sql } from 'kysely'
import { topics } from '../src/catalogue.ts'
import { done, type Message } from '../src/handler.ts'
import { enqueue } from '../src/outbox.ts'
import { provision } from '../src/provisioning.ts'
import { createPubSub } from '../src/pubsub.ts'
import { startRelay } from '../src/relay.ts'
import { startWorker } from '../src/worker.ts'

const HELP = `messages through enqueue, relay, emulator and worker, all in one process
  --messages N   how many (default 20000)
  --batch N      messages enqueued in one transaction (default 100)
  --keyed        each message with its own ordering key`

/** Prints messages per second and CPU milliseconds per message. @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(HELP)
    return 0
  }
  const numberOf = (name: string, otherwise: number) =>
    args.includes(name) ? Number(args[args.indexOf(name) + 1]) : otherwise
  const messages = numberOf('--messages', 20_000)
  const perTransaction = numberOf('--batch', 100)
  const keyed = args.includes('--keyed')
  if (![messages, perTransaction].every((number) => Number.isSafeInteger(number) && number > 0)) {
    console.error('--messages and --batch take a whole number from 1')
    return 2
  }

  const postgres = await startPostgres(process.env)
  const database = openDatabase({
    url: postgres.url,
    poolSize: 8,
    applicationName: 'bench',
    onIdleError: () => {},
  })
  await migrate(database)
  const emulator = await startEmulator()
  const pubsub = createPubSub({ projectId: 'bench', emulatorHost: emulator.host })
  const logger = createLogger({ service: 'bench', level: 'warn' })
  const metrics = createMetrics({ service: 'bench' })
  await provision(pubsub, [topics.sellerVendorSync, topics.paySellerBalance])
  const relay = startRelay({ database, pubsub, logger, metrics })
  const seen = new Set<string>()
  const all = Promise.withResolvers<void>()
  const handle = async (batch: readonly Message<object>[]) => {
    for (const { attributes } of batch) seen.add(attributes.eventId ?? '')
    if (seen.size === messages) all.resolve()
    return batch.map(() => done)
  }
  const parts = { pubsub, database, relay, logger, metrics, handle, maxBatch: 200, lingerMs: 20, concurrentBatches: 4 }
  const worker = keyed
    ? startWorker({ ...parts, topic: topics.sellerVendorSync })
    : startWorker({ ...parts, topic: topics.paySellerBalance })

  const cpu = process.cpuUsage()
  const began = performance.now()
  for (let sent = 0; sent < messages; sent += perTransaction) {
    const count = Math.min(perTransaction, messages - sent)
    await database.transaction().execute((tx) => {
      const ids = Array.from({ length: count }, () => crypto.randomUUID())
      return keyed
        ? enqueue(
            tx,
            topics.sellerVendorSync,
            ids.map((sellerId) => ({ data: { sellerId } })),
          )
        : enqueue(
            tx,
            topics.paySellerBalance,
            ids.map((sellerBalanceId) => ({ data: { sellerBalanceId } })),
          )
    })
    relay.nudge()
  }
  const enqueuedMs = performance.now() - began
  await all.promise
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  const { delivered, redelivered } = emulator.stats()
  console.log(
    `${messages} messages in ${(ms / 1000).toFixed(1)} s: ${Math.round((messages / ms) * 1000)}/s` +
      ` (enqueued in ${(enqueuedMs / 1000).toFixed(1)} s), ${((user + system) / 1000 / messages).toFixed(3)} ms CPU each` +
      ` in this process, emulator included; delivered ${delivered}, again ${redelivered}`,
  )
  await new Promise((resolve) => setTimeout(resolve, 2000)) // PostgreSQL's statistics come late
  const idle = process.cpuUsage()
  const queriesBefore = await transactions(database)
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const idled = process.cpuUsage(idle)
  const queries = (await transactions(database)) - queriesBefore
  console.log(
    `idle: ${((idled.user + idled.system) / 3000).toFixed(1)} ms CPU and ${(queries / 3).toFixed(1)} transactions per second`,
  )

  await worker.stop()
  await relay.stop()
  await pubsub.close()
  await emulator.stop()
  await database.destroy()
  await postgres.stop()
  return 0
}

async function transactions(database: ReturnType<typeof openDatabase>): Promise<number> {
  const { rows } = await sql<{ n: number }>`select (xact_commit + xact_rollback)::int as n from pg_stat_database
    where datname = current_database()`.execute(database)
  return rows[0]?.n ?? 0
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2))
