import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { lockBooking, storeWord } from '@remesa/database/bookings'
import { money } from '@remesa/domain/money'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { APPROVER, type Api, aKey, anApi, aPayout, everything, look, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi() // up to 100 dollars one person is enough
})
afterAll(() => api.stop())

/** A payout that is above the limit, and somebody's wish about it. */
async function asked(action: 'force-release' | 'cancel' = 'force-release', disputed = false) {
  const payout = await aPayout(api.world, { amount: 10_001n, disputed })
  const answer = await api.act(`/v1/payouts/${payout.payoutId}/${action}`, OPERATOR, { body: { reason: 'the wish' } })
  expect(answer).toMatchObject({ status: 202, body: { approval: { status: 'open', requestedBy: 'operator:olga' } } })
  return { ...payout, approvalId: String(answer.body.approval.id) }
}

const dispute = ({ bookingId }: { bookingId: string }, disputeId = `${bookingId}-late`) =>
  api.world.database.transaction().execute(async (tx) => {
    const openedAt = api.world.now()
    const word = { kind: 'dispute_opened', disputeId, openedAt } as const
    await storeWord(tx, await lockBooking(tx, bookingId), word, openedAt)
  })

test('at the limit one person is enough, above it and in a currency without one it takes two', async () => {
  for (const [amount, code, status] of [
    [10_000n, 'USD', 200],
    [10_001n, 'USD', 202],
    [1n, 'EUR', 202],
  ] as const) {
    const { payoutId } = await aPayout(api.world, { amount, code })
    const answer = await api.act(`/v1/payouts/${payoutId}/force-release`, OPERATOR)
    expect([answer.status, answer.body.payout.status]).toEqual([status, 'scheduled'])
  }
})

test('a cancel takes two when all that it ends of the booking is above a limit, and is void once that has changed', async () => {
  const { payoutId, bookingId } = await aPayout(api.world, { amount: 9_000n })
  const tip = async (tipId: string, amount: bigint) => {
    await api.world.database.transaction().execute(async (tx) => {
      const at = api.world.now()
      const word = { kind: 'tip', tipId, money: money(amount, 'EUR'), addedAt: at, status: 'paid', saidAt: at } as const
      await storeWord(tx, await lockBooking(tx, bookingId), word, at)
    })
    await look(api.world.database, bookingId, api.world.now())
  }
  await tip(`${bookingId}-1`, 70n)
  const wish = await api.act(`/v1/payouts/${payoutId}/cancel`, OPERATOR)
  expect(wish).toMatchObject({
    status: 202,
    body: {
      payout: { status: 'scheduled' },
      approval: {
        seen: {
          sums: [
            { amount: '70', currency: 'EUR' },
            { amount: '9000', currency: 'USD' },
          ],
        },
      },
    },
  })
  await tip(`${bookingId}-2`, 5n)
  const late = await api.act(`/v1/approvals/${wish.body.approval.id}/approve`, APPROVER)
  expect(late).toMatchObject({ status: 409, body: { type: expect.stringContaining('approval-void') } })
  const again = await api.act(`/v1/payouts/${payoutId}/cancel`, OPERATOR)
  const given = await api.act(`/v1/approvals/${again.body.approval.id}/approve`, APPROVER)
  expect(given).toMatchObject({ status: 200, body: { payout: { status: 'cancelled' } } })
  const { rows } = await sql<{ status: string }>`
    select status from payouts where booking_id = ${bookingId} order by sequence`.execute(api.world.database)
  expect(rows).toEqual([{ status: 'cancelled' }, { status: 'cancelled' }])
})

test('to hold never takes two', async () => {
  const { payoutId } = await aPayout(api.world, { amount: 10_001n })
  expect((await api.act(`/v1/payouts/${payoutId}/hold`, OPERATOR)).status).toBe(200)
})

