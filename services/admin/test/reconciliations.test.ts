import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { type Api, aKey, anApi, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi({ billingGraceMs: 10_800_000 })
})
afterAll(() => api.stop())

const DAY_MS = 86_400_000
const day = (n: number) => new Date(Date.parse('2026-11-01T00:00:00Z') + n * DAY_MS)

/** A report as the reconciliation service stores it. */
async function aReport(
  books: string,
  { n = 0, status = 'discrepancy_found', from = day(n), to = day(n + 1), startedAt = day(n + 2) } = {},
): Promise<string> {
  const id = randomUUID()
  const result = { reportId: id, byCurrency: [{ currency: 'USD', moneyAtRisk: '12.50' }], recommendations: ['Look.'] }
  const severity = status === 'success' ? 'none' : status === 'error' ? null : 'critical'
  await sql`
    insert into reconciliation_reports (id, kind, window_from, window_to, include_refunds, tolerance_percentage,
      reporting_currency, status, severity, result, error, started_at, finished_at, duration_ms)
    values (${id}, ${books}, ${from}, ${to}, false, 0, 'USD', ${status}, ${severity}, ${JSON.stringify(result)},
      ${status === 'error' ? 'no answer' : null}, ${startedAt}, ${startedAt}, 12.5)`.execute(api.world.database)
  return id
}

async function aRailFinding(reportId: string, category = 'duplicate'): Promise<string> {
  const { rows } = await sql<{ id: bigint }>`
    insert into rail_reconciliation_findings (report_id, category, urgent, payable_type, payable_id, provider_reference,
      provider_state, provider_currency, provider_amount, provider_taken_back, provider_at, over_currency, over_amount)
    values (${reportId}, ${category}, true, 'seller_balance', ${randomUUID()}, 'fpo_2', 'paid', 'USD', 1250, 0, ${day(0)},
      'USD', 1250) returning id`.execute(api.world.database)
  return `rail-${rows[0]?.id}`
}

async function aBillingFinding(reportId: string, paymentId: string): Promise<string> {
  const { rows } = await sql<{ id: bigint }>`
    insert into reconciliation_findings (report_id, category, payment_id, stripe_currency, stripe_amount, stripe_refunded,
      stripe_created, over_currency, over_amount)
    values (${reportId}, 'missing_in_database', ${paymentId}, 'USD', 500, 100, ${day(0)}, 'USD', 400)
    returning id`.execute(api.world.database)
  return `billing-${rows[0]?.id}`
}

const get = async (path: string) => api.ask('GET', path, { token: await api.token(VIEWER) })
const published = async (topic: string) => {
  const { rows } = await sql<{ data: object }>`select data from outbox where topic = ${topic} order by id`.execute(
    api.world.database,
  )
  return rows.map(({ data }) => data)
}

test('reports come newest first, page by page, of one kind or all, and each with its figures', async () => {
  const ids = [await aReport('billing', { n: 0 }), await aReport('fpay', { n: 1 }), await aReport('billing', { n: 2 })]
  const first = await get('/v1/reconciliations?limit=2')
  expect(first.body.reconciliations.map(({ id }: { id: string }) => id)).toEqual([ids[2], ids[1]])
  expect(first.body.reconciliations[1]).toMatchObject({
    ...{ books: 'fpay', status: 'discrepancy_found', severity: 'critical', error: null },
    ...{ from: '2026-11-02T00:00:00.000Z', to: '2026-11-03T00:00:00.000Z' },
    moneyAtRisk: [{ currency: 'USD', amount: '12.50' }],
  })
  const second = await get(`/v1/reconciliations?limit=2&cursor=${first.body.next}`)
  expect([second.body.reconciliations.map(({ id }: { id: string }) => id), second.body.next]).toEqual([[ids[0]], null])
  const billing = await get('/v1/reconciliations?books=billing')
  expect(billing.body.reconciliations.map(({ id }: { id: string }) => id)).toEqual([ids[2], ids[0]])
  expect((await get(`/v1/reconciliations/${ids[1]}`)).body.result).toMatchObject({ recommendations: ['Look.'] })
  expect((await get('/v1/reconciliations?books=paypal')).status).toBe(400)
})

