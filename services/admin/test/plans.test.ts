import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { upsertStripeAccounts } from '@remesa/database/user-stripe-accounts'
import { money } from '@remesa/domain/money'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { anInitializedBalance, aPayableBalance, changeSeller } from '@remesa/local-stack/testing/sellers'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { APPROVER, type Api, aKey, anApi, aPayout, look, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())

const OWN = { subject: 'olga', roles: ['approver'] }
const WHY = 'the pay-day of today'
const plan = async (body: object = {}) =>
  await api.act('/v1/plans', OPERATOR, { body: { kind: 'pay_day', reason: WHY, ...body } })
const decide = (verdict: string, { id, hash }: { id: string; hash: string }, wish = OPERATOR, key = aKey()) =>
  api.act(`/v1/plans/${id}/${verdict}`, wish, { body: { hash, reason: WHY }, key })
const read = async (path: string) => (await api.ask('GET', path, { token: await api.token(VIEWER) })).body
const setRule = async (amount: string, changes: object = {}) =>
  api.ask('PUT', '/v1/plan-rules', {
    ...{ token: await api.token(OPERATOR), key: aKey() },
    body: { kind: 'pay_day', currency: 'CLP', amount, reason: WHY, ...changes },
  })

test('without a pay-day there is nothing to plan', async () => {
  expect(await plan()).toMatchObject({ status: 404, body: { detail: 'There is no pay-day yet.' } })
  expect(await plan({ businessDate: '2020-01-01' })).toMatchObject({ status: 404 })
})

test('a pay-day is planned by one person, approved by another with its very hash, and applied once', async () => {
  expect((await setRule('0')).status).toBe(200)
  api.world.sandbox.payoneer.setBalance(70_000n)
  const local = await aPayableBalance(api.world, { amount: 100_000n })
  const abroad = await aPayableBalance(api.world, { operationType: 'international', currency: 'USD', amount: 70_050n })
  const nowhere = await aPayableBalance(api.world, { account: null, amount: 7n })
  const unread = await anInitializedBalance(api.world)
  const next = async () => (await read(`/v1/explain/${local.sellerBalanceId}`)).next
  expect(await next()).toMatchObject({ who: 'finance', text: expect.stringContaining('Plan the run') })
  const made = await plan()
  expect(made).toMatchObject({ status: 200, body: { plan: { kind: 'pay_day', state: 'planned', lineCount: 2 } } })
  const { id, hash, pays, leavesOut, planned } = made.body.plan
  expect(planned.by).toBe('operator:olga')
  expect(pays).toEqual([
    { rail: 'fpay', currency: 'CLP', count: 1, amount: '100000', available: null, unknown: 'not_offered', short: null },
    { rail: 'payoneer', currency: 'USD', count: 1, amount: '70050', available: '70000', unknown: null, short: '50' },
  ])
  expect(leavesOut).toEqual([
    { reason: 'bank_id_missing', currency: 'CLP', count: 1, amount: '7' },
    { reason: 'not_retrieved', currency: 'CLP', count: 1, amount: '0' },
  ])

  const lines = await read(`/v1/plans/${id}/lines`)
  const byId = new Map(lines.items.map((line: { payableId: string }) => [line.payableId, line]))
  expect(byId.get(local.sellerBalanceId)).toMatchObject({
    ...{ amount: '100000', currency: 'CLP', rail: 'fpay', leftOut: null, status: 'payable' },
    payee: { id: local.sellerId, name: local.profile.legalName },
    destination: expect.stringMatching(/^\*+/),
  })
  expect([...byId.keys()].sort()).toEqual([local.sellerBalanceId, abroad.sellerBalanceId].sort())
  const first = await read(`/v1/plans/${id}/lines?leftOut=true&limit=1`)
  const second = await read(`/v1/plans/${id}/lines?leftOut=true&limit=1&cursor=${first.next}`)
  expect([...first.items, ...second.items].map(({ payableId }) => payableId).sort()).toEqual(
    [nowhere.sellerBalanceId, unread.sellerBalanceId].sort(),
  )

  expect((await read(`/v1/plans/${id}`)).needsApproval).toBe(true)
  expect((await next()).text).toContain(`has to approve plan ${id}`)
  expect(await decide('apply', { id, hash })).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:approval-required' },
  })
  expect(await decide('approve', { id, hash })).toMatchObject({ status: 403, body: { lacks: 'approver' } })
  expect(await decide('approve', { id, hash }, OWN)).toMatchObject({
    status: 403,
    body: { type: 'urn:remesa:problem:own-request' },
  })
  const other = hash.replace(/^./, hash.startsWith('0') ? '1' : '0')
  expect(await decide('approve', { id, hash: other }, APPROVER)).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:plan-differs' },
  })
  expect(await decide('approve', { id, hash }, APPROVER)).toMatchObject({
    status: 200,
    body: { plan: { state: 'approved', approved: { by: 'operator:adam' } } },
  })
  expect(await api.world.published(topics.paySellerBalance)).toEqual([])
  expect((await next()).text).toContain('is approved, and has to be applied')

  const key = aKey()
  const applied = await decide('apply', { id, hash }, OPERATOR, key)
  expect(applied).toMatchObject({ status: 200, body: { plan: { state: 'applied', applied: { by: 'operator:olga' } } } })
  expect(await decide('apply', { id, hash }, OPERATOR, key)).toMatchObject({ status: 200, body: applied.body })
  expect(await decide('apply', { id, hash })).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:wrong-state' },
  })
  expect(await next()).toMatchObject({ who: 'remesa', text: 'It is paid now.' })
  const queued = await api.world.take(topics.paySellerBalance)
  expect(queued.map(({ data }) => data.sellerBalanceId).sort()).toEqual([...byId.keys()].sort())
})

