import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newNetSuiteCredentials } from '../src/netsuite/credentials.ts'
import { type NetSuiteSandbox, startNetSuite } from '../src/netsuite/netsuite.ts'
import { asker, askForToken, assertionFor, tokenBasedHeader } from './netsuite-account.ts'

let netsuite: NetSuiteSandbox
let clockAheadMs = 0
beforeAll(async () => {
  netsuite = await startNetSuite({ now: () => new Date(Date.now() + clockAheadMs) })
})
afterAll(() => netsuite.stop())

const PATH = '/services/rest/record/v1/vendor'
const list = (authorization: string, query = '') =>
  fetch(`${netsuite.url}${PATH}${query}`, { headers: { authorization } })

test('an assertion signed with the key of its certificate buys a token that works until it expires', async () => {
  const response = await askForToken(netsuite, await assertionFor(netsuite))
  expect(response.status).toBe(200)
  const reply = (await response.json()) as { access_token: string; expires_in: string }
  expect(reply).toMatchObject({ expires_in: '3600', token_type: 'bearer' })
  expect((await list(`Bearer ${reply.access_token}`)).status).toBe(200)
  clockAheadMs = 3_601_000
  expect((await list(`Bearer ${reply.access_token}`)).status).toBe(401)
  clockAheadMs = 0
})

test('an assertion with a wrong certificate, audience, lifetime or scope buys nothing', async () => {
  const now = Math.floor(Date.now() / 1000)
  const errorFor = async (claims: Parameters<typeof assertionFor>[1]) => {
    const response = await askForToken(netsuite, await assertionFor(netsuite, claims))
    return [response.status, ((await response.json()) as { error: string }).error]
  }
  expect(await errorFor({ kid: 'another' })).toEqual([400, 'invalid_client'])
  expect(await errorFor({ aud: 'https://elsewhere.example' })).toEqual([400, 'invalid_grant'])
  expect(await errorFor({ exp: now - 60 })).toEqual([400, 'invalid_grant'])
  expect(await errorFor({ exp: now + 7200 })).toEqual([400, 'invalid_grant'])
  expect(await errorFor({ scope: 'restlets' })).toEqual([400, 'invalid_scope'])
  const garbage = await askForToken(netsuite, 'not a token')
  expect(await garbage.json()).toMatchObject({ error: 'invalid_grant' })
})

test('an RSA key signs with PS256, and RS256 is refused', async () => {
  const rsa = await startNetSuite({ credentials: newNetSuiteCredentials('rsa') })
  try {
    expect((await askForToken(rsa, await assertionFor(rsa, { alg: 'PS256' }))).status).toBe(200)
    expect((await askForToken(rsa, await assertionFor(rsa, { alg: 'RS256' }))).status).toBe(400)
  } finally {
    await rsa.stop()
  }
})

test('an OAuth 1.0a signature over method, address and query lets in once', async () => {
  const query = { q: `email IS "a!'()*@b.cl"`, limit: '5' }
  const text = `?${new URLSearchParams(query)}`
  const header = tokenBasedHeader(netsuite, { method: 'GET', path: PATH, query })
  expect((await list(header, text)).status).toBe(200)
  const replayed = await list(header, text)
  expect([replayed.status, JSON.stringify(await replayed.json())]).toEqual([
    401,
    expect.stringContaining('INVALID_LOGIN'),
  ])
  expect((await list(tokenBasedHeader(netsuite, { method: 'GET', path: PATH }), text)).status).toBe(401)
})

test('an OAuth 1.0a header of the wrong time, secret or realm is refused', async () => {
  const request = { method: 'GET', path: PATH }
  const late = Math.floor(Date.now() / 1000) - 301
  expect((await list(tokenBasedHeader(netsuite, request, { timestamp: late }))).status).toBe(401)
  expect((await list(tokenBasedHeader(netsuite, request, { secret: 'guessed' }))).status).toBe(401)
  expect((await list(tokenBasedHeader(netsuite, request).replace('1234567_SB1', '1234567-sb1'))).status).toBe(401)
  expect((await list('')).status).toBe(401)
})

test('expired by a knob, tokens stop working at once', async () => {
  const ask = await asker(netsuite)
  expect((await ask('GET', 'vendor')).status).toBe(200)
  netsuite.expireTokens()
  const { status, body } = await ask('GET', 'vendor')
  expect([status, body['o:errorDetails'][0]['o:errorCode']]).toEqual([401, 'INVALID_LOGIN'])
})