test('a report that was compared again says which comparison is the newest', async () => {
  const old = await aReport('billing', { n: 12 })
  await aReport('fpay', { n: 12, startedAt: day(16) })
  await aReport('billing', { n: 13, startedAt: day(16) })
  expect((await get(`/v1/reconciliations/${old}`)).body.newer).toBeNull()
  const [again, newest] = [
    await aReport('billing', { n: 12, startedAt: day(15) }),
    await aReport('billing', { n: 12, status: 'success', startedAt: day(16) }),
  ]
  const newer = { id: newest, status: 'success', startedAt: day(16).toISOString() }
  expect((await get(`/v1/reconciliations/${old}`)).body.newer).toEqual(newer)
  expect((await get(`/v1/reconciliations/${again}`)).body.newer).toEqual(newer)
  expect((await get(`/v1/reconciliations/${newest}`)).body).toMatchObject({ newer: null, id: newest })
})

test('the trend has the newest run of each window', async () => {
  await aReport('payoneer', { n: 5, status: 'error' })
  await aReport('payoneer', { n: 5, status: 'success', startedAt: day(8) })
  await aReport('payoneer', { n: 6 })
  const { body } = await get('/v1/reconciliations/trend?books=payoneer')
  expect(body.trend.map(({ from, status }: { from: string; status: string }) => [from.slice(0, 10), status])).toEqual([
    ['2026-11-07', 'discrepancy_found'],
    ['2026-11-06', 'success'],
  ])
})

test('findings of a rail and of billing are told in one shape, page by page, by category and by status', async () => {
  const rail = await aReport('fpay')
  const ids = [await aRailFinding(rail), await aRailFinding(rail, 'amount'), await aRailFinding(rail)]
  const first = await get(`/v1/reconciliations/${rail}/findings?limit=2`)
  expect(first.body.findings.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2))
  expect(first.body.findings[0]).toMatchObject({
    ...{ category: 'duplicate', urgent: true, ours: null, over: { amount: '1250', currency: 'USD' }, status: 'open' },
    theirs: { reference: 'fpo_2', state: 'paid', amount: '1250', takenBack: '0' },
  })
  const rest = await get(`/v1/reconciliations/${rail}/findings?limit=2&cursor=${first.body.next}`)
  expect([rest.body.findings.map(({ id }: { id: string }) => id), rest.body.next]).toEqual([ids.slice(2), null])
  const amounts = await get(`/v1/reconciliations/${rail}/findings?category=amount&status=open`)
  expect(amounts.body.findings.map(({ id }: { id: string }) => id)).toEqual([ids[1]])

  const billing = await aReport('billing')
  await aBillingFinding(billing, 'pi_1')
  expect((await get(`/v1/reconciliations/${billing}/findings`)).body.findings).toMatchObject([
    { about: 'pi_1', theirs: { reference: 'pi_1', amount: '500', takenBack: '100', state: null }, ours: null },
  ])
})

test('a finding is assigned and resolved with a note, once per key, and audited', async () => {
  for (const id of [
    await aRailFinding(await aReport('fpay')),
    await aBillingFinding(await aReport('billing'), 'pi_2'),
  ]) {
    const path = `/v1/reconciliation-findings/${id}`
    const key = aKey()
    const given = { key, body: { reason: 'asked the bank', assignee: 'berta' } }
    const assigned = await api.act(`${path}/assign`, OPERATOR, given)
    expect(assigned.body.finding).toMatchObject({ id, status: 'assigned', assignee: 'berta', note: 'asked the bank' })
    expect((await api.act(`${path}/assign`, OPERATOR, given)).headers.get('idempotent-replayed')).toBe('true')
    const mine = await api.act(`${path}/assign`, OPERATOR)
    expect(mine.body.finding).toMatchObject({ assignee: 'olga' })
    const resolved = await api.act(`${path}/resolve`, OPERATOR, { body: { reason: 'it came back' } })
    expect(resolved.body.finding).toMatchObject({ status: 'resolved', note: 'it came back' })
    const { rows } = await sql<{ actor: string; reason: string }>`
      select actor, reason from audit_log where subject_id = ${id.split('-')[1]} order by id`.execute(
      api.world.database,
    )
    expect(rows).toEqual([
      { actor: 'operator:olga', reason: 'asked the bank' },
      { actor: 'operator:olga', reason: 'a good reason' },
      { actor: 'operator:olga', reason: 'it came back' },
    ])
  }
  const settled = await aRailFinding(await aReport('fpay'))
  await api.act(`/v1/reconciliation-findings/${settled}/resolve`, OPERATOR)
  const again = await api.act(`/v1/reconciliation-findings/${settled}/assign`, OPERATOR)
  expect(again).toMatchObject({ status: 409, body: { current: 'resolved' } })
  for (const id of ['rail-999999999', 'paypal-1', 'rail-x']) {
    expect((await api.act(`/v1/reconciliation-findings/${id}/resolve`, OPERATOR)).status).toBe(404)
  }
})

