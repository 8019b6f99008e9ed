import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import { alertsAbout, attemptRows, auditTrail, postedFor, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { jobOf, ledgerKeys, madeAtStripe, transferNow } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { aJob, anAccountEvent, asMessage, aTransfer, type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterAll(() => stopWithTrueLedger(world))

const HOUR_MS = 3_600_000
const USD = currency('USD')

/** Lets the next try come: its message is delivered when it is due. */
async function nextTry(transferId: string): Promise<void> {
  world.moveClock(4 * HOUR_MS)
  const due = await world.take(topics.payoutTransfer, { due: true })
  expect(due.map(({ data }) => data)).toEqual([asMessage({ transferId })])
  expect(await world.deliver(handlers.pay, asMessage({ transferId }))).toEqual([done])
}

test('a transfer delivered twice at once, twice in one batch, and again when it is over, is paid once', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  const other = payoutHandlers(world)
  const verdicts = await Promise.all([
    world.deliver(handlers.pay, message, message),
    world.deliver(other.pay, message, message, message),
  ])
  // Whoever came second was told to come again, or had nothing left to do.
  expect(verdicts.flat().filter(({ kind }) => kind !== 'done' && kind !== 'retry')).toEqual([])
  world.moveClock(1_000)
  expect(await world.deliver(other.pay, message)).toEqual([done])
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
  expect(await attemptRows(world, transferId)).toMatchObject([{ state: 'paid', calls: 1 }])
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed', attempts: 1 })
})

test('messages in any order, some of them of transfers that nobody knows, pay each transfer once', async () => {
  const job = await aJob(world, handlers, { winners: 6 })
  const unknown = { payoutTransferId: '00000000-0000-4000-8000-000000000000' }
  const messages = [unknown, ...job.messages.toReversed(), ...job.messages.slice(2)]
  expect(await world.deliver(handlers.pay, ...messages)).toEqual(messages.map(() => done))
  for (const { transferId } of job.transfers) expect(madeAtStripe(world, transferId)).toHaveLength(1)
  expect(await jobOf(world, job.settlementId)).toMatchObject({ status: 'complete', counts: { completed: 6 } })
})

test('two workers who end the last transfers of a job at once complete it once, with the right counts', async () => {
  const winners = [...Array.from({ length: 6 }, () => ({})), { account: 'acct_closed_counts' }]
  const job = await aJob(world, handlers, { winners })
  await Promise.all(job.messages.map((message) => world.deliver(payoutHandlers(world).pay, message)))
  expect(await jobOf(world, job.settlementId)).toMatchObject({
    status: 'complete',
    counts: { total: 7, completed: 6, failed: 1 },
  })
  const trail = await auditTrail(world, job.jobId)
  expect(trail.filter((line) => line.startsWith('payout_job.completed'))).toHaveLength(1)
  expect(trail.filter((line) => line.startsWith('payout_job.started'))).toHaveLength(1)
})

test('a job is not complete while one of its transfers is open', async () => {
  const job = await aJob(world, handlers, { winners: [{}, { account: null }] })
  await world.deliver(handlers.pay, ...job.messages)
  expect(await jobOf(world, job.settlementId)).toMatchObject({
    status: 'processing',
    counts: { total: 2, completed: 1, failed: 0 },
    completedAt: null,
  })
})

test('want of funds: a new generation each time, never the same key; the same matter for people; paid once', async () => {
  world.sandbox.stripe.setBalance({ amount: 999n, currency: USD })
  const { transferId, message } = await aTransfer(world, handlers, { winners: [{ amount: 1_000n }] })
  await world.deliver(handlers.pay, message)
  expect(await transferNow(world, transferId)).toMatchObject({
    status: 'retryable',
    attempts: 1,
    refusals: 0,
    fundsRefusals: 1,
    failureReason: 'funds',
  })
  expect(await postedFor(world, transferId)).toEqual({ owed_from: -1_000n, payee: 1_000n })
  const [early] = await world.deliver(handlers.pay, message)
  expect(early).toMatchObject({ kind: 'retry', reason: 'not_yet' })

  await nextTry(transferId)
  world.sandbox.stripe.topUp({ amount: 1n, currency: USD })
  await nextTry(transferId)
  expect(await attemptRows(world, transferId)).toMatchObject([
    { idempotency_key: `payout:${transferId}`, state: 'declined', calls: 1, refusal_reason: 'funds' },
    { idempotency_key: `payout:${transferId}:g2`, state: 'declined', calls: 1 },
    { idempotency_key: `payout:${transferId}:g3`, state: 'paid', calls: 1 },
  ])
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
  expect(world.sandbox.stripe.balance(USD)).toBe(0n)
  expect(await alertsAbout(world, 'stripe')).toEqual({ insufficient_funds: 2 })
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed', attempts: 3, fundsRefusals: 2 })
  expect(await ledgerKeys(world, transferId)).toEqual([
    'owed:<id>',
    ...[1, 2, 3].flatMap((n) => [`ledger:payout:<id>:${n}:reserved`, `ledger:payout:<id>:${n}`]),
  ])
  expect(await auditTrail(world, transferId)).toEqual([
    'payout_transfer.claimed: pending → processing',
    'payout_transfer.declined_may_change: processing → retryable',
    'payout_transfer.claimed: retryable → processing',
    'payout_transfer.declined_may_change: processing → retryable',
    'payout_transfer.claimed: retryable → processing',
    'payout_transfer.accepted: processing → completed',
  ])
  world.sandbox.stripe.setBalance({ amount: 1_000_000_000_000n, currency: USD })
})

test('the old key would have brought the stored refusal for ever: that is the trap', async () => {
  world.sandbox.stripe.setBalance({ amount: 0n, currency: USD })
  const { transferId, message } = await aTransfer(world, handlers)
  await world.deliver(handlers.pay, message)
  world.sandbox.stripe.setBalance({ amount: 1_000_000_000_000n, currency: USD })
  const { userId, money, destination, owner } = await transferNow(world, transferId)
  const sameAgain = {
    payableId: transferId,
    idempotencyKey: `payout:${transferId}`,
    generation: 1,
    money,
    destination: destination ?? '',
    description: owner.kind === 'contest' ? `Contest ${owner.contestId}` : '',
    payeeId: userId,
  }
  expect(await world.stripe.pay(sameAgain)).toMatchObject({ kind: 'declined_may_change', reason: 'funds' })
  await nextTry(transferId)
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed' })
})

test('haste (429) counts for nothing and goes out again with its key', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  const route = 'POST /v1/transfers'
  world.sandbox.stripe.faults.script({ kind: 'rate-limited', subject: transferId, route, times: 6 })
  world.sandbox.stripe.faults.script({ kind: 'lock-timeout', subject: transferId, route })
  await world.deliver(handlers.pay, message)
  for (let refusals = 1; refusals < 7; refusals += 1) {
    expect(await transferNow(world, transferId)).toMatchObject({ status: 'retryable', refusals: 0, fundsRefusals: 0 })
    await nextTry(transferId)
  }
  await nextTry(transferId)
  expect(await attemptRows(world, transferId)).toMatchObject([{ generation: 1, state: 'paid', calls: 1 }])
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
  expect(await alertsAbout(world, transferId)).toEqual({})
})