test('what drifted voids a plan when it is applied, and the answer says what it was', async () => {
  const before = await aPayableBalance(api.world, { amount: 5n })
  const { id, hash } = (await plan()).body.plan
  await decide('approve', { id, hash }, APPROVER)
  const added = await aPayableBalance(api.world, { amount: 9n })
  await changeSeller(api.world, before, { fpayId: 'FP-changed' })
  const answer = await decide('apply', { id, hash })
  expect(answer).toMatchObject({ status: 409, body: { type: 'urn:remesa:problem:plan-void', plan: { state: 'void' } } })
  const { drift, count } = answer.body.plan.voided
  expect(count).toBe(2) // what was changed lately waits, and so is gone
  expect(drift).toEqual(
    expect.arrayContaining([
      { kind: 'added', planned: null, now: expect.objectContaining({ payableId: added.sellerBalanceId, amount: '9' }) },
      { kind: 'gone', planned: expect.objectContaining({ payableId: before.sellerBalanceId }), now: null },
    ]),
  )
  expect(await read(`/v1/plans/${id}`)).toMatchObject({
    state: 'void',
    needsApproval: false,
    voided: { by: 'operator:olga' },
  })
  expect(await api.world.published(topics.paySellerBalance)).toEqual([])
  const audit = await read(`/v1/audit?subjectType=payment_plan&subjectId=${id}`)
  expect(audit.items.map(({ action }: { action: string }) => action).sort()).toEqual([
    'payment_plan.approved',
    'payment_plan.planned',
    'payment_plan.void',
  ])
})

test('a plan that nobody wants is discarded by one person, for good', async () => {
  const { id, hash } = (await plan()).body.plan
  await decide('approve', { id, hash }, APPROVER)
  const discard = (reason: string) => api.act(`/v1/plans/${id}/discard`, OPERATOR, { body: { reason } })
  expect(await discard(' ')).toMatchObject({ status: 400 })
  expect(await discard('the wrong day')).toMatchObject({
    status: 200,
    body: {
      plan: { state: 'void', voided: { by: 'operator:olga', why: 'discarded', reason: 'the wrong day', count: 0 } },
    },
  })
  for (const answer of [await decide('apply', { id, hash }), await decide('approve', { id, hash }, APPROVER)]) {
    expect(answer).toMatchObject({
      status: 409,
      body: { type: 'urn:remesa:problem:wrong-state', detail: 'The plan was discarded by olga. Plan again.' },
    })
  }
  expect((await discard('again')).status).toBe(409)
  expect(await read(`/v1/audit?subjectType=payment_plan&subjectId=${id}`)).toMatchObject({
    items: [{ action: 'payment_plan.discarded', actor: 'operator:olga', reason: 'the wrong day' }, {}, {}],
  })
})

