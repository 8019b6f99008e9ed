import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { PaymentStatus } from '@remesa/domain/rail'
import { SETTLED_OUTSIDE } from '@remesa/domain/repayment'
import { anAcceptedPayment, follow, hear, payNow } from '@remesa/local-stack/testing/payments'
import { anInitializedBalance, aPayableBalance, changeSeller } from '@remesa/local-stack/testing/sellers'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { sql } from 'kysely'
import { APPROVER, type Api, aKey, anApi, aRailFinding, everything, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())

const read = async (path: string) => (await api.ask('GET', path, { token: await api.token(VIEWER) })).body
const retry = (id: string, options?: Parameters<Api['act']>[2]) =>
  api.act(`/v1/balances/${id}/retry`, OPERATOR, options)
const release = (id: string) => api.act(`/v1/balances/${id}/release`, OPERATOR)
const decide = (approvalId: string, verdict: 'approve' | 'refuse', who = APPROVER) =>
  api.act(`/v1/control-approvals/${approvalId}/${verdict}`, who)
/** Balances that have a message now, which it takes away. */
const queued = async (topic: 'paySellerBalance' | 'balanceDataRetrieval' = 'paySellerBalance') =>
  (await api.world.take(topics[topic])).map(({ data }) => data.sellerBalanceId)
const generations = async (id: string) =>
  (await read(`/v1/balances/${id}`)).attempts.map(({ generation, state }: { generation: number; state: string }) => [
    generation,
    state,
  ])

const REJECTED: PaymentStatus = { state: 'rejected', reason: 'ACCOUNT_CLOSED', category: 'beneficiary' }

/** One that the bank refused for good, once: the next payment to the same account is paid. */
async function aFailedBalance() {
  const balance = await anAcceptedPayment(api.world, { account: `FP-BUSY-${aKey()}` })
  api.world.sandbox.fpay.settleAll()
  await hear(api.world, [{ payment: balance.payment, status: REJECTED }])
  await queued()
  return balance
}

const tell = (kind: 'payment_mismatch' | 'payment_compliance', id: string) =>
  api.world.database.transaction().execute((tx) =>
    raiseAlerts(tx, [
      {
        kind,
        dedupKey: `${kind}:${id}`,
        subject: { type: 'seller_balance', id },
        businessDate: null,
        details: {},
      },
    ]),
  )

test('a balance that failed for good is paid again by two people, once, with a key of its own', async () => {
  const { sellerBalanceId: id, profile } = await aFailedBalance()
  const key = aKey()
  const asked = await retry(id, { key, body: { reason: 'the bank reopened the account' } })
  expect(asked).toMatchObject({
    status: 202,
    body: {
      balance: { id, status: 'failed' },
      approval: { kind: 'balance_repayment', subjectId: id, status: 'open', requestedBy: 'operator:olga' },
    },
  })
  const { approval } = asked.body
  expect(approval.wish).toMatchObject({
    repayment: 1,
    amount: '100000',
    currency: 'CLP',
    rail: 'fpay',
    afterGeneration: 1,
  })
  expect(JSON.stringify(approval)).not.toContain(profile.fpayId)
  expect(await retry(id, { key, body: { reason: 'the bank reopened the account' } })).toMatchObject({
    status: 202,
    body: { approval: { id: approval.id } },
  })
  expect(await retry(id)).toMatchObject({ status: 409, body: { type: 'urn:remesa:problem:approval-open' } })
  expect(await decide(approval.id, 'approve', { subject: 'olga', roles: ['approver'] })).toMatchObject({
    status: 403,
    body: { type: 'urn:remesa:problem:own-request' },
  })
  expect(await queued()).toEqual([])

  expect(await decide(approval.id, 'approve')).toMatchObject({
    status: 200,
    body: { approval: { status: 'approved' } },
  })
  expect(await read(`/v1/balances/${id}`)).toMatchObject({ status: 'payable' })
  expect(await queued()).toEqual([id])
  expect((await read('/v1/alerts?kind=payment_rejected&status=open')).items).toEqual([])
  expect((await decide(approval.id, 'approve')).status).toBe(409)

  expect(await payNow(api.world, id)).toBe('claimed')
  api.world.sandbox.fpay.settleAll()
  await follow(api.world, [id])
  expect(await read(`/v1/balances/${id}`)).toMatchObject({ status: 'paid' })
  expect(api.world.sandbox.fpay.payoutsOf(id).map(({ state }) => state)).toEqual(['REJECTED', 'PAID'])
  expect(await generations(id)).toEqual(
    expect.arrayContaining([
      [1, 'declined'],
      [2, 'paid'],
    ]),
  )
  const audit = (await read(`/v1/audit?subjectType=seller_balance&subjectId=${id}`)).items
  const byPeople = audit.filter(({ actor }: { actor: string }) => actor.startsWith('operator:'))
  expect(byPeople.map(({ actor, action }: { actor: string; action: string }) => [actor, action]).toReversed()).toEqual([
    ['operator:olga', 'balance_repayment.requested'],
    ['operator:adam', 'control.approved'],
    ['operator:olga', 'seller_balance.paid_again'],
  ])
  expect(await retry(id)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('it is paid') } })
})