test('what a billing report misses is copied on request, once per key; a report of a rail has nothing to copy', async () => {
  const billing = await aReport('billing')
  const key = aKey()
  const asked = await api.act(`/v1/reconciliations/${billing}/sync`, OPERATOR, { key })
  expect(asked).toMatchObject({ status: 202, body: { requested: billing } })
  expect((await api.act(`/v1/reconciliations/${billing}/sync`, OPERATOR, { key })).status).toBe(202)
  expect(await published('payment_sync_topic')).toEqual([{ reportId: billing, actor: 'operator:olga' }])
  for (const report of [await aReport('fpay'), await aReport('billing', { status: 'error' })]) {
    expect((await api.act(`/v1/reconciliations/${report}/sync`, OPERATOR)).status).toBe(409)
  }
})

test.each([
  ['billing', '2999-11-02T03:00:00.000Z'], // an hour later than by default, as reconciliation would have it here
  ['stripe-transfers', '2999-11-02T00:00:00.000Z'],
  ['fpay', '2999-11-02T00:00:00.000Z'],
  ['payoneer', '2999-11-02T00:00:00.000Z'],
  ['netsuite', '2999-11-02T03:00:00.000Z'], // when it is midnight in Santiago
])('%s is not compared over days that are not over, and the answer says until when', async (books, until) => {
  const wish = { books, from: '2999-11-01', to: '2999-11-02', reason: 'a good reason' }
  expect(await api.act('/v1/reconciliations', OPERATOR, { body: wish })).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('2999-11-02'), current: `books open until ${until}` },
  })
})

test('other findings of a report are copied when they are named; what it did not find is refused', async () => {
  const billing = await aReport('billing', { n: 5 })
  await aBillingFinding(billing, 'pi_named')
  const sync = (wish: object) => api.act(`/v1/reconciliations/${billing}/sync`, OPERATOR, { body: wish })
  expect(await sync({ reason: 'as advised', categories: ['refund_mismatch'] })).toMatchObject({ status: 202 })
  expect(await sync({ reason: 'as advised', paymentIds: ['pi_named'] })).toMatchObject({ status: 202 })
  expect((await published('payment_sync_topic')).slice(-2)).toEqual([
    { reportId: billing, actor: 'operator:olga', categories: ['refund_mismatch'] },
    { reportId: billing, actor: 'operator:olga', paymentIds: ['pi_named'] },
  ])
  const { rows } = await sql<{ after: object }>`
    select after from audit_log where action = 'reconciliation.sync_requested' and subject_id = ${billing}
    order by id`.execute(api.world.database)
  expect(rows.map(({ after }) => after)).toEqual([{ categories: ['refund_mismatch'] }, { paymentIds: ['pi_named'] }])
  expect(await sync({ reason: 'as advised', paymentIds: ['pi_named', 'pi_other'] })).toMatchObject({
    status: 404,
    body: { detail: 'The report found nothing about pi_other.' },
  })
  for (const wrong of [{ categories: ['missing_in_stripe'] }, { categories: [] }, { paymentIds: [] }, { other: 1 }]) {
    expect((await sync({ reason: 'as advised', ...wrong })).status).toBe(400)
  }
  const viewer = await api.act(`/v1/reconciliations/${billing}/sync`, VIEWER, { body: { reason: 'as advised' } })
  expect(viewer.status).toBe(403)
})

test('the same books are compared again over the same days, by the same measure', async () => {
  await api.act(`/v1/reconciliations/${await aReport('netsuite', { n: 3 })}/repeat`, OPERATOR)
  await api.act(`/v1/reconciliations/${await aReport('billing', { n: 4 })}/repeat`, OPERATOR)
  expect(await published('rail_reconciliation_topic')).toEqual([
    { books: 'netsuite', startDate: '2026-11-04', endDate: '2026-11-05' },
  ])
  expect(await published('billing_reconciliation_topic')).toEqual([
    { startDate: '2026-11-05', endDate: '2026-11-06', includeRefunds: false, tolerancePercentage: 0 },
  ])
  const odd = await aReport('fpay', { from: new Date('2026-11-04T10:00:00Z'), to: day(8) })
  expect((await api.act(`/v1/reconciliations/${odd}/repeat`, OPERATOR)).status).toBe(409)
})
