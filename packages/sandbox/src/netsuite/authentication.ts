import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose'
import type { Refusal, Reply, SandboxRequest } from '../kit/http.ts'
import type { NetSuiteCredentials } from './credentials.ts'
import { refusal } from './refusal.ts'

export const TOKEN_PATH = '/services/rest/auth/oauth2/v1/token'
/** RS256 is not among them (facts: netsuite §7). */
const ASSERTION_ALGORITHMS = ['PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512']
const LONGEST_ASSERTION_SECONDS = 3600
const TBA_WINDOW_SECONDS = 300

export interface AuthenticationOptions {
  readonly credentials: NetSuiteCredentials
  /** How long an access token lives, seconds. */
  readonly tokenLifetimeSeconds: number
  readonly now: () => Date
  /** Known once the server listens. */
  readonly url: () => string
}

/** OAuth 2.0 client credentials and token-based authentication, as NetSuite checks them (facts: netsuite §7). */
export interface Authentication {
  /** The token endpoint. */
  issueToken(request: SandboxRequest): Promise<Reply>
  /** @throws Refusal 401 unless the request carries a living access token or a fresh, right OAuth 1.0a signature. */
  check(request: SandboxRequest): void
  /** Every access token out there stops working. */
  expireTokens(): void
}

export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { credentials, now } = options
  const tokens = new Map<string, number>()
  const nonces = new Map<string, number>()
  const seconds = () => Math.floor(now().getTime() / 1000)

  async function issueToken(request: SandboxRequest): Promise<Reply> {
    const form = request.form()
    if (form.get('grant_type') !== 'client_credentials') return denied('invalid_request', 'grant_type')
    if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') {
      return denied('invalid_request', 'client_assertion_type')
    }
    // Within containers the address that callers use is not the one that the server listens on.
    const audience = [options.url(), `http://${request.headers.host}`].map((origin) => origin + TOKEN_PATH)
    const problem = await assertionProblem(form.get('client_assertion') ?? '', audience)
    if (problem !== undefined) return problem
    const token = randomBytes(32).toString('base64url')
    tokens.set(token, seconds() + options.tokenLifetimeSeconds)
    return {
      status: 200,
      body: { access_token: token, expires_in: String(options.tokenLifetimeSeconds), token_type: 'bearer' },
    }
  }

  async function assertionProblem(assertion: string, audience: string[]): Promise<Reply | undefined> {
    let claims: Record<string, unknown>
    try {
      const { alg, kid } = decodeProtectedHeader(assertion)
      if (kid !== credentials.certificateId) return denied('invalid_client', 'kid names no certificate')
      if (alg === undefined || !ASSERTION_ALGORITHMS.includes(alg)) return denied('invalid_client', 'alg')
      const key = await importSPKI(credentials.publicKeyPem, alg)
      const verified = await jwtVerify(assertion, key, {
        algorithms: ASSERTION_ALGORITHMS,
        issuer: credentials.clientId,
        audience,
        requiredClaims: ['iat', 'exp'],
        currentDate: now(),
      })
      claims = verified.payload
    } catch (error) {
      return denied('invalid_grant', (error as Error).message)
    }
    if (Number(claims.exp) - Number(claims.iat) > LONGEST_ASSERTION_SECONDS) {
      return denied('invalid_grant', `exp - iat is over ${LONGEST_ASSERTION_SECONDS} s`)
    }
    if (Number(claims.iat) > seconds() + TBA_WINDOW_SECONDS) return denied('invalid_grant', 'iat lies in the future')
    const scopes = [claims.scope].flat().flatMap((scope) => String(scope).split(/[ ,]+/))
    return scopes.includes('rest_webservices') ? undefined : denied('invalid_scope', 'rest_webservices is missing')
  }

  function checkTokenBased(request: SandboxRequest, header: string): void {
    const given = oauthParameters(header)
    const of = (name: string) => given.get(name) ?? ''
    const realm = credentials.account
    if (of('realm') !== realm) throw invalidLogin(`realm is not ${realm}`)
    if (of('oauth_signature_method') !== 'HMAC-SHA256') throw invalidLogin('oauth_signature_method is not HMAC-SHA256')
    if (of('oauth_version') !== '1.0') throw invalidLogin('oauth_version is not 1.0')
    if (of('oauth_consumer_key') !== credentials.consumerKey) throw invalidLogin('unknown consumer key')
    if (of('oauth_token') !== credentials.tokenId) throw invalidLogin('unknown token')
    const timestamp = Number(of('oauth_timestamp'))
    if (!(Math.abs(seconds() - timestamp) <= TBA_WINDOW_SECONDS)) throw invalidLogin('timestamp out of the window')
    const host = request.headers.host ?? new URL(options.url()).host
    const expected = tokenBasedSignature({ request, host, given, credentials })
    if (!sameText(of('oauth_signature'), expected)) throw invalidLogin('wrong signature')
    // Last, so that a forged request cannot use up the nonce of an honest one.
    const nonce = of('oauth_nonce')
    if (nonce === '' || nonces.has(nonce)) throw invalidLogin('nonce used before')
    nonces.set(nonce, timestamp)
    forgetOld(nonces, seconds() - 2 * TBA_WINDOW_SECONDS)
  }

  return {
    issueToken,
    check(request) {
      const header = request.headers.authorization ?? ''
      if (header.startsWith('OAuth ')) return checkTokenBased(request, header)
      const token = /^Bearer (.+)$/i.exec(header)?.[1]
      const expiry = token === undefined ? undefined : tokens.get(token)
      if (expiry === undefined) throw invalidLogin('unknown access token')
      if (expiry <= seconds()) throw invalidLogin('the access token has expired')
    },
    expireTokens: () => tokens.clear(),
  }
}