test.each([
  ['acct_closed', 'account_closed'],
  ['acct_missing', 'resource_missing'],
  ['acct_notallowed', 'transfers_not_allowed'],
  ['acct_forbidden', 'account_invalid'],
  ['acct_newcode', 'some_code_added_later'],
  ['acct_nocap', 'insufficient_capabilities_for_transfer'],
])('%s is refused for good (%s): booked, audited, told of, and never tried again', async (prefix, reason) => {
  const account = `${prefix}_forgood`
  const { transferId, message, settlementId, userId } = await aTransfer(world, handlers, {
    winners: [{ account }],
    accountsAreKnown: false,
  })
  // What we know of the account is older than what Stripe knows.
  await world.deliver(handlers.apply, anAccountEvent(world, account, { transfersActive: true }))
  await world.take(topics.payoutTransfer)
  await world.deliver(handlers.pay, message)
  expect(await transferNow(world, transferId)).toMatchObject({
    status: 'failed_terminal',
    attempts: 1,
    refusals: 1,
    failureReason: reason,
    userId,
  })
  expect(madeAtStripe(world, transferId)).toEqual([])
  expect(await attemptRows(world, transferId)).toMatchObject([{ state: 'declined', refusal_reason: reason }])
  expect(await ledgerKeys(world, transferId)).toEqual([
    'owed:<id>',
    'ledger:payout:<id>:1:reserved',
    'ledger:payout:<id>:1',
  ])
  expect(await postedFor(world, transferId)).toEqual({ owed_from: -1_250n, payee: 1_250n })
  expect(await auditTrail(world, transferId)).toEqual([
    'payout_transfer.claimed: pending → processing',
    'payout_transfer.declined_for_good: processing → failed_terminal',
  ])
  expect(Object.values(await alertsAbout(world, transferId))).toEqual([1])
  expect(await jobOf(world, settlementId)).toMatchObject({ status: 'complete', counts: { completed: 0, failed: 1 } })

  expect(await world.take(topics.payoutTransfer)).toEqual([])
  expect(await world.deliver(handlers.pay, message)).toEqual([done])
  world.moveClock(24 * HOUR_MS)
  expect(await handlers.schedule()).toBe(0)
  expect(await attemptRows(world, transferId)).toHaveLength(1)
})