test('to pay one that failed again takes one person at the limit, and two above it or without one', async () => {
  for (const [amount, code, status, stands] of [
    [10_000n, 'USD', 200, 'scheduled'],
    [10_001n, 'USD', 202, 'failed'],
    [1n, 'EUR', 202, 'failed'],
  ] as const) {
    const { payoutId } = await aFailedPayout({ amount, code })
    const answer = await api.act(`/v1/payouts/${payoutId}/retry`, OPERATOR)
    expect([answer.status, answer.body.payout.status]).toEqual([status, stands])
  }
})

test('a retry that two agree on is done once, as the wish of who asked, and is no other’s: void once the payout has changed', async () => {
  const { payoutId, bookingId } = await aFailedPayout()
  const wish = await api.act(`/v1/payouts/${payoutId}/retry`, OPERATOR, { body: { reason: 'the account is mended' } })
  expect(wish.body.approval).toMatchObject({ action: 'retry', status: 'open', seen: { status: 'failed' } })
  const approve = (id: string) => api.act(`/v1/approvals/${id}/approve`, APPROVER)
  await setAmount({ payoutId, bookingId }, 10_500n)
  expect(await approve(wish.body.approval.id)).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:approval-void', current: { status: 'failed' } },
  })
  const again = await api.act(`/v1/payouts/${payoutId}/retry`, OPERATOR, { body: { reason: 'the account is mended' } })
  await api.world.take(topics.bookingPayout)
  expect(await approve(again.body.approval.id)).toMatchObject({
    status: 200,
    body: { payout: { status: 'scheduled' } },
  })
  expect((await api.world.take(topics.bookingPayout)).map(({ data }) => data)).toEqual([{ bookingId }])
  expect((await approve(again.body.approval.id)).status).toBe(409)
  const { rows } = await sql<{ actor: string; action: string }>`
    select actor, action from audit_log where subject_id = ${payoutId} order by id desc limit 2`.execute(
    api.world.database,
  )
  expect(rows).toEqual([
    { actor: 'operator:adam', action: 'payout.approval_given' },
    { actor: 'operator:olga', action: 'payout.retried' },
  ])
})

test('what a second person approves is done at once, as the wish of who asked; both are in the audit log', async () => {
  const { payoutId, bookingId, approvalId } = await asked('cancel')
  const untouched = await api.ask('GET', `/v1/payouts/${payoutId}`, { token: await api.token(VIEWER) })
  expect(untouched.body).toMatchObject({ payout: { status: 'scheduled' }, approvals: [{ id: approvalId }] })
  await api.world.take(topics.bookingPayout)
  const answer = await api.act(`/v1/approvals/${approvalId}/approve`, APPROVER, { body: { reason: 'I agree' } })
  expect(answer).toMatchObject({
    status: 200,
    body: {
      payout: { id: payoutId, status: 'cancelled' },
      approval: { status: 'approved', decidedBy: 'operator:adam', decisionReason: 'I agree' },
    },
  })
  const { body } = await api.ask('GET', `/v1/payouts/${payoutId}`, { token: await api.token(VIEWER) })
  expect(body.audit.slice(1)).toMatchObject([
    { actor: 'operator:olga', action: 'payout.approval_requested', reason: 'the wish', after: { amount: '10001' } },
    { actor: 'operator:olga', action: 'payout.cancelled', reason: 'the wish' },
    { actor: 'operator:adam', action: 'payout.approval_given', reason: 'I agree' },
  ])
  expect((await api.world.take(topics.bookingPayout)).map(({ data }) => data)).toEqual([{ bookingId }])
})

test('whoever asked never decides, whatever their roles: refused, and nothing is changed', async () => {
  const { payoutId } = await aPayout(api.world, { amount: 20_000n })
  const { body } = await api.act(`/v1/payouts/${payoutId}/force-release`, APPROVER)
  const before = await everything(api.world)
  for (const verdict of ['approve', 'refuse']) {
    expect(await api.act(`/v1/approvals/${body.approval.id}/${verdict}`, APPROVER)).toMatchObject({
      status: 403,
      body: { type: 'urn:remesa:problem:own-request' },
    })
  }
  expect(await everything(api.world)).toBe(before)
})

