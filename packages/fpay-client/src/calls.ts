import { createClientCredentialsTokens } from '@remesa/provider-http/client-credentials'
import { createHttpClient, type HttpAnswer } from '@remesa/provider-http/http-client'
import { errorByStatus, readAs } from '@remesa/provider-http/read-as'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { z } from 'zod'

export interface FPayConnection {
  /** Scheme and host, and a path if any, without the `/v1`. */
  readonly baseUrl: string
  /** Where tokens come from. Default: `/oauth/token` at the base URL. */
  readonly tokenUrl?: string
  readonly clientId: string
  readonly clientSecret: string
  /** For one request, from its turn to the last byte of its answer. */
  readonly timeoutMs: number
  readonly maxConcurrent: number
  readonly logger?: Pick<Logger, 'debug'>
  readonly metrics?: Pick<Metrics, 'providerCall'>
}

export interface FPayRequest {
  /** In our words, for errors and metrics. */
  readonly operation: string
  /** Below `/v1`. */
  readonly path: string
  /** With one it is a POST. */
  readonly json?: unknown
  readonly idempotencyKey?: string
}

export interface FPayCalls {
  /** @throws ProviderError when no answer came, or no token could be had */
  call(request: FPayRequest): Promise<HttpAnswer>
  close(): void
}

/** Requests to FPay with a token that is fetched when needed. Holds connections open: call `close` when done. */
export function createFPayCalls(options: FPayConnection): FPayCalls {
  const { baseUrl, timeoutMs, maxConcurrent, logger, metrics } = options
  const http = createHttpClient({ provider: 'fpay', baseUrl, timeoutMs, maxConcurrent, logger, metrics })
  const tokenUrl = options.tokenUrl ?? `${baseUrl.replace(/\/+$/, '')}/oauth/token`
  const tokens = createClientCredentialsTokens({ ...options, provider: 'fpay', tokenUrl })
  return {
    call: ({ operation, path, json, idempotencyKey }) =>
      tokens.withToken((token) =>
        http.request({
          operation,
          method: json === undefined ? 'GET' : 'POST',
          path: `/v1${path}`,
          headers: {
            authorization: `Bearer ${token}`,
            ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
          },
          json,
        }),
      ),
    close() {
      http.close()
      tokens.close()
    },
  }
}

const codeSchema = z.object({ code: z.string() })

/** @throws ProviderError for anything but a success with this body */
export function readSuccess<Schema extends z.ZodType>(schema: Schema, answer: HttpAnswer): z.output<Schema> {
  const { status, body } = answer
  if (status < 200 || status > 299) throw errorByStatus(answer, codeSchema.safeParse(body).data?.code)
  return readAs(schema, answer)
}
