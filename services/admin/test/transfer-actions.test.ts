import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createPayoutJobs } from '@remesa/database/settlement-payouts'
import { recordTransfers } from '@remesa/database/transfer-answers'
import { claimTransfers } from '@remesa/database/transfer-claims'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { aSettlement, jobOf, madeAtStripe, tellOfAccounts, transfersOf } from '@remesa/local-stack/testing/settlements'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { sql } from 'kysely'
import { APPROVER, type Api, aKey, anApi, aPayout, aRailFinding, look, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())

const read = async (path: string) => (await api.ask('GET', path, { token: await api.token(VIEWER) })).body
const transferOf = async (id: string) => (await read(`/v1/transfers/${id}`)).transfer
const retry = (id: string, options?: Parameters<Api['act']>[2]) =>
  api.act(`/v1/transfers/${id}/retry`, OPERATOR, options)
const approve = (approvalId: string, who = APPROVER) => api.act(`/v1/control-approvals/${approvalId}/approve`, who)
const queued = async () => (await api.world.take(topics.payoutTransfer)).map(({ data }) => data.payoutTransferId)

/** Claim, call and record, as payouts does. */
async function pay(ids: readonly string[]): Promise<void> {
  const { database, stripe, patience } = api.world
  const now = api.world.now()
  const lease = { now, expiresAt: new Date(now.getTime() + 60_000) }
  const policy = { ...DESTINATION_POLICY, coolingMs: 0 }
  const { answers } = await database.transaction().execute((tx) => claimTransfers(tx, ids, { lease, policy }))
  const results = await Promise.all(
    [...answers.values()].map(async (answer) => {
      if (answer.kind !== 'claimed') throw new Error(`not claimed: ${JSON.stringify(answer)}`)
      return { claim: answer.claim, outcome: await stripe.pay(answer.claim.attempt.instruction) }
    }),
  )
  await database.transaction().execute(async (tx) => {
    const options = { now: api.world.now(), patience, random: () => 0.5 }
    const { alerts } = await recordTransfers(tx, results, options)
    await raiseAlerts(tx, alerts)
  })
}

/** A settlement of which one winner is paid, and the other's account was closed. */
async function aFailedTransfer() {
  const name = aKey().replaceAll('-', '_')
  const { settlementId, winners } = await aSettlement(api.world, {
    winners: [
      { userId: `ana-${name}`, account: `acct_${name}` },
      { userId: `ben-${name}`, account: `acct_closed_${name}` },
    ],
  })
  await api.world.database
    .transaction()
    .execute(async (tx) => void (await createPayoutJobs(tx, [settlementId], api.world.now())))
  const [ana, ben] = await transfersOf(api.world, settlementId)
  if (!ana || !ben) throw new Error('a winner has no transfer')
  await pay([ana.transferId, ben.transferId])
  return { settlementId, winners, paid: ana.transferId, failed: ben.transferId, userId: ben.userId, name }
}

/** As the runbook has it; what Stripe says of it is known, too. */
async function giveAnotherAccount(userId: string, account: string): Promise<void> {
  await sql`update user_stripe_accounts set stripe_account_id = ${account} where user_id = ${userId}`.execute(
    api.world.database,
  )
  await tellOfAccounts(api.world, [{ userId, stripeAccountId: account }])
}

test('a contest’s transfer that failed for good is paid again by two people, once, and its job is open until it has ended', async () => {
  const { settlementId, paid, failed, userId, name } = await aFailedTransfer()
  expect(await jobOf(api.world, settlementId)).toMatchObject({
    status: 'complete',
    counts: { completed: 1, failed: 1 },
  })
  await giveAnotherAccount(userId, `acct_new_${name}`)
  const asked = await retry(failed, { body: { reason: 'she opened another account' } })
  expect(asked).toMatchObject({
    status: 202,
    body: {
      transfer: { id: failed, status: 'failed_terminal', reason: 'account_closed' },
      approval: { kind: 'transfer_repayment', wish: { repayment: 1, amount: '1250', afterGeneration: 1 } },
    },
  })
  expect(JSON.stringify(asked.body.approval)).not.toContain(`acct_new_${name}`)
  const { id } = asked.body.approval
  expect((await retry(failed)).status).toBe(409)
  expect((await approve(id, { subject: 'olga', roles: ['approver'] })).status).toBe(403)
  expect(await queued()).toEqual([])

  expect(await approve(id)).toMatchObject({ status: 200, body: { approval: { status: 'approved' } } })
  expect(await queued()).toEqual([failed])
  expect(await transferOf(failed)).toMatchObject({ status: 'pending', reason: null })
  expect(await jobOf(api.world, settlementId)).toMatchObject({
    status: 'processing',
    counts: { completed: 1, failed: 0 },
    completedAt: null,
  })
  await pay([failed])
  expect(await transferOf(failed)).toMatchObject({ status: 'completed', attempts: 2 })
  expect(madeAtStripe(api.world, failed)).toEqual([{ amount: 1_250n, destination: `acct_new_${name}` }])
  expect(await jobOf(api.world, settlementId)).toMatchObject({
    status: 'complete',
    counts: { completed: 2, failed: 0 },
  })
  expect(await read('/v1/ledger/proof')).toMatchObject({ isBalanced: true, disagreements: [] })
  for (const one of [paid, failed]) {
    expect(await retry(one)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('it is paid') } })
  }
})

