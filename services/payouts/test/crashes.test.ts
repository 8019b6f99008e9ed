import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { PaymentOutcome, Rail } from '@remesa/domain/rail'
import { alertsAbout, attemptRows, postedFor, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { untilItKillsItself } from '@remesa/local-stack/testing/processes'
import { ledgerKeys, madeAtStripe, transferNow } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { stripeEnvironment, stripeOptions } from '@remesa/stripe-client/environment'
import { createStripeRail } from '@remesa/stripe-client/stripe-rail'
import { z } from 'zod'
import { aTransfer, LEASE_MS, type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterAll(() => stopWithTrueLedger(world))

const HOUR_MS = 3_600_000
const MAKE = 'POST /v1/transfers'
const LIST = 'GET /v1/transfers'
const callsOf = (route: string): number => world.sandbox.stripe.calls()[route] ?? 0

/** Handlers whose Stripe is another one in `pay`. */
const payingWith = (change: (pay: Rail['pay']) => Rail['pay']): PayoutHandlers =>
  payoutHandlers(world, { rail: { ...world.stripe, pay: change(world.stripe.pay) } })

async function expectPaidOnce(transferId: string, attempt: object): Promise<void> {
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
  const [made] = world.sandbox.stripe.transfersOf(transferId)
  expect(await transferNow(world, transferId)).toMatchObject({
    status: 'completed',
    refusals: 0,
    fundsRefusals: 0,
    providerReference: made?.id,
  })
  expect(await attemptRows(world, transferId)).toMatchObject([{ generation: 1, state: 'paid', ...attempt }])
  expect(await postedFor(world, transferId)).toEqual({ owed_from: -1_250n, paid_from: 1_250n })
}

/** Pays by a worker in a process of its own that SIGKILL ends. */
async function payAndDie(transferId: string, when: 'before the call' | 'after the call'): Promise<void> {
  const script = new URL('dying-worker.ts', import.meta.url)
  const aheadMs = world.now().getTime() - Date.now()
  const env = { DATABASE_URL: world.databaseUrl, ...world.stripeEnvironment }
  await untilItKillsItself(script, [transferId, when, aheadMs, LEASE_MS], env)
}

test.each([
  ['before the call', 0],
  ['after the call', 1],
] as const)(
  'a worker killed %s leaves a transfer that the next one finishes with the same key, once',
  async (when, made) => {
    const { transferId, message } = await aTransfer(world, handlers)
    await payAndDie(transferId, when)
    expect(madeAtStripe(world, transferId)).toHaveLength(made)
    expect(await transferNow(world, transferId)).toMatchObject({ status: 'processing', attempts: 1 })
    expect(await postedFor(world, transferId)).toEqual({ owed_from: -1_250n, reserved_for: 1_250n })

    // Its message comes again at once: the dead worker might still be calling.
    const [early] = await world.deliver(handlers.pay, message)
    expect(early).toMatchObject({ kind: 'retry', reason: 'leased' })
    world.moveClock(LEASE_MS)
    expect(await world.deliver(handlers.pay, message)).toEqual([done])
    await expectPaidOnce(transferId, { calls: 2 })
    expect(await transferNow(world, transferId)).toMatchObject({ attempts: 1 })
    expect(await ledgerKeys(world, transferId)).toEqual([
      'owed:<id>',
      'ledger:payout:<id>:1:reserved',
      'ledger:payout:<id>:1',
    ])
  },
)

test.each([
  ['the reply is lost', 'lost-response'],
  ['502 comes before the work', 'error-before'],
  ['502 comes after the work', 'error-after'],
  ['garbage comes instead of the work', 'garbage-before'],
  ['garbage comes after the work', 'garbage-after'],
] as const)('when %s, the same key goes out again after growing waits, and the payee is paid once', async (_, kind) => {
  const { transferId, message } = await aTransfer(world, handlers)
  world.sandbox.stripe.faults.script({ kind, subject: transferId, route: MAKE, times: 2 })
  const waits: number[] = []
  for (let call = 1; call <= 2; call += 1) {
    expect(await world.deliver(handlers.pay, message)).toEqual([done])
    expect(await transferNow(world, transferId)).toMatchObject({ status: 'processing', attempts: 1, refusals: 0 })
    const [again, ...others] = await world.take(topics.payoutTransfer)
    expect(others).toEqual([])
    waits.push((again?.deliverAt.getTime() ?? 0) - world.now().getTime())
    world.moveClock(LEASE_MS)
  }
  expect(waits[1]).toBeGreaterThan(waits[0] ?? 0)
  await world.deliver(handlers.pay, message)
  await expectPaidOnce(transferId, { calls: 3 })
})

test('a request that timed out and is made all the same is asked after with the same key, and paid once', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  const environment = { ...world.stripeEnvironment, STRIPE_TIMEOUT_MS: '100' }
  const hasty = createStripeRail(stripeOptions(parseEnvironment(environment, z.object(stripeEnvironment))))
  world.sandbox.stripe.slowWork(transferId, 1_000)
  await world.deliver(payoutHandlers(world, { rail: hasty }).pay, message)
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'processing', attempts: 1 })
  // It is still being worked on: the key is in use.
  world.moveClock(LEASE_MS)
  await world.deliver(handlers.pay, message)
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'processing', attempts: 1 })
  await world.until('Stripe has made it', () => madeAtStripe(world, transferId).length === 1)
  world.moveClock(LEASE_MS)
  await world.deliver(handlers.pay, message)
  await expectPaidOnce(transferId, { calls: 3 })
  hasty.close()
  await world.take(topics.payoutTransfer)
})

