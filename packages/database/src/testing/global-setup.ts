import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { openDatabase } from '../connection.ts'
import { migrate } from '../migrate.ts'
import { startPostgres } from './postgres-server.ts'
import { TEMPLATE, withDatabaseName } from './test-database.ts'

/**
 * One PostgreSQL for the whole run, with a migrated template that each test file clones. What its processes compile is
 * kept for the others and for the next run: hundreds load the same modules, and that is most of what a start costs.
 */
export default async function globalSetup({ rootDir }: { rootDir: string }): Promise<void> {
  process.env.METADATA_SERVER_DETECTION = 'none' // Google's client would look for a cloud to run in
  process.env.NODE_COMPILE_CACHE ??= join(rootDir, '.remesa', 'compile-cache')
  process.env.REMESA_POSTGRES_DIRECTORY ??= await roomInMemory()
  const server = await startPostgres(process.env)
  const client = new pg.Client(server.url)
  await client.connect()
  await client.query(`drop database if exists ${TEMPLATE} with (force)`)
  await client.query(`create database ${TEMPLATE}`)
  await client.end()
  const template = openDatabase({
    url: withDatabaseName(server.url, TEMPLATE),
    poolSize: 1,
    applicationName: 'test-template',
    onIdleError: () => {},
  })
  await migrate(template)
  await template.destroy()
  process.env.REMESA_TEST_DATABASE_URL = server.url
  Object.assign(globalThis, { remesaTestPostgres: server })
}

/**
 * Where files are memory, if there is room for those of a run: hundreds of databases are made and dropped in it, and a
 * file system on a disk can take half a second of CPU for each. Empty: where temporary files are.
 */
async function roomInMemory(): Promise<string> {
  const directory = '/dev/shm'
  const room = await statfs(directory).catch(() => undefined)
  return room && room.bavail * room.bsize >= ROOM_BYTES ? directory : ''
}

const ROOM_BYTES = 6 * 2 ** 30
