import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type OidcSandbox, startOidc } from '@remesa/sandbox/oidc'
import { type Authenticate, createAuthenticate } from '../src/authentication.ts'
import { ProblemError } from '../src/problem.ts'

let oidc: OidcSandbox
beforeAll(async () => {
  oidc = await startOidc()
})
afterAll(() => oidc.stop())

const authenticator = (changes: Partial<Parameters<typeof createAuthenticate>[0]> = {}): Authenticate =>
  createAuthenticate({
    issuer: oidc.issuer,
    audience: 'remesa-admin',
    jwksUrl: oidc.jwksUrl,
    rolesClaim: 'roles',
    now: () => new Date(),
    ...changes,
  })

async function refusal(authorization: string | undefined, authenticate = authenticator()): Promise<ProblemError> {
  try {
    await authenticate(authorization)
  } catch (error) {
    if (error instanceof ProblemError) return error
    throw error
  }
  throw new Error('it was let in')
}

const json = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

test('whoever has a token of the issuer is who it says, with the roles that it gives', async () => {
  const token = await oidc.mint({ subject: 'ana', roles: ['viewer', 'something else'] })
  expect(await authenticator()(`Bearer ${token}`)).toEqual({
    subject: 'ana',
    name: 'ana',
    roles: ['viewer', 'something else'],
    via: 'bearer',
  })
  expect(await authenticator()(`bearer ${token}`)).toMatchObject({ subject: 'ana' })
})

test.each([
  ['a claim of another name', 'https://example.com/roles', { 'https://example.com/roles': ['operator'] }, ['operator']],
  ['a claim within a claim', 'realm_access.roles', { realm_access: { roles: ['operator'] } }, ['operator']],
  ['names with spaces between them', 'scope', { scope: 'openid operator' }, ['openid', 'operator']],
  ['no such claim', 'groups', {}, []],
  ['something else than names', 'groups', { groups: [1, { operator: true }] }, []],
])('roles are found in %s', async (_, rolesClaim, claims, roles) => {
  const token = await oidc.mint({ subject: 'ana', claims })
  expect(await authenticator({ rolesClaim })(`Bearer ${token}`)).toEqual({
    subject: 'ana',
    name: 'ana',
    roles,
    via: 'bearer',
  })
})

test.each([
  ['no token', undefined],
  ['another scheme', 'Basic b2xnYTpodW50ZXIy'],
  ['a scheme alone', 'Bearer '],
  ['two tokens', 'Bearer a b'],
])('%s is 401 and asks for one', async (_, authorization) => {
  const { body, headers } = await refusal(authorization)
  expect(body).toMatchObject({ status: 401, detail: 'Send an access token: "Authorization: Bearer …".' })
  expect(headers['www-authenticate']).toBe('Bearer realm="remesa"')
})

test.each([
  ['that has expired', { expiresInSeconds: -60 }, 'The token has expired.'],
  ['that is not valid yet', { notBeforeSeconds: 120 }, 'The token is not valid yet.'],
  ['for another audience', { audience: 'another' }, 'The token is for another audience.'],
  ['of another issuer', { issuer: 'https://evil.example' }, 'The token is of another issuer.'],
  ['of nobody', { claims: { sub: null } }, 'The token does not say whose it is.'],
  ['of somebody without a name', { claims: { sub: '' } }, 'The token does not say whose it is.'],
  ['of somebody whom no log can name', { claims: { sub: 'a\u0000b' } }, 'The token does not say whose it is.'],
  ['that never expires', { claims: { exp: null } }, 'The token does not say when it expires.'],
])('a token %s is 401, and says why', async (_, wish, detail) => {
  const { body, headers } = await refusal(`Bearer ${await oidc.mint(wish)}`)
  expect(body).toMatchObject({ type: 'urn:remesa:problem:not-authenticated', status: 401, detail })
  expect(headers['www-authenticate']).toBe(
    `Bearer realm="remesa", error="invalid_token", error_description="${detail}"`,
  )
})

test('clocks may differ by half a minute', async () => {
  await authenticator()(`Bearer ${await oidc.mint({ expiresInSeconds: -20 })}`)
  await authenticator()(`Bearer ${await oidc.mint({ notBeforeSeconds: 20 })}`)
})

test('only signatures that the issuer alone can make are accepted', async () => {
  const [head = '', payload = ''] = (await oidc.mint({ roles: ['approver'] })).split('.')
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string }
  const { keys } = (await (await fetch(oidc.jwksUrl)).json()) as { keys: readonly object[] }
  const unsigned = `${json({ alg: 'none', kid })}.${payload}.`
  const shared = `${json({ alg: 'HS256', kid })}.${payload}`
  const withPublicKey = `${shared}.${createHmac('sha256', JSON.stringify(keys[0])).update(shared).digest('base64url')}`
  const detail = 'The token is not signed with an algorithm that is accepted.'
  for (const token of [unsigned, withPublicKey])
    expect((await refusal(`Bearer ${token}`)).body).toMatchObject({ detail })
})

test('a token that somebody changed, or signed with a key of their own, is 401', async () => {
  const [head = '', payload = '', signature = ''] = (await oidc.mint({ roles: ['viewer'] })).split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const changed = [head, json({ ...claims, roles: ['approver'] }), signature].join('.')
  const stranger = await startOidc()
  const theirs = await stranger.mint({ issuer: oidc.issuer, roles: ['approver'] })
  await stranger.stop()
  for (const token of [changed, theirs]) {
    expect((await refusal(`Bearer ${token}`)).body).toMatchObject({
      status: 401,
      detail: 'The token is not signed with a key of the issuer.',
    })
  }
  for (const garbage of ['a', 'a.b.c', `${head}.${payload}`, `${head}.e30.${signature}`]) {
    expect((await refusal(`Bearer ${garbage}`)).body).toMatchObject({ status: 401 })
  }
})

test('keys are read once for many tokens, and again for a key that is new', async () => {
  const reads = () => oidc.calls()['GET /.well-known/jwks.json'] ?? 0
  const authenticate = authenticator({ jwksCooldownMs: 0 })
  const before = reads()
  const old = `Bearer ${await oidc.mint()}`
  for (let time = 0; time < 5; time++) await authenticate(old)
  expect(reads() - before).toBe(1)
  await oidc.rotateKeys()
  await authenticate(`Bearer ${await oidc.mint()}`)
  await authenticate(old)
  expect(reads() - before).toBe(2)
})

test('strangers’ keys do not have the issuer asked again and again', async () => {
  const stranger = await startOidc()
  const theirs = `Bearer ${await stranger.mint({ issuer: oidc.issuer })}`
  await stranger.stop()
  const before = oidc.calls().total ?? 0
  const authenticate = authenticator()
  for (let time = 0; time < 5; time++) await refusal(theirs, authenticate)
  expect((oidc.calls().total ?? 0) - before).toBe(1)
})

test.each([
  ['gone', () => 'http://127.0.0.1:1/keys'],
  ['not there', () => `${oidc.url}/nothing`],
  ['garbage', () => `${oidc.url}/.well-known/openid-configuration`],
])('while the keys are %s it is 503 and not the token’s fault', async (_, jwksUrl) => {
  const { body, headers } = await refusal(`Bearer ${await oidc.mint()}`, authenticator({ jwksUrl: jwksUrl() }))
  expect(body).toMatchObject({ type: 'urn:remesa:problem:keys-unavailable', status: 503 })
  expect(headers['retry-after']).toBe('5')
})
