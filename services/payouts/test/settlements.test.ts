import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Settlement } from '@remesa/domain/settlement'
import { alertsAbout, attemptRows, auditTrail, ledgerFaults, postedFor } from '@remesa/local-stack/testing/books'
import {
  aSettlement,
  jobOf,
  ledgerKeys,
  madeAtStripe,
  transfersOf,
  type WinnerFacts,
} from '@remesa/local-stack/testing/settlements'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { sql } from 'kysely'
import { type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterAll(() => world.stop())

const rejectedRule = async (settlementId: string) => {
  const { rows } = await sql<{ rule: string | null }>`
    select rejected_rule as rule from settlements where settlement_id = ${settlementId}`.execute(world.database)
  return rows[0]?.rule
}

test('a settlement is paid from end to end: job, transfers at Stripe, ledger, audit, states, counts', async () => {
  const { settlementId, winners } = await aSettlement(world, { winners: [{ amount: 700n }, { amount: 1n }] })
  expect(await world.deliver(handlers.create, { settlementId })).toEqual([done])
  const queued = await world.take(topics.payoutTransfer)
  const created = await transfersOf(world, settlementId)
  expect(new Set(queued.map(({ data }) => data.payoutTransferId))).toEqual(
    new Set(created.map(({ transferId }) => transferId)),
  )
  expect(await jobOf(world, settlementId)).toMatchObject({ status: 'pending', counts: { total: 2, completed: 0 } })

  const messages = queued.map(({ data }) => data)
  expect(await world.deliver(handlers.pay, ...messages)).toEqual([done, done])
  for (const [index, { transferId, userId }] of created.entries()) {
    const { amount = 0n, stripeAccountId } = winners.find((winner) => winner.userId === userId) ?? {}
    expect(madeAtStripe(world, transferId)).toEqual([{ amount, destination: stripeAccountId }])
    const [made] = world.sandbox.stripe.transfersOf(transferId)
    expect((await transfersOf(world, settlementId))[index]).toMatchObject({
      status: 'completed',
      attempts: 1,
      destination: stripeAccountId,
      providerReference: made?.id,
    })
    expect(await attemptRows(world, transferId)).toMatchObject([
      { generation: 1, idempotency_key: `payout:${transferId}`, state: 'paid', calls: 1 },
    ])
    expect(await ledgerKeys(world, transferId)).toEqual([
      'owed:<id>',
      'ledger:payout:<id>:1:reserved',
      'ledger:payout:<id>:1',
    ])
    expect(await postedFor(world, transferId)).toEqual({ owed_from: -amount, paid_from: amount })
    expect(await auditTrail(world, transferId)).toEqual([
      'payout_transfer.claimed: pending → processing',
      'payout_transfer.accepted: processing → completed',
    ])
  }
  const { jobId, ...job } = await jobOf(world, settlementId)
  expect(job).toMatchObject({ status: 'complete', counts: { total: 2, completed: 2, failed: 0 } })
  expect(job.completedAt).not.toBeNull()
  expect(await auditTrail(world, jobId)).toEqual([
    'payout_job.created: nothing → pending',
    'payout_job.started: pending → processing',
    'payout_job.completed: processing → complete',
  ])
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
})

test('everything run again from the settlement on creates nothing twice', async () => {
  const { settlementId } = await aSettlement(world, { winners: 3 })
  await world.deliver(handlers.create, { settlementId })
  const messages = (await world.take(topics.payoutTransfer)).map(({ data }) => data)
  await world.deliver(handlers.pay, ...messages)
  const stand = async () => ({
    job: await jobOf(world, settlementId),
    transfers: await transfersOf(world, settlementId),
    made: world.sandbox.stripe.books.payments().length,
    calls: world.sandbox.stripe.calls()['POST /v1/transfers'],
    rows: await rowCounts(),
  })
  const before = await stand()
  expect(await world.deliver(handlers.create, { settlementId }, { settlementId })).toEqual([done, done])
  expect(await world.deliver(handlers.create, { settlementId })).toEqual([done])
  expect(await world.take(topics.payoutTransfer)).toEqual([])
  expect(await world.deliver(handlers.pay, ...messages)).toEqual(messages.map(() => done))
  expect(await stand()).toEqual(before)
})

const rowCounts = async () => {
  const { rows } = await sql<Record<string, number>>`
    select (select count(*)::int from payout_jobs) as jobs, (select count(*)::int from payout_transfers) as transfers,
      (select count(*)::int from payment_attempts) as attempts, (select count(*)::int from ledger_entries) as entries,
      (select count(*)::int from audit_log) as decisions, (select count(*)::int from outbox) as messages`.execute(
    world.database,
  )
  return rows[0]
}

test('a settlement told of twice at once gets one job, and each of its transfers one message', async () => {
  const { settlementId } = await aSettlement(world, { winners: 5 })
  const other = payoutHandlers(world)
  const verdicts = await Promise.all([
    world.deliver(handlers.create, { settlementId }),
    world.deliver(other.create, { settlementId }, { settlementId }),
  ])
  expect(verdicts).toEqual([[done], [done, done]])
  expect(await world.take(topics.payoutTransfer)).toHaveLength(5)
  expect(await jobOf(world, settlementId)).toMatchObject({ counts: { total: 5 } })
})

test('a message that overtakes its settlement waits for it; one of a settlement that never comes is set aside', async () => {
  const settlementId = 'ST-yet-to-come'
  const [early] = await world.deliver(handlers.create, { settlementId })
  expect(early).toEqual({ kind: 'retry', afterMs: 2_000, reason: 'the settlement is not there yet' })
  const [later] = await world.deliver(handlers.create, aMessage({ settlementId }, { retries: 5 }))
  expect(later).toMatchObject({ kind: 'retry', afterMs: 64_000 })
  await aSettlement(world, { changes: { settlementId } })
  expect(await world.deliver(handlers.create, aMessage({ settlementId }, { retries: 1 }))).toEqual([done])
  expect(await jobOf(world, settlementId)).toMatchObject({ counts: { total: 1 } })

  const never = aMessage({ settlementId: 'ST-never' }, { retries: 6 })
  expect(await world.deliver(handlers.create, never)).toEqual([
    { kind: 'reject', reason: 'there is no settlement ST-never' },
  ])
})

test.each<[string, readonly WinnerFacts[], Partial<Settlement>]>([
  ['not_closed', [{}], { status: 'open' }],
  ['no_winners', [], {}],
  ['unknown_currency', [{}], { currency: 'XXX' }],
  ['mixed_currency', [{}, { currency: 'EUR' }], {}],
  ['amount_not_positive', [{ amount: 0n }], {}],
  ['amount_not_positive', [{ amount: 20n }, { amount: -10n }], {}],
  ['duplicate_winner', [{ userId: 'twice' }, { userId: 'twice', account: 'acct_other' }], {}],
  ['sum_differs', [{ amount: 10n }], { total: 11n }],
])(
  'a settlement that breaks %s pays nobody, is audited, and people are told the rule',
  async (rule, winners, changes) => {
    const { settlementId } = await aSettlement(world, { winners, changes, accountsAreKnown: false })
    await world.take(topics.financeAlert)
    await world.take(topics.payoutTransfer)
    expect(await world.deliver(handlers.create, aMessage({ settlementId }, { retries: 6 }))).toEqual([done])
    await expect(jobOf(world, settlementId)).rejects.toThrow('has no job')
    expect(await world.take(topics.payoutTransfer)).toEqual([])
    expect(await rejectedRule(settlementId)).toBe(rule)
    expect(await auditTrail(world, settlementId)).toEqual(['settlement.rejected'])
    expect(await alertsAbout(world, settlementId)).toEqual({ settlement_rejected: 1 })
    const { rows } = await sql<{ details: { rule: string; found: string } }>`
    select details from finance_alerts where subject_id = ${settlementId}`.execute(world.database)
    expect(rows[0]?.details).toMatchObject({ rule, found: expect.stringMatching(/\w/) })
    expect(await world.take(topics.financeAlert)).toHaveLength(1)

    // Told of again, nothing new was decided, and nobody is sent a second alert.
    await world.deliver(handlers.create, aMessage({ settlementId }, { retries: 6 }))
    expect(await auditTrail(world, settlementId)).toEqual(['settlement.rejected'])
    expect(await world.take(topics.financeAlert)).toEqual([])
  },
)

test.each<[string, readonly WinnerFacts[] | undefined, Partial<Settlement>]>([
  ['its winners', [], {}],
  ['its closing', undefined, { status: 'open' }],
])(
  'a message that overtakes %s rejects nothing: it looks again, and the settlement is paid',
  async (_, early, changes) => {
    const { settlementId, settlement } = await aSettlement(world, { ...(early && { winners: early }), changes })
    const [verdict] = await world.deliver(handlers.create, aMessage({ settlementId }, { retries: 5 }))
    expect(verdict).toMatchObject({ kind: 'retry', afterMs: 64_000 })
    expect(await rejectedRule(settlementId)).toBeNull()
    expect(await alertsAbout(world, settlementId)).toEqual({})
    const { contestId } = settlement
    await aSettlement(world, { winners: [{ amount: 5n }], changes: { settlementId, contestId, total: 5n } })
    expect(await world.deliver(handlers.create, aMessage({ settlementId }, { retries: 6 }))).toEqual([done])
    expect(await jobOf(world, settlementId)).toMatchObject({ counts: { total: 1 } })
  },
)

test('a winner who was paid for the contest by another settlement makes the second one pay nobody', async () => {
  const first = await aSettlement(world, { winners: [{ userId: 'ada' }] })
  await world.deliver(handlers.create, first)
  const { contestId } = first.settlement
  const second = await aSettlement(world, {
    winners: [{ userId: 'ada', account: 'acct_ada_2' }, { userId: 'ben' }],
    changes: { contestId },
    accountsAreKnown: false,
  })
  await world.take(topics.payoutTransfer)
  await world.deliver(handlers.create, second)
  expect(await rejectedRule(second.settlementId)).toBe('winner_paid_before')
  expect(await world.take(topics.payoutTransfer)).toEqual([])
})

test('a rejected settlement is paid once it was corrected and told of again, and its alert settles itself', async () => {
  const { settlementId, settlement } = await aSettlement(world, { changes: { total: 1n } })
  await world.deliver(handlers.create, { settlementId })
  await aSettlement(world, { winners: [{ amount: 5n }], changes: { ...settlement, total: 5n } })
  await world.deliver(handlers.create, { settlementId })
  expect(await rejectedRule(settlementId)).toBeNull()
  const messages = (await world.take(topics.payoutTransfer)).map(({ data }) => data)
  await world.deliver(handlers.pay, ...messages)
  expect(await jobOf(world, settlementId)).toMatchObject({ status: 'complete', counts: { completed: 1 } })
  const { rows } = await sql`select status from finance_alerts where subject_id = ${settlementId}`.execute(
    world.database,
  )
  expect(rows).toEqual([{ status: 'resolved' }])
})

test('good and bad settlements in one batch do not touch each other', async () => {
  const good = await aSettlement(world)
  const bad = await aSettlement(world, { changes: { total: 1n } })
  const missing = { settlementId: 'ST-missing' }
  await world.take(topics.payoutTransfer)
  expect(await world.deliver(handlers.create, bad, missing, good)).toMatchObject([done, { kind: 'retry' }, done])
  expect(await world.take(topics.payoutTransfer)).toHaveLength(1)
})
