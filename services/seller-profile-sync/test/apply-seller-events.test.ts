import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { findBalance } from '@remesa/database/seller-balances'
import { aPayableBalance } from '@remesa/local-stack/testing/sellers'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { alertsAbout, anEvent, atGsc, events, ours, toSync } from './profiles.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
beforeEach(() => toSync(world))

const reads = () => world.sandbox.gsc.calls()['GET /v2/sellers/:sellerId'] ?? 0

test('a seller that was created becomes ours, as GSC tells it, and NetSuite is to be told', async () => {
  const seller = atGsc(world, {
    taxId: '76.192.083-9',
    countries: [
      { country: 'cl', currency: 'CLP', enabled: true },
      { country: 'pe', currency: 'USD', enabled: false },
    ],
  })
  expect(await world.deliver(events(world), anEvent(seller, 1))).toEqual([{ kind: 'done' }])
  const kept = await ours(world, seller)
  expect(kept).toMatchObject({
    erpId: null,
    profile: {
      gscSellerId: seller.gscSellerId,
      legalName: seller.legalName,
      taxId: '76192083-9',
      operationType: 'local',
      type: '3P',
      status: 'active',
      countries: seller.countries,
      fpayId: null,
    },
  })
  expect(await world.published(topics.sellerVendorSync)).toMatchObject([
    { data: { sellerId: kept?.sellerId }, orderingKey: kept?.sellerId },
  ])
})

test('an account number that comes later lets blocked balances be paid', async () => {
  const blocked = await aPayableBalance(world, { account: null })
  const { sellerBalanceId, gscSellerId } = blocked
  await sql`
    update seller_balances set status = 'blocked', blocked_reason = 'bank_id_missing'
    where id = ${sellerBalanceId}`.execute(world.database)
  world.sandbox.gsc.giveFpayId(gscSellerId, 'FP-LATER')
  const eventTime = new Date(world.now().getTime() + 1_000).toISOString()
  await world.deliver(events(world), anEvent(blocked, 2, { eventTime, accountNumber: 'FP-LATER' }))

  expect(await ours(world, blocked)).toMatchObject({ profile: { fpayId: 'FP-LATER' } })
  expect(await findBalance(world.database, sellerBalanceId)).toMatchObject({ status: 'payable', blockedReason: null })
  expect(await world.take(topics.paySellerBalance)).toMatchObject([{ data: { sellerBalanceId } }])
  expect(await toSync(world)).toEqual([blocked.sellerId])

  // Told once more it releases nothing, and queues nothing.
  await world.deliver(events(world), anEvent(blocked, 2, { eventTime, accountNumber: 'FP-LATER' }))
  expect(await world.take(topics.paySellerBalance)).toEqual([])
})

test('an event that comes before GSC shows its account is applied once it does: the account is not missed', async () => {
  const seller = atGsc(world)
  await world.deliver(events(world), anEvent(seller, 1))
  const event = anEvent(seller, 2, { accountNumber: 'FP-SOON' })
  expect(await world.deliver(events(world), event)).toEqual([
    { kind: 'retry', afterMs: 1_000, reason: 'GSC does not show the account yet' },
  ])
  world.sandbox.gsc.giveFpayId(seller.gscSellerId, 'FP-SOON')
  expect(await world.deliver(events(world), aMessage(event, { retries: 1 }))).toEqual([{ kind: 'done' }])
  expect(await ours(world, seller)).toMatchObject({ profile: { fpayId: 'FP-SOON' } })
})

test('an account that GSC goes on not to show was taken away again: its word stands', async () => {
  const seller = atGsc(world)
  const event = anEvent(seller, 2, { accountNumber: 'FP-GONE' })
  expect(await world.deliver(events(world), aMessage(event, { retries: 6 }))).toEqual([{ kind: 'done' }])
  expect(await ours(world, seller)).toMatchObject({ profile: { fpayId: null } })
})

test('stale events change nothing: repeated, overtaken, or both in one batch', async () => {
  const seller = atGsc(world, { legalName: 'First' })
  const rename = (legalName: string) => world.sandbox.gsc.changeSeller(seller.gscSellerId, { legalName })
  const name = async () => (await ours(world, seller))?.profile.legalName
  const deliver = (...sequences: number[]) =>
    world.deliver(
      events(world),
      ...sequences.map((sequence) => aMessage(anEvent(seller, sequence), { orderingKey: seller.gscSellerId })),
    )
  await deliver(5)
  await toSync(world)
  rename('Second')
  await deliver(4, 5, 5)
  expect(await name()).toBe('First')
  expect(await toSync(world)).toEqual([])
  await deliver(7, 6)
  expect(await name()).toBe('Second')
  rename('Third')
  await deliver(6, 7)
  expect(await name()).toBe('Second')
})

