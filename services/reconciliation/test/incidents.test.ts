import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import type { StripeReads } from '@remesa/stripe-client/stripe-reads'
import { sql } from 'kysely'
import { aService, at, chargeQuietly, customersOf, DAY, recordThem } from './billing.ts'

let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.stop())

const NEXT_DAY = '2026-11-13'

/** The days and windows about which people are awake. */
async function open(): Promise<readonly string[]> {
  const { rows } = await sql<{ dedup_key: string }>`
    select dedup_key from alert_incidents where is_open order by dedup_key`.execute(world.database)
  return rows.map(({ dedup_key }) => dedup_key.replace(/^platform:/, ''))
}

async function paged(): Promise<readonly string[]> {
  const { rows } = await sql<{ action: string }>`
    select action from alert_deliveries where channel = 'pagerduty' order by position`.execute(world.database)
  return rows.map(({ action }) => action)
}

test('an incident of several days is theirs: a clean run of the first leaves it open, one of all of them ends it', async () => {
  const [first, second] = [
    customersOf(20),
    customersOf(20, 'n').map((one) => ({ ...one, seconds: one.seconds + 86_400 })),
  ]
  chargeQuietly(world, [...first, ...second])
  await recordThem(world, first)
  const { reconcile } = aService(world)
  const both = { startDate: DAY, endDate: '2026-11-14' }
  expect(await reconcile(both)).toMatchObject({ status: 'discrepancy_found' })
  expect(await open()).toEqual(['2026-11-12/2026-11-14'])
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'success' })
  expect(await open()).toEqual(['2026-11-12/2026-11-14'])
  expect(await reconcile({ startDate: NEXT_DAY })).toMatchObject({ status: 'discrepancy_found' })
  expect(await open()).toEqual(['2026-11-12/2026-11-14', NEXT_DAY])

  await recordThem(world, second)
  expect(await reconcile(both)).toMatchObject({ status: 'success' })
  expect(await open()).toEqual([NEXT_DAY]) // each day says for itself that it is clean
  await reconcile({ startDate: NEXT_DAY, endDate: '2026-11-14' })
  expect(await open()).toEqual([])
})

test('a clean hour does not end the incident of its day', async () => {
  const customers = customersOf(20)
  chargeQuietly(world, customers)
  await recordThem(world, customers.slice(0, 10))
  const { reconcile } = aService(world)
  await reconcile({ startDate: DAY })
  expect(await reconcile({ startDate: at(0), endDate: at(3_600) })).toMatchObject({ status: 'success' })
  expect(await open()).toEqual([DAY])
})

test('a clean run without refunds does not end what a run with refunds found, and ends what one without them found', async () => {
  const customers = customersOf(20).map((one) => ({ ...one, refunded: 5_000n }))
  chargeQuietly(world, customers)
  await recordThem(
    world,
    customers.map((one) => ({ ...one, refunded: 0n })),
  )
  const { reconcile } = aService(world)
  await reconcile({ startDate: DAY })
  expect(await reconcile({ startDate: DAY, includeRefunds: false })).toMatchObject({ status: 'success' })
  expect(await open()).toEqual([DAY])

  const lost = [{ id: 'lost', seconds: 86_400 }]
  chargeQuietly(world, lost)
  await reconcile({ startDate: NEXT_DAY, includeRefunds: false })
  expect(await open()).toEqual([DAY, NEXT_DAY])
  await recordThem(world, lost)
  await reconcile({ startDate: NEXT_DAY, includeRefunds: false })
  expect(await open()).toEqual([DAY])
})

test('of two runs at once the one that began later has the last word, whichever ends last', async () => {
  const customers = customersOf(20)
  chargeQuietly(world, customers)
  await recordThem(world, customers.slice(0, 10))
  const slow = heldBack()
  const first = aService(world, { wrap: slow.wrap }).reconcile({ startDate: DAY, tolerancePercentage: 2 })
  await slow.reached
  const { reconcile } = aService(world)
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'discrepancy_found' })
  expect(await open()).toEqual([DAY])
  await recordThem(world, customers)
  slow.release()
  expect(await first).toMatchObject({ status: 'success' })
  expect(await open()).toEqual([DAY]) // what is known since is that the day is not clean
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'success' })
  expect(await open()).toEqual([])
  expect(await paged()).toEqual(['trigger', 'resolve'])
})

test('a discrepancy that ends after a later run was clean wakes nobody', async () => {
  const customers = customersOf(20)
  chargeQuietly(world, customers)
  await recordThem(world, customers.slice(0, 10))
  const slow = heldBack()
  const first = aService(world, { wrap: slow.wrap }).reconcile({ startDate: DAY })
  await slow.reached
  await recordThem(world, customers)
  expect(await aService(world).reconcile({ startDate: DAY })).toMatchObject({ status: 'success' })
  // What was recorded meanwhile is taken away, so that the older run finds what it would have found.
  await sql`delete from payments where created >= ${at(43_200)}`.execute(world.database)
  slow.release()
  expect(await first).toMatchObject({ status: 'discrepancy_found' })
  expect([await open(), await paged()]).toEqual([[], []])
})

/** Reads that wait before the first page until they are released. */
function heldBack() {
  const [reached, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const wrap = (reads: StripeReads): StripeReads => ({
    ...reads,
    async *listCharges(range) {
      reached.resolve()
      await release.promise
      yield* reads.listCharges(range)
    },
  })
  return { wrap, reached: reached.promise, release: () => release.resolve() }
}
