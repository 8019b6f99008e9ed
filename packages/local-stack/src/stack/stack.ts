import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, openDatabase } from '@remesa/database/connection'
import { upsertCountries, upsertErpCurrencies } from '@remesa/database/countries'
import { migrate } from '@remesa/database/migrate'
import { type PostgresServer, startPostgres } from '@remesa/database/testing/postgres-server'
import { type Currency, currency } from '@remesa/domain/currency'
import { connectSandbox, type RemoteSandbox } from '@remesa/sandbox/control-client'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { currencyIdOf, subsidiaryIdOf } from '@remesa/sandbox/netsuite-ids'
import { SANDBOX_CODES } from '@remesa/sandbox/payoneer-codes'
import { sql } from 'kysely'
import { type Child, lastLines, startChild } from './child.ts'
import { type PubSubOfStack, startPubSub } from './emulator.ts'
import { freePorts } from './ports.ts'
import { builtProgram } from './programs.ts'
import { SERVICES, type ServiceName, serviceEnvironment } from './service-environment.ts'

/** One instance of a service. A number of its own survives restarts. */
export interface ServiceProcess {
  readonly service: ServiceName
  readonly instance: number
  /** Health and metrics. */
  readonly url: string
  readonly child: Child
  /** SIGKILL, and a new process in its place at once. */
  crash(): Promise<void>
}

/** PostgreSQL, Pub/Sub, the sandboxes and every service, each a process of its own on this machine. */
export interface Stack {
  readonly database: Database
  readonly databaseUrl: string
  /** False when `DATABASE_URL` names a database that outlives the stack. */
  readonly databaseIsFresh: boolean
  readonly pubsub: PubSubOfStack
  readonly sandbox: RemoteSandbox
  readonly services: readonly ServiceProcess[]
  /** The operators' API. */
  readonly adminUrl: string
  readonly logDirectory: string
  /** What its services read: where everything is, and the sandboxes' credentials. */
  readonly environment: NodeJS.ProcessEnv
  /** The time that the rules of bookings see. */
  rulesNow(): Date
  /** Puts a marketplace where it belongs: countries to us, sellers to GSC, documents to NetSuite. */
  load(marketplace: Marketplace): Promise<void>
  /** The services that ended though nobody asked them to, with their last words. */
  casualties(): Promise<readonly string[]>
  stop(): Promise<void>
}

export interface StackOptions {
  /** `process.env`: DATABASE_URL and PUBSUB_EMULATOR_HOST replace what is embedded. */
  readonly env: NodeJS.ProcessEnv
  /** Whether what `DATABASE_URL` names was made for this stack; default: no, it was there and will be. */
  readonly databaseIsFresh?: boolean
  readonly logDirectory: string
  /** Rate of every transient fault of the sandboxes, 0 to 1. */
  readonly faultRate?: number
  /** Default: all. */
  readonly services?: readonly ServiceName[]
  /** Of every service. */
  readonly instances?: number
  /** Variables of the services, in place of the stack's own. */
  readonly serviceEnv?: NodeJS.ProcessEnv
  /** From paid to settled at the banks, milliseconds. */
  readonly settleDelayMs?: number
  /** How far the clock of the rules of bookings is ahead of the machine's, milliseconds; negative when it is behind. */
  readonly bookingClockOffsetMs?: number
}

