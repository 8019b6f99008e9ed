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
