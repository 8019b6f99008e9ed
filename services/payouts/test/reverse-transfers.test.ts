import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { alertsAbout, attemptRows, auditTrail, postedFor, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { untilItKillsItself } from '@remesa/local-stack/testing/processes'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { sql } from 'kysely'
import { LEASE_MS } from './handlers.ts'
import {
  aPaidPayout,
  aReversal,
  askBack,
  giveOurId,
  owedToUs,
  reversalNow,
  reverseByHand,
  reversing,
  takenAtStripe,
} from './reversal-worlds.ts'

let world: World
let handlers: ReturnType<typeof reversing>
beforeAll(async () => {
  world = await startWorld()
  handlers = reversing(world)
})
beforeEach(async () => {
  await sql`update rails set paused_until = null`.execute(world.database)
  await world.take(topics.payoutReversal)
})
afterAll(() => stopWithTrueLedger(world))

const HOUR_MS = 3_600_000
const ROUTE = 'POST /v1/transfers/:id/reversals'
const callsOf = (route: string): number => world.sandbox.stripe.calls()[route] ?? 0

function raise(error: Error): never {
  throw error
}

/** Delivers what the outbox holds for reversals, as often as something follows. */
async function followUp(): Promise<void> {
  for (let round = 0; round < 30; round += 1) {
    const next = await world.take(topics.payoutReversal)
    if (next.length === 0) return
    const latest = Math.max(...next.map(({ deliverAt }) => deliverAt.getTime()))
    world.moveClock(Math.max(0, latest - world.now().getTime()))
    await world.deliver(handlers.reverse, ...next.map(({ data }) => data))
  }
  throw new Error('a reversal does not come to its end')
}

async function expectTakenOnce({ payout, id }: Awaited<ReturnType<typeof aReversal>>, attempt: object): Promise<void> {
  expect(takenAtStripe(world, payout)).toEqual([300n])
  expect(await reversalNow(world, id)).toMatchObject({ status: 'reversed', refusals: 0 })
  expect(await attemptRows(world, id)).toMatchObject([{ generation: 1, state: 'paid', ...attempt }])
  expect(await postedFor(world, id)).toEqual({ owed_from: 300n, paid_from: -300n })
  expect(await owedToUs(world, payout)).toBe(0n)
  expect(await alertsAbout(world, payout.payoutId)).toEqual({})
}

test('what is asked back is taken from the provider’s account, once, booked and audited', async () => {
  const asked = await aReversal(world)
  expect(await world.deliver(handlers.reverse, asked.message)).toEqual([done])
  await expectTakenOnce(asked, { calls: 1, idempotency_key: `reversal:${asked.id}` })
  expect(await auditTrail(world, asked.id)).toEqual([
    'payout_reversal.created: nothing → pending',
    'payout_reversal.claimed: pending → processing',
    'payout_reversal.accepted: processing → reversed',
  ])
  expect(await auditTrail(world, asked.payout.payoutId)).toEqual(['payout.reversal_made'])
  expect(await world.take(topics.payoutReversal)).toEqual([])
  const counted = await handlers.registry.getSingleMetricAsString('remesa_payout_reversal_attempts_total')
  expect(counted).toContain('outcome="accepted",status="reversed"')
})

test('a reversal delivered twice, at once and again later, is made once', async () => {
  const asked = await aReversal(world)
  await Promise.all([
    world.deliver(handlers.reverse, asked.message, asked.message),
    world.deliver(handlers.reverse, asked.message),
  ])
  expect(await world.deliver(handlers.reverse, asked.message)).toEqual([done])
  await expectTakenOnce(asked, { calls: 1 })
})

test('two parts of one transfer are both taken back, and no more than it moved', async () => {
  const payout = await aPaidPayout(world)
  const messages = await askBack(world, payout, 300n, 700n)
  expect(await world.deliver(handlers.reverse, ...messages)).toEqual([done, done])
  expect([...takenAtStripe(world, payout)].sort()).toEqual([300n, 700n])
  await expect(askBack(world, payout, 1n)).rejects.toThrow(/more cannot be taken back/)
})

/** Takes back by a worker in a process of its own that SIGKILL ends. */
async function reverseAndDie(id: string, when: 'before the call' | 'after the call'): Promise<void> {
  const script = new URL('dying-reverser.ts', import.meta.url)
  const aheadMs = world.now().getTime() - Date.now()
  const env = { DATABASE_URL: world.databaseUrl, ...world.stripeEnvironment }
  await untilItKillsItself(script, [id, when, aheadMs, LEASE_MS], env)
}

test.each([
  ['before the call', []],
  ['after the call', [300n]],
] as const)(
  'a worker killed %s is followed by one with the same key, and it is taken back once',
  async (when, taken) => {
    const asked = await aReversal(world)
    await reverseAndDie(asked.id, when)
    expect(takenAtStripe(world, asked.payout)).toEqual(taken)
    expect(await reversalNow(world, asked.id)).toMatchObject({ status: 'processing', attempts: 1 })
    expect(await postedFor(world, asked.id)).toEqual({})

    // Its message comes again at once: the dead worker might still be calling.
    const [early] = await world.deliver(handlers.reverse, asked.message)
    expect(early).toMatchObject({ kind: 'retry', reason: 'leased' })
    world.moveClock(LEASE_MS)
    expect(await world.deliver(handlers.reverse, asked.message)).toEqual([done])
    await expectTakenOnce(asked, { calls: 2 })
    expect(await reversalNow(world, asked.id)).toMatchObject({ attempts: 1 })
  },
)

test('an answer that cannot be written down is asked for again, and taken from Stripe’s memory', async () => {
  const asked = await aReversal(world)
  const broken = reversing(world, { random: () => raise(new Error('the database is gone')) })
  expect(await world.deliver(broken.reverse, asked.message)).toMatchObject([{ kind: 'threw' }])
  expect(await reversalNow(world, asked.id)).toMatchObject({ status: 'processing' })
  world.moveClock(LEASE_MS)
  await world.deliver(handlers.reverse, asked.message)
  await expectTakenOnce(asked, { calls: 2 })
})

test('a lost reply is asked for again under the same key, and taken from Stripe’s memory', async () => {
  const asked = await aReversal(world)
  world.sandbox.stripe.faults.script({ kind: 'lost-response', route: ROUTE })
  await world.deliver(handlers.reverse, asked.message)
  expect(await reversalNow(world, asked.id)).toMatchObject({ status: 'processing' })
  await followUp()
  await expectTakenOnce(asked, { calls: 2 })
})

test('a reversal whose key Stripe has forgotten is looked up, and not made again', async () => {
  const asked = await aReversal(world)
  world.sandbox.stripe.faults.script({ kind: 'lost-response', route: ROUTE })
  await world.deliver(handlers.reverse, asked.message)
  world.moveClock(25 * HOUR_MS)
  world.sandbox.stripe.forgetKeys()
  const calls = callsOf(ROUTE)
  await world.deliver(handlers.reverse, asked.message)
  expect(callsOf(ROUTE)).toBe(calls)
  await expectTakenOnce(asked, { calls: 2 })
})

test.each([
  ['after the work: looked up and taken for made', 'stored-error-after', 1],
  ['before the work: made under a new key', 'stored-error-before', 2],
] as const)('an error that Stripe stores %s', async (_, kind, generations) => {
  const asked = await aReversal(world)
  world.sandbox.stripe.faults.script({ kind, route: ROUTE })
  await world.deliver(handlers.reverse, asked.message)
  await followUp()
  expect(takenAtStripe(world, asked.payout)).toEqual([300n])
  expect(await reversalNow(world, asked.id)).toMatchObject({ status: 'reversed' })
  expect(await attemptRows(world, asked.id)).toHaveLength(generations)
})

test('too many requests, and an account that is locked, are tried again under the same key', async () => {
  const asked = await aReversal(world)
  for (const kind of ['rate-limited', 'lock-timeout'] as const)
    world.sandbox.stripe.faults.script({ kind, route: ROUTE })
  await world.deliver(handlers.reverse, asked.message)
  expect(await reversalNow(world, asked.id)).toMatchObject({ status: 'retryable' })
  await followUp()
  await expectTakenOnce(asked, {})
})

test('our own key refused: nothing is counted, the rail rests, and then it is taken back', async () => {
  const asked = await aReversal(world)
  world.sandbox.stripe.refuseApiKey(1)
  await world.deliver(handlers.reverse, asked.message)
  expect(await alertsAbout(world, 'stripe')).toMatchObject({ rail_paused: 1 })
  await followUp()
  await expectTakenOnce(asked, { calls: 2 })
})

test('what the account has paid out to its bank is owed to us instead, and people are told once', async () => {
  const { payout, message, id } = await aReversal(world)
  world.sandbox.stripe.payOutToBank(payout.account)
  await world.take(topics.financeAlert)
  expect(await world.deliver(handlers.reverse, message)).toEqual([done])
  expect(takenAtStripe(world, payout)).toEqual([])
  expect(await reversalNow(world, id)).toMatchObject({ status: 'refused', failure_reason: 'funds' })
  expect(await owedToUs(world, payout)).toBe(300n)
  expect(await postedFor(world, id)).toEqual({ owed_from: 300n, receivable: -300n })
  expect(await alertsAbout(world, payout.payoutId)).toEqual({ reversal_refused: 1 })
  expect(await world.take(topics.financeAlert)).toHaveLength(1)
  expect(await auditTrail(world, payout.payoutId)).toEqual(['payout.receivable_opened'])
  await world.deliver(handlers.reverse, message)
  await followUp()
  expect(await owedToUs(world, payout)).toBe(300n)
})

test('of two parts the account can cover one: the other is owed to us, and the sum is what was asked for', async () => {
  const payout = await aPaidPayout(world)
  const [first, second] = await askBack(world, payout, 300n, 400n)
  if (!first || !second) throw new Error('both parts have messages')
  await world.deliver(handlers.reverse, first)
  world.sandbox.stripe.payOutToBank(payout.account)
  await world.deliver(handlers.reverse, second)
  expect(takenAtStripe(world, payout)).toEqual([300n])
  expect(await owedToUs(world, payout)).toBe(400n)
})

test('money that somebody took back by hand is for a person: nobody owes it, and it is ours once it bears our id', async () => {
  const payout = await aPaidPayout(world)
  const [message = { payoutReversalId: '' }] = await askBack(world, payout, 800n)
  const id = message.payoutReversalId
  const byHand = await reverseByHand(world, payout, 800n)
  await world.deliver(handlers.reverse, message)
  expect(await reversalNow(world, id)).toMatchObject({ status: 'processing' })
  expect(await alertsAbout(world, payout.payoutId)).toEqual({ payment_mismatch: 1 })
  expect(await owedToUs(world, payout)).toBe(0n)

  await giveOurId(world, payout, byHand, id)
  await followUp()
  expect(await reversalNow(world, id)).toMatchObject({ status: 'reversed', provider_reference: byHand })
  expect(takenAtStripe(world, payout)).toEqual([800n])
  expect(await postedFor(world, id)).toEqual({ owed_from: 800n, paid_from: -800n })
})

test('a reversal whose message was lost is put on its way by the scheduler', async () => {
  const asked = await aReversal(world)
  world.moveClock(HOUR_MS)
  await handlers.queue()
  const queued = (await world.take(topics.payoutReversal)).map(({ data }) => data)
  expect(queued).toContainEqual(asked.message)
  await handlers.queue()
  expect(await world.take(topics.payoutReversal)).toEqual([])
  await world.deliver(handlers.reverse, asked.message)
  await expectTakenOnce(asked, { calls: 1 })
})

test('a message of nothing that we know is done with', async () => {
  const strange = { payoutReversalId: '00000000-0000-4000-8000-000000000000' }
  expect(await world.deliver(handlers.reverse, strange)).toEqual([done])
})
