import { randomUUID } from 'node:crypto'
import type { PubSub } from '@google-cloud/pubsub'
import type { Database } from '@remesa/database/connection'
import { upsertCountries, upsertErpCurrencies } from '@remesa/database/countries'
import { createTestDatabase } from '@remesa/database/testing/test-database'
import { currency } from '@remesa/domain/currency'
import type { PaymentPatience } from '@remesa/domain/payment-steps'
import type { Rail, RailName } from '@remesa/domain/rail'
import { createGscClient, type GscClient } from '@remesa/gsc-client/gsc-client'
import { topics } from '@remesa/messaging/catalogue'
import type { BatchHandler, Message, Verdict } from '@remesa/messaging/handler'
import { provision } from '@remesa/messaging/provisioning'
import { createPubSub } from '@remesa/messaging/pubsub'
import { type Relay, startRelay } from '@remesa/messaging/relay'
import type { Topic } from '@remesa/messaging/topic'
import { startWorker } from '@remesa/messaging/worker'
import { createNetSuiteClient, type NetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import { type Emulator, startEmulator } from '@remesa/pubsub-emulator/emulator'
import { createRails, patienceOf, railEnvironment } from '@remesa/rails/rails'
import { currencyIdOf, subsidiaryIdOf } from '@remesa/sandbox/netsuite-ids'
import { SANDBOX_CODES } from '@remesa/sandbox/payoneer-codes'
import { type Sandbox, type SandboxOptions, startSandbox } from '@remesa/sandbox/sandbox'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { createLogger, type Logger } from '@remesa/service-kit/logger'
import { createMetrics, type Metrics } from '@remesa/service-kit/metrics'
import { stripeEnvironment, stripeOptions } from '@remesa/stripe-client/environment'
import { createStripeRail, type StripeRail } from '@remesa/stripe-client/stripe-rail'
import { sql } from 'kysely'
import { z } from 'zod'

/**
 * What a handler's test works in: a database of its own, Pub/Sub, every provider as a sandbox, and clients of them,
 * all in this process. One per test file, or per test; it starts in well under a second.
 */
export interface World {
  readonly database: Database
  readonly databaseUrl: string
  readonly sandbox: Sandbox
  readonly netsuite: NetSuiteClient
  readonly gsc: GscClient
  /** Those that pay sellers. */
  readonly rails: ReadonlyMap<RailName, Rail>
  readonly stripe: StripeRail
  /** Short waits, as few tries as in production. */
  readonly patience: PaymentPatience
  /** What the rails were made from, for a service in a process of its own. */
  readonly railEnvironment: Readonly<Record<string, string>>
  /** The same of `stripe`. */
  readonly stripeEnvironment: Readonly<Record<string, string>>
  readonly emulator: Emulator
  readonly pubsub: PubSub
  readonly logger: Logger
  readonly metrics: Metrics
  /** The clock of the handlers and of the sandboxes, except NetSuite's; it and the database have their own. */
  now(): Date
  /** Forward only. */
  moveClock(ms: number): void
  /** Hands messages to a handler as the worker runtime would, as one batch. */
  deliver<Data extends object>(
    handler: BatchHandler<Data>,
    ...messages: readonly (Data | Message<Data>)[]
  ): Promise<readonly Verdict[]>
  /** What the outbox holds for a topic, oldest first: everything published, unless `work` was called. */
  published<Data extends object>(topic: Topic<Data>): Promise<readonly Published<Data>[]>
  /** The same, and takes it out. @param due - only what is due by the world's clock */
  take<Data extends object>(topic: Topic<Data>, options?: { due: true }): Promise<readonly Published<Data>[]>
  /** Feeds a topic to a handler through Pub/Sub, as a service does; starts a relay with the first. */
  work<Data extends object>(
    options: { topic: Topic<Data>; handle: BatchHandler<Data> } & Partial<Parameters<typeof startWorker<Data>>[0]>,
  ): Promise<Relay>
  /** Waits until a condition holds. @throws after 20 s, with what it waits for */
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>
  /** Has something stopped with the world, before what was there before it. */
  stopWith(stop: () => unknown): void
  stop(): Promise<void>
}

export interface Published<Data extends object> {
  readonly data: Data
  readonly orderingKey: string | null
  readonly deliverAt: Date
}

/** Chile, Peru, Colombia and Mexico sell; Brazil is not enabled. All have their ids in NetSuite. */
export const COUNTRIES = [
  { id: 'cl', name: 'Chile', currency: 'CLP', enabled: true },
  { id: 'pe', name: 'Perú', currency: 'PEN', enabled: true },
  { id: 'co', name: 'Colombia', currency: 'COP', enabled: true },
  { id: 'mx', name: 'México', currency: 'MXN', enabled: true },
  { id: 'br', name: 'Brasil', currency: 'BRL', enabled: false },
] as const
const CURRENCIES = [...COUNTRIES.map((country) => country.currency), 'USD'].map(currency)

/** @param options.sandbox - banks settle by hand unless it says otherwise: `sandbox.fpay.settleAll()` */
export async function startWorld(
  options: { sandbox?: SandboxOptions; env?: Readonly<Record<string, string>> } = {},
): Promise<World> {
  const stops: (() => unknown)[] = []
  const stopWith = (stop: () => unknown): void => void stops.push(stop)
  const stop = async (): Promise<void> => {
    for (const stopPart of stops.splice(0).reverse()) await stopPart()
  }
  try {
    return await assemble(options, { stopWith, stop })
  } catch (error) {
    await stop()
    throw error
  }
}

async function assemble(
  options: { sandbox?: SandboxOptions; env?: Readonly<Record<string, string>> },
  { stopWith, stop }: Pick<World, 'stopWith' | 'stop'>,
): Promise<World> {
  let movedMs = 0
  const now = () => new Date(Date.now() + movedMs)
  const [{ database, url: databaseUrl }, emulator] = await Promise.all([
    createTestDatabase().then((made) => {
      stopWith(() => made.drop())
      return made
    }),
    startEmulator().then((started) => {
      stopWith(() => started.stop())
      return started
    }),
  ])
  const pubsub = createPubSub({ projectId: 'test', emulatorHost: emulator.host })
  stopWith(() => pubsub.close())
  const given = options.sandbox ?? {}
  const [sandbox] = await Promise.all([
    startSandbox({
      ...given,
      gsc: { now, projectId: 'test', emulatorHost: emulator.host, ...given.gsc },
      fpay: { now, settleDelayMs: 'by-hand', ...given.fpay },
      payoneer: { now, settleDelayMs: 'by-hand', ...given.payoneer },
      stripe: { now, ...given.stripe },
    }),
    provision(pubsub, Object.values(topics)),
    loadCountries(database),
  ])
  stopWith(() => sandbox.stop())
  sandbox.loadMarketplace({ countries: [...COUNTRIES], sellers: [], documents: [], closings: [] })
  sandbox.netsuite.loadCurrencies(CURRENCIES)

  const logger = createLogger({ service: 'test', level: process.env.REMESA_TEST_LOGS ? 'debug' : 'fatal' })
  const metrics = createMetrics({ service: 'test' })
  const clients = connectClients(sandbox, { env: options.env ?? {}, logger, metrics, now, stopWith })
  let relay: Relay | undefined

  async function take<Data extends object>(topic: Topic<Data>, which: { due: true } | undefined) {
    const until = which ? now() : new Date(8.64e15)
    const { rows } = await sql<OutboxRow>`
      with taken as (delete from outbox where topic = ${topic.name} and deliver_at <= ${until} returning *)
      select id, data, ordering_key, deliver_at from taken order by id`.execute(database)
    return rows.map((row) => publishedOf(topic, row))
  }

  return {
    database,
    databaseUrl,
    sandbox,
    ...clients,
    emulator,
    pubsub,
    logger,
    metrics,
    now,
    moveClock: (ms) => {
      if (ms < 0) throw new RangeError('the clock moves forward only')
      movedMs += ms
    },
    deliver: async (handler, ...messages) => handler(messages.map((message) => asMessage(message))),
    async published(topic) {
      const { rows } = await sql<OutboxRow>`
        select id, data, ordering_key, deliver_at from outbox where topic = ${topic.name} order by id`.execute(database)
      return rows.map((row) => publishedOf(topic, row))
    },
    take,
    async work({ topic, handle, ...settings }) {
      if (!relay) {
        relay = startRelay({ database, pubsub, logger, metrics, pollMs: 20 })
        stopWith(() => relay?.stop())
      }
      const parts = { pubsub, database, relay, logger, metrics, lingerMs: 5, graceMs: 2_000 }
      const worker = startWorker({ ...parts, ...settings, topic, handle })
      stopWith(() => worker.stop())
      return relay
    },
    async until(what, holds) {
      const deadline = performance.now() + 20_000
      // What takes long is asked for less often: looking costs what is waited for its time.
      for (let pauseMs = 2; !(await holds()); pauseMs = Math.min(pauseMs * 1.5, 50)) {
        if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    },
    stopWith,
    stop,
  }
}

/** Clients as services make them, but with waits that a test can sit through. */
function connectClients(
  { urls, credentials }: Sandbox,
  parts: Pick<World, 'logger' | 'metrics' | 'now' | 'stopWith'> & { env: Readonly<Record<string, string>> },
): Pick<World, 'netsuite' | 'gsc' | 'rails' | 'stripe' | 'patience' | 'railEnvironment' | 'stripeEnvironment'> {
  const { logger, metrics, now, stopWith } = parts
  const { netsuite, gsc, fpay, payoneer } = credentials()
  const forStripe = { ...stripeVariables({ urls, credentials }), ...parts.env }
  const { account, clientId, certificateId, privateKeyPem } = netsuite
  const retry = { tries: 2, firstMs: 5, maxMs: 20 }
  const netsuiteClient = createNetSuiteClient({
    baseUrl: urls.netsuite,
    accountId: account,
    auth: { kind: 'oauth2', clientId, certificateId, privateKeyPem, algorithm: 'ES256' },
    timeoutMs: 5_000,
    retry,
    metrics,
  })
  stopWith(() => netsuiteClient.close())
  const gscClient = createGscClient({ baseUrl: urls.gsc, token: gsc.token, timeoutMs: 5_000, retry, metrics })
  stopWith(() => gscClient.close())
  const environment = {
    FPAY_BASE_URL: urls.fpay,
    FPAY_CLIENT_ID: fpay.clientId,
    FPAY_CLIENT_SECRET: fpay.clientSecret,
    FPAY_CALLBACK_URL: 'http://127.0.0.1:9/webhooks/fpay', // nobody listens: tests deliver callbacks themselves
    FPAY_TIMEOUT_MS: '3000',
    PAYONEER_BASE_URL: urls.payoneerApi,
    PAYONEER_TOKEN_URL: urls.payoneerToken,
    PAYONEER_PROGRAM_ID: payoneer.programId,
    PAYONEER_CLIENT_ID: payoneer.clientId,
    PAYONEER_CLIENT_SECRET: payoneer.clientSecret,
    PAYONEER_TIMEOUT_MS: '3000',
    PAYONEER_REASON_CATEGORIES: `${SANDBOX_CODES.insufficientFunds}=funding`,
    PAYONEER_HIDDEN_MS: '50',
    PAYMENT_RETRY_FIRST_MS: '100',
    PAYMENT_REFUSED_RETRY_FIRST_MS: '100',
    PAYMENT_FUNDS_RETRY_FIRST_MS: '1000',
    PAYMENT_RAIL_PAUSE_MS: '1000',
    ...parts.env,
  }
  const config = parseEnvironment(environment, z.object(railEnvironment))
  const { rails, close } = createRails(config, { logger, metrics, now })
  stopWith(close)
  const stripe = createStripeRail({
    ...stripeOptions(parseEnvironment(forStripe, z.object(stripeEnvironment))),
    logger,
    metrics,
  })
  stopWith(() => stripe.close())
  return {
    netsuite: netsuiteClient,
    gsc: gscClient,
    rails,
    stripe,
    patience: patienceOf(config),
    railEnvironment: environment,
    stripeEnvironment: forStripe,
  }
}

/** The sandbox has no limits unless a test sets some. */
function stripeVariables({ urls, credentials }: Pick<Sandbox, 'urls' | 'credentials'>) {
  const { hostname, port } = new URL(urls.stripe)
  return {
    STRIPE_SECRET_KEY: credentials().stripe.apiKey,
    STRIPE_API_HOST: hostname,
    STRIPE_API_PORT: port,
    STRIPE_API_PROTOCOL: 'http',
    STRIPE_TIMEOUT_MS: '3000',
    STRIPE_MAX_CONCURRENT: '50',
    STRIPE_REQUESTS_PER_SECOND: '10000',
    STRIPE_ACCOUNT_REQUESTS_PER_SECOND: '10000',
  }
}

async function loadCountries(database: Database): Promise<void> {
  await database.transaction().execute(async (tx) => {
    await upsertCountries(
      tx,
      COUNTRIES.map((country) => {
        const subsidiaryId = subsidiaryIdOf(country.id)
        const erp = { subsidiaryId, bankAccountId: `1${subsidiaryId}`, payablesAccountId: `2${subsidiaryId}` }
        return { ...country, currency: currency(country.currency), erp }
      }),
    )
    await upsertErpCurrencies(tx, new Map(CURRENCIES.map((code) => [code, currencyIdOf(code)])))
  })
}

/** A message that has just come for the first time, unless `changes` say otherwise. */
export const aMessage = <Data extends object>(
  data: Data,
  changes: Partial<Omit<Message<Data>, 'data'>> = {},
): Message<Data> => ({
  id: randomUUID(),
  data,
  attributes: { eventId: randomUUID(), schemaVersion: '1', occurredAt: new Date().toISOString() },
  orderingKey: '',
  deliveryAttempt: 1,
  retries: 0,
  ...changes,
})

const asMessage = <Data extends object>(given: Data | Message<Data>): Message<Data> =>
  'deliveryAttempt' in given ? given : aMessage(given)

interface OutboxRow {
  id: bigint
  data: unknown
  ordering_key: string | null
  deliver_at: Date
}

const publishedOf = <Data extends object>(topic: Topic<Data>, row: OutboxRow): Published<Data> => ({
  data: topic.schema.parse(row.data),
  orderingKey: row.ordering_key,
  deliverAt: row.deliver_at,
})
