import { type Migration, Migrator } from 'kysely/migration'
import * as payDay from '../migrations/0001-pay-day.ts'
import * as settlementPayouts from '../migrations/0002-settlement-payouts.ts'
import type { Database } from './connection.ts'

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-pay-day': payDay,
  '0002-settlement-payouts': settlementPayouts,
}

/**
 * Brings the schema up to date. Every service calls it at start; an advisory lock makes all but one wait.
 * @returns the names of the migrations that this call ran
 * @throws when a migration fails; its transaction leaves nothing behind
 */
export async function migrate(database: Database): Promise<readonly string[]> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error) throw error
  return results.filter(({ status }) => status === 'Success').map(({ migrationName }) => migrationName)
}