const denied = (error: string, description: string): Reply => ({
  status: 400,
  body: { error, error_description: description },
})

/** The reason is the sandbox's courtesy: the real one tells it only in its login audit trail. */
const invalidLogin = (reason: string): Refusal =>
  refusal(
    401,
    'INVALID_LOGIN',
    `Invalid login attempt. For more details, see the Login Audit Trail. (sandbox: ${reason})`,
  )

function oauthParameters(header: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [, name, value] of header.matchAll(/(\w+)="([^"]*)"/g)) {
    try {
      parameters.set(name ?? '', decodeURIComponent(value ?? ''))
    } catch {
      throw invalidLogin(`${name} is not percent-encoded`)
    }
  }
  return parameters
}

function tokenBasedSignature(parts: {
  request: SandboxRequest
  host: string
  given: Map<string, string>
  credentials: NetSuiteCredentials
}): string {
  const { request, host, given, credentials } = parts
  const parameters: [string, string][] = [...request.query].map(([name, value]) => [encode(name), encode(value)])
  for (const [name, value] of given) {
    if (name !== 'realm' && name !== 'oauth_signature') parameters.push([encode(name), encode(value)])
  }
  // By name, then by value; sorting the joined text would put `limit2` before `limit`.
  const ascending = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const sorted = parameters
    .sort((a, b) => ascending(a[0], b[0]) || ascending(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
  const url = new URL(request.path, `http://${host}`)
  const base = [request.method, encode(url.origin + request.path), encode(sorted.join('&'))].join('&')
  const key = `${encode(credentials.consumerSecret)}&${encode(credentials.tokenSecret)}`
  return createHmac('sha256', key).update(base).digest('base64')
}

/** RFC 3986: also `!'()*`, which encodeURIComponent leaves. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Maps keep the order of insertion, so the oldest come first. */
function forgetOld(times: Map<string, number>, before: number): void {
  for (const [key, time] of times) {
    if (time >= before) return
    times.delete(key)
  }
}
