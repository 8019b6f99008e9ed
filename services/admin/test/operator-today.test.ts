import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anInitializedBalance, aPayableBalance, THE_DAY } from '@remesa/local-stack/testing/sellers'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type Api, aKey, anApi, aPayout, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
let token: string
beforeAll(async () => {
  api = await anApi()
  token = await api.token(VIEWER)
})
afterAll(() => api.stop())

const get = async (path: string) => (await api.ask('GET', path, { token })).body

/** What a stream tells, event by event, until it is left. */
async function listen() {
  const leaving = new AbortController()
  const response = await fetch(`${api.url}/v1/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: leaving.signal,
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (!reader) throw new Error('a stream without a body')
  let text = ''
  return {
    response,
    async next() {
      for (;;) {
        const found = /event: today\ndata: (.*)\n\n/.exec(text)
        if (found?.[1] !== undefined) {
          text = text.slice(found.index + found[0].length)
          return JSON.parse(found[1])
        }
        const { value, done } = await reader.read()
        if (done) return undefined
        text += value
      }
    },
    leave: () => leaving.abort(),
  }
}

let matters = 0
const anAlert = (kind: 'closing_missing' | 'insufficient_funds' | 'bank_id_missing', details: object = {}) =>
  api.world.database.transaction().execute(async (tx) => {
    const alert = { kind, dedupKey: `matter-${++matters}`, subject: { type: 'seller', id: `s-${matters}` }, details }
    const [raised] = await raiseAlerts(tx, [{ ...alert, businessDate: THE_DAY }])
    if (!raised) throw new Error('it was raised before')
    return raised.id
  })

test('who asks is told who they are, and what of their roles means something here', async () => {
  expect(await get('/v1/me')).toEqual({
    subject: 'vera',
    name: 'vera',
    roles: ['viewer'],
    environment: 'test',
    via: 'bearer',
  })
  const named = await api.token({ subject: 'x', roles: ['approver', 'king'], claims: { name: 'Ximena Rojas' } })
  const { body } = await api.ask('GET', '/v1/me', { token: named })
  expect(body).toMatchObject({ subject: 'x', name: 'Ximena Rojas', roles: ['approver'] })
})

test('before any run, today is the day that would be paid, with nothing in it', async () => {
  const today = await get('/v1/today')
  expect(today).toMatchObject({ run: null, balances: {}, paid: [], alerts: [], alertsWaiting: 0, bookings: {} })
  expect(today.stages.map(({ name }: { name: string }) => name)).toEqual([
    'reset',
    'initialization',
    'retrieval',
    'payment',
    'confirmation',
    'report',
  ])
  expect(today.businessDate < today.at).toBe(true)
})

test('a stream tells today at once, and again when it changes, without being asked', async () => {
  const stream = await listen()
  expect(stream.response.headers.get('content-type')).toContain('text/event-stream')
  const first = await stream.next()
  expect(first.balances).toEqual({})
  await anInitializedBalance(api.world)
  let today = await stream.next()
  while (today.balances.initialized !== 1) today = await stream.next()
  expect(today).toMatchObject({ businessDate: THE_DAY, run: { state: 'running' } })
  expect(today.stages[2]).toMatchObject({ name: 'retrieval', waiting: 1, done: 0, failed: 0 })
  stream.leave()
})

test('today counts each stage of a run, and the payouts of bookings beside it', async () => {
  await aPayableBalance(api.world)
  await aPayout(api.world)
  const today = await get(`/v1/today?date=${THE_DAY}`)
  expect(today.balances).toEqual({ initialized: 1, payable: 1 })
  expect(today.stages[2]).toMatchObject({ waiting: 1, done: 1 })
  expect(today.stages[3]).toMatchObject({ name: 'payment', waiting: 1, done: 0, oldestSeconds: expect.any(Number) })
  expect(today.bookings).toEqual({ scheduled: 1 })
  expect(await get('/v1/today?date=2020-01-01')).toMatchObject({ businessDate: '2020-01-01', run: null, balances: {} })
  expect(await get('/v1/today?date=yesterday')).toMatchObject({ type: 'urn:remesa:problem:bad-request' })
})

test('alerts that wait for a person stand in today, the worst first, with what can be done and nobody’s data', async () => {
  await anAlert('closing_missing')
  const worst = await anAlert('insufficient_funds', { taxId: '76192083-9', legalName: 'Comercial Norte', apiKey: 'k' })
  const { alerts, alertsWaiting } = await get('/v1/today')
  expect(alertsWaiting).toBe(2)
  expect(alerts.map(({ severity }: { severity: string }) => severity)).toEqual(['critical', 'warning'])
  expect(alerts[0]).toMatchObject({ id: worst, sentence: expect.stringContaining('Top it up') })
  expect(alerts[0].details).toEqual({ taxId: '*****083-9', legalName: 'C***', apiKey: '***' })
  const { items, next } = await get('/v1/alerts?severity=critical')
  expect([items.map(({ id }: { id: string }) => id), next]).toEqual([[worst], null])
})

test('an alert is acknowledged, then resolved with a note, each once and by name in the audit log', async () => {
  const id = await anAlert('bank_id_missing')
  const asked = { token: await api.token(OPERATOR), key: aKey(), body: { note: 'asked GSC' } }
  const first = await api.ask('POST', `/v1/alerts/${id}/acknowledge`, asked)
  expect(first).toMatchObject({ status: 200, body: { alert: { id, status: 'acknowledged', note: 'asked GSC' } } })
  const again = await api.ask('POST', `/v1/alerts/${id}/acknowledge`, asked)
  expect([again.headers.get('idempotent-replayed'), again.body]).toEqual(['true', first.body])
  expect((await get('/v1/alerts?status=acknowledged')).items).toHaveLength(1)

  const resolved = await api.act(`/v1/alerts/${id}/resolve`, OPERATOR, { body: { note: 'it came' } })
  expect(resolved).toMatchObject({ status: 200, body: { alert: { status: 'resolved', note: 'it came' } } })
  const late = await api.act(`/v1/alerts/${id}/acknowledge`, OPERATOR, { body: {} })
  expect(late).toMatchObject({ status: 409, body: { detail: 'The alert is resolved already.', current: { id } } })
  const rows = await api.world.database
    .selectFrom('audit_log')
    .select(['actor', 'action', 'reason'])
    .where('subject_id', '=', id)
    .orderBy('id')
    .execute()
  expect(rows).toEqual([
    { actor: 'operator:olga', action: 'finance_alert.acknowledged', reason: 'asked GSC' },
    { actor: 'operator:olga', action: 'finance_alert.resolved', reason: 'it came' },
  ])
  const withoutNote = await api.act(`/v1/alerts/${id}/resolve`, OPERATOR, { body: {} })
  expect(withoutNote.status).toBe(400)
})

test('alerts come newest first, in pages that miss none and repeat none', async () => {
  const all = (await get('/v1/alerts?limit=200')).items
  const paged = []
  for (let next: string | null = ''; next !== null; ) {
    const page: { items: unknown[]; next: string | null } = await get(
      `/v1/alerts?limit=1${next === '' ? '' : `&cursor=${next}`}`,
    )
    paged.push(...page.items)
    next = page.next
  }
  expect(paged).toEqual(all)
  expect(all.length).toBeGreaterThan(2)
})
