import { afterEach, expect, test } from '@jest/globals'
import { allTransientFaults, createFaults, FAULT_KINDS } from './faults.ts'
import { type ErrorShapes, Refusal } from './http.ts'
import { type SandboxServer, type SandboxServerOptions, startServer } from './server.ts'

const errors: ErrorShapes = {
  badRequest: (message) => ({ status: 400, body: { message } }),
  notFound: (path) => ({ status: 404, body: { message: `no ${path}` } }),
  serverError: (status) => ({ status, body: { message: 'down' } }),
  rateLimited: (seconds) => ({ status: 429, headers: { 'retry-after': String(seconds) }, body: {} }),
}

const faults = createFaults()
let server: SandboxServer | undefined
let worked: string[] = []
afterEach(async () => {
  await server?.stop()
  faults.set({ rates: {} })
  worked = []
})

async function start(options: Partial<SandboxServerOptions> = {}): Promise<string> {
  server = await startServer({
    errors,
    faults,
    routes: [
      {
        method: 'POST',
        path: '/things/:id',
        subject: ({ params }) => params.id ?? '',
        authenticate: ({ headers }) => {
          if (headers.authorization === 'wrong') throw new Refusal({ status: 401, body: {} })
        },
        handle: (request) => {
          request.json()
          worked.push(request.params.id ?? '')
          return { status: 201, body: { id: request.params.id } }
        },
      },
    ],
    ...options,
  })
  return server.url
}

const post = (url: string, body = '{}', headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body, headers })

test('a request is matched, its path decoded, and counted per route and in total', async () => {
  const url = await start()
  expect(await (await post(`${url}/things/a%2Fb`)).json()).toEqual({ id: 'a/b' })
  expect((await fetch(`${url}/nothing`)).status).toBe(404)
  expect(server?.calls()).toEqual({ total: 2, 'POST /things/:id': 1, unknown: 1 })
})

test('a body that is not JSON and one that is too large each get a clear 400', async () => {
  const url = await start()
  const broken = await post(`${url}/things/1`, '{"a":')
  expect(broken.status).toBe(400)
  expect(await broken.json()).toEqual({ message: expect.stringContaining('not JSON') })
  expect((await post(`${url}/things/1`, 'x'.repeat(8 * 1024 * 1024 + 1))).status).toBe(400)
  expect(worked).toEqual([])
})

test('a scripted fault strikes its subject once, before or after the work as its kind says', async () => {
  const url = await start()
  for (const kind of FAULT_KINDS) faults.script({ kind, subject: kind, route: 'POST /things/:id' })
  expect((await post(`${url}/things/error-before`)).status).toBeGreaterThanOrEqual(500)
  expect((await post(`${url}/things/error-after`)).status).toBeGreaterThanOrEqual(500)
  await expect(post(`${url}/things/lost-response`)).rejects.toThrow()
  expect((await post(`${url}/things/garbage-before`)).status).toBe(200)
  expect((await post(`${url}/things/garbage-after`)).status).toBe(200)
  const limited = await post(`${url}/things/rate-limited`)
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1'])
  expect(worked).toEqual(['error-after', 'lost-response', 'garbage-after'])
  expect((await post(`${url}/things/error-before`)).status).toBe(201)
})

test('faults are transient: at most two of a kind per subject, however high the rate', async () => {
  const url = await start()
  faults.set({ rates: { 'error-before': 1 } })
  const statuses = []
  for (let call = 0; call < 4; call += 1) statuses.push((await post(`${url}/things/1`)).status)
  expect(statuses.map((status) => status >= 500)).toEqual([true, true, false, false])
})

test('the same seed gives each subject the same faults, whatever comes in between', () => {
  const struckOf = (subjects: string[]) => {
    const those = createFaults(allTransientFaults(0.3, 42))
    return subjects.filter((subject) => those.strikes('error-before', subject)).sort()
  }
  const subjects = Array.from({ length: 500 }, (_, index) => `payable-${index}`)
  const struck = struckOf(subjects)
  expect(struck).toEqual(struckOf(subjects.toReversed()))
  expect(struck.length).toBeGreaterThan(100)
  expect(struck.length).toBeLessThan(200)
})

test('a plan with a rate outside 0..1 is refused', () => {
  expect(() => createFaults({ rates: { latency: 1.5 } })).toThrow()
})

test('a caller without credentials meets 401, whatever faults are on', async () => {
  const url = await start()
  faults.set({ rates: { 'error-before': 1 } })
  expect((await post(`${url}/things/1`, '{}', { authorization: 'wrong' })).status).toBe(401)
})

test('requests beyond the concurrency limit are answered 429 and do no work', async () => {
  const url = await start({ maxConcurrent: 2, latencyMs: 60 })
  const statuses = await Promise.all([1, 2, 3, 4, 5].map(async (id) => (await post(`${url}/things/${id}`)).status))
  expect(statuses.sort()).toEqual([201, 201, 429, 429, 429])
  expect(worked).toHaveLength(2)
  expect(server?.mostAtOnce()).toBe(2)
})