test('one that fails a second time takes two people a second time: an approval is used up', async () => {
  const { sellerBalanceId: id } = await anAcceptedPayment(api.world, { account: `FP-CLOSED-${aKey()}` })
  for (const repayment of [1, 2]) {
    api.world.sandbox.fpay.settleAll()
    await follow(api.world, [id])
    const asked = await retry(id)
    expect(asked).toMatchObject({
      status: 202,
      body: { approval: { wish: { repayment, afterGeneration: repayment } } },
    })
    expect((await decide(asked.body.approval.id, 'approve')).status).toBe(200)
    expect(await payNow(api.world, id)).toBe('claimed')
  }
  await queued()
})

test('by hand, or by code with a bug, nothing that failed is paid again by one', async () => {
  const { sellerBalanceId: id } = await aFailedBalance()
  const { database } = api.world
  for (const change of [
    sql`status = 'payable'`,
    sql`status = 'payable', repayments = repayments + 1`,
    sql`repayments = 7`,
  ]) {
    await expect(sql`update seller_balances set ${change} where id = ${id}`.execute(database)).rejects.toThrow(
      'is paid again by two people',
    )
  }
  const asked = await retry(id)
  await expect(
    sql`update seller_balances set status = 'payable', repayments = 1 where id = ${id}`.execute(database),
  ).rejects.toThrow('is paid again by two people')
  expect((await decide(asked.body.approval.id, 'refuse')).status).toBe(200)
  expect(await read(`/v1/balances/${id}`)).toMatchObject({ status: 'failed' })
  expect(await queued()).toEqual([])
})

test('what is not as it was asked for is not paid: another account, or a word of the rail that contradicts our books', async () => {
  const moved = await aFailedBalance()
  const first = await retry(moved.sellerBalanceId)
  await changeSeller(api.world, moved, { fpayId: 'FP-ANOTHER' })
  expect(await decide(first.body.approval.id, 'approve')).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:approval-void', approval: { status: 'void' } },
  })
  // Asked for anew, it is the account that it goes to now.
  const second = await retry(moved.sellerBalanceId)
  expect(second.status).toBe(202)
  await tell('payment_mismatch', moved.sellerBalanceId)
  expect((await decide(second.body.approval.id, 'approve')).status).toBe(409)
  expect(await retry(moved.sellerBalanceId)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('payment_mismatch') },
  })
  expect(await read(`/v1/balances/${moved.sellerBalanceId}`)).toMatchObject({ status: 'failed' })

  const stopped = await aFailedBalance()
  await tell('payment_compliance', stopped.sellerBalanceId)
  expect(await retry(stopped.sellerBalanceId)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('legal decides') },
  })
  await api.world.take(topics.financeAlert)
})

test('while a report says that the rail has it, nothing is paid again, until a person has settled that', async () => {
  const { sellerBalanceId: id } = await aFailedBalance()
  const asked = await retry(id)
  const settle = await aRailFinding(api, { books: 'fpay', payableId: id, category: 'paid_not_recorded' })
  expect((await decide(asked.body.approval.id, 'approve')).status).toBe(409)
  expect(await retry(id)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('a report says that its rail has it') },
  })
  await settle()
  // Of one window only what the newest run found stands.
  await aRailFinding(api, { books: 'fpay', payableId: id, category: 'paid_not_recorded', isSuperseded: true })
  // What NetSuite has is not what a rail has paid.
  await aRailFinding(api, { books: 'netsuite', payableId: id, category: 'paid_not_recorded' })
  expect((await retry(id)).status).toBe(202)
})

test('asked for again as it stands now, what was asked for before is void', async () => {
  const balance = await aFailedBalance()
  const first = await retry(balance.sellerBalanceId)
  await changeSeller(api.world, balance, { fpayId: 'FP-ANOTHER-ONE' })
  const second = await retry(balance.sellerBalanceId)
  expect(second).toMatchObject({ status: 202 })
  expect((await read('/v1/control-approvals?kind=balance_repayment&limit=200')).items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ id: first.body.approval.id, status: 'void' }),
      expect.objectContaining({ id: second.body.approval.id, status: 'open' }),
    ]),
  )
})

