import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose'
import { type OidcSandbox, startOidc } from '../src/oidc/oidc.ts'

let oidc: OidcSandbox
beforeAll(async () => {
  oidc = await startOidc()
})
afterAll(() => oidc.stop())

const publishedKeys = async () => (await (await fetch(oidc.jwksUrl)).json()) as JSONWebKeySet
const verify = async (token: string) =>
  jwtVerify(token, createLocalJWKSet(await publishedKeys()), { issuer: oidc.issuer, audience: 'remesa-admin' })

test('a token is signed with a published key, and says who it is for and what the person may do', async () => {
  const token = await oidc.mint({
    subject: 'ana',
    roles: ['viewer', 'approver'],
    rolesClaim: 'https://example.com/roles',
  })
  const { payload } = await verify(token)
  expect(payload).toMatchObject({ iss: oidc.url, aud: 'remesa-admin', sub: 'ana' })
  expect(payload['https://example.com/roles']).toEqual(['viewer', 'approver'])
})

test('its discovery document leads to its keys, and no private part is among them', async () => {
  const response = await fetch(`${oidc.url}/.well-known/openid-configuration`)
  expect(await response.json()).toMatchObject({ issuer: oidc.issuer, jwks_uri: oidc.jwksUrl })
  const { keys } = await publishedKeys()
  for (const key of keys) expect(key).toEqual(expect.not.objectContaining({ d: expect.anything() }))
})

test('expired, early, for somebody else, without a claim: tokens are as wrong as they are wished', async () => {
  await expect(verify(await oidc.mint({ expiresInSeconds: -1 }))).rejects.toThrow(errors.JWTExpired)
  await expect(verify(await oidc.mint({ notBeforeSeconds: 60 }))).rejects.toThrow(/"nbf"/)
  await expect(verify(await oidc.mint({ audience: 'another' }))).rejects.toThrow(/"aud"/)
  await expect(verify(await oidc.mint({ issuer: 'https://evil.example' }))).rejects.toThrow(/"iss"/)
  const { payload } = await verify(await oidc.mint({ claims: { sub: null } }))
  expect(payload.sub).toBeUndefined()
  await expect(oidc.mint({ roles: 'viewer' } as never)).rejects.toThrow()
})

test('after a rotation older tokens stay good until their keys are forgotten', async () => {
  const old = await oidc.mint()
  await oidc.rotateKeys()
  expect((await publishedKeys()).keys).toHaveLength(2)
  await verify(old)
  const { keyId } = await oidc.rotateKeys({ forgetOld: true })
  expect((await publishedKeys()).keys.map(({ kid }) => kid)).toEqual([keyId])
  await expect(verify(old)).rejects.toThrow(errors.JWKSNoMatchingKey)
  expect(await oidc.controls.mint?.({ roles: ['operator'] })).toEqual({ token: expect.stringMatching(/^ey/) })
})

/** What a client asks for; its verifier is `v` forty-three times. */
const VERIFIER = 'v'.repeat(43)
const REDIRECT = 'http://127.0.0.1:8082/auth/callback'
const authorize = (changes: Readonly<Record<string, string>> = {}) =>
  fetch(
    `${oidc.url}/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: 'remesa-console',
      redirect_uri: REDIRECT,
      scope: 'openid profile',
      state: 'the state',
      nonce: 'the nonce',
      code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
      code_challenge_method: 'S256',
      ...changes,
    })}`,
    { redirect: 'manual' },
  )
async function codeFor(person: string): Promise<string> {
  const back = new URL((await authorize({ login_hint: person })).headers.get('location') ?? '')
  expect(back.searchParams.get('state')).toBe('the state')
  expect(back.href.startsWith(`${REDIRECT}?`)).toBe(true)
  return back.searchParams.get('code') ?? ''
}
const exchange = (code: string, changes: Readonly<Record<string, string>> = {}) =>
  fetch(`${oidc.url}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'remesa-console',
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
      code,
      ...changes,
    }),
  })

test('whoever signs in gets a token that says who they are, and one for the API, with their role', async () => {
  const response = await exchange(await codeFor('olga'))
  expect(response.headers.get('cache-control')).toBe('no-store')
  const tokens = (await response.json()) as { token_type: string; id_token: string; access_token: string }
  expect(tokens.token_type).toBe('Bearer')
  expect((await verify(tokens.access_token)).payload).toMatchObject({ sub: 'olga', roles: ['operator'] })
  const keys = createLocalJWKSet(await publishedKeys())
  const { payload } = await jwtVerify(tokens.id_token, keys, { issuer: oidc.issuer, audience: 'remesa-console' })
  expect(payload).toMatchObject({ sub: 'olga', name: 'Olga', roles: ['operator'], nonce: 'the nonce' })
})

test('without a name it asks who it is, and each answer leads on with everything that was asked', async () => {
  for (const changes of [{}, { login_hint: 'nobody that it knows' }]) {
    const response = await authorize(changes)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const links = Array.from((await response.text()).matchAll(/href="([^"]+)"/g), ([, href = '']) => href)
    expect(links).toHaveLength(3)
    for (const link of links) {
      const { status, headers } = await fetch(oidc.url + link.replaceAll('&amp;', '&'), { redirect: 'manual' })
      expect([status, headers.get('location')]).toEqual([302, expect.stringContaining('state=the+state')])
    }
  }
})

test('a code is good once, for the client that asked for it, and not for a stranger', async () => {
  const once = await codeFor('vera')
  expect((await exchange(once)).status).toBe(200)
  const another = await codeFor('vera')
  const answers = [
    await exchange(once),
    await exchange(another, { code_verifier: 'w'.repeat(43) }),
    await exchange(another),
    await exchange(await codeFor('vera'), { redirect_uri: 'http://127.0.0.1:8082/elsewhere' }),
    await exchange('made up'),
  ]
  for (const answer of answers) {
    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_grant' })])
  }
})

test.each([
  ['another machine', { redirect_uri: 'https://evil.example/auth/callback' }],
  ['no address', { redirect_uri: 'javascript:alert(1)' }],
  ['a client that it does not know', { client_id: 'another' }],
  ['no challenge', { code_challenge: '' }],
  ['a challenge that anybody could read', { code_challenge_method: 'plain' }],
  ['tokens at once', { response_type: 'token' }],
])('nobody is sent to, or signed in for, %s', async (_, changes) => {
  const response = await authorize({ login_hint: 'adam', ...changes })
  expect([response.status, response.headers.get('location')]).toEqual([400, null])
  expect(await response.json()).toMatchObject({ error: 'invalid_request' })
})
