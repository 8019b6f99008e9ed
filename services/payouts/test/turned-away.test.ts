import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { attemptRows, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { ledgerKeys, madeAtStripe, transferNow } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { done } from '@remesa/messaging/handler'
import { createStripeRail } from '@remesa/stripe-client/stripe-rail'
import { sql } from 'kysely'
import { aTransfer, payoutHandlers } from './handlers.ts'
import { aReversal, reversing } from './reversal-worlds.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => stopWithTrueLedger(world))

/** Stripe behind a limiter that lets nothing out. */
function aFullQueue() {
  const { hostname: host, port } = new URL(world.sandbox.stripe.url)
  const rail = createStripeRail({
    secretKey: world.sandbox.stripe.credentials.apiKey,
    apiBase: { host, port: Number(port), protocol: 'http' },
    timeoutMs: 2_000,
    rate: { perSecond: 1_000, concurrent: 1, maxWaitMs: 0 },
  })
  world.stopWith(() => rail.close())
  return rail
}

test('a transfer that our own limiter turns away was not tried: no attempt, no call, and the next one is the first', async () => {
  const handlers = payoutHandlers(world)
  const { transferId, message } = await aTransfer(world, handlers)
  const full = payoutHandlers(world, { rail: aFullQueue() })
  const calls = world.sandbox.stripe.calls()
  for (const turnedAway of [1, 2]) {
    expect(await world.deliver(full.pay, message)).toEqual([done])
    const now = await transferNow(world, transferId)
    expect(now).toMatchObject({ status: 'retryable', attempts: 0, refusals: 0, turnedAway })
    expect(await attemptRows(world, transferId)).toMatchObject([{ state: 'postponed', calls: 0, generation: 1 }])
    world.moveClock(4_000)
  }
  expect(world.sandbox.stripe.calls()).toEqual(calls)
  const counted = await full.registry.getSingleMetricAsString('remesa_payout_attempts_total')
  expect(counted).toContain('outcome="turned_away",status="retryable",service="payouts"} 2')

  expect(await world.deliver(handlers.pay, message)).toEqual([done])
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed', attempts: 1, turnedAway: 2 })
  expect(await attemptRows(world, transferId)).toMatchObject([{ state: 'paid', calls: 1, generation: 1 }])
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
  // What each claim reserved was given back before the next one: no two entries go by one name.
  const numbers = (await ledgerKeys(world, transferId)).filter((key) => !key.includes('owed'))
  expect(numbers.map((key) => key.replace(/^.*?:(?=\d+(:reserved)?$)/, ''))).toEqual(
    expect.arrayContaining(['1:reserved', '1', '2:reserved', '2', '3:reserved', '3']),
  )
})

test('a call that our limiter turns away after one that brought no answer leaves that try counted', async () => {
  const handlers = payoutHandlers(world)
  const { transferId, message } = await aTransfer(world, handlers)
  world.sandbox.stripe.faults.script({ kind: 'lost-response', route: 'POST /v1/transfers' })
  expect(await world.deliver(handlers.pay, message)).toEqual([done])
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'processing', attempts: 1 })
  world.moveClock(60_000)
  const full = payoutHandlers(world, { rail: aFullQueue() })
  expect(await world.deliver(full.pay, message)).toEqual([done])
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'retryable', attempts: 1, turnedAway: 0 })
  world.moveClock(60_000)
  expect(await world.deliver(handlers.pay, message)).toEqual([done])
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed', attempts: 2 })
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
})

test('a reversal that our own limiter turns away was not tried', async () => {
  const asked = await aReversal(world)
  const full = reversing(world, { rail: aFullQueue().reversals })
  expect(await world.deliver(full.reverse, asked.message)).toEqual([done])
  const reversal = async () => {
    const { rows } = await sql<object>`
      select status, attempts, refusals from payout_reversals where id = ${asked.id}`.execute(world.database)
    return rows[0]
  }
  expect(await reversal()).toEqual({ status: 'retryable', attempts: 0, refusals: 0 })
  world.moveClock(60_000)
  expect(await world.deliver(reversing(world).reverse, asked.message)).toEqual([done])
  expect(await reversal()).toEqual({ status: 'reversed', attempts: 1, refusals: 0 })
})