test('a line slipped into a plan by hand is 409 and not a fault of ours, and the plan is void', async () => {
  const { id, hash } = (await plan()).body.plan
  await sql`
    insert into payment_plan_lines values (${id}, 'seller_balance', gen_random_uuid(), gen_random_uuid()::text, 100, 'CLP',
      'fpay', 'FP-eve', 'payable', null)`.execute(api.world.database)
  expect(await decide('approve', { id, hash }, APPROVER)).toMatchObject({
    status: 409,
    body: {
      type: 'urn:remesa:problem:plan-void',
      detail: expect.stringContaining('not those of its hash'),
      plan: { state: 'void', voided: { why: 'altered' } },
    },
  })
})

test('payouts are planned with what is due of bookings, and against what Stripe holds', async () => {
  api.world.sandbox.stripe.setBalance(money(1_000n, 'USD'))
  const agoMs = 49 * 3_600_000
  const due = await aPayout(api.world, { agoMs })
  const disputed = await aPayout(api.world, { agoMs, disputed: true })
  const { database, now } = api.world
  for (const { bookingId } of [due, disputed]) await look(database, bookingId, now())
  const facts = { transfersActive: true, payoutsEnabled: true, detailsSubmitted: true, disabledReason: null }
  await database.transaction().execute(async (tx) => {
    const { rows } = await sql<{ userId: string; stripeAccountId: string }>`
      select user_id as "userId", stripe_account_id as "stripeAccountId" from user_stripe_accounts`.execute(tx)
    const news = rows.map((row) => ({ ...row, facts, asOf: now() }))
    await upsertStripeAccounts(tx, news, { now: now(), policy: DESTINATION_POLICY })
  })
  const { body } = await plan({ kind: 'payouts' })
  expect(body.plan.pays).toEqual([
    { rail: 'stripe', currency: 'USD', count: 1, amount: '5000', available: '1000', unknown: null, short: '4000' },
  ])
  const left = await read(`/v1/plans/${body.plan.id}/lines?leftOut=true`)
  expect(left.items).toMatchObject([
    { payableType: 'booking_payout', payableId: disputed.payoutId, leftOut: 'disputed' },
  ])
  const { id, hash } = body.plan
  expect((await decide('apply', { id, hash })).status).toBe(200) // no rule of payouts: one person is enough
  expect(await read('/v1/plans?kind=payouts')).toMatchObject({ items: [{ id, state: 'applied' }], next: null })
})

test('one person sets and lowers a rule, two raise and remove it', async () => {
  const { id } = (await setRule('100', { kind: 'payouts', currency: 'USD' })).body.rule
  expect((await setRule('90', { kind: 'payouts', currency: 'USD' })).status).toBe(200)
  const raise = await setRule('95', { kind: 'payouts', currency: 'USD' })
  expect(raise).toMatchObject({ status: 202, body: { rule: { amount: '90' }, approval: { kind: 'plan_rule_change' } } })
  const approve = (approvalId: string) => api.act(`/v1/control-approvals/${approvalId}/approve`, APPROVER)
  expect((await approve(raise.body.approval.id)).status).toBe(200)
  const removal = await api.ask('DELETE', `/v1/plan-rules/${id}`, {
    ...{ token: await api.token(OPERATOR), key: aKey(), body: { reason: WHY } },
  })
  expect(removal).toMatchObject({ status: 202, body: { approval: { wish: { from: '95', to: null } } } })
  expect((await approve(removal.body.approval.id)).status).toBe(200)
  expect((await read('/v1/plan-rules')).items).toMatchObject([{ kind: 'pay_day', currency: 'CLP', amount: '0' }])
})

test.each([
  ['a kind that is none', { kind: 'week' }],
  ['a date that is none', { businessDate: '2026-13-01' }],
  ['no reason', { reason: ' ' }],
])('a plan with %s is refused with one sentence', async (_, change) => {
  expect(await plan(change)).toMatchObject({ status: 400, body: { type: 'urn:remesa:problem:bad-request' } })
})

test('a hash that is cut short is refused before anything is looked at', async () => {
  expect(await decide('apply', { id: '0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22', hash: 'abc' })).toMatchObject({
    status: 400,
  })
  expect(await decide('apply', { id: '0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22', hash: 'a'.repeat(64) })).toMatchObject({
    status: 404,
  })
})