/** @throws Error naming the part that did not start, with what it said */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { env, logDirectory, services: names = SERVICES, instances = 1, bookingClockOffsetMs = 0 } = options
  await mkdir(logDirectory, { recursive: true })
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const stopPart of stops.splice(0).reverse()) await stopPart()
  }
  const inherited = {
    PATH: env.PATH,
    HOME: env.HOME,
    NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE ?? join(logDirectory, '..', 'compile-cache'),
    ...(env.PUBSUB_EMULATOR_HOST && { PUBSUB_EMULATOR_HOST: env.PUBSUB_EMULATOR_HOST }),
  }
  try {
    const [postgres, pubsub] = await Promise.all([
      startPostgres(env).then((server) => kept(stops, server, () => server.stop())),
      startPubSub({ env: inherited, logFile: join(logDirectory, 'pubsub-emulator.log') }).then((made) =>
        kept(stops, made, async () => made.child?.stop()),
      ),
    ])
    const database = kept(stops, await open(postgres), (opened) => opened.destroy())
    const projectId = env.PUBSUB_PROJECT_ID ?? 'remesa-local'
    const sandbox = await startSandboxProcess({ ...options, inherited, database, projectId, pubsub }, stops)
    const [webhooksPort = 0, adminPort = 0, ...ports] = await freePorts(2 + names.length * instances * 2)
    // Known addresses, as load balancers would have them; here the first instance of each has its service's.
    const known: Partial<Record<ServiceName, number>> = { webhooks: webhooksPort, admin: adminPort }
    const publicWebhooksUrl = `http://127.0.0.1:${webhooksPort}`
    const adminUrl = `http://127.0.0.1:${adminPort}`
    const places = names.flatMap((service) =>
      Array.from({ length: instances }, (_, instance) => ({ service, instance, httpPort: ports.pop() ?? 0 })),
    )
    const metricsUrls = Object.fromEntries(
      places.map((place) => [nameOf(place), `http://127.0.0.1:${place.httpPort}/metrics`]),
    )
    await subscribeToPayoneer(sandbox, publicWebhooksUrl)
    await sandbox.control('stripe', 'setWebhook', { endpoint: { url: `${publicWebhooksUrl}/webhooks/stripe` } })

    const environmentOf = (
      service: ServiceName,
      { httpPort, publicPort }: { httpPort: number; publicPort: number },
    ) => ({
      ...inherited,
      PAYONEER_REASON_CATEGORIES: `${SANDBOX_CODES.insufficientFunds}=funding`,
      ...serviceEnvironment({
        service,
        instances,
        databaseUrl: postgres.url,
        pubsub: { emulatorHost: pubsub.host, projectId },
        sandbox,
        httpPort,
        webhooksPort: publicPort,
        adminPort: publicPort,
        publicWebhooksUrl,
        consoleUrl: adminUrl,
        metricsUrls,
        bookingClockOffsetMs,
      }),
      ...options.serviceEnv,
    })
    const services = await Promise.all(
      places.map(async ({ service, instance, httpPort }) => {
        const publicPort = (instance === 0 ? known[service] : undefined) ?? ports.pop() ?? 0
        const environment = environmentOf(service, { httpPort, publicPort })
        const program = await builtProgram(service)
        return startService({ service, instance, httpPort, program, env: environment, logDirectory })
      }),
    )
    stops.push(async () => {
      await Promise.all(services.map(({ child }) => child.stop()))
    })
    await Promise.all(services.map(untilReady))
    return {
      database,
      databaseUrl: postgres.url,
      databaseIsFresh: options.databaseIsFresh ?? !env.DATABASE_URL,
      pubsub,
      sandbox,
      services,
      adminUrl,
      logDirectory,
      environment: environmentOf('admin', { httpPort: 0, publicPort: adminPort }),
      rulesNow: () => new Date(Date.now() + bookingClockOffsetMs),
      load: (marketplace) => load(database, sandbox, marketplace),
      casualties: () => casualties(services),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function kept<Part>(stops: (() => Promise<void>)[], part: Part, stop: (part: Part) => Promise<void>): Part {
  stops.push(() => stop(part))
  return part
}

async function open(postgres: PostgresServer): Promise<Database> {
  const database = openDatabase({
    url: postgres.url,
    poolSize: 4,
    applicationName: 'local-stack',
    onIdleError: () => {}, // the pool opens another; a database that is gone fails the next query
  })
  await migrate(database)
  return database
}

async function startSandboxProcess(
  options: StackOptions & {
    inherited: NodeJS.ProcessEnv
    database: Database
    projectId: string
    pubsub: PubSubOfStack
  },
  stops: (() => Promise<void>)[],
): Promise<RemoteSandbox> {
  // Sellers of an earlier stack in the same database have applied events already: ours must be newer.
  const { rows } = await sql<{ last: bigint }>`
    select coalesce(max(profile_sequence), 0)::bigint as last from sellers`.execute(options.database)
  const child = startChild({
    name: 'sandbox',
    program: await builtProgram('sandbox'),
    env: {
      ...options.inherited,
      PUBSUB_EMULATOR_HOST: options.pubsub.host,
      PUBSUB_PROJECT_ID: options.projectId,
      METADATA_SERVER_DETECTION: 'none',
      SANDBOX_FAULT_RATE: String(options.faultRate ?? 0),
      SANDBOX_SETTLE_DELAY_MS: String(options.settleDelayMs ?? 100),
      SANDBOX_FIRST_SEQUENCE: String((rows[0]?.last ?? 0n) + 1n),
    },
    logFile: join(options.logDirectory, 'sandbox.log'),
  })
  stops.push(() => child.stop())
  const ready = JSON.parse(await saidBy(child)) as { control: string }
  return connectSandbox(ready.control)
}

/** Payoneer has one address per kind of event, given to it once. */
async function subscribeToPayoneer(sandbox: RemoteSandbox, publicWebhooksUrl: string): Promise<void> {
  const url = `${publicWebhooksUrl}/webhooks/payoneer`
  const kinds = ['cancel-payout', 'account-loaded', 'sent-to-bank', 'payee-approved']
  await sandbox.control('payoneer', 'setIpcnUrls', Object.fromEntries(kinds.map((kind) => [kind, url])))
}

const nameOf = ({ service, instance }: { service: ServiceName; instance: number }): string =>
  instance === 0 ? service : `${service}-${instance + 1}`

function startService(options: {
  service: ServiceName
  instance: number
  httpPort: number
  program: string
  env: NodeJS.ProcessEnv
  logDirectory: string
}): ServiceProcess {
  const { service, instance, httpPort, program, env, logDirectory } = options
  const name = nameOf(options)
  const begin = (): Child =>
    startChild({
      name,
      program,
      env,
      logFile: join(logDirectory, `${name}.log`),
    })
  let child = begin()
  return {
    service,
    instance,
    url: `http://127.0.0.1:${httpPort}`,
    get child() {
      return child
    },
    async crash() {
      await child.kill()
      child = begin()
    },
  }
}

/** Sixteen processes that start at once on a busy machine take their time. */
const READY_WITHIN_MS = 150_000

async function untilReady({ child }: ServiceProcess): Promise<void> {
  const giveUp = new AbortController()
  const late = sleep(READY_WITHIN_MS, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error(`${child.name} is not ready after ${READY_WITHIN_MS / 1000} s; see ${child.logFile}`)
  })
  try {
    await Promise.race([child.ready, late])
  } catch (error) {
    if (!child.ended) throw error
    throw new Error(`${child.name} ended before it was ready:\n${await lastLines(child.logFile)}`, { cause: error })
  } finally {
    late.catch(() => undefined) // given up
    giveUp.abort()
  }
}

async function saidBy(child: Child): Promise<string> {
  try {
    return await child.firstLine
  } catch (error) {
    throw new Error(`${child.name} did not start:\n${await lastLines(child.logFile)}`, { cause: error })
  }
}

async function load(database: Database, sandbox: RemoteSandbox, marketplace: Marketplace): Promise<void> {
  const currencies = new Set([
    ...marketplace.countries.map((country) => country.currency),
    ...marketplace.sellers.flatMap(({ countries }) => countries.map((country) => country.currency)),
  ])
  await database.transaction().execute(async (tx) => {
    await upsertCountries(
      tx,
      marketplace.countries.map(({ id, name, currency: code, enabled }) => {
        const subsidiaryId = subsidiaryIdOf(id)
        // The sandbox has a chart of accounts per subsidiary that follows from its number.
        const erp = { subsidiaryId, bankAccountId: `1${subsidiaryId}`, payablesAccountId: `2${subsidiaryId}` }
        return { id, name, currency: currency(code), enabled, erp }
      }),
    )
    await upsertErpCurrencies(
      tx,
      new Map([...currencies].map((code): [Currency, string] => [currency(code), currencyIdOf(code)])),
    )
  })
  await sandbox.loadMarketplace(marketplace)
}

async function casualties(services: readonly ServiceProcess[]): Promise<readonly string[]> {
  const ended = services.filter(({ child }) => child.ended !== undefined)
  return Promise.all(
    ended.map(async ({ child }) => {
      const how = child.ended?.signal ?? `code ${child.ended?.code}`
      return `${child.name} ended with ${how}; its last words:\n${await lastLines(child.logFile)}`
    }),
  )
}
