import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { type Database, openDatabase } from '../connection.ts'

export const TEMPLATE = 'remesa_test_template'

export interface TestDatabase {
  readonly database: Database
  readonly url: string
  /** Closes every connection and drops the database. */
  drop(): Promise<void>
}

/** A database of a test file's own, with the schema of today and no rows; made in some 30 ms. */
export async function createTestDatabase(options: { poolSize?: number } = {}): Promise<TestDatabase> {
  const server = process.env.REMESA_TEST_DATABASE_URL
  if (!server) throw new Error('no PostgreSQL for tests: run them through the root `test` script')
  const name = `remesa_test_${randomUUID().replaceAll('-', '')}`
  // Copied as files: the other way goes through the log and the buffers, and costs three times as much here.
  await asAdmin(server, `create database ${name} template ${TEMPLATE} strategy file_copy`)
  const url = withDatabaseName(server, name)
  const database = openDatabase({
    url,
    poolSize: options.poolSize ?? 10,
    applicationName: 'test',
    onIdleError: () => {},
  })
  return {
    database,
    url,
    drop: async () => {
      await database.destroy()
      await asAdmin(server, `drop database if exists ${name} with (force)`)
    },
  }
}

export function withDatabaseName(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.toString()
}

let administrator: pg.Pool | undefined

/** By one connection of this process for all of its databases, kept while there is something to do. */
async function asAdmin(connectionString: string, statement: string): Promise<void> {
  if (!administrator) {
    administrator = new pg.Pool({ connectionString, max: 1, allowExitOnIdle: true })
    administrator.on('error', () => {}) // the next statement opens another
  }
  await administrator.query(statement)
}