test('the database itself lets nobody approve their own wish, nor change what was asked for or decided', async () => {
  const { approvalId } = await asked()
  const set = (change: string) =>
    sql.raw(`update approvals set ${change} where id = '${approvalId}'`).execute(api.world.database)
  const own = `status = 'approved', decided_by = requested_by, decided_at = now()`
  await expect(set(own)).rejects.toThrow(/approvals_are_anothers/)
  await expect(set('seen_amount = 1')).rejects.toThrow(/was to be changed/)
  await api.act(`/v1/approvals/${approvalId}/refuse`, APPROVER)
  await expect(set(`status = 'open', decided_by = null, decided_at = null`)).rejects.toThrow(/has ended as refused/)
})

test('an operator who is no approver cannot approve: refused, and nothing is changed', async () => {
  const { approvalId } = await asked()
  const before = await everything(api.world)
  expect(await api.act(`/v1/approvals/${approvalId}/approve`, { ...OPERATOR, subject: 'otto' })).toMatchObject({
    status: 403,
    body: { type: 'urn:remesa:problem:role-lacking', lacks: 'approver' },
  })
  expect(await everything(api.world)).toBe(before)
})

test('the same approver twice is refused with how it was decided, and nothing is changed', async () => {
  const { approvalId } = await asked()
  expect((await api.act(`/v1/approvals/${approvalId}/approve`, APPROVER)).status).toBe(200)
  const before = await everything(api.world)
  for (const verdict of ['approve', 'refuse']) {
    expect(await api.act(`/v1/approvals/${approvalId}/${verdict}`, APPROVER)).toMatchObject({
      status: 409,
      body: { type: 'urn:remesa:problem:approval-decided', approval: { status: 'approved' } },
    })
  }
  expect(await everything(api.world)).toBe(before)
})

