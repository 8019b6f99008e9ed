import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { UpdatableField } from '@remesa/domain/seller-updates'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import type { MarketplaceSeller } from '@remesa/sandbox/marketplace'
import { currencyIdOf, customerIdOf, subsidiaryIdOf, vendorIdOf } from '@remesa/sandbox/netsuite-ids'
import { sql } from 'kysely'
import { alertsAbout, anEvent, atGsc, events, netsuiteReader, ours, type ReadRecord, vendors } from './profiles.ts'

let world: World
let read: ReadRecord
beforeAll(async () => {
  world = await startWorld()
  read = netsuiteReader(world)
})
afterAll(() => world.stop())

const writes = () => world.sandbox.netsuite.calls()['PUT /services/rest/record/v1/:type/:key'] ?? 0
const counts = () => {
  const { vendors: vendorCount, customers } = world.sandbox.netsuite.books()
  return { vendors: vendorCount, customers }
}

let sequence = 0
/** Brings our seller to what GSC says now. @returns its message */
async function known(seller: MarketplaceSeller): Promise<{ sellerId: string }> {
  sequence += 1
  await world.deliver(events(world), anEvent(seller, sequence))
  const kept = await ours(world, seller)
  if (!kept) throw new Error('the seller was refused')
  return { sellerId: kept.sellerId }
}
const sync = (message: { sellerId: string }, options: Parameters<typeof vendors>[1] = {}) =>
  world.deliver(vendors(world, options), message)

const vendorOf = ({ gscSellerId }: MarketplaceSeller) => read(`vendor/eid:gsc-seller-${gscSellerId}`)
const relationOf = ({ gscSellerId }: MarketplaceSeller, country: string) =>
  read(`vendorSubsidiaryRelationship/eid:gsc-seller-${gscSellerId}-${country}`)

test('a seller becomes one vendor with a subsidiary per country, bank data per subsidiary, and one customer', async () => {
  const seller = atGsc(world, {
    fpayId: 'FP-1',
    countries: [
      { country: 'cl', currency: 'CLP', enabled: true },
      { country: 'pe', currency: 'PEN', enabled: true },
      { country: 'co', currency: 'USD', enabled: false },
      { country: 'xx', currency: 'USD', enabled: true }, // nowhere in NetSuite
    ],
  })
  world.sandbox.gsc.giveFpayId(seller.gscSellerId, 'FP-1')
  const before = counts()
  expect(await sync(await known(seller))).toEqual([{ kind: 'done' }])
  expect(counts()).toEqual({ vendors: before.vendors + 1, customers: before.customers + 1 })

  const entity = {
    companyName: seller.legalName,
    vatRegNumber: '76192083-9',
    custentity_gsc_seller_id: seller.gscSellerId,
    subsidiary: { id: subsidiaryIdOf('cl') },
    currency: { id: currencyIdOf('CLP') },
    isInactive: false,
  }
  const vendor = await vendorOf(seller)
  expect(vendor).toMatchObject({ ...entity, custentity_fpay_id: 'FP-1' })
  expect(vendor).toMatchObject({
    currencyList: { items: ['CLP', 'PEN', 'USD'].map((code) => ({ currency: { id: currencyIdOf(code) } })) },
  })
  expect(await read(`customer/eid:gsc-seller-${seller.gscSellerId}`)).toMatchObject(entity)
  for (const [country, currency, enabled] of [
    ['pe', 'PEN', true],
    ['co', 'USD', false],
  ] as const) {
    expect(await relationOf(seller, country)).toMatchObject({
      entity: { id: vendorIdOf(seller.gscSellerId) },
      subsidiary: { id: subsidiaryIdOf(country) },
      custrecord_remesa_rail: 'fpay',
      custrecord_remesa_bank_account: 'FP-1',
      custrecord_remesa_bank_currency: currency,
      isInactive: !enabled,
    })
  }
  for (const country of ['cl', 'xx']) expect(await relationOf(seller, country)).toBeUndefined()
  expect(await ours(world, seller)).toMatchObject({
    erpId: vendorIdOf(seller.gscSellerId),
    erpCustomerId: customerIdOf(seller.gscSellerId),
  })
})

