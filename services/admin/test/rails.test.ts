import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { topics } from '@remesa/messaging/catalogue'
import { APPROVER, type Api, aKey, anApi, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())

const BOTH = { subject: 'olga', roles: ['approver'] }
const read = async (path: string) => (await api.ask('GET', path, { token: await api.token(VIEWER) })).body
const railNow = async (name: string) =>
  (await read('/v1/rails')).items.find((rail: { name: string }) => rail.name === name)
const auditActions = (name: string) =>
  api.world.database
    .selectFrom('audit_log')
    .select(['actor', 'action'])
    .where('subject_type', '=', 'rail')
    .where('subject_id', '=', name)
    .orderBy('id')
    .execute()

test('any operator stops a rail, and two people restart it; people are told while it lasts', async () => {
  const stopped = await api.act('/v1/rails/fpay/stop', OPERATOR, { body: { reason: 'amounts look wrong' } })
  expect(stopped).toMatchObject({
    status: 200,
    body: { rail: { name: 'fpay', stopped: { by: 'operator:olga', reason: 'amounts look wrong' }, restart: null } },
  })
  expect(await api.world.take(topics.financeAlert)).toHaveLength(1)
  expect((await read('/v1/alerts?kind=rail_stopped')).items).toMatchObject([{ status: 'open', severity: 'critical' }])

  const asked = await api.act('/v1/rails/fpay/restart', OPERATOR, { body: { reason: 'the amounts are mended' } })
  expect(asked).toMatchObject({ status: 202, body: { rail: { stopped: {}, restart: { status: 'open' } } } })
  const { id } = asked.body.rail.restart
  expect(await read('/v1/control-approvals?status=open')).toMatchObject({
    items: [{ id, kind: 'rail_restart' }],
    next: null,
  })
  expect(await api.act('/v1/rails/fpay/restart', OPERATOR)).toMatchObject({ status: 409, body: { approval: { id } } })
  expect(await api.act(`/v1/control-approvals/${id}/approve`, BOTH)).toMatchObject({
    status: 403,
    body: { type: 'urn:remesa:problem:own-request' },
  })
  expect(await api.act(`/v1/control-approvals/${id}/approve`, OPERATOR)).toMatchObject({ body: { lacks: 'approver' } })
  expect((await railNow('fpay')).stopped).not.toBeNull()

  const approved = await api.act(`/v1/control-approvals/${id}/approve`, APPROVER, { body: { reason: 'I agree' } })
  expect(approved).toMatchObject({
    status: 200,
    body: { approval: { status: 'approved', decidedBy: 'operator:adam' } },
  })
  expect(await railNow('fpay')).toEqual({ name: 'fpay', stopped: null, paused: null, restart: null })
  expect((await read('/v1/alerts?kind=rail_stopped')).items).toMatchObject([{ status: 'resolved' }])
  expect(await auditActions('fpay')).toEqual([
    { actor: 'operator:olga', action: 'rail.stopped' },
    { actor: 'operator:olga', action: 'rail.restart_requested' },
    { actor: 'operator:adam', action: 'control.approved' },
    { actor: 'operator:olga', action: 'rail.restarted' },
  ])
})

test('a rail is stopped once, however often and by however many it is asked for', async () => {
  const key = aKey()
  const answers = await Promise.all([
    ...Array.from({ length: 3 }, () => api.act('/v1/rails/payoneer/stop', OPERATOR, { key })),
    ...Array.from({ length: 3 }, () => api.act('/v1/rails/payoneer/stop', APPROVER)),
  ])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
  expect((await auditActions('payoneer')).map(({ action }) => action)).toEqual(['rail.stopped'])
})

test('a restart that is refused leaves the rail stopped, and may be asked for again; one that was decided is decided', async () => {
  await api.act('/v1/rails/stripe/stop', OPERATOR)
  const first = (await api.act('/v1/rails/stripe/restart', OPERATOR)).body.rail.restart.id
  const refusal = await api.act(`/v1/control-approvals/${first}/refuse`, APPROVER, { body: { reason: 'too early' } })
  expect(refusal).toMatchObject({ status: 200, body: { approval: { status: 'refused', decisionReason: 'too early' } } })
  expect((await railNow('stripe')).stopped).not.toBeNull()
  expect(await api.act(`/v1/control-approvals/${first}/approve`, APPROVER)).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:approval-decided', approval: { status: 'refused' } },
  })
  const second = (await api.act('/v1/rails/stripe/restart', OPERATOR)).body.rail.restart.id
  const both = await Promise.all([
    api.act(`/v1/control-approvals/${second}/approve`, APPROVER),
    api.act(`/v1/control-approvals/${second}/approve`, { subject: 'ada', roles: ['approver'] }),
  ])
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
  expect((await railNow('stripe')).stopped).toBeNull()
})

test('a rail that is not stopped is not restarted, and one that does not exist is neither', async () => {
  expect(await api.act('/v1/rails/fpay/restart', OPERATOR)).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:wrong-state', current: { name: 'fpay', stopped: null } },
  })
  for (const verb of ['stop', 'restart']) {
    expect((await api.act(`/v1/rails/paypal/${verb}`, OPERATOR)).status).toBe(404)
  }
})