test('two who approve at once release it once', async () => {
  const { approvalId, payoutId } = await asked()
  const approve = (subject: string) => api.act(`/v1/approvals/${approvalId}/approve`, { ...APPROVER, subject })
  const answers = await Promise.all([approve('adam'), approve('anna')])
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from audit_log where subject_id = ${payoutId} and action = 'payout.overridden'`.execute(
    api.world.database,
  )
  expect(rows).toEqual([{ count: 1 }])
})

test('an approval that is sent again under its key is answered the same', async () => {
  const { approvalId } = await asked()
  const key = aKey()
  const approve = () => api.act(`/v1/approvals/${approvalId}/approve`, APPROVER, { key })
  const first = await approve()
  expect(await approve()).toMatchObject({ status: 200, body: first.body })
})

test('what is refused is not done, and can be asked for again', async () => {
  const { approvalId, payoutId } = await asked()
  expect(await api.act(`/v1/approvals/${approvalId}/refuse`, APPROVER, { body: { reason: 'no' } })).toMatchObject({
    status: 200,
    body: { payout: { status: 'scheduled' }, approval: { status: 'refused', decisionReason: 'no' } },
  })
  expect((await api.act(`/v1/payouts/${payoutId}/force-release`, OPERATOR)).status).toBe(202)
})

test('while one approval is open no other is asked for', async () => {
  const { approvalId, payoutId } = await asked()
  const before = await everything(api.world)
  for (const action of ['force-release', 'cancel']) {
    expect(await api.act(`/v1/payouts/${payoutId}/${action}`, OPERATOR)).toMatchObject({
      status: 409,
      body: { type: 'urn:remesa:problem:approval-open', approval: { id: approvalId } },
    })
  }
  expect(await everything(api.world)).toBe(before)
})

test('what does not fit the payout’s state is refused at once, not after a second person was asked', async () => {
  const { payoutId } = await aPayout(api.world, { amount: 10_001n })
  await sql`update payouts set status = 'cancelled', cancelled_by = 'rules' where id = ${payoutId}`.execute(
    api.world.database,
  )
  const before = await everything(api.world)
  expect(await api.act(`/v1/payouts/${payoutId}/cancel`, OPERATOR)).toMatchObject({
    status: 409,
    body: { current: { status: 'cancelled' } },
  })
  expect(await everything(api.world)).toBe(before)
})

test.each([
  ['its amount', async (payout: Asked) => setAmount(payout, 10_002n)],
  ['its status', async (payout: Asked) => api.act(`/v1/payouts/${payout.payoutId}/hold`, OPERATOR).then(() => {})],
  ['a dispute of its booking', async (payout: Asked) => dispute(payout)],
])('an approval is void once %s has changed: nothing is released', async (_, change) => {
  const payout = await asked()
  await change(payout)
  const { rows: before } = await payoutRow(payout.payoutId)
  const answer = await api.act(`/v1/approvals/${payout.approvalId}/approve`, APPROVER)
  expect(answer.status).toBe(409)
  expect((await payoutRow(payout.payoutId)).rows).toEqual(before)
  const { body } = await api.ask('GET', `/v1/approvals?payoutId=${payout.payoutId}`, { token: await api.token(VIEWER) })
  expect(body.approvals).toMatchObject([{ id: payout.approvalId, status: 'void', decidedBy: null }])
})

test('a dispute that opens after another was to be overridden voids the approval: nobody has seen it', async () => {
  const payout = await asked('force-release', true)
  await dispute(payout)
  await look(api.world.database, payout.bookingId, api.world.now())
  const answer = await api.act(`/v1/approvals/${payout.approvalId}/approve`, APPROVER)
  expect(answer).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:approval-void', approval: { status: 'void' }, current: { status: 'on_hold' } },
  })
  expect(
    (await api.act(`/v1/payouts/${payout.payoutId}/force-release`, OPERATOR)).body.approval.seen.openDisputes,
  ).toHaveLength(2)
})

test('a wish about a payout that has changed replaces the one before it', async () => {
  const payout = await asked()
  await setAmount(payout, 10_500n)
  const again = await api.act(`/v1/payouts/${payout.payoutId}/cancel`, OPERATOR)
  expect(again).toMatchObject({ status: 202, body: { approval: { action: 'cancel', seen: { amount: '10500' } } } })
  const { body } = await api.ask('GET', `/v1/approvals?payoutId=${payout.payoutId}`, { token: await api.token(VIEWER) })
  expect(body.approvals.map(({ status }: { status: string }) => status)).toEqual(['open', 'void'])
})

test('approvals come newest first, by status and in pages', async () => {
  const token = await api.token(VIEWER)
  const ids: string[] = []
  for (let next: string | null = ''; next !== null; ) {
    const cursor = next === '' ? '' : `&cursor=${next}`
    const { body } = await api.ask('GET', `/v1/approvals?limit=3${cursor}`, { token })
    expect(body.approvals.length).toBeLessThanOrEqual(3)
    ids.push(...body.approvals.map(({ id }: { id: string }) => id))
    next = body.next
  }
  const { rows } = await sql<{ id: string }>`select id from approvals order by requested_at desc, id desc`.execute(
    api.world.database,
  )
  expect(ids).toEqual(rows.map(({ id }) => id))
  const { body } = await api.ask('GET', '/v1/approvals?status=void', { token })
  for (const { status } of body.approvals) expect(status).toBe('void')
})

/** One that Stripe refused for good. */
async function aFailedPayout({ amount = 10_001n, code = 'USD' } = {}): Promise<Asked> {
  const payout = await aPayout(api.world, { amount, code })
  await sql`update payouts set status = 'failed', failure_reason = 'account_closed' where id = ${payout.payoutId}`.execute(
    api.world.database,
  )
  return payout
}

interface Asked {
  readonly payoutId: string
  readonly bookingId: string
}
const setAmount = async ({ payoutId }: Asked, amount: bigint): Promise<void> => {
  await sql`update payouts set amount = ${amount} where id = ${payoutId}`.execute(api.world.database)
}
const payoutRow = (id: string) => sql`select * from payouts where id = ${id}`.execute(api.world.database)
