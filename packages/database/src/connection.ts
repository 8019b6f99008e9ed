import type { Socket } from 'node:net'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Schema } from './schema.ts'

export type Database = Kysely<Schema>

// Exact types instead of the driver's lossy ones: 8-byte integers are bigint, and a date has no time and no zone.
const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.INT8, (text) => BigInt(text))
types.setTypeParser(pg.types.builtins.DATE, (text) => text)
const INT8_ARRAY: number = 1016 // not among the driver's named types
types.setTypeParser(INT8_ARRAY, (text: string) => text.slice(1, -1).split(',').filter(Boolean).map(BigInt))

/**
 * Opens a pool of connections.
 * @param options.url - `postgresql://…`
 * @param options.poolSize - connections this process may hold at once
 * @param options.silentMs - how long the server may be silent while it is asked, 60 s by default, 0 for ever: a peer that
 *   went without a word would hold its query for TCP's quarter of an hour, and whoever waits for it
 * @param options.onIdleError - told of a connection that broke while nobody used it; the pool replaces it
 */
export function openDatabase(options: {
  url: string
  poolSize: number
  applicationName: string
  onIdleError: (error: Error) => void
  silentMs?: number
}): Database {
  const { silentMs = 60_000 } = options
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    types,
    application_name: options.applicationName,
    connectionTimeoutMillis: 10_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  })
  pool.on('error', options.onIdleError)
  // A connection that breaks in use fails its query, which is enough: unheard, the same error would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => {})
    // Of the socket, not pg's `query_timeout`: that fails the query, but puts the dead connection back into the pool.
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
    stream.setTimeout(silentMs, () => stream.destroy(new Error(`PostgreSQL was silent for ${silentMs} ms`)))
  })
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}