test('a Stripe that answers nothing usable for long is told of, and asked on with the same key', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  world.sandbox.stripe.faults.script({ kind: 'error-before', subject: transferId, route: MAKE, times: 9 })
  for (let call = 1; call <= 9; call += 1) {
    expect(await alertsAbout(world, transferId)).toEqual(call <= 8 ? {} : { payment_unknown: 1 })
    await world.deliver(handlers.pay, message)
    world.moveClock(20 * 60_000)
  }
  await world.deliver(handlers.pay, message)
  await expectPaidOnce(transferId, { calls: 10 })
  await world.take(topics.payoutTransfer)
})

test('our own refused key rests the rail: nothing is counted, one alert, and all are paid once it is mended', async () => {
  const alone = await startWorld() // other transfers must not meet the paused rail
  try {
    const ours = payoutHandlers(alone)
    const some = [await aTransfer(alone, ours), await aTransfer(alone, ours), await aTransfer(alone, ours)]
    const messages = some.map(({ message }) => message)
    alone.sandbox.stripe.refuseApiKey(3)
    await alone.deliver(ours.pay, ...messages)
    for (const { transferId } of some) {
      expect(await transferNow(alone, transferId)).toMatchObject({
        status: 'processing',
        refusals: 0,
        fundsRefusals: 0,
      })
      expect(await alertsAbout(alone, transferId)).toEqual({})
    }
    expect(await alertsAbout(alone, 'stripe')).toEqual({ rail_paused: 3 })
    expect(await alone.take(topics.financeAlert)).toHaveLength(1)

    // A transfer that comes now is not even claimed.
    const late = await aTransfer(alone, ours)
    expect(await alone.deliver(ours.pay, late.message)).toMatchObject([{ kind: 'retry', reason: 'rail_paused' }])
    expect(await attemptRows(alone, late.transferId)).toEqual([])

    alone.moveClock(60_000)
    expect(await alone.deliver(ours.pay, ...messages, late.message)).toEqual([done, done, done, done])
    for (const { transferId } of [...some, late]) {
      expect(madeAtStripe(alone, transferId)).toHaveLength(1)
      expect(await attemptRows(alone, transferId)).toMatchObject([{ generation: 1, state: 'paid' }])
    }
  } finally {
    await alone.stop()
  }
})

test('a 500 that Stripe replays is looked up: the transfer that it made is adopted', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  world.sandbox.stripe.faults.script({ kind: 'stored-error-after', subject: transferId, route: MAKE })
  await world.deliver(handlers.pay, message)
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'processing' })
  world.moveClock(LEASE_MS)
  const before = callsOf(LIST)
  await world.deliver(handlers.pay, message)
  expect(callsOf(LIST) - before).toBe(1)
  await expectPaidOnce(transferId, { calls: 2 })
  await world.take(topics.payoutTransfer)
})

test('a 500 that Stripe replays, and that made nothing, is left behind with its key: a new generation is paid', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  world.sandbox.stripe.faults.script({ kind: 'stored-error-before', subject: transferId, route: MAKE })
  await world.deliver(handlers.pay, message)
  world.moveClock(LEASE_MS)
  await world.deliver(handlers.pay, message)
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'retryable', refusals: 1 })
  world.moveClock(LEASE_MS)
  await world.deliver(handlers.pay, message)
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
  expect(await attemptRows(world, transferId)).toMatchObject([
    { generation: 1, state: 'declined', calls: 2 },
    { generation: 2, state: 'paid', calls: 1 },
  ])
  await world.take(topics.payoutTransfer)
})

test('while the look-up of a replayed 500 cannot be made, nothing is concluded', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  world.sandbox.stripe.faults.script({ kind: 'stored-error-after', subject: transferId, route: MAKE })
  world.sandbox.stripe.faults.script({ kind: 'error-before', subject: transferId, route: LIST })
  for (let call = 1; call <= 2; call += 1) {
    await world.deliver(handlers.pay, message)
    expect(await transferNow(world, transferId)).toMatchObject({ status: 'processing', refusals: 0 })
    world.moveClock(LEASE_MS)
  }
  await world.deliver(handlers.pay, message)
  await expectPaidOnce(transferId, { calls: 3 })
  await world.take(topics.payoutTransfer)
})

