import { createHmac } from 'node:crypto'

export interface TokenBasedCredentials {
  readonly consumerKey: string
  readonly consumerSecret: string
  readonly tokenId: string
  readonly tokenSecret: string
}

export interface SignedRequest {
  readonly method: string
  /** The whole address as it is requested, query included. Bodies of JSON are not signed. */
  readonly url: string
  /** Account id as in the realm: upper case, underscore. */
  readonly realm: string
  /** Seconds since 1970; NetSuite allows five minutes of difference. */
  readonly timestamp: number
  /** Never used twice. */
  readonly nonce: string
}

/** The Authorization header of NetSuite's token-based authentication: OAuth 1.0a, HMAC-SHA256 (facts: netsuite §7, RFC 5849). */
export function oauth1Header(request: SignedRequest, credentials: TokenBasedCredentials): string {
  const oauth: [string, string][] = [
    ['oauth_consumer_key', credentials.consumerKey],
    ['oauth_token', credentials.tokenId],
    ['oauth_signature_method', 'HMAC-SHA256'],
    ['oauth_timestamp', String(request.timestamp)],
    ['oauth_nonce', request.nonce],
    ['oauth_version', '1.0'],
  ]
  const key = `${encodeRfc3986(credentials.consumerSecret)}&${encodeRfc3986(credentials.tokenSecret)}`
  const signature = createHmac('sha256', key).update(baseString(request, oauth)).digest('base64')
  // The realm is told but not signed.
  return `OAuth ${[['realm', request.realm], ...oauth, ['oauth_signature', signature]]
    .map(([name = '', value = '']) => `${name}="${encodeRfc3986(value)}"`)
    .join(',')}`
}

/** What is signed: method, address without query, and every parameter of query and header, encoded, then sorted. */
function baseString({ method, url }: SignedRequest, oauth: readonly [string, string][]): string {
  const { origin, pathname, searchParams } = new URL(url)
  const parameters = [...searchParams, ...oauth]
    .map(([name, value]) => ({ name: encodeRfc3986(name), value: encodeRfc3986(value) }))
    .sort((a, b) => byCode(a.name, b.name) || byCode(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
  return [method.toUpperCase(), origin + pathname, parameters.join('&')].map(encodeRfc3986).join('&')
}

/** Encoded text is ASCII, so the order of code units is the order of bytes that RFC 5849 asks for. */
const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Percent-encodes all but RFC 3986's unreserved characters; encodeURIComponent leaves `!'()*` as they are. */
export const encodeRfc3986 = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
