import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { securityHeaders } from '../src/security-headers.ts'
import { type Api, anApi } from './an-api.ts'

let directory: string
let api: Api
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'remesa-console-'))
  const dist = join(directory, 'dist')
  await mkdir(join(dist, 'assets'), { recursive: true })
  await writeFile(join(directory, 'secret.txt'), 'nobody reads this')
  await writeFile(join(dist, 'index.html'), '<!doctype html><title>the page</title>')
  await writeFile(join(dist, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  await writeFile(join(dist, 'assets/index-abc123.js'), 'the script')
  api = await anApi({ consoleDirectory: dist })
})
afterAll(async () => {
  await api.stop()
  await rm(directory, { recursive: true })
})

const get = async (path: string, method = 'GET') => {
  const { status, headers, body } = await api.ask(method, path)
  return { status, type: headers.get('content-type'), cache: headers.get('cache-control'), body }
}

test.each(['/', '/index.html', '/payouts/17?tab=ledger', '/sellers/SC%2F1', '/nowhere'])(
  '%s is the console’s page, which is looked for anew each time',
  async (path) => {
    expect(await get(path)).toEqual({
      status: 200,
      type: 'text/html; charset=utf-8',
      cache: 'no-cache',
      body: expect.stringContaining('the page'),
    })
    expect(await get(path, 'HEAD')).toMatchObject({ status: 200, body: '' })
  },
)

test('files that are named after their content are kept for good; others are not', async () => {
  expect(await get('/assets/index-abc123.js')).toEqual({
    status: 200,
    type: expect.stringMatching(/^(text|application)\/javascript/),
    cache: 'public, max-age=31536000, immutable',
    body: 'the script',
  })
  expect(await get('/favicon.svg')).toMatchObject({ status: 200, cache: 'no-cache' })
})

test.each([
  ['GET', '/assets/index-old999.js'],
  ['GET', '/robots.txt'],
  ['GET', '/v1/nothing'],
  ['GET', '/v1'],
  ['GET', '/auth/nothing'],
  ['GET', '/docs/nothing'],
  ['POST', '/payouts/17'],
  ['DELETE', '/'],
  ['GET', '/..%2fsecret.txt'],
  ['GET', '/%2e%2e/secret.txt'],
  ['GET', '/assets/..%2f..%2fsecret.txt'],
])('%s %s is no address, and says so in JSON', async (method, path) => {
  const { status, type, body } = await get(path, method)
  expect([status === 403 ? 404 : status, type?.split(';')[0]]).toEqual([404, 'application/problem+json'])
  expect(JSON.stringify(body)).not.toContain('nobody reads this')
})

test('without a built console its pages are 503 and say what to do; the API answers all the same', async () => {
  const bare = await anApi()
  try {
    expect(await bare.ask('GET', '/')).toMatchObject({
      status: 503,
      body: { type: 'urn:remesa:problem:console-missing', detail: expect.stringContaining('console/build.ts') },
    })
    expect((await bare.ask('GET', '/openapi.json')).status).toBe(200)
  } finally {
    await bare.stop()
  }
})

test.each(['/', '/assets/index-abc123.js', '/v1/me', '/v1/nothing', '/auth/callback', '/openapi.json'])(
  'what browsers may do with %s is told with it',
  async (path) => {
    const { headers } = await api.ask('GET', path)
    const policy = headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|data:|https?:|\*/)
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    })
    expect(headers.has('x-powered-by') || headers.has('server')).toBe(false)
  },
)

test('behind https browsers are told to use nothing else', () => {
  expect(securityHeaders('https://remesa.example.com')['strict-transport-security']).toMatch(/^max-age=\d{8}$/)
  expect(securityHeaders('http://127.0.0.1:8082')).not.toHaveProperty('strict-transport-security')
})

test('the API’s description can be browsed: a page, its scripts and the document, all from here', async () => {
  const page = await api.ask('GET', '/docs')
  expect([page.status, page.body]).toEqual([200, expect.stringContaining('swagger-ui-bundle.js')])
  expect(page.body).not.toMatch(/https?:|<script>|<style/)
  for (const [, source] of String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)) {
    expect((await api.ask('GET', new URL(source ?? '', `${api.url}/docs`).pathname)).status).toBe(200)
  }
  const { body } = await api.ask('GET', '/docs/json')
  const described = (await api.ask('GET', '/openapi.json')).body
  expect([body.info, Object.keys(body.paths)]).toEqual([described.info, Object.keys(described.paths)])
})
