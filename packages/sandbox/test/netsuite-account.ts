import { createHmac, randomUUID } from 'node:crypto'
import { importPKCS8, SignJWT } from 'jose'
import type { MarketplaceDocument } from '../src/marketplace.ts'
import type { NetSuiteSandbox } from '../src/netsuite/netsuite.ts'

/** Plain HTTP to the sandbox's NetSuite, signed here by the facts and by no client of ours. */

const ROOT = '/services/rest/record/v1'
export const TOKEN_PATH = '/services/rest/auth/oauth2/v1/token'

export interface Claims {
  readonly kid?: string
  readonly aud?: string
  readonly exp?: number
  readonly scope?: string
  readonly alg?: string
}

export async function assertionFor(netsuite: NetSuiteSandbox, claims: Claims = {}): Promise<string> {
  const { credentials, url } = netsuite
  const alg = claims.alg ?? 'ES256'
  const seconds = Math.floor(Date.now() / 1000)
  return new SignJWT({ scope: claims.scope ?? 'rest_webservices' })
    .setProtectedHeader({ typ: 'JWT', alg, kid: claims.kid ?? credentials.certificateId })
    .setIssuer(credentials.clientId)
    .setAudience(claims.aud ?? `${url}${TOKEN_PATH}`)
    .setIssuedAt(seconds)
    .setExpirationTime(claims.exp ?? seconds + 300)
    .sign(await importPKCS8(credentials.privateKeyPem, alg))
}

export const askForToken = (netsuite: NetSuiteSandbox, assertion: string): Promise<Response> =>
  fetch(netsuite.url + TOKEN_PATH, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }),
  })

export async function tokenOf(netsuite: NetSuiteSandbox): Promise<string> {
  const response = await askForToken(netsuite, await assertionFor(netsuite))
  const { access_token } = (await response.json()) as { access_token: string }
  return access_token
}

export interface Answer {
  readonly status: number
  readonly location: string
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into whatever JSON came
  readonly body: any
}

export type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>

/** Asks with an access token; paths that start with a record type are taken as record paths. */
export async function asker(netsuite: NetSuiteSandbox): Promise<Ask> {
  const token = await tokenOf(netsuite)
  return async (method, path, body, headers = {}) => {
    const response = await fetch(netsuite.url + (path.startsWith('/') ? path : `${ROOT}/${path}`), {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const location = (response.headers.get('location') ?? '').replace(`${netsuite.url}${ROOT}/`, '')
    return { status: response.status, location, body: text === '' ? undefined : JSON.parse(text) }
  }
}

/** Rows of a SuiteQL query; an error's sentence instead, when it was refused. */
export async function suiteQl(ask: Ask, q: string, query = ''): Promise<Answer['body']> {
  const { status, body } = await ask('POST', `/services/rest/query/v1/suiteql${query}`, { q }, { prefer: 'transient' })
  return status === 200 ? body : body['o:errorDetails'][0]
}

export function tokenBasedHeader(
  netsuite: NetSuiteSandbox,
  request: { method: string; path: string; query?: Record<string, string> },
  given: { nonce?: string; timestamp?: number; secret?: string } = {},
): string {
  const { account, consumerKey, consumerSecret, tokenId, tokenSecret } = netsuite.credentials
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const oauth: Record<string, string> = {
    oauth_consumer_key: consumerKey,
    oauth_token: tokenId,
    oauth_signature_method: 'HMAC-SHA256',
    oauth_timestamp: String(given.timestamp ?? Math.floor(Date.now() / 1000)),
    oauth_nonce: given.nonce ?? randomUUID(),
    oauth_version: '1.0',
  }
  const all = Object.entries({ ...oauth, ...request.query }).map(
    ([name, value]) => [encode(name), encode(value)] as const,
  )
  const joined = all
    .toSorted()
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const base = [request.method, encode(netsuite.url + request.path), encode(joined)].join('&')
  const key = `${encode(given.secret ?? consumerSecret)}&${encode(tokenSecret)}`
  oauth.oauth_signature = createHmac('sha256', key).update(base).digest('base64')
  const fields = Object.entries(oauth).map(([name, value]) => `${name}="${encode(value)}"`)
  return `OAuth realm="${account}",${fields.join(',')}`
}

export const document = (fields: Partial<MarketplaceDocument> = {}): MarketplaceDocument => ({
  documentType: 'vendorBill',
  tranId: 'B-1',
  gscSellerId: 'S1',
  country: 'cl',
  date: '2026-11-20',
  currency: 'CLP',
  amount: '1000',
  ...fields,
})
