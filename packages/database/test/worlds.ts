import { businessDate } from '@remesa/domain/business-date'
import { currency } from '@remesa/domain/currency'
import type { SellerProfile } from '@remesa/domain/seller'
import { UPDATABLE_FIELDS } from '@remesa/domain/seller-updates'
import type { Transaction } from 'kysely'
import { upsertCountries } from '../src/countries.ts'
import { claimSellersToInitialize, insertBalances, openRun } from '../src/pay-day-runs.ts'
import type { Schema } from '../src/schema.ts'
import { upsertSellerProfiles } from '../src/sellers.ts'
import type { TestDatabase } from '../src/testing/test-database.ts'

export const CLP = currency('CLP')
export const PEN = currency('PEN')
export const THE_DAY = businessDate('2026-11-20')

export const inTransaction = <T>(world: TestDatabase, work: (tx: Transaction<Schema>) => Promise<T>): Promise<T> =>
  world.database.transaction().execute(work)

export const aProfile = (gscSellerId: string, changes: Partial<SellerProfile> = {}): SellerProfile => ({
  gscSellerId,
  legalName: `Comercial ${gscSellerId}`,
  taxId: '76192083-9',
  email: null,
  phone: null,
  operationType: 'local',
  type: '3P',
  status: 'active',
  countries: [{ country: 'cl', currency: CLP, enabled: true }],
  fpayId: `FP-${gscSellerId}`,
  payoneerPayeeId: null,
  ...changes,
})

const erp = { subsidiaryId: '10', bankAccountId: '20', payablesAccountId: '30' }

/** Chile and Peru are enabled, Colombia is not. */
export const addCountries = (world: TestDatabase) =>
  inTransaction(world, (tx) =>
    upsertCountries(tx, [
      { id: 'cl', name: 'Chile', currency: CLP, enabled: true, erp },
      { id: 'pe', name: 'Perú', currency: PEN, enabled: true, erp: { ...erp, subsidiaryId: '11' } },
      { id: 'co', name: 'Colombia', currency: currency('COP'), enabled: false, erp: null },
    ]),
  )

let moment = Date.parse('2026-11-20T10:00:00Z')

/** @returns our ids by GSC's */
export async function addSellers(
  world: TestDatabase,
  ...profiles: readonly SellerProfile[]
): Promise<(gscSellerId: string) => string> {
  moment += 1000
  const event = { sequence: null, eventTime: new Date(moment) }
  const upserts = await inTransaction(world, (tx) =>
    upsertSellerProfiles(
      tx,
      profiles.map((profile) => ({ profile, event })),
      { updatable: UPDATABLE_FIELDS, actor: 'test' },
    ),
  )
  const ids = new Map(upserts.map(({ gscSellerId, sellerId }) => [gscSellerId, sellerId]))
  return (gscSellerId) => {
    const id = ids.get(gscSellerId)
    if (!id) throw new Error(`no seller ${gscSellerId}`)
    return id
  }
}

/** Opens the day's run and gives every seller its balances. */
export async function initializeAll(world: TestDatabase, date = THE_DAY): Promise<readonly string[]> {
  const opened = await inTransaction(world, (tx) => openRun(tx, date, 'test'))
  if (opened.kind !== 'opened') throw new Error('another run is initializing')
  return inTransaction(world, async (tx) => {
    const claimed = await claimSellersToInitialize(tx, { runId: opened.run.runId, limit: 10_000 })
    if (!claimed) throw new Error('the run is initialized')
    return (await insertBalances(tx, claimed)).toRetrieve
  })
}
