import { afterEach, expect, test } from '@jest/globals'
import { type OidcOptions, type OidcSandbox, startOidc } from '@remesa/sandbox/oidc'
import { createAuthenticate } from '../src/authentication.ts'
import { createIssuer, type IssuerOptions, type PendingSignIn } from '../src/sign-in/issuer.ts'

const issuers: OidcSandbox[] = []
afterEach(async () => {
  for (const issuer of issuers.splice(0)) await issuer.stop()
})

async function aClient(options: OidcOptions = {}, changes: (oidc: OidcSandbox) => Partial<IssuerOptions> = () => ({})) {
  const oidc = await startOidc(options)
  issuers.push(oidc)
  const authenticate = createAuthenticate({
    issuer: oidc.issuer,
    audience: oidc.credentials.audience,
    jwksUrl: oidc.jwksUrl,
    rolesClaim: 'roles',
    now: () => new Date(),
  })
  const issuer = createIssuer({
    issuer: oidc.issuer,
    clientId: oidc.credentials.clientId,
    clientSecret: undefined,
    publicUrl: 'http://localhost:8082',
    rolesClaim: 'roles',
    authenticate,
    ...changes(oidc),
  })
  /** Signs somebody in as far as the answer of the issuer. */
  const signIn = async (person: string): Promise<[URL, PendingSignIn]> => {
    const { url, pending } = await issuer.start({ loginHint: person })
    const response = await fetch(url, { redirect: 'manual' })
    return [new URL(response.headers.get('location') ?? ''), pending]
  }
  return { oidc, issuer, signIn }
}

test('roles that stand in the access token alone are found there', async () => {
  const { issuer, signIn } = await aClient({ rolesIn: 'access-token' })
  expect(await issuer.finish(...(await signIn('adam')))).toEqual({ subject: 'adam', name: 'Adam', roles: ['approver'] })
})

test('whose access token is not for us may sign in, and do nothing', async () => {
  const elsewhere = await aClient()
  const authenticate = createAuthenticate({
    issuer: elsewhere.oidc.issuer,
    audience: 'another API',
    jwksUrl: elsewhere.oidc.jwksUrl,
    rolesClaim: 'roles',
    now: () => new Date(),
  })
  const { issuer, signIn } = await aClient({ rolesIn: 'access-token' }, () => ({ authenticate }))
  expect(await issuer.finish(...(await signIn('adam')))).toMatchObject({ subject: 'adam', roles: [] })
})

test('an answer to another question is refused: state, nonce and verifier must all be the ones that were sent', async () => {
  const { issuer, signIn } = await aClient()
  for (const wrong of ['state', 'nonce', 'verifier'] as const) {
    const [url, pending] = await signIn('olga')
    const [, other] = await signIn('olga')
    await expect(issuer.finish(url, { ...pending, [wrong]: other[wrong] })).rejects.toMatchObject({
      name: 'SignInError',
      kind: 'sign-in-failed',
    })
  }
  expect(await issuer.finish(...(await signIn('olga')))).toMatchObject({ subject: 'olga' })
})

test('an issuer that calls itself otherwise is not believed', async () => {
  const { issuer } = await aClient({ issuer: 'https://login.example.com' }, ({ url }) => ({ issuer: url }))
  await expect(issuer.start({ loginHint: undefined })).rejects.toMatchObject({ kind: 'sign-in-unavailable' })
})

test('whoever signs out goes to the issuer’s own sign-out only if it has one', async () => {
  const { issuer } = await aClient()
  expect(await issuer.signOutUrl()).toBeUndefined()
})
