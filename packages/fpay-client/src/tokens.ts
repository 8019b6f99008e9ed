import { type AccessTokens, createAccessTokens } from '@remesa/provider-http/access-token'
import { createHttpClient, type HttpClientOptions } from '@remesa/provider-http/http-client'
import { errorByStatus, errorFor, readAs } from '@remesa/provider-http/read-as'
import { z } from 'zod'

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() })

interface FPayTokenOptions extends Pick<HttpClientOptions, 'timeoutMs' | 'logger' | 'metrics'> {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
}

/** FPay's access tokens: OAuth 2.0 client credentials, half an hour each (facts: marketplace §4). */
export function createFPayTokens(options: FPayTokenOptions): AccessTokens & { close(): void } {
  const { clientId, clientSecret, timeoutMs, logger, metrics } = options
  const { origin, pathname, search } = new URL(options.tokenUrl)
  const http = createHttpClient({ provider: 'fpay', baseUrl: origin, timeoutMs, maxConcurrent: 1, logger, metrics })
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')

  async function fetchToken() {
    const answer = await http.request({
      operation: 'get token',
      method: 'POST',
      path: pathname + search,
      headers: { authorization: `Basic ${basic}` },
      form: { grant_type: 'client_credentials' },
    })
    // RFC 6749 §5.2 gives 400 for a client it does not know, too.
    if (answer.status === 400) throw errorFor(answer, { kind: 'unavailable', credentials: true })
    if (answer.status !== 200) throw errorByStatus(answer)
    const { access_token, expires_in } = readAs(tokenSchema, answer)
    return { token: access_token, lifeMs: expires_in * 1000 }
  }

  return { ...createAccessTokens({ fetchToken }), close: http.close }
}
