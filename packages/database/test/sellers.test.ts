import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import type { SellerProfile } from '@remesa/domain/seller'
import { UPDATABLE_FIELDS } from '@remesa/domain/seller-updates'
import { sql } from 'kysely'
import {
  findSellerIds,
  findSellersForVendorSync,
  recordVendorsSynced,
  type SellerUpsert,
  upsertSellerProfiles,
} from '../src/sellers.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { aProfile, CLP, inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const at = (second: number) => new Date(Date.UTC(2026, 10, 20, 10, 0, second))
const tell = (...told: { profile: SellerProfile; sequence: number | null; second?: number }[]) =>
  inTransaction(world, (tx) =>
    upsertSellerProfiles(
      tx,
      told.map(({ profile, sequence, second = 0 }) => ({
        profile,
        event: { sequence: sequence === null ? null : BigInt(sequence), eventTime: at(second) },
      })),
      { updatable: UPDATABLE_FIELDS, actor: 'test' },
    ),
  )
const kindOf = ([upsert]: readonly SellerUpsert[]) => upsert?.update.kind
async function stored(gscSellerId: string): Promise<SellerProfile | undefined> {
  const ids = await findSellerIds(world.database, [gscSellerId])
  return (await findSellersForVendorSync(world.database, [...ids.values()]))[0]?.profile
}

test('a new seller is kept as GSC tells it, its tax id in one spelling', async () => {
  const profile = aProfile('new', {
    taxId: '76.192.083-9',
    email: 'pagos@example.com',
    countries: [
      { country: 'cl', currency: CLP, enabled: true },
      { country: 'pe', currency: currency('USD'), enabled: false },
    ],
  })
  const [upsert] = await tell({ profile, sequence: 1 })
  expect(upsert).toMatchObject({ created: true, update: { kind: 'changed', tellErp: true } })
  expect(await stored('new')).toEqual({ ...profile, taxId: '76192083-9' })
})

test('an event as old as the last one, or older, changes nothing', async () => {
  await tell({ profile: aProfile('old', { phone: '1' }), sequence: 5 })
  for (const sequence of [5, 4]) {
    expect(kindOf(await tell({ profile: aProfile('old', { phone: '2' }), sequence }))).toBe('stale')
  }
  expect(kindOf(await tell({ profile: aProfile('old', { phone: '2' }), sequence: 6 }))).toBe('changed')
  expect(await stored('old')).toMatchObject({ phone: '2' })
})

test('without a sequence the time of the event decides', async () => {
  await tell({ profile: aProfile('timed', { phone: '1' }), sequence: null, second: 30 })
  expect(kindOf(await tell({ profile: aProfile('timed', { phone: '2' }), sequence: null, second: 29 }))).toBe('stale')
  expect(kindOf(await tell({ profile: aProfile('timed', { phone: '1' }), sequence: 9, second: 31 }))).toBe('unchanged')
  expect(kindOf(await tell({ profile: aProfile('timed', { phone: '2' }), sequence: null, second: 30 }))).toBe('stale')
  expect(kindOf(await tell({ profile: aProfile('timed', { phone: '2' }), sequence: 9, second: 40 }))).toBe('stale')
})

test('a changed tax id is refused, and nothing else of that profile is kept', async () => {
  await tell({ profile: aProfile('taxed'), sequence: 1 })
  const [upsert] = await tell({ profile: aProfile('taxed', { taxId: '96806980-2', fpayId: 'FP-ELSE' }), sequence: 2 })
  expect(upsert?.update).toEqual({ kind: 'refused', alert: 'tax_id_changed' })
  expect(await stored('taxed')).toEqual(aProfile('taxed'))
  expect(kindOf(await tell({ profile: aProfile('taxed', { taxId: '76.192.083-9' }), sequence: 2 }))).toBe('unchanged')
})

test('a new seller with an invalid tax id is refused and not kept', async () => {
  const [upsert] = await tell({ profile: aProfile('wrong', { taxId: '12345678-6' }), sequence: 1 })
  expect(upsert).toMatchObject({ sellerId: null, created: false, update: { kind: 'refused', alert: 'tax_id_invalid' } })
  expect(await stored('wrong')).toBeUndefined()
})

