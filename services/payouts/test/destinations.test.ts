import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { linkStripeAccounts } from '@remesa/database/user-stripe-accounts'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { alertsAbout, attemptRows, auditTrail, postedFor, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { jobOf, madeAtStripe, tellOfAccounts, transferNow, transfersOf } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { sql } from 'kysely'
import { aJob, anAccountEvent, asMessage, aTransfer, type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
beforeEach(async () => {
  await world.take(topics.payoutTransfer)
})
afterAll(() => stopWithTrueLedger(world))

const SECOND_MS = 1_000
const READ = 'GET /v1/accounts/:id'
const reads = (): number => world.sandbox.stripe.calls()[READ] ?? 0
const released = async () => (await world.take(topics.payoutTransfer)).map(({ data }) => data)
const inSeconds = (seconds: number) => new Date(world.now().getTime() + seconds * SECOND_MS)

async function expectHeld(transferId: string, heldReason: string): Promise<void> {
  expect(await transferNow(world, transferId)).toMatchObject({
    status: 'awaiting_destination',
    heldReason,
    attempts: 0,
  })
  expect(await attemptRows(world, transferId)).toEqual([])
  expect(madeAtStripe(world, transferId)).toEqual([])
}

async function expectPaid(transferId: string, account: string): Promise<void> {
  await world.deliver(handlers.pay, asMessage({ transferId }))
  expect(madeAtStripe(world, transferId)).toEqual([{ amount: 1_250n, destination: account }])
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed', attempts: 1, destination: account })
}

test('a winner without an account is nobody’s trouble: held, uncounted, untold, and paid once there is one', async () => {
  const { transferId, message, userId } = await aTransfer(world, handlers, { winners: [{ account: null }] })
  expect(await world.deliver(handlers.pay, message)).toEqual([done])
  await expectHeld(transferId, 'no_account')
  expect(await alertsAbout(world, userId)).toEqual({})
  expect(await world.deliver(handlers.pay, message)).toEqual([done])
  expect(await handlers.schedule()).toBe(0)

  // The marketplace writes the account down when its holder opens it; Stripe is asked at the scheduler's next turn.
  const link = { userId, stripeAccountId: 'acct_opened_later' }
  await world.database.transaction().execute((tx) => linkStripeAccounts(tx, [link], world.now()))
  await world.deliver(handlers.scheduled, {})
  await handlers.verifier.idle()
  expect(await released()).toEqual([message])
  await expectPaid(transferId, 'acct_opened_later')
  expect(await auditTrail(world, transferId)).toEqual([
    'payout_transfer.held: pending → awaiting_destination',
    'payout_transfer.released: awaiting_destination → pending',
    'payout_transfer.claimed: pending → processing',
    'payout_transfer.accepted: processing → completed',
  ])
})

test('an account that Stripe has not told us of is read once, however many transfers ask for it at once', async () => {
  const winner = { userId: 'often', account: 'acct_often' }
  const jobs = []
  for (let index = 0; index < 8; index += 1) {
    jobs.push(await aTransfer(world, handlers, { winners: [winner], accountsAreKnown: false }))
  }
  const before = reads()
  await Promise.all(jobs.map(({ message }) => world.deliver(handlers.pay, message)))
  await handlers.verifier.idle()
  expect(reads() - before).toBe(1)
  for (const { transferId } of jobs) await expectPaid(transferId, 'acct_often')
  expect(reads() - before).toBe(1)
})

test('accounts of a large settlement are all read, each once, and those that cannot be read hold up no other', async () => {
  const winners = Array.from({ length: 130 }, (_, index) => ({ account: `acct_large_${index}` }))
  const { settlementId, messages } = await aJob(world, handlers, { winners, accountsAreKnown: false })
  const before = reads()
  world.sandbox.stripe.faults.script({ kind: 'error-before', subject: 'acct_large_7', route: READ })
  await world.deliver(handlers.pay, ...messages)
  await handlers.verifier.idle()
  // The one that failed was drawn again, or waits for the scheduler.
  await world.deliver(handlers.scheduled, {})
  await handlers.verifier.idle()
  expect(reads() - before).toBe(131)
  const again = await released()
  expect(new Set(again.map(({ payoutTransferId }) => payoutTransferId)).size).toBe(130)
  await world.deliver(handlers.pay, ...again)
  expect(await jobOf(world, settlementId)).toMatchObject({ status: 'complete', counts: { completed: 130 } })
})

test('while Stripe cannot be read its transfers wait; the scheduler asks again', async () => {
  const { transferId, message } = await aTransfer(world, handlers, {
    winners: [{ account: 'acct_unread' }],
    accountsAreKnown: false,
  })
  world.sandbox.stripe.faults.script({ kind: 'error-before', subject: 'acct_unread', route: READ, times: 2 })
  await world.deliver(handlers.pay, message)
  await handlers.verifier.idle()
  await expectHeld(transferId, 'account_unverified')
  await world.deliver(handlers.scheduled, {})
  await handlers.verifier.idle()
  await expectHeld(transferId, 'account_unverified')
  await world.deliver(handlers.scheduled, {})
  await handlers.verifier.idle()
  expect(await released()).toEqual([message])
  await expectPaid(transferId, 'acct_unread')
})

test('a worker that stops reads no more accounts; another one does', async () => {
  const { transferId, message } = await aTransfer(world, handlers, {
    winners: [{ account: 'acct_left_by_one' }],
    accountsAreKnown: false,
  })
  const leaving = payoutHandlers(world)
  await leaving.verifier.stop()
  const before = reads()
  await world.deliver(leaving.pay, message)
  await leaving.verifier.idle()
  expect(reads()).toBe(before)
  await expectHeld(transferId, 'account_unverified')
  await world.deliver(handlers.scheduled, {})
  await handlers.verifier.idle()
  expect(await released()).toEqual([message])
})

test('an account that is not ours at Stripe holds its transfer, and people are told', async () => {
  const { transferId, message, userId } = await aTransfer(world, handlers, {
    winners: [{ account: 'acct_missing_here' }],
    accountsAreKnown: false,
  })
  await world.deliver(handlers.pay, message)
  await handlers.verifier.idle()
  await expectHeld(transferId, 'transfers_inactive')
  expect(await alertsAbout(world, userId)).toEqual({ destination_disabled: 1 })
})

test('three accounts that are all gone at Stripe are held, and people are told that our key may be at fault', async () => {
  const winners = [1, 2, 3].map((n) => ({ account: `acct_missing_all_${n}` }))
  const { transfers, messages } = await aJob(world, handlers, { winners, accountsAreKnown: false })
  await world.deliver(handlers.pay, ...messages)
  await handlers.verifier.idle()
  for (const { transferId } of transfers) await expectHeld(transferId, 'transfers_inactive')
  expect(await alertsAbout(world, 'stripe')).toMatchObject({ rail_paused: 1 })

  // An account that Stripe knows proves the key right: then the others are gone indeed.
  const known = { winners: [{ account: 'acct_known_at_last' }], accountsAreKnown: false }
  const { message } = await aTransfer(world, handlers, known)
  await world.deliver(handlers.pay, message)
  await handlers.verifier.idle()
  for (const { transferId } of transfers) await expectHeld(transferId, 'transfers_inactive')
  expect(await released()).toEqual([message])
  const { rows } = await sql`select status from finance_alerts where kind = 'rail_paused'`.execute(world.database)
  expect(rows).toEqual([{ status: 'resolved' }])
})

test.each([
  ['acct_nocap', 'transfers_inactive'],
  ['acct_pending', 'transfers_inactive'],
  ['acct_restricted', 'payouts_disabled'],
])(
  '%s holds its transfer (%s), people hear once, account.updated releases it, the alert settles itself',
  async (prefix, reason) => {
    const account = `${prefix}_held`
    const [one, two] = [
      await aTransfer(world, handlers, { winners: [{ userId: prefix, account }] }),
      await aTransfer(world, handlers, { winners: [{ userId: prefix, account }] }),
    ]
    await world.take(topics.financeAlert)
    await world.deliver(handlers.pay, one.message, two.message)
    await expectHeld(one.transferId, reason)
    await expectHeld(two.transferId, reason)
    expect(await world.take(topics.financeAlert)).toHaveLength(1)
    expect(await postedFor(world, one.transferId)).toEqual({ owed_from: -1_250n, payee: 1_250n })

    world.sandbox.stripe.updateAccount(account, { payouts_enabled: true, capabilities: { transfers: 'active' } })
    expect(await world.deliver(handlers.apply, anAccountEvent(world, account))).toEqual([done])
    expect(await released()).toHaveLength(2)
    const { rows } = await sql`select status from finance_alerts where subject_id = ${prefix}`.execute(world.database)
    expect(rows).toEqual([{ status: 'resolved' }])
    await expectPaid(one.transferId, account)
    await expectPaid(two.transferId, account)
  },
)

test('where the policy does not ask for bank payouts, an account without them is paid', async () => {
  const { transferId, message } = await aTransfer(world, handlers, { winners: [{ account: 'acct_restricted_paid' }] })
  const lenient = payoutHandlers(world, { policy: { ...DESTINATION_POLICY, payoutsMustBeEnabled: false } })
  await world.deliver(lenient.pay, message)
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
})

test('news that comes before its transfer, and old news that comes late, release what they should and hold nothing', async () => {
  const account = 'acct_in_any_order'
  const { transferId, message, winners } = await aTransfer(world, handlers, {
    winners: [{ account }],
    accountsAreKnown: false,
  })
  const able = anAccountEvent(world, account, { created: inSeconds(-10) })
  const unable = anAccountEvent(world, account, { created: inSeconds(-20), transfersActive: false })
  expect(await world.deliver(handlers.apply, able, unable)).toEqual([done, done])
  expect(await world.deliver(handlers.apply, unable)).toEqual([done])
  await expectPaid(transferId, winners[0]?.stripeAccountId ?? '')
  expect(await world.deliver(handlers.pay, message)).toEqual([done])
})

test('an account that was switched off after an older event said otherwise stays switched off', async () => {
  const account = 'acct_off_in_the_end'
  const { transferId, message } = await aTransfer(world, handlers, { winners: [{ account }] })
  const off = anAccountEvent(world, account, { created: inSeconds(20), transfersActive: false })
  const on = anAccountEvent(world, account, { created: inSeconds(10) })
  await world.deliver(handlers.apply, off)
  await world.deliver(handlers.apply, on)
  await world.deliver(handlers.pay, message)
  await expectHeld(transferId, 'transfers_inactive')
  await world.deliver(handlers.apply, anAccountEvent(world, account, { created: inSeconds(30) }))
  expect(await released()).toEqual([message])
  await expectPaid(transferId, account)
})

test('of two events of one second that differ Stripe itself is asked, whatever order they come in', async () => {
  for (const order of ['as they happened', 'reversed']) {
    const account = `acct_one_second_${order.split(' ')[0]}`
    const { transferId, message } = await aTransfer(world, handlers, {
      winners: [{ account }],
      accountsAreKnown: false,
    })
    const created = world.now()
    const events = [
      anAccountEvent(world, account, { created, transfersActive: false }),
      anAccountEvent(world, account, { created }),
    ]
    const before = reads()
    for (const event of order === 'reversed' ? events.toReversed() : events) await world.deliver(handlers.apply, event)
    expect(reads() - before).toBe(1)
    await world.deliver(handlers.pay, message) // Stripe shows the account as able
    expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed' })
  }
})

test('an event that only Stripe can settle comes again while Stripe cannot be read', async () => {
  const account = 'acct_asked_again'
  await aTransfer(world, handlers, { winners: [{ account }], accountsAreKnown: false })
  const created = world.now()
  await world.deliver(handlers.apply, anAccountEvent(world, account, { created }))
  world.sandbox.stripe.faults.script({ kind: 'error-before', subject: account, route: READ })
  const other = anAccountEvent(world, account, { created, transfersActive: false })
  const [verdict] = await world.deliver(handlers.apply, other)
  expect(verdict).toMatchObject({ kind: 'retry', reason: expect.stringContaining('stripe') })
  expect(await world.deliver(handlers.apply, other)).toEqual([done])
})

test('news of a capability has the account read, for it does not tell of the rest', async () => {
  const account = 'acct_nocap_capability'
  const { transferId, message } = await aTransfer(world, handlers, { winners: [{ account }] })
  await world.deliver(handlers.pay, message)
  world.sandbox.stripe.updateAccount(account, { payouts_enabled: true, capabilities: { transfers: 'active' } })
  const event = {
    ...anAccountEvent(world, account),
    type: 'capability.updated',
    object: { id: 'transfers', object: 'capability', account, status: 'active' },
  }
  expect(await world.deliver(handlers.apply, event)).toEqual([done])
  expect(await released()).toEqual([message])
  await expectPaid(transferId, account)

  const before = reads()
  const ofNobody = { ...event, object: { ...event.object, account: 'acct_of_nobody_at_all' } }
  expect(await world.deliver(handlers.apply, ofNobody)).toEqual([done])
  expect(reads()).toBe(before)
})

test('what is read from Stripe never hides an event of a change that came after, though clocks differ', async () => {
  const account = 'acct_nocap_clocks'
  const { transferId, message } = await aTransfer(world, handlers, { winners: [{ account }], accountsAreKnown: false })
  await world.deliver(handlers.pay, message)
  await handlers.verifier.idle()
  await expectHeld(transferId, 'transfers_inactive')
  // The account became able just after it was read, by a clock that is behind ours.
  await world.deliver(handlers.apply, anAccountEvent(world, account, { created: inSeconds(-5) }))
  expect(await released()).toEqual([message])
})

test('a holder who ends the connection is paid nothing more, and everything again once it is back', async () => {
  const account = 'acct_leaving'
  const { transferId, message } = await aTransfer(world, handlers, { winners: [{ account }] })
  world.sandbox.stripe.disconnectAccount(account)
  const gone = {
    ...anAccountEvent(world, account),
    type: 'account.application.deauthorized',
    object: { id: 'ca_1', object: 'application' },
  }
  expect(await world.deliver(handlers.apply, gone)).toEqual([done])
  await world.deliver(handlers.pay, message)
  await expectHeld(transferId, 'transfers_inactive')
  await world.deliver(handlers.apply, anAccountEvent(world, account, { created: inSeconds(5) }))
  expect(await released()).toEqual([message])
})

test('a transfer between two tries whose account is switched off waits for it, then is paid under a new generation', async () => {
  const account = 'acct_nofunds_then_off'
  const { transferId, message } = await aTransfer(world, handlers, { winners: [{ account }] })
  await world.deliver(handlers.pay, message)
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'retryable', fundsRefusals: 1 })
  await world.deliver(handlers.apply, anAccountEvent(world, account, { created: inSeconds(1), transfersActive: false }))
  world.moveClock(4 * 3_600_000)
  await world.deliver(handlers.pay, message)
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'awaiting_destination', attempts: 1 })
  await world.take(topics.payoutTransfer)
  await world.deliver(handlers.apply, anAccountEvent(world, account))
  expect(await released()).toEqual([message])
  await world.deliver(handlers.pay, message)
  expect(await attemptRows(world, transferId)).toMatchObject([
    { generation: 1, state: 'declined' },
    { generation: 2, state: 'paid' },
  ])
})

