import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import * as payDay from '../migrations/0001-pay-day.ts'
import * as settlementPayouts from '../migrations/0002-settlement-payouts.ts'
import * as bookingPayouts from '../migrations/0003-booking-payouts.ts'
import * as payoutReversals from '../migrations/0004-payout-reversals.ts'
import * as admin from '../migrations/0005-admin.ts'
import * as payments from '../migrations/0006-payments.ts'
import * as reconciliation from '../migrations/0007-reconciliation.ts'
import * as alertDeliveries from '../migrations/0008-alert-deliveries.ts'
import * as railReconciliation from '../migrations/0009-rail-reconciliation.ts'
import * as operators from '../migrations/0010-operators.ts'
import * as controls from '../migrations/0011-controls.ts'
import * as paymentCaps from '../migrations/0012-payment-caps.ts'
import * as paymentPlans from '../migrations/0013-payment-plans.ts'
import * as destinationCooling from '../migrations/0014-destination-cooling.ts'
import * as repayments from '../migrations/0015-repayments.ts'
import * as lateDocuments from '../migrations/0017-late-documents.ts'
import * as paidOutSince from '../migrations/0018-paid-out-since.ts'
import * as settlementImports from '../migrations/0019-settlement-imports.ts'
import * as quickReads from '../migrations/0020-quick-reads.ts'
import * as secondWords from '../migrations/0021-second-words.ts'
import * as refundsNotFinal from '../migrations/0022-refunds-not-final.ts'
import * as turnedAway from '../migrations/0023-turned-away.ts'
import type { Database } from './connection.ts'

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-pay-day': payDay,
  '0002-settlement-payouts': settlementPayouts,
  '0003-booking-payouts': bookingPayouts,
  '0004-payout-reversals': payoutReversals,
  '0005-admin': admin,
  '0006-payments': payments,
  '0007-reconciliation': reconciliation,
  '0008-alert-deliveries': alertDeliveries,
  '0009-rail-reconciliation': railReconciliation,
  '0010-operators': operators,
  '0011-controls': controls,
  '0012-payment-caps': paymentCaps,
  '0013-payment-plans': paymentPlans,
  '0014-destination-cooling': destinationCooling,
  '0015-repayments': repayments,
  '0017-late-documents': lateDocuments,
  '0018-paid-out-since': paidOutSince,
  '0019-settlement-imports': settlementImports,
  '0020-quick-reads': quickReads,
  '0021-second-words': secondWords,
  '0022-refunds-not-final': refundsNotFinal,
  '0023-turned-away': turnedAway,
}

/**
 * Brings the schema up to date. Every service calls it at start; an advisory lock makes all but one wait.
 * @returns the names of the migrations that this call ran
 * @throws when a migration fails; its transaction leaves nothing behind
 */
export async function migrate(database: Database): Promise<readonly string[]> {
  const { pending, unknown } = await migrationState(database)
  if (pending.length === 0 && unknown.length === 0) return [] // as at nearly every start, which this makes cheap
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error) throw error
  return results.filter(({ status }) => status === 'Success').map(({ migrationName }) => migrationName)
}

/**
 * Compares a schema with the migrations that are known here, and changes nothing.
 * @returns `pending`: what it lacks; `unknown`: what only a newer version can have made
 */
export async function migrationState(
  database: Database,
): Promise<{ readonly pending: readonly string[]; readonly unknown: readonly string[] }> {
  const { rows: tables } = await sql<{ there: boolean }>`
    select to_regclass('kysely_migration') is not null as there`.execute(database)
  const { rows } = tables[0]?.there
    ? await sql<{ name: string }>`select name from kysely_migration order by name`.execute(database)
    : { rows: [] }
  const made = new Set(rows.map(({ name }) => name))
  return {
    pending: Object.keys(MIGRATIONS).filter((name) => !made.has(name)),
    unknown: [...made].filter((name) => !Object.hasOwn(MIGRATIONS, name)),
  }
}