test('NetSuite is not asked again for what it was told, and is when something changed', async () => {
  const seller = atGsc(world)
  const message = await known(seller)
  await sync(message)
  const before = writes()
  expect(await sync(message)).toEqual([{ kind: 'done' }])
  expect(await world.deliver(vendors(world), message, message)).toEqual([{ kind: 'done' }, { kind: 'done' }])
  expect(writes()).toBe(before)
  world.sandbox.gsc.giveFpayId(seller.gscSellerId, 'FP-2')
  await sync(await known(seller))
  expect(await vendorOf(seller)).toMatchObject({ custentity_fpay_id: 'FP-2' })
})

test('of a known vendor only the updatable fields go to NetSuite: what finance wrote elsewhere stays', async () => {
  const updatable: readonly UpdatableField[] = ['fpayId']
  const seller = atGsc(world, {
    legalName: 'As GSC has it',
    countries: ['cl', 'pe'].map((country) => ({ country, currency: 'USD', enabled: true })),
  })
  await sync(await known(seller), { updatable })
  expect(await vendorOf(seller)).toMatchObject({ companyName: 'As GSC has it', vatRegNumber: '76192083-9' })
  // Finance mends the name and the tax id in NetSuite itself.
  const externalId = `gsc-seller-${seller.gscSellerId}`
  await world.netsuite.upsertVendor(externalId, { name: 'As finance has it', taxId: '76.192.083-9' })
  await world.netsuite.upsertCustomer(externalId, { name: 'As finance has it' })

  world.sandbox.gsc.changeSeller(seller.gscSellerId, { legalName: 'Renamed' })
  world.sandbox.gsc.giveFpayId(seller.gscSellerId, 'FP-3')
  await sync(await known(seller), { updatable })
  expect(await vendorOf(seller)).toMatchObject({
    companyName: 'As finance has it',
    vatRegNumber: '76.192.083-9',
    custentity_fpay_id: 'FP-3',
  })
  expect(await read(`customer/eid:${externalId}`)).toMatchObject({ companyName: 'As finance has it' })
  expect(await relationOf(seller, 'pe')).toMatchObject({ custrecord_remesa_bank_account: 'FP-3', isInactive: false })

  world.sandbox.gsc.changeSeller(seller.gscSellerId, { legalName: 'Renamed again' })
  const before = writes()
  await sync(await known(seller), { updatable })
  expect(writes()).toBe(before)
})

test('a reply that is lost after the vendor was made leaves one vendor', async () => {
  const seller = atGsc(world)
  const message = await known(seller)
  const before = counts()
  world.sandbox.netsuite.faults.script({
    kind: 'lost-response',
    subject: `vendor/eid:gsc-seller-${seller.gscSellerId}`,
    times: 2,
  })
  expect(await sync(message)).toMatchObject([{ kind: 'retry', afterMs: 2_000 }])
  expect(await ours(world, seller)).toMatchObject({ erpId: null })
  expect(await sync(message)).toEqual([{ kind: 'done' }])
  expect(counts()).toEqual({ vendors: before.vendors + 1, customers: before.customers + 1 })
  expect(await ours(world, seller)).toMatchObject({ erpId: vendorIdOf(seller.gscSellerId) })
})

test.each([
  ['is down', 'error-before'],
  ['answers garbage before its work', 'garbage-before'],
  ['answers garbage after its work', 'garbage-after'],
  ['answers too many requests', 'rate-limited'],
] as const)('while NetSuite %s, the vendor waits and our own profile does not', async (_, kind) => {
  const seller = atGsc(world, { legalName: 'Kept all the same' })
  world.sandbox.netsuite.faults.script({ kind, times: 2 })
  const message = await known(seller)
  expect(await ours(world, seller)).toMatchObject({ profile: { legalName: 'Kept all the same' } })
  const [verdict] = await world.deliver(vendors(world), aMessage(message, { retries: 2 }))
  expect(verdict).toMatchObject({
    kind: 'retry',
    afterMs: 8_000,
    reason: expect.stringMatching(/^netsuite, upsert vendor: /),
  })
  expect(await sync(message)).toEqual([{ kind: 'done' }])
  expect(await vendorOf(seller)).toMatchObject({ companyName: 'Kept all the same' })
})