test.each([
  ['made it', 'lost-response', 1],
  ['did not make it', 'error-before', 0],
] as const)(
  'a key that Stripe may have forgotten is looked up first: it %s, and it is paid once',
  async (_, kind, made) => {
    const { transferId, message } = await aTransfer(world, handlers)
    world.sandbox.stripe.faults.script({ kind, subject: transferId, route: MAKE })
    await world.deliver(handlers.pay, message)
    expect(madeAtStripe(world, transferId)).toHaveLength(made)
    world.sandbox.stripe.forgetKeys()
    world.moveClock(12 * HOUR_MS + 1) // beyond half of the day that Stripe keeps a key
    const before = { lists: callsOf(LIST), made: callsOf(MAKE) }
    expect(await world.deliver(handlers.pay, message)).toEqual([done])
    expect(callsOf(LIST) - before.lists).toBe(1)
    expect(callsOf(MAKE) - before.made).toBe(1 - made)
    await expectPaidOnce(transferId, { calls: 2 })
    await world.take(topics.payoutTransfer)
  },
)

test('a forgotten key that cannot be looked up is not used', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  world.sandbox.stripe.faults.script({ kind: 'lost-response', subject: transferId, route: MAKE })
  await world.deliver(handlers.pay, message)
  world.sandbox.stripe.forgetKeys()
  world.moveClock(30 * HOUR_MS)
  const before = callsOf(MAKE)
  world.sandbox.stripe.faults.script({ kind: 'error-before', subject: transferId, route: LIST })
  await world.deliver(handlers.pay, message)
  expect(callsOf(MAKE)).toBe(before)
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'processing' })
  world.moveClock(LEASE_MS)
  await world.deliver(handlers.pay, message)
  expect(callsOf(MAKE)).toBe(before)
  await expectPaidOnce(transferId, { calls: 3 })
  await world.take(topics.payoutTransfer)
})

test('a key younger than half its life is called again without a look-up', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  world.sandbox.stripe.faults.script({ kind: 'lost-response', subject: transferId, route: MAKE })
  await world.deliver(handlers.pay, message)
  world.moveClock(11 * HOUR_MS)
  const before = callsOf(LIST)
  await world.deliver(handlers.pay, message)
  expect(callsOf(LIST)).toBe(before)
  await expectPaidOnce(transferId, { calls: 2 })
  await world.take(topics.payoutTransfer)
})

test('a first call that answers after the second has begun still counts, and nothing is paid twice', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const slow = payingWith((call) => async (instruction) => {
    const outcome = await call(instruction)
    await released
    return outcome
  })
  const first = world.deliver(slow.pay, message)
  await world.until('the first call is made', () => madeAtStripe(world, transferId).length > 0)
  world.moveClock(LEASE_MS)
  const silent = payingWith(() => async (): Promise<PaymentOutcome> => {
    return { kind: 'unknown', reason: 'no_answer', facts: { status: 0 } }
  })
  await world.deliver(silent.pay, message)
  expect(await attemptRows(world, transferId)).toMatchObject([{ state: 'claimed', calls: 2 }])
  release()
  expect(await first).toEqual([done])
  await expectPaidOnce(transferId, { calls: 2 })
  // The message that the second call left has nothing left to do.
  world.moveClock(LEASE_MS)
  expect(await world.take(topics.payoutTransfer)).toHaveLength(1)
  expect(await world.deliver(handlers.pay, message)).toEqual([done])
  await expectPaidOnce(transferId, { calls: 2 })
})

test('a transfer that somebody took back by hand is not paid again: a person decides', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  world.sandbox.stripe.faults.script({ kind: 'lost-response', subject: transferId, route: MAKE })
  await world.deliver(handlers.pay, message)
  const [made] = world.sandbox.stripe.transfersOf(transferId)
  const answer = await fetch(`${world.sandbox.urls.stripe}/v1/transfers/${made?.id}/reversals`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.sandbox.stripe.credentials.apiKey}` },
  })
  expect(answer.status).toBe(200)
  world.moveClock(LEASE_MS)
  await world.deliver(handlers.pay, message)
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'failed_terminal', failureReason: 'reversed' })
  expect(await alertsAbout(world, transferId)).toEqual({ payment_reversed: 1 })
  expect(await postedFor(world, transferId)).toEqual({ owed_from: -1_250n, payee: 1_250n })
  await world.take(topics.payoutTransfer)
})

test('one transfer whose call breaks a promise of ours leaves its neighbours alone', async () => {
  const poisoned = await aTransfer(world, handlers)
  const sound = await aTransfer(world, handlers)
  const broken = payingWith((call) => async (instruction) => {
    if (instruction.payableId === poisoned.transferId) throw new Error('a bug')
    return call(instruction)
  })
  expect(await world.deliver(broken.pay, poisoned.message, sound.message)).toEqual([
    { kind: 'threw', error: new Error('a bug') },
    done,
  ])
  await expectPaidOnce(sound.transferId, { calls: 1 })
  world.moveClock(LEASE_MS)
  await world.deliver(handlers.pay, poisoned.message)
  await expectPaidOnce(poisoned.transferId, { calls: 2 })
})
