import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { listDeadLetters } from '@remesa/messaging/dead-letters'
import { sql } from 'kysely'
import { atGsc, events, netsuiteReader, ours, vendors } from './profiles.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

test('two instances, GSC’s own events, many of them twice: every seller is ours and NetSuite’s, once, with its account', async () => {
  const read = netsuiteReader(world)
  const sellers = Array.from({ length: 30 }, (_, at) => atGsc(world, { fpayId: `FP-${at}` }))
  world.sandbox.gsc.setFaults({ rates: { 'duplicate-callback': 0.5 } })
  for (let instance = 0; instance < 2; instance += 1) {
    await world.work({ topic: topics.sellerProfile, handle: events(world) })
    await world.work({ topic: topics.sellerVendorSync, handle: vendors(world) })
  }
  expect(await world.sandbox.gsc.publishSellerEvents()).toEqual({ created: 30, updated: 30 })
  await world.until('all are synced with their accounts', async () => {
    const { rows } = await sql<{ waiting: number }>`
      select (30 - count(*) filter (where fpay_id is not null and erp_id is not null))
        + (select count(*) from outbox) as waiting from sellers`.execute(world.database)
    return Number(rows[0]?.waiting) === 0
  })
  const { vendors: vendorCount, customers } = world.sandbox.netsuite.books()
  expect({ vendorCount, customers }).toEqual({ vendorCount: 30, customers: 30 })
  const last = sellers.at(-1)
  await world.until('NetSuite has the last account', async () => {
    const vendor = await read(`vendor/eid:gsc-seller-${last?.gscSellerId}`)
    return vendor?.custentity_fpay_id === last?.fpayId
  })
})

test('an event that cannot be read lands among the dead letters with what is wrong, and its neighbour is applied', async () => {
  const seller = atGsc(world)
  const topic = world.pubsub.topic(topics.sellerProfile.name)
  await topic.publishMessage({ json: { eventType: 'SellerCreated', eventVersion: 3, seller: {} } })
  await world.sandbox.gsc.publishSellerEvents()
  await world.until('the neighbour is applied', async () => (await ours(world, seller)) !== undefined)
  await world.until('it is set aside', async () => {
    const letters = await listDeadLetters(world.database, { topic: topics.sellerProfile.name, limit: 10 })
    return letters.some(({ reason }) => reason.startsWith('unreadable: ') && reason.includes('seller.sellerId'))
  })
})