test('two instances that sync one seller at once make one vendor and one customer', async () => {
  const sellers = Array.from({ length: 5 }, () => atGsc(world))
  const messages: { sellerId: string }[] = []
  for (const seller of sellers) messages.push(await known(seller))
  const before = counts()
  const verdicts = await Promise.all([1, 2].map(() => world.deliver(vendors(world), ...messages)))
  expect(verdicts.flat()).toEqual(Array(10).fill({ kind: 'done' }))
  expect(counts()).toEqual({ vendors: before.vendors + 5, customers: before.customers + 5 })
})

test('an instance that is slow to tell an older profile does not leave NetSuite with it', async () => {
  const seller = atGsc(world, { legalName: 'Old' })
  const message = await known(seller)
  const slow = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  let first = true
  const netsuite = {
    ...world.netsuite,
    async upsertVendor(...told: Parameters<typeof world.netsuite.upsertVendor>) {
      if (first) {
        first = false
        asked.resolve()
        await slow.promise
      }
      return world.netsuite.upsertVendor(...told)
    },
  }
  const slowly = sync(message, { netsuite })
  await asked.promise
  world.sandbox.gsc.changeSeller(seller.gscSellerId, { legalName: 'New' })
  await sync(await known(seller))
  slow.resolve()
  expect(await slowly).toEqual([{ kind: 'done' }])
  expect(await vendorOf(seller)).toMatchObject({ companyName: 'New' })
})

test('what NetSuite refuses is set aside, with an alert that is settled once NetSuite takes it', async () => {
  const seller = atGsc(world, { countries: [{ country: 'mx', currency: 'MXN', enabled: true }] })
  const message = await known(seller)
  const subsidiary = (id: string) =>
    sql`update countries set erp_subsidiary_id = ${id} where id = 'mx'`.execute(world.database)
  await subsidiary('99999')
  expect(await sync(message)).toEqual([
    { kind: 'reject', reason: expect.stringMatching(/^netsuite, upsert vendor: refused \(400 INVALID_CONTENT\)/) },
  ])
  expect(await alertsAbout(world, message.sellerId)).toMatchObject([{ kind: 'vendor_refused' }])
  await subsidiary(subsidiaryIdOf('mx'))
  expect(await sync(message)).toEqual([{ kind: 'done' }])
  expect(await alertsAbout(world, message.sellerId)).toEqual([])
})

test.each<[string, MarketplaceSeller['countries'], string]>([
  [
    'no country',
    [{ country: 'xx', currency: 'CLP', enabled: true }],
    'none of the seller’s countries has a subsidiary in NetSuite',
  ],
  [
    'not the currency',
    [{ country: 'cl', currency: 'EUR', enabled: true }],
    'NetSuite has no id for one of the seller’s currencies',
  ],
])('a seller of whom NetSuite has %s is set aside with that reason and an alert', async (_, countries, reason) => {
  const message = await known(atGsc(world, { countries, operationType: 'international' }))
  const before = writes()
  expect(await sync(message)).toEqual([{ kind: 'reject', reason }])
  expect(await alertsAbout(world, message.sellerId)).toMatchObject([
    { kind: 'vendor_refused', details: { problem: reason } },
  ])
  expect(writes()).toBe(before)
})

test('a seller that is not there is set aside', async () => {
  const sellerId = '00000000-0000-4000-8000-000000000000'
  expect(await sync({ sellerId })).toEqual([{ kind: 'reject', reason: `there is no seller ${sellerId}` }])
})
