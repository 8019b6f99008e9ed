import { writeFile } from 'node:fs/promises'
import pg from 'pg'
import { openDatabase } from '../connection.ts'
import { migrate } from '../migrate.ts'
import { startPostgres } from './postgres-server.ts'
import { schemaText } from './schema-text.ts'
import { withDatabaseName } from './test-database.ts'

// Writes schema.sql: run it after a change of the migrations, and read what changed.

const NAME = 'remesa_schema_text'
const server = await startPostgres(process.env)
const admin = new pg.Client(server.url)
await admin.connect()
await admin.query(`drop database if exists ${NAME} with (force)`)
await admin.query(`create database ${NAME}`)
const database = openDatabase({
  url: withDatabaseName(server.url, NAME),
  poolSize: 1,
  applicationName: 'write-schema',
  onIdleError: () => {},
})
await migrate(database)
await writeFile(new URL('../../schema.sql', import.meta.url), await schemaText(database))
await database.destroy()
await admin.query(`drop database ${NAME}`)
await admin.end()
await server.stop()