test('by hand, or by code with a bug, nothing that failed is paid again by one, and what was paid never', async () => {
  const { paid, failed } = await aFailedTransfer()
  const { database } = api.world
  const again = sql`status = 'pending', due_at = now(), completed_at = null`
  for (const id of [paid, failed]) {
    await expect(sql`update payout_transfers set ${again} where id = ${id}`.execute(database)).rejects.toThrow(
      'has ended',
    )
  }
  const counted = sql`update payout_transfers set ${again}, repayments = repayments + 1 where id = `
  await expect(sql`${counted} ${failed}`.execute(database)).rejects.toThrow('is paid again by two people')
  await expect(sql`${counted} ${paid}`.execute(database)).rejects.toThrow('has ended')
})

test('what is not as it was asked for is not paid: another account meanwhile, or books that contradict ours', async () => {
  const { failed, userId, name } = await aFailedTransfer()
  const first = await retry(failed)
  await giveAnotherAccount(userId, `acct_other_${name}`)
  expect(await approve(first.body.approval.id)).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:approval-void' },
  })
  const second = await retry(failed)
  expect(second.status).toBe(202)
  await api.world.database.transaction().execute((tx) =>
    raiseAlerts(tx, [
      {
        kind: 'payment_mismatch',
        dedupKey: `payment_mismatch:${failed}`,
        subject: { type: 'payout_transfer', id: failed },
        businessDate: null,
        details: {},
      },
    ]),
  )
  expect((await approve(second.body.approval.id)).status).toBe(409)
  expect(await retry(failed)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('payment_mismatch') },
  })
  expect(await transferOf(failed)).toMatchObject({ status: 'failed_terminal' })
})

test('while a report says that Stripe has it, nothing is paid again', async () => {
  const { failed } = await aFailedTransfer()
  const settle = await aRailFinding(api, { books: 'stripe-transfers', payableId: failed, category: 'duplicate' })
  expect(await retry(failed)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('a report says that its rail has it') },
  })
  await settle()
  expect((await retry(failed)).status).toBe(202)
})

test('what waits is tried at once by one person; what is on its way, held or gone is left alone', async () => {
  const { settlementId } = await aSettlement(api.world, {
    winners: [{ account: `acct_nofunds_${aKey().replaceAll('-', '_')}` }, { account: null }],
  })
  await api.world.database
    .transaction()
    .execute(async (tx) => void (await createPayoutJobs(tx, [settlementId], api.world.now())))
  const transfers = await transfersOf(api.world, settlementId)
  const ids = transfers.map(({ transferId }) => transferId)
  expect((await retry(ids[0] ?? '')).status).toBe(200)
  expect(await queued()).toEqual([ids[0]])
  await pay([ids[0] ?? ''])
  expect(await transferOf(ids[0] ?? '')).toMatchObject({ status: 'retryable', reason: 'funds' })
  expect(await retry(ids[0] ?? '')).toMatchObject({
    status: 200,
    body: { transfer: { status: 'retryable' }, approval: null },
  })
  expect(await queued()).toEqual([ids[0]])
  await pay([ids[0] ?? ''])
  expect(await transferOf(ids[0] ?? '')).toMatchObject({ status: 'completed' })

  await expect(pay([ids[1] ?? ''])).rejects.toThrow('no_account')
  expect(await retry(ids[1] ?? '')).toMatchObject({
    status: 409,
    body: { current: { status: 'awaiting_destination' }, detail: expect.stringContaining('waits for an account') },
  })
  expect((await retry('00000000-0000-4000-8000-000000000000')).status).toBe(404)
})

test('a booking’s transfer that failed is not retried: its payout is', async () => {
  const { payoutId, bookingId } = await aPayout(api.world)
  await api.act(`/v1/payouts/${payoutId}/force-release`, OPERATOR)
  await look(api.world.database, bookingId, api.world.now())
  const { rows } = await sql<{ id: string; user_id: string }>`
    select id, user_id from payout_transfers where payout_id = ${payoutId}`.execute(api.world.database)
  const { id = '', user_id: userId = '' } = rows[0] ?? {}
  await giveAnotherAccount(userId, `acct_closed_${userId.replaceAll('-', '_')}`)
  await pay([id])
  expect(await retry(id)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining(`retry the payout ${payoutId}`) },
  })
})
