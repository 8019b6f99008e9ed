import { z } from 'zod'
import { type AccessTokens, createAccessTokens } from './access-token.ts'
import { createHttpClient, type HttpClientOptions } from './http-client.ts'
import { errorByStatus, errorFor, readAs } from './read-as.ts'

export interface ClientCredentialsOptions
  extends Pick<HttpClientOptions, 'provider' | 'timeoutMs' | 'logger' | 'metrics'> {
  /** The whole URL of the token endpoint. */
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** Space-separated, as the provider names them. Default: none is sent. */
  readonly scope?: string
}

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() })

/** Access tokens by OAuth 2.0 client credentials, ours given as HTTP Basic (RFC 6749 §4.4). */
export function createClientCredentialsTokens(options: ClientCredentialsOptions): AccessTokens & { close(): void } {
  const { provider, clientId, clientSecret, scope, timeoutMs, logger, metrics } = options
  const { origin, pathname, search } = new URL(options.tokenUrl)
  const http = createHttpClient({ provider, baseUrl: origin, timeoutMs, maxConcurrent: 1, logger, metrics })
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`

  async function fetchToken() {
    const answer = await http.request({
      operation: 'get token',
      method: 'POST',
      path: pathname + search,
      headers: { authorization },
      form: { grant_type: 'client_credentials', ...(scope !== undefined && { scope }) },
    })
    // A client that the provider does not know may also be told with a 400 (RFC 6749 §5.2).
    if (answer.status === 400) throw errorFor(answer, { kind: 'unavailable', credentials: true })
    if (answer.status < 200 || answer.status > 299) throw errorByStatus(answer)
    const { access_token, expires_in } = readAs(tokenSchema, answer)
    return { token: access_token, lifeMs: expires_in * 1000 }
  }

  return { ...createAccessTokens({ fetchToken }), close: http.close }
}