test('passing refusals end no transfer: each is counted, booked and audited, and people are told after five', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  const route = 'POST /v1/transfers'
  // A stored 500 that is replayed: nothing was made, and under its key nothing ever will be.
  for (let tried = 1; tried <= 6; tried += 1) {
    world.sandbox.stripe.faults.script({ kind: 'stored-error-before', subject: transferId, route })
    if (tried === 1) await world.deliver(handlers.pay, message)
    else await nextTry(transferId)
    expect(await transferNow(world, transferId)).toMatchObject({ status: 'processing', refusals: tried - 1 })
    await nextTry(transferId) // the same key again: replayed
    expect(await transferNow(world, transferId)).toMatchObject({
      status: 'retryable',
      attempts: tried,
      refusals: tried,
    })
  }
  expect(madeAtStripe(world, transferId)).toEqual([])
  expect(await attemptRows(world, transferId)).toHaveLength(6)
  expect(await ledgerKeys(world, transferId)).toHaveLength(1 + 2 * 6)
  expect(await postedFor(world, transferId)).toEqual({ owed_from: -1_250n, payee: 1_250n })
  expect(await alertsAbout(world, 'stripe')).toMatchObject({ rail_unavailable: 1 })
  await nextTry(transferId)
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed' })
})

test('metrics tell of calls by outcome, of transfers by end, of tries, of the time from settlement to paid', async () => {
  const counted = payoutHandlers(world)
  const job = await aJob(world, counted, { winners: [{}, {}, { account: 'acct_closed_metrics' }] })
  world.sandbox.stripe.faults.script({ kind: 'rate-limited', subject: job.transfers[0]?.transferId ?? '' })
  world.moveClock(20_000)
  await world.deliver(counted.pay, ...job.messages)
  world.moveClock(4 * HOUR_MS)
  await world.deliver(counted.pay, ...job.messages)
  await world.deliver(counted.pay, ...job.messages)
  const text = await counted.registry.metrics()
  const value = (line: string) =>
    Number(
      text
        .split('\n')
        .find((one) => one.startsWith(line))
        ?.split(' ')
        .at(-1),
    )
  expect(value('remesa_payout_attempts_total{outcome="accepted",status="completed"')).toBe(2)
  expect(value('remesa_payout_attempts_total{outcome="declined_may_change",status="retryable"')).toBe(1)
  expect(value('remesa_payout_attempts_total{outcome="declined_for_good",status="failed_terminal"')).toBe(1)
  expect(value('remesa_payout_transfers_total{status="completed"')).toBe(2)
  expect(value('remesa_payout_transfers_total{status="failed_terminal"')).toBe(1)
  expect(value('remesa_payout_transfer_tries_sum')).toBe(4)
  expect(value('remesa_payout_settlement_to_paid_seconds_count')).toBe(2)
  expect(value('remesa_payout_settlement_to_paid_seconds_sum')).toBeGreaterThan(20 + 4 * 3_600)
  const ofStripe = await world.metrics.registry.metrics()
  expect(ofStripe).toMatch(/remesa_provider_call_seconds_count\{[^}]*operation="POST \/v1\/transfers",outcome="ok"/)
})