test('countries are replaced, in the order of the profile', async () => {
  await tell({ profile: aProfile('moving'), sequence: 1 })
  const countries = [
    { country: 'pe', currency: currency('PEN'), enabled: true },
    { country: 'cl', currency: CLP, enabled: false },
  ]
  const [upsert] = await tell({ profile: aProfile('moving', { countries }), sequence: 2 })
  expect(upsert?.update).toMatchObject({ kind: 'changed', changed: ['countries'] })
  expect((await stored('moving'))?.countries).toEqual(countries)
})

test('an account that arrives unblocks', async () => {
  await tell({ profile: aProfile('waiting', { fpayId: null }), sequence: 1 })
  const [upsert] = await tell({ profile: aProfile('waiting', { fpayId: 'FP-1' }), sequence: 2 })
  expect(upsert?.update).toMatchObject({ kind: 'changed', changed: ['fpayId'], unblocks: true })
})

test('of two events of one seller in a batch the newer counts, whatever their order', async () => {
  const upserts = await tell(
    { profile: aProfile('twice', { phone: 'newer' }), sequence: 8 },
    { profile: aProfile('twice', { phone: 'older' }), sequence: 7 },
  )
  expect(upserts.map(({ update }) => update.kind)).toEqual(['changed', 'stale'])
  expect(await stored('twice')).toMatchObject({ phone: 'newer' })
})

test('batches at once, in any order of sellers, end with the newest profile of each', async () => {
  const names = Array.from({ length: 20 }, (_, n) => `crowd${n}`)
  const batch = (sequence: number) =>
    tell(
      ...(sequence % 2 ? names : names.toReversed()).map((name) => ({
        profile: aProfile(name, {
          phone: `${sequence}`,
          countries: [{ country: 'cl', currency: CLP, enabled: sequence % 2 === 0 }],
        }),
        sequence,
      })),
    )
  const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(batch))
  expect(answers.flat().filter(({ created }) => created)).toHaveLength(20)
  for (const name of names) {
    expect(await stored(name)).toMatchObject({ phone: '6', countries: [{ country: 'cl', enabled: true }] })
  }
})

test('NetSuite’s ids and digest are kept, and a customer id that was not told again stays', async () => {
  const [upsert] = await tell({ profile: aProfile('synced'), sequence: 1 })
  const sellerId = upsert?.sellerId ?? ''
  const sync = (erpCustomerId: string | null, digest: string) =>
    inTransaction(world, (tx) => recordVendorsSynced(tx, [{ sellerId, erpId: '742', erpCustomerId, digest }], 'test'))
  await sync('1742', 'd1')
  await sync(null, 'd2')
  expect(await findSellersForVendorSync(world.database, [sellerId])).toEqual([
    { sellerId, profile: aProfile('synced'), erpId: '742', erpCustomerId: '1742', syncedDigest: 'd2' },
  ])
  const { rows } = await sql`
    select before, after from audit_log where subject_id = ${sellerId} and action = 'seller.vendor_synced'`.execute(
    world.database,
  )
  expect(rows).toEqual([
    { before: { erpId: null, erpCustomerId: null }, after: { erpId: '742', erpCustomerId: '1742' } },
  ])
})

test('no two sellers have one vendor', async () => {
  const upserts = await tell(
    { profile: aProfile('vendor-a'), sequence: 1 },
    { profile: aProfile('vendor-b'), sequence: 1 },
  )
  const synced = upserts.map(({ sellerId }) => ({
    sellerId: sellerId ?? '',
    erpId: '900',
    erpCustomerId: null,
    digest: 'd',
  }))
  await expect(inTransaction(world, (tx) => recordVendorsSynced(tx, synced, 'test'))).rejects.toThrow(
    /sellers_erp_id_key/,
  )
})

test('the audit log tells which fields changed, and never names, accounts or tax ids', async () => {
  const [upsert] = await tell({ profile: aProfile('private'), sequence: 1 })
  await tell({ profile: aProfile('private', { legalName: 'Otro SpA', fpayId: 'FP-9', status: 'closed' }), sequence: 2 })
  const { rows } = await sql<{ action: string; after: object }>`
    select action, after from audit_log where subject_id = ${upsert?.sellerId} order by id`.execute(world.database)
  expect(rows.at(-1)).toEqual({
    action: 'seller.changed',
    after: { changed: ['legalName', 'status', 'fpayId'], status: 'closed' },
  })
  expect(JSON.stringify(rows)).not.toMatch(/Comercial|FP-|76192083/)
})
