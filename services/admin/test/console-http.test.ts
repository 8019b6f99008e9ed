import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { ApiError, at, cookieOf, createHttp, createIntent, pageOf, queryString } from '../console/src/http.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** The console's client, speaking to a server that answers like this. */
async function against(listener: RequestListener) {
  const server = createServer(listener).listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  closing.push(() => server.close().closeAllConnections())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return createHttp({ fetch: (path, init) => fetch(base + path, init), cookies: () => 'a=1; remesa_csrf=t%3Dk; b=2' })
}

const answering =
  (status: number, type: string, body: string): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': type }).end(body)

const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ApiError)) throw new Error(`an ApiError was expected, not ${error}`)
  return { kind: error.kind, status: error.status, message: error.message }
}

test('a problem of the API is told in its own sentence', async () => {
  const body = JSON.stringify({ type: 'urn:x', title: 'Not permitted', status: 403, detail: 'This needs a role.' })
  const http = await against(answering(403, 'application/problem+json; charset=utf-8', body))
  expect(await failure(http.get('/v1/me'))).toEqual({ kind: 'refused', status: 403, message: 'This needs a role.' })
})

test('a problem without a sentence is told by its title', async () => {
  const http = await against(answering(409, 'application/problem+json', '{"title":"It does not fit"}'))
  expect(await failure(http.write('/v1/x', {}, 'k'))).toEqual({
    ...{ kind: 'refused', status: 409, message: 'It does not fit' },
  })
})

test.each([
  ['a gateway’s page', 502, 'text/html', '<h1>Bad gateway</h1>'],
  ['JSON that is none', 500, 'application/json', '{"title":'],
  ['JSON that is no problem', 500, 'application/json', '[1]'],
  ['a success that is no JSON', 200, 'text/html', '<!doctype html>'],
  ['a success that breaks off', 200, 'application/json', '{"items":['],
])('%s is one clear error', async (_name, status, type, body) => {
  const http = await against(answering(status, type, body))
  expect(await failure(http.get('/v1/x'))).toMatchObject({ kind: 'garbled', status })
})

test('no answer is told apart from a refusal, since what was asked may have been done', async () => {
  const http = await against((request) => request.socket.destroy())
  expect(await failure(http.write('/v1/x', {}, 'k'))).toMatchObject({ kind: 'unreachable', status: 0 })
})

test('a request that is not wanted any more is no failure of the API', async () => {
  const http = await against(() => {})
  const wanted = new AbortController()
  const answer = http.get('/v1/x', {}, wanted.signal)
  wanted.abort()
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
})

test('what acts carries its key and the token that proves that it is the console’s own', async () => {
  const http = await against((request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(request.headers)),
  )
  expect(await http.write('/v1/x', { reason: 'r' }, 'key-1')).toMatchObject({
    'idempotency-key': 'key-1',
    'x-csrf-token': 't=k',
    'content-type': 'application/json',
  })
})

test('the same request keeps its key until an answer is known; a changed one is another', () => {
  const intent = createIntent()
  const first = intent.keyFor({ reason: 'a' })
  expect(first).toMatch(/^[0-9a-f]{32}$/)
  expect(intent.keyFor({ reason: 'a' })).toBe(first)
  const changed = intent.keyFor({ reason: 'b' })
  expect(changed).not.toBe(first)
  intent.answered()
  expect(intent.keyFor({ reason: 'b' })).not.toBe(changed)
})

test('addresses are encoded, and what is empty is not asked', () => {
  expect(at`/v1/balances/${'a/b?c'}`).toBe('/v1/balances/a%2Fb%3Fc')
  expect(queryString({ q: 'a b&c', status: '', cursor: undefined, limit: 5 })).toBe('?q=a+b%26c&limit=5')
  expect(queryString({})).toBe('')
  expect(cookieOf('xremesa_csrf=1', 'remesa_csrf')).toBeUndefined()
})

test('a page is read whatever its list is called', () => {
  expect(pageOf({ items: [1], next: 'c' })).toEqual({ items: [1], next: 'c' })
  expect(pageOf({ payouts: [2], next: null })).toEqual({ items: [2], next: null })
  expect(pageOf(null)).toEqual({ items: [], next: null })
})