test('events about nobody of ours, of other kinds, and unreadable ones do not disturb those in their batch', async () => {
  const account = 'acct_nocap_neighbour'
  const { message } = await aTransfer(world, handlers, { winners: [{ account }] })
  await world.deliver(handlers.pay, message)
  const other = { ...anAccountEvent(world, account), type: 'charge.succeeded', object: { id: 'ch_1' } }
  const unreadable = { ...anAccountEvent(world, account), object: { id: account, object: 'account' } }
  const verdicts = await world.deliver(
    handlers.apply,
    anAccountEvent(world, 'acct_of_nobody'),
    other,
    unreadable,
    anAccountEvent(world, account, { created: inSeconds(1) }),
  )
  expect(verdicts).toEqual([done, done, { kind: 'reject', reason: expect.stringContaining('payouts_enabled') }, done])
  expect(await released()).toEqual([message])
})

test('news of accounts that come while their transfers are being paid, held and released leave none behind', async () => {
  const winners = Array.from({ length: 30 }, (_, index) => ({ account: `acct_nocap_race_${index}` }))
  const { settlementId, messages, winners: known } = await aJob(world, handlers, { winners })
  await tellOfAccounts(world, known)
  const events = winners.map(({ account }) => {
    world.sandbox.stripe.updateAccount(account, { payouts_enabled: true, capabilities: { transfers: 'active' } })
    return anAccountEvent(world, account, { created: inSeconds(1) })
  })
  await Promise.all(
    messages.flatMap((message, index) => {
      const event = events[index]
      return [world.deliver(handlers.pay, message), event && world.deliver(payoutHandlers(world).apply, event)]
    }),
  )
  world.moveClock(1_000)
  const again = [...(await released()), ...messages]
  await world.deliver(handlers.pay, ...again)
  const transfers = await transfersOf(world, settlementId)
  expect(transfers.filter(({ status }) => status !== 'completed')).toEqual([])
  for (const { transferId } of transfers) expect(madeAtStripe(world, transferId)).toHaveLength(1)
})

test('a lost account.updated heals: an account that has held a transfer for a quarter of an hour is read again', async () => {
  const account = 'acct_nocap_event_lost'
  const { transferId, message } = await aTransfer(world, handlers, { winners: [{ account }] })
  await world.deliver(handlers.pay, message)
  world.sandbox.stripe.updateAccount(account, { payouts_enabled: true, capabilities: { transfers: 'active' } })
  await world.take(topics.payoutTransfer)
  await world.deliver(handlers.scheduled, {})
  await handlers.verifier.idle()
  await expectHeld(transferId, 'transfers_inactive')
  world.moveClock(16 * 60 * SECOND_MS)
  await world.deliver(handlers.scheduled, {})
  await handlers.verifier.idle()
  expect(await released()).toContainEqual(message)
  await expectPaid(transferId, account)
  const before = reads()
  await world.deliver(handlers.scheduled, {})
  await handlers.verifier.idle()
  expect(reads()).toBe(before)
})