test('where GSC leaves the sequence out, the event’s time decides', async () => {
  const seller = atGsc(world, { legalName: 'First' })
  const at = (eventTime: string) => world.deliver(events(world), anEvent(seller, undefined, { eventTime }))
  await at('2026-11-20T10:00:00Z')
  world.sandbox.gsc.changeSeller(seller.gscSellerId, { legalName: 'Second' })
  await at('2026-11-20T09:59:59-00:00')
  expect(await ours(world, seller)).toMatchObject({ profile: { legalName: 'First' } })
  await at('2026-11-20T07:00:01-03:00')
  expect(await ours(world, seller)).toMatchObject({ profile: { legalName: 'Second' } })
})

test('an event before GSC can read the seller waits for it, a little longer each time', async () => {
  const seller = atGsc(world)
  world.sandbox.gsc.hideSeller(seller.gscSellerId, 2)
  const deliver = (retries: number) => world.deliver(events(world), aMessage(anEvent(seller, 1), { retries }))
  const reason = 'GSC does not know the seller yet'
  expect(await deliver(0)).toEqual([{ kind: 'retry', afterMs: 1_000, reason }])
  expect(await deliver(1)).toEqual([{ kind: 'retry', afterMs: 2_000, reason }])
  expect(await deliver(2)).toEqual([{ kind: 'done' }])
  expect(await ours(world, seller)).toBeDefined()
})

test('a seller that GSC goes on not to know is set aside, with an alert; should it appear, the alert is settled', async () => {
  const gscSellerId = 'SC-NOBODY'
  const verdicts = await world.deliver(events(world), aMessage(anEvent({ gscSellerId }, 1), { retries: 6 }))
  expect(verdicts).toEqual([{ kind: 'reject', reason: 'GSC does not know the seller SC-NOBODY' }])
  expect(await alertsAbout(world, gscSellerId)).toMatchObject([{ kind: 'unknown_seller' }])
  atGsc(world, { gscSellerId })
  await world.deliver(events(world), anEvent({ gscSellerId }, 1))
  expect(await alertsAbout(world, gscSellerId)).toEqual([])
})

test('an event of a kind we do not know is passed over with a warning, and GSC is not asked', async () => {
  const seller = atGsc(world)
  const warnings: unknown[] = []
  const warn = (about: object, message: string) => void warnings.push({ ...about, message })
  const before = reads()
  const event = anEvent(seller, 1, { eventType: 'SellerPaused' })
  expect(await world.deliver(events(world, { warn }), event)).toEqual([{ kind: 'done' }])
  expect(warnings).toEqual([
    {
      gscSellerId: seller.gscSellerId,
      eventType: 'SellerPaused',
      message: 'an event of a kind we do not know was passed over',
    },
  ])
  expect(reads()).toBe(before)
  expect(await ours(world, seller)).toBeUndefined()
})

test('a changed tax id is refused with an alert and nothing that came with it is kept, until GSC takes it back', async () => {
  const seller = atGsc(world, { legalName: 'Honest' })
  await world.deliver(events(world), anEvent(seller, 1))
  const kept = await ours(world, seller)
  const { gsc } = world.sandbox
  gsc.changeSeller(seller.gscSellerId, { taxId: '96806980-2', legalName: 'Thief', fpayId: 'FP-THIEF' })
  gsc.giveFpayId(seller.gscSellerId, 'FP-THIEF')
  await toSync(world)
  const theft = anEvent(seller, 3, { accountNumber: 'FP-THIEF' })
  expect(await world.deliver(events(world), theft)).toEqual([{ kind: 'done' }])
  expect(await ours(world, seller)).toEqual(kept)
  expect(await toSync(world)).toEqual([])
  const about = kept?.sellerId ?? ''
  expect(await alertsAbout(world, about)).toMatchObject([{ kind: 'tax_id_changed', severity: 'warning' }])

  gsc.changeSeller(seller.gscSellerId, { taxId: '76.192.083-9' }) // the same one, spelt otherwise
  await world.deliver(events(world), anEvent(seller, 4, { accountNumber: 'FP-THIEF' }))
  expect(await ours(world, seller)).toMatchObject({ profile: { taxId: '76192083-9', legalName: 'Thief' } })
  expect(await alertsAbout(world, about)).toEqual([])
})

