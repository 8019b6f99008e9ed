import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto'
import { type AccessToken, createAccessTokens } from '@remesa/provider-http/access-token'
import type { HttpAnswer, HttpClient } from '@remesa/provider-http/http-client'
import { errorByStatus, errorFor, readAs } from '@remesa/provider-http/read-as'
import { SignJWT } from 'jose'
import { z } from 'zod'
import { oauth1Header, type TokenBasedCredentials } from './oauth1-signature.ts'

export type AssertionAlgorithm = 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512'

export type NetSuiteAuth =
  /** Token-based authentication, OAuth 1.0a; not for new integrations from 2027.1 on. */
  | ({ readonly kind: 'tba' } & TokenBasedCredentials)
  /** OAuth 2.0 client credentials with a certificate. */
  | {
      readonly kind: 'oauth2'
      readonly clientId: string
      /** NetSuite's id of the uploaded certificate: the `kid` of our assertions. */
      readonly certificateId: string
      /** PKCS #8. RSA of 3072 bits and more for PS…, P-256, P-384 or P-521 for ES…. */
      readonly privateKeyPem: string
      readonly algorithm: AssertionAlgorithm
    }

/** Asks with our credentials. `authorization` is called when the request leaves, since a signature is good for minutes. */
export type Authenticated = (
  target: { readonly method: string; readonly url: string },
  send: (authorization: () => string) => Promise<HttpAnswer>,
) => Promise<HttpAnswer>

interface Account {
  readonly http: HttpClient
  /** Without a slash at the end. */
  readonly baseUrl: string
  readonly accountId: string
}

/** @throws Error when the private key cannot be read */
export function authenticate(auth: NetSuiteAuth, account: Account): Authenticated {
  if (auth.kind === 'oauth2') {
    const tokens = createAccessTokens({ fetchToken: tokenFetcher(auth, account) })
    return (_, send) => tokens.withToken((token) => send(() => `Bearer ${token}`))
  }
  const realm = account.accountId.toUpperCase().replaceAll('-', '_')
  return ({ method, url }, send) =>
    send(() => {
      const timestamp = Math.floor(Date.now() / 1000)
      return oauth1Header({ method, url, realm, timestamp, nonce: randomBytes(16).toString('hex') }, auth)
    })
}

const TOKEN_PATH = '/services/rest/auth/oauth2/v1/token'
/** NetSuite allows up to an hour; an assertion is used at once, and one that leaks should not live. */
const ASSERTION_SECONDS = 300

function tokenFetcher(auth: NetSuiteAuth & { kind: 'oauth2' }, { http, baseUrl }: Account) {
  const key = readKey(auth.privateKeyPem)
  const audience = `${baseUrl}${TOKEN_PATH}`

  return async function fetchToken(): Promise<AccessToken> {
    const now = Math.floor(Date.now() / 1000)
    const assertion = await new SignJWT({ scope: ['rest_webservices'] })
      .setProtectedHeader({ typ: 'JWT', alg: auth.algorithm, kid: auth.certificateId })
      .setIssuer(auth.clientId)
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(now + ASSERTION_SECONDS)
      .sign(key)
    const answer = await http.request({
      operation: 'get access token',
      method: 'POST',
      path: TOKEN_PATH,
      form: {
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      },
    })
    if (answer.status === 200) {
      const { access_token, expires_in } = readAs(tokenSchema, answer)
      return { token: access_token, lifeMs: expires_in * 1000 }
    }
    const code = tokenErrorSchema.safeParse(answer.body).data?.error
    // Whatever it dislikes in an assertion is ours to repair: the certificate, its mapping, or our clock.
    if (answer.status === 400 && code) throw errorFor(answer, { kind: 'unavailable', code, credentials: true })
    throw errorByStatus(answer, code)
  }
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new Error('the NetSuite private key cannot be read: it must be PKCS #8 in PEM')
  }
}

const tokenSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive(), // a string in places
})
const tokenErrorSchema = z.object({ error: z.string() })
