import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fastify from 'fastify'
import { refuseUnlisted } from '../src/guard.ts'
import { holds, ROLES, ROUTE_ROLES, type RouteName } from '../src/roles.ts'
import { type Api, aKey, anApi, type BrowserSession, everything } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())

const ID = '00000000-0000-4000-8000-000000000000'
/** Of a path that names one thing. */
const ONE = /:(id|name)/
const routes = Object.entries(ROUTE_ROLES) as [RouteName, (typeof ROUTE_ROLES)[RouteName]][]
const guarded = routes.filter(([, role]) => role !== 'anyone')

const A_SETTLEMENT = {
  ...{ settlementId: 'SE-1', contestId: 'CT-1', currency: 'USD', total: '0', status: 'closed' },
  winners: [],
}

/** What a deed is asked with where a reason alone is not it. */
const BODIES: Readonly<Partial<Record<RouteName, object>>> = {
  'POST /v1/alerts/:id/acknowledge': { note: 'a good note' },
  'POST /v1/alerts/:id/resolve': { note: 'a good note' },
  'POST /v1/dead-letters/replay': { ids: [ID], reason: 'a good reason' },
  // No such day: otherwise it would be planned.
  'POST /v1/plans': { kind: 'pay_day', businessDate: '2020-01-01', reason: 'a good reason' },
  'POST /v1/plans/:id/approve': { hash: 'a'.repeat(64), reason: 'a good reason' },
  'POST /v1/plans/:id/apply': { hash: 'a'.repeat(64), reason: 'a good reason' },
  // Half an amount: otherwise it would be set.
  'PUT /v1/plan-rules': { kind: 'pay_day', currency: 'USD', amount: '0.5', reason: 'a good reason' },
  'PUT /v1/caps': { rail: 'nowhere', currency: 'USD', scope: 'run', amount: '1', reason: 'a good reason' },
  // One settlement twice: otherwise it would be stored.
  'POST /v1/settlements': { reason: 'a good reason', settlements: [A_SETTLEMENT, A_SETTLEMENT] },
  'POST /v1/debts/:id/settle': { how: 'forgiven', currency: 'USD', amount: '1', reason: 'a good reason' },
  // No such range: otherwise it would be compared.
  'POST /v1/reconciliations': { books: 'fpay', from: '2026-11-02', to: '2026-11-01', reason: 'a good reason' },
}

/** How that ends. */
const OUTCOMES: Readonly<Partial<Record<RouteName, number>>> = {
  'POST /v1/reconciliations': 400,
  'POST /v1/settlements': 400,
  'PUT /v1/caps': 404,
  'PUT /v1/plan-rules': 400,
  'POST /v1/plans': 404,
}

/** An address of each route that has many. */
const ADDRESSES: Readonly<Partial<Record<RouteName, string>>> = {
  'POST /v1/cooling/:type/:id/release': `/v1/cooling/seller/${ID}/release`,
  'GET /*': '/today',
  'HEAD /*': '/today',
  'GET /docs/static/*': '/docs/static/swagger-ui.css',
  'HEAD /docs/static/*': '/docs/static/swagger-ui.css',
}

/** A request that is right but for who sends it; nothing has this id. */
async function send(route: RouteName, roles?: readonly string[]) {
  const [method = '', listed = ''] = route.replace(ONE, ID).split(' ')
  const path = ADDRESSES[route] ?? listed
  const token = roles && (await api.token({ subject: 'somebody', roles: [...roles] }))
  const deed = ['GET', 'HEAD'].includes(method)
    ? {}
    : { key: aKey(), body: BODIES[route] ?? { reason: 'a good reason' } }
  return api.ask(method, path, { ...deed, ...(token !== undefined && { token }) })
}

test('a server with a route that is not in the table of roles does not come up', async () => {
  const server = fastify({ exposeHeadRoutes: false })
  server.addHook('onRoute', refuseUnlisted)
  server.get('/v1/payouts', async () => 'listed')
  expect(() => server.get('/v1/secrets', async () => 'not listed')).toThrow(
    'GET /v1/secrets is not in the table of routes and roles',
  )
  expect(() => server.delete('/v1/payouts', async () => 'another method')).toThrow(/DELETE \/v1\/payouts/)
})

test('every route of the table is there, and everything that is documented is in the table', async () => {
  for (const [route, role] of routes) {
    const { body, status } = await send(route, role === 'anyone' ? undefined : [role])
    expect([route, status, body?.detail ?? '']).not.toEqual([route, 404, expect.stringContaining('at this address')])
  }
  const { body } = await api.ask('GET', '/openapi.json')
  const documented = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  )
  expect(documented.toSorted()).toEqual(guarded.map(([route]) => route).toSorted())
})

test.each(guarded)('%s asks who it is, and is closed to whoever is not %s: nothing is changed', async (route, role) => {
  const before = await everything(api.world)
  const nobody = await send(route)
  expect(nobody).toMatchObject({ status: 401, body: { type: 'urn:remesa:problem:not-authenticated' } })
  expect(nobody.headers.get('www-authenticate')).toBe('Bearer realm="remesa"')
  for (const lesser of [[], ['stranger'], ...ROLES.slice(0, ROLES.indexOf(role as 'viewer')).map((one) => [one])]) {
    const answer = await send(route, lesser)
    expect(answer).toMatchObject({
      status: 403,
      body: { type: 'urn:remesa:problem:role-lacking', lacks: role, detail: expect.stringContaining(role) },
    })
    expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope')
  }
  for (const enough of ROLES.slice(ROLES.indexOf(role as 'viewer'))) {
    expect((await send(route, [enough])).status).toBe(OUTCOMES[route] ?? (ONE.test(route) ? 404 : 200))
  }
  expect(await everything(api.world)).toBe(before)
})

/** Two of one person, for all that follows: signing in is limited. */
let sessions: readonly [BrowserSession, BrowserSession]
beforeAll(async () => {
  sessions = await Promise.all([api.signIn('adam'), api.signIn('adam')])
})

test.each(guarded.filter(([route]) => !route.startsWith('GET ')))(
  '%s by a session is done only with the session’s own CSRF token',
  async (route) => {
    const before = await everything(api.world)
    const [{ cookie, csrf }, another] = sessions
    const [method = '', listed = ''] = route.replace(ONE, ID).split(' ')
    const path = ADDRESSES[route] ?? listed
    const send = (headers: Readonly<Record<string, string>>) =>
      api.ask(method, path, { key: aKey(), body: BODIES[route] ?? { reason: 'a good reason' }, headers })
    for (const wrong of [{}, { 'x-csrf-token': '' }, { 'x-csrf-token': 'made up' }, { 'x-csrf-token': another.csrf }]) {
      expect(await send({ cookie, ...wrong })).toMatchObject({
        status: 403,
        body: { type: 'urn:remesa:problem:csrf-token-wrong' },
      })
    }
    expect((await send({ cookie, 'x-csrf-token': csrf })).status).toBe(OUTCOMES[route] ?? (ONE.test(route) ? 404 : 200))
    expect(await everything(api.world)).toBe(before)
  },
)

test('a role holds what those before it hold, and an unknown one nothing', () => {
  const table = ROLES.map((held) => ROLES.map((role) => holds([held], role)))
  expect(table).toEqual([
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ])
  expect(holds(['Approver', 'admin', ''], 'viewer')).toBe(false)
})