test('a new seller with an invalid RUT is refused with an alert, and accepted once GSC corrected it', async () => {
  const seller = atGsc(world, { taxId: '96806980-1' })
  expect(await world.deliver(events(world), anEvent(seller, 1))).toEqual([{ kind: 'done' }])
  expect(await ours(world, seller)).toBeUndefined()
  const [alert, ...others] = await alertsAbout(world, seller.gscSellerId)
  expect(others).toEqual([])
  expect(alert).toMatchObject({ kind: 'tax_id_invalid' })
  expect(JSON.stringify(alert)).not.toContain('96806980')

  world.sandbox.gsc.changeSeller(seller.gscSellerId, { taxId: '96806980-2' })
  await world.deliver(events(world), anEvent(seller, 2))
  expect(await ours(world, seller)).toMatchObject({ profile: { taxId: '96806980-2' } })
  expect(await alertsAbout(world, seller.gscSellerId)).toEqual([])
})

test('an international seller may have any tax id', async () => {
  const seller = atGsc(world, { taxId: 'HRB 123 B', operationType: 'international', payoneerPayeeId: 'PY-9' })
  await world.deliver(events(world), anEvent(seller, 1))
  expect(await ours(world, seller)).toMatchObject({ profile: { taxId: 'HRB 123 B', payoneerPayeeId: 'PY-9' } })
})

test('a change outside the updatable list is kept, and NetSuite is not told of it', async () => {
  const seller = atGsc(world)
  const handler = events(world, { updatable: ['fpayId'] })
  await world.deliver(handler, anEvent(seller, 1))
  expect(await toSync(world)).toHaveLength(1) // a new seller goes there whatever the list says
  world.sandbox.gsc.changeSeller(seller.gscSellerId, { legalName: 'Renamed', type: '1P' })
  await world.deliver(handler, anEvent(seller, 2))
  expect(await ours(world, seller)).toMatchObject({ profile: { legalName: 'Renamed', type: '1P' } })
  expect(await toSync(world)).toEqual([])
  world.sandbox.gsc.giveFpayId(seller.gscSellerId, 'FP-1')
  await world.deliver(handler, anEvent(seller, 3))
  expect(await toSync(world)).toHaveLength(1)
})

test('two instances that take one event at once make one seller, and NetSuite is to be told once', async () => {
  const sellers = Array.from({ length: 10 }, () => atGsc(world))
  const batch = sellers.map((seller) => anEvent(seller, 1))
  await Promise.all([world.deliver(events(world), ...batch), world.deliver(events(world), ...batch.toReversed())])
  expect(await toSync(world)).toHaveLength(10)
  for (const seller of sellers) expect(await ours(world, seller)).toBeDefined()
})

test.each([
  ['answers 500 or 503', 'error-before', 'unavailable'],
  ['loses its answers', 'lost-response', 'no answer'],
  ['answers garbage', 'garbage-before', 'garbled'],
] as const)('while GSC %s, an event is tried again and nothing is lost', async (_, kind, word) => {
  const seller = atGsc(world)
  world.sandbox.gsc.faults.script({ kind, subject: seller.gscSellerId, times: 2 })
  expect(await world.deliver(events(world), anEvent(seller, 1))).toEqual([
    { kind: 'retry', afterMs: 1_000, reason: expect.stringContaining(`gsc, get seller: ${word}`) },
  ])
  expect(await ours(world, seller)).toBeUndefined()
  expect(await world.deliver(events(world), aMessage(anEvent(seller, 1), { retries: 1 }))).toEqual([{ kind: 'done' }])
  expect(await ours(world, seller)).toBeDefined()
})

test('too many requests: an event comes back no sooner than GSC asks', async () => {
  const seller = atGsc(world)
  world.sandbox.gsc.setFaults({ rates: {}, retryAfterSeconds: 40 })
  world.sandbox.gsc.faults.script({ kind: 'rate-limited' })
  expect(await world.deliver(events(world), anEvent(seller, 1))).toMatchObject([{ kind: 'retry', afterMs: 40_000 }])
})
