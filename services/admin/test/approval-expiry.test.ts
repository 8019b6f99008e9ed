import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { voidExpiredApprovals } from '@remesa/database/approval-expiry'
import { EXPIRED } from '@remesa/domain/approval'
import { APPROVER, type Api, anApi, aPayout, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi({ approvalLifeMs: 0 })
})
afterAll(() => api.stop())

const VOID = {
  status: 409,
  body: { type: 'urn:remesa:problem:approval-void', approval: { status: 'void', decisionReason: EXPIRED } },
}
const sweep = () =>
  api.world.database.transaction().execute((tx) => voidExpiredApprovals(tx, { now: api.world.now(), lifeMs: 0 }))
const lastDeed = async (type: string, id: string) => {
  const path = `/v1/audit?subjectType=${type}&subjectId=${id}`
  const { items } = (await api.ask('GET', path, { token: await api.token(VIEWER) })).body
  return items[0]
}

test('what was asked for too long ago about a payout cannot be agreed to, and can be asked for anew', async () => {
  const { payoutId } = await aPayout(api.world, { amount: 10_001n })
  const ask = async () => {
    const asked = await api.act(`/v1/payouts/${payoutId}/cancel`, OPERATOR)
    expect(asked).toMatchObject({ status: 202, body: { approval: { status: 'open' } } })
    return asked.body.approval.id
  }
  expect(await api.act(`/v1/approvals/${await ask()}/approve`, APPROVER)).toMatchObject(VOID)
  // What nobody tries to decide is voided by the scheduler.
  await ask()
  expect([await sweep(), await sweep()]).toEqual([1, 0])
  expect(await lastDeed('payout', payoutId)).toMatchObject({ actor: 'scheduler', action: 'payout.approval_void' })
  await ask()
})

test('so it is with what concerns payments as a whole; to refuse is never too late', async () => {
  await api.act('/v1/rails/fpay/stop', OPERATOR)
  const ask = async () => (await api.act('/v1/rails/fpay/restart', OPERATOR)).body.rail.restart.id
  expect(await api.act(`/v1/control-approvals/${await ask()}/approve`, APPROVER)).toMatchObject(VOID)
  expect((await api.act(`/v1/control-approvals/${await ask()}/refuse`, APPROVER)).status).toBe(200)
  await ask()
  await sweep()
  expect(await lastDeed('rail', 'fpay')).toMatchObject({ actor: 'scheduler', action: 'control.void' })
  const { items } = (await api.ask('GET', '/v1/rails', { token: await api.token(VIEWER) })).body
  const [fpay] = items.filter(({ name }: { name: string }) => name === 'fpay')
  expect(fpay).toMatchObject({ stopped: { by: 'operator:olga' }, restart: null })
})

test('a plan that is too old is neither approved nor applied, and says so; the scheduler voids what nobody tries', async () => {
  const make = async () =>
    (await api.act('/v1/plans', OPERATOR, { body: { kind: 'payouts', reason: 'daily' } })).body.plan
  for (const [verdict, who] of [
    ['approve', APPROVER],
    ['apply', OPERATOR],
  ] as const) {
    const { id, hash } = await make()
    expect(await api.act(`/v1/plans/${id}/${verdict}`, who, { body: { hash, reason: 'daily' } })).toMatchObject({
      status: 409,
      body: {
        type: 'urn:remesa:problem:plan-void',
        detail: 'It was planned too long ago, and nobody applied it in time, so it is void. Plan again.',
        plan: { state: 'void', voided: { why: 'expired' } },
      },
    })
  }
  const { id } = await make()
  expect([await sweep(), await sweep()]).toEqual([1, 0])
  expect(await lastDeed('payment_plan', id)).toMatchObject({
    ...{ actor: 'scheduler', action: 'payment_plan.void', after: { why: 'expired' } },
  })
})