test('what the bank sent back to FPay is settled outside: FPay keeps its reference', async () => {
  const { sellerBalanceId: id, payment } = await anAcceptedPayment(api.world)
  api.world.sandbox.fpay.settleAll()
  await follow(api.world, [id])
  await hear(api.world, [{ payment, status: { state: 'reversed', reason: 'ACCOUNT_CLOSED' } }])
  expect(await retry(id)).toMatchObject({
    status: 409,
    body: { current: { status: 'returned' }, detail: expect.stringContaining('takes no second payment') },
  })
  // Explain says the same.
  const { next } = await read(`/v1/explain/${id}`)
  expect(next).toEqual({ who: 'finance', text: expect.stringContaining(SETTLED_OUTSIDE) })
})

test('what waits for funds is tried at once by one person, under the protocol’s own next key', async () => {
  const { sellerBalanceId: id } = await anAcceptedPayment(api.world, { account: `FP-NOFUNDS-${aKey()}` })
  api.world.sandbox.fpay.settleAll()
  await follow(api.world, [id])
  await queued()
  const before = await read(`/v1/balances/${id}`)
  expect(before).toMatchObject({ status: 'awaiting_funds', nextTryAt: expect.any(String) })
  expect(await retry(id)).toMatchObject({
    status: 200,
    body: { balance: { status: 'awaiting_funds' }, approval: null },
  })
  expect(await read(`/v1/balances/${id}`)).toMatchObject({ nextTryAt: null })
  expect(await queued()).toEqual([id])
  expect(await payNow(api.world, id)).toBe('claimed')
  expect(await generations(id)).toEqual(
    expect.arrayContaining([
      [1, 'declined'],
      [2, 'accepted'],
    ]),
  )
})

test('what has not been begun is asked for again: payment, or its documents', async () => {
  const { sellerBalanceId: payable } = await aPayableBalance(api.world)
  expect((await retry(payable)).status).toBe(200)
  expect(await queued()).toEqual([payable])
  const { sellerBalanceId: initialized } = await anInitializedBalance(api.world)
  expect((await retry(initialized)).status).toBe(200)
  expect(await queued('balanceDataRetrieval')).toEqual([initialized])
  expect(await queued()).toEqual([])
})

test('what may be paid already is left alone, and one clear sentence says why', async () => {
  const { sellerBalanceId: pending } = await anAcceptedPayment(api.world)
  const { sellerBalanceId: paying } = await aPayableBalance(api.world)
  await sql`update seller_balances set status = 'paying' where id = ${paying}`.execute(api.world.database)
  const before = await everything(api.world)
  for (const [id, said] of [
    [pending, 'payment_pending is not retried: the rail has taken it'],
    [paying, 'paying is not retried: it may be paid already'],
  ] as const) {
    expect(await retry(id)).toMatchObject({
      status: 409,
      body: { type: 'urn:remesa:problem:wrong-state', detail: expect.stringContaining(said) },
    })
    expect(await release(id)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('Only a blocked balance is released') },
    })
  }
  expect(await everything(api.world)).toBe(before)
})

test('a blocked balance is released once its cause is mended, and not before', async () => {
  const { sellerBalanceId: id } = await aPayableBalance(api.world, { account: null })
  await payNow(api.world, id)
  expect(await release(id)).toMatchObject({
    status: 409,
    body: { current: { status: 'blocked' }, detail: expect.stringContaining('still stands: bank_id_missing') },
  })
  expect(await retry(id)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('release it') } })

  const { sellerBalanceId: mended } = await aPayableBalance(api.world)
  const { sellerBalanceId: unread } = await anInitializedBalance(api.world)
  await sql`
    update seller_balances set status = 'blocked',
      blocked_reason = case id when ${mended} then 'bank_id_missing' else 'documents_unreadable' end
    where id in (${mended}, ${unread})`.execute(api.world.database)
  expect(await release(mended)).toMatchObject({ status: 200, body: { balance: { status: 'payable' }, approval: null } })
  expect(await queued()).toEqual([mended])
  expect(await release(unread)).toMatchObject({ status: 200, body: { balance: { status: 'initialized' } } })
  expect(await queued('balanceDataRetrieval')).toEqual([unread])
})

test('what does not exist is neither retried nor released', async () => {
  const id = '00000000-0000-4000-8000-000000000000'
  expect([(await retry(id)).status, (await release(id)).status]).toEqual([404, 404])
})

test('while a second person is asked, explaining the balance says that it is their move', async () => {
  const { sellerBalanceId: id } = await aFailedBalance()
  expect((await read(`/v1/explain/${id}`)).next.text).toMatch(/then retry it/)
  const { body } = await retry(id)
  expect((await read(`/v1/explain/${id}`)).next).toMatchObject({
    who: 'finance',
    text: expect.stringMatching(/^A second person has to approve/),
  })
  await decide(body.approval.id, 'refuse')
  expect((await read(`/v1/explain/${id}`)).next.text).toMatch(/then retry it/)
})
