import { Server, ServerCredentials } from '@grpc/grpc-js'
import { Broker } from './broker.ts'
import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import { loadServices } from './definitions.ts'
import type { Knobs } from './knobs.ts'
import { Mischief } from './knobs.ts'
import { tryPort } from './port.ts'
import { publisherService } from './publisher-service.ts'
import { subscriberService } from './subscriber-service.ts'

/** What has happened since the start, and what is left to do. */
export type EmulatorStats = {
  /** Messages taken by Publish; those sent to dead-letter topics are not among them. */
  published: number
  /** Messages handed to consumers, each time counted, over all subscriptions. */
  delivered: number
  /** Of these, those that the subscription had delivered before. */
  redelivered: number
  deadLettered: number
  /** By full name: messages not acknowledged yet, and how many of them consumers hold. */
  subscriptions: Record<string, { backlog: number; outstanding: number }>
}

export type Emulator = {
  /** The value for PUBSUB_EMULATOR_HOST, such as `127.0.0.1:8085`. */
  readonly host: string
  stats(): EmulatorStats
  knobs(): Readonly<Knobs>
  /** Changes the knobs given, at once, and leaves the others. @throws RangeError for an unknown one or a value out of range */
  setKnobs(knobs: Partial<Knobs>): void
  /** Ends every stream with UNAVAILABLE, as a server that is taken down, and frees the port. */
  stop(): Promise<void>
}

const LARGEST_REQUEST_BYTES = 32_000_000 // above the service's limit, so that the refusal is the service's own
const SHUTDOWN_MS = 500

/**
 * Starts Pub/Sub in this process, empty.
 * @param options.port - 0, the default, takes any free port
 * @throws Error when the port cannot be had, RangeError for knobs out of range
 */
export async function startEmulator(
  options: { port?: number; host?: string; clock?: Clock; knobs?: Partial<Knobs> } = {},
): Promise<Emulator> {
  const { port = 0, host = '127.0.0.1', clock = systemClock, knobs = {} } = options
  const mischief = new Mischief()
  mischief.set(knobs)
  const broker = new Broker({ clock, mischief })
  const { publisher, subscriber } = loadServices()
  const server = new Server({
    'grpc.max_receive_message_length': LARGEST_REQUEST_BYTES,
    'grpc.max_send_message_length': -1,
  })
  server.addService(publisher, publisherService(broker))
  server.addService(subscriber, subscriberService(broker, clock))
  const boundPort = await bind(server, host, port)
  return {
    host: `${host}:${boundPort}`,
    stats: () => ({ ...broker.counters, subscriptions: broker.backlogs() }),
    knobs: () => mischief.knobs,
    setKnobs: (changes) => mischief.set(changes),
    stop: () => {
      broker.stop()
      return shutDown(server)
    },
  }
}

async function bind(server: Server, host: string, port: number): Promise<number> {
  // gRPC tells of a port that cannot be had in a sentence without the reason: a plain socket knows it.
  if (port !== 0) await tryPort(host, port)
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, boundPort) =>
      error ? reject(new Error(`cannot listen on ${host}:${port}`, { cause: error })) : resolve(boundPort),
    )
  })
}

/** Lets the ended calls reach their clients, then closes what is still connected. */
function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), SHUTDOWN_MS)
    server.tryShutdown(() => {
      clearTimeout(force)
      resolve()
    })
  })
}
