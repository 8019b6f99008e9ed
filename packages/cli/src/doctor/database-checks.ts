import { type Database, openDatabase } from '@remesa/database/connection'
import { migrationState } from '@remesa/database/migrate'
import { serverFacts } from '@remesa/database/server-facts'
import { databaseEnvironment } from '@remesa/service-kit/environment'
import { allOrWell, type Check, type Env, type Finding, wrong } from './check.ts'
import { readPart } from './environment.ts'

const OLDEST_MAJOR_VERSION = 15
/** More than networks and NTP explain; leases of payments last a minute. */
const CLOCK_SKEW_MS = 5_000

/**
 * The database as it is reached from here, and its schema.
 * @param isLocalStack - whose database lasts as long as the stack, and may forget
 */
export function databaseChecks(env: Env, { isLocalStack }: { isLocalStack: boolean }): readonly Check[] {
  const look = (work: (database: Database) => Promise<readonly Finding[]>) => async () => {
    const config = readPart(env, { DATABASE_URL: databaseEnvironment.DATABASE_URL })
    if (config.kind !== 'set') return [config.finding]
    const database = openDatabase({
      url: config.values.DATABASE_URL,
      poolSize: 1,
      applicationName: 'remesa doctor',
      onIdleError: () => {}, // the next query says it
    })
    try {
      return await work(database)
    } finally {
      await database.destroy()
    }
  }
  return [
    { name: 'database', look: look((database) => server(database, isLocalStack)) },
    { name: 'migrations', look: look(migrations) },
  ]
}

async function server(database: Database, isLocalStack: boolean): Promise<readonly Finding[]> {
  const { version, majorVersion, now, commitsDurably, isReadOnly } = await serverFacts(database)
  const skewMs = Math.abs(now.getTime() - Date.now())
  const found = [
    ...(majorVersion < OLDEST_MAJOR_VERSION
      ? [wrong(`PostgreSQL ${version} is too old`, `Upgrade it to ${OLDEST_MAJOR_VERSION} or later.`)]
      : []),
    ...(skewMs > CLOCK_SKEW_MS
      ? [wrong(`its clock and this machine’s differ by ${Math.round(skewMs / 1_000)} s`, 'Have both follow NTP.')]
      : []),
    ...(isReadOnly ? [wrong('nothing can be written to it', 'Name the primary in DATABASE_URL, not a standby.')] : []),
    ...(commitsDurably || isLocalStack
      ? []
      : [
          wrong(
            'it forgets commits when it crashes',
            'Set synchronous_commit to on: an attempt that is forgotten is paid twice.',
          ),
        ]),
  ]
  return allOrWell(found, `PostgreSQL ${version}`)
}

async function migrations(database: Database): Promise<readonly Finding[]> {
  const { pending, unknown } = await migrationState(database)
  const found = [
    ...(pending.length > 0
      ? [
          wrong(
            `not run yet: ${pending.join(', ')}`,
            'Start a service of this version: each brings the schema up to date.',
          ),
        ]
      : []),
    ...(unknown.length > 0
      ? [wrong(`made by a newer version: ${unknown.join(', ')}`, 'Use the remesa of the version that is deployed.')]
      : []),
  ]
  return allOrWell(found, 'all are run')
}
