import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { alertsAbout, attemptRows, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { jobOf, madeAtStripe, transferNow } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { sql } from 'kysely'
import { aJob, aTransfer, GRACE_MS, LEASE_MS, type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(async () => {
  handlers = payoutHandlers(world)
  // The scheduler looks at all transfers there are: those of earlier tests are over.
  await sql`update payout_transfers set status = 'failed_terminal', failure_reason = 'the test is over', due_at = null,
    next_try_at = null, held_reason = null where status not in ('completed', 'failed_terminal')`.execute(world.database)
  await world.take(topics.payoutTransfer)
})
afterAll(() => stopWithTrueLedger(world))

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const queued = async () => (await world.take(topics.payoutTransfer)).map(({ data }) => data)

test('lost messages of pending, retryable and abandoned transfers are made up for, and each is paid once', async () => {
  const pending = await aTransfer(world, handlers)
  const retryable = await aTransfer(world, handlers, { winners: [{ account: 'acct_nofunds_lost' }] })
  const abandoned = await aTransfer(world, handlers)
  const unanswered = await aTransfer(world, handlers)
  await world.deliver(handlers.pay, retryable.message)
  const dead = payoutHandlers(world, {
    rail: {
      ...world.stripe,
      async pay(instruction) {
        await world.stripe.pay(instruction)
        throw new Error('the worker is gone')
      },
    },
  })
  await world.deliver(dead.pay, abandoned.message)
  world.sandbox.stripe.faults.script({ kind: 'lost-response', subject: unanswered.transferId })
  await world.deliver(handlers.pay, unanswered.message)
  await queued() // all of them are lost

  world.moveClock(4 * HOUR_MS)
  expect(await handlers.schedule()).toBe(4)
  const messages = await queued()
  expect(messages).toHaveLength(4)
  expect(await world.deliver(handlers.pay, ...messages)).toEqual([done, done, done, done])
  for (const { transferId } of [pending, retryable, abandoned, unanswered]) {
    expect(madeAtStripe(world, transferId)).toHaveLength(1)
    expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed' })
  }
  expect(await attemptRows(world, abandoned.transferId)).toMatchObject([{ generation: 1, calls: 2, state: 'paid' }])
  world.moveClock(HOUR_MS)
  expect(await handlers.schedule()).toBe(0)
  const metrics = await handlers.registry.metrics()
  for (const [status, count] of Object.entries({ pending: 1, retryable: 1, processing: 2 })) {
    expect(metrics).toMatch(new RegExp(`remesa_payout_left_total\\{status="${status}"[^}]*\\} ${count}\n`))
  }
})

test('what its own message may still bring to a worker is left alone', async () => {
  const { message } = await aTransfer(world, handlers)
  expect(await handlers.schedule()).toBe(0)
  world.moveClock(GRACE_MS - 10_000)
  expect(await handlers.schedule()).toBe(0)
  world.moveClock(10_000)
  expect(await handlers.schedule()).toBe(1)
  expect(await queued()).toEqual([message])

  // A worker has it: its lease keeps the scheduler away, too.
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const slow = payoutHandlers(world, {
    rail: {
      ...world.stripe,
      async pay(instruction) {
        await released
        return world.stripe.pay(instruction)
      },
    },
  })
  const paying = world.deliver(slow.pay, message)
  await world.until('it is claimed', async () => (await attemptRows(world, message.payoutTransferId)).length === 1)
  world.moveClock(LEASE_MS)
  expect(await handlers.schedule()).toBe(0)
  release()
  expect(await paying).toEqual([done])
})

test('two schedulers at once queue each transfer once', async () => {
  const { messages } = await aJob(world, handlers, { winners: 60 })
  world.moveClock(GRACE_MS)
  const others = Array.from({ length: 4 }, () => payoutHandlers(world))
  const counts = await Promise.all(others.map(({ schedule }) => schedule()))
  expect(counts.reduce((sum, count) => sum + count)).toBe(60)
  const all = await queued()
  expect(new Set(all.map(({ payoutTransferId }) => payoutTransferId)).size).toBe(messages.length)
  expect(all).toHaveLength(messages.length)
})

test('a queue that nobody works on is not filled with copies of itself: fewer and fewer are added', async () => {
  await aJob(world, handlers, { winners: 10 })
  const added: number[] = []
  for (let run = 0; run < 24; run += 1) {
    world.moveClock(5 * MINUTE_MS)
    added.push(await handlers.schedule())
  }
  // Within two hours: after 5, 15, 35 and 75 minutes and so on, each wait twice the one before, up to an hour.
  expect(added.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(10 * 5)
  expect(added.filter((count) => count > 0).length).toBeGreaterThan(2)
})

test('more transfers than one transaction takes are queued in one run, once, even without any grace', async () => {
  const { transfers } = await aJob(world, handlers, { winners: 1_100 })
  const { schedule } = payoutHandlers(world, { graceMs: 0 })
  world.moveClock(GRACE_MS)
  expect(await schedule()).toBe(1_100)
  const all = await queued()
  expect(all).toHaveLength(1_100)
  expect(new Set(all.map(({ payoutTransferId }) => payoutTransferId)).size).toBe(transfers.length)
})

test('what is held although its account can receive is released, once, by whichever scheduler comes first', async () => {
  const { message, userId } = await aTransfer(world, handlers, { winners: [{ account: null }] })
  await world.deliver(handlers.pay, message)
  // Somebody writes the account down as Stripe has it, past all our messages.
  await sql`insert into user_stripe_accounts (user_id, stripe_account_id, transfers_active, payouts_enabled,
    details_submitted, last_event_created) values (${userId}, 'acct_by_hand', true, true, true, now())`.execute(
    world.database,
  )
  const counts = await Promise.all([handlers.schedule(), payoutHandlers(world).schedule()])
  expect(counts.toSorted()).toEqual([0, 1])
  expect(await queued()).toEqual([message])
})

test('what was in other hands when Stripe told of its account is looked at again: it does not wait unread for ever', async () => {
  const winners = [{ account: 'acct_missing_and_locked' }]
  const { message, userId, transferId } = await aTransfer(world, handlers, { winners })
  const { pay } = payoutHandlers(world, { verifier: { ask() {} } }) // the account is read when the test says so
  await world.deliver(pay, message)
  const now = () => transferNow(world, transferId)
  expect(await now()).toMatchObject({ status: 'awaiting_destination', heldReason: 'account_unverified' })
  await world.database.transaction().execute(async (copy) => {
    await sql`select from payout_transfers where id = ${transferId} for update`.execute(copy)
    handlers.verifier.ask()
    await handlers.verifier.idle()
  })
  const { rows } = await sql`select disabled_reason from user_stripe_accounts where user_id = ${userId}`.execute(
    world.database,
  )
  expect(rows).toEqual([{ disabled_reason: 'account_not_found' }])
  expect(await now()).toMatchObject({ heldReason: 'account_unverified' })

  expect(await handlers.schedule()).toBe(0)
  expect(await now()).toMatchObject({ status: 'awaiting_destination', heldReason: 'transfers_inactive' })
  expect(await alertsAbout(world, userId)).toEqual({ destination_disabled: 1 })
})

test('messages that fell due together are one run', async () => {
  const { message } = await aTransfer(world, handlers)
  world.moveClock(GRACE_MS)
  expect(await world.deliver(handlers.scheduled, {}, {}, {})).toEqual([done, done, done])
  expect(await queued()).toEqual([message])
})

test('the age of the queue is told, and not for longer than it is true', async () => {
  const age = async () => {
    const line = (await handlers.registry.metrics()).split('\n').find((one) => /^remesa_payout_queue_age/.test(one))
    return line === undefined ? undefined : Number(line.split(' ').at(-1))
  }
  const { settlementId, messages } = await aJob(world, handlers, { winners: 2 })
  world.moveClock(7 * MINUTE_MS)
  await handlers.schedule()
  expect(await age()).toBeGreaterThanOrEqual(7 * 60)
  world.moveClock(5 * MINUTE_MS)
  await handlers.schedule() // it was queued again meanwhile, and waits all the same
  expect(await age()).toBeGreaterThanOrEqual(12 * 60)
  world.moveClock(11 * MINUTE_MS)
  expect(await age()).toBeUndefined()
  await world.deliver(handlers.pay, ...messages)
  await handlers.schedule()
  expect(await age()).toBe(0)
  expect(await jobOf(world, settlementId)).toMatchObject({ status: 'complete' })
})
