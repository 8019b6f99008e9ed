import type { HttpAnswer, HttpClient, HttpRequest } from '@remesa/provider-http/http-client'
import { type RetryOptions, retrying } from '@remesa/provider-http/retrying'
import type { Logger } from '@remesa/service-kit/logger'
import { answerError, isOverload } from './answer-error.ts'
import type { Authenticated } from './authentication.ts'
import { createThrottle } from './throttle.ts'

export type NetSuiteRequest = Pick<HttpRequest, 'operation' | 'method' | 'path' | 'json'> & {
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Asks until NetSuite answers 2xx, within the tries allowed. Everything this package asks may be repeated.
 * @throws ProviderError
 */
export type Ask = (request: NetSuiteRequest) => Promise<HttpAnswer>

interface Parts {
  readonly http: HttpClient
  /** Without a slash at the end. */
  readonly baseUrl: string
  readonly authenticated: Authenticated
  readonly maxConcurrent: number
  readonly retry: Pick<RetryOptions, 'tries' | 'firstMs' | 'maxMs'>
  readonly logger?: Pick<Logger, 'warn'> | undefined
}

/** Authenticated, repeated, and fewer at once while NetSuite says that there are too many. */
export function createAsk({ http, baseUrl, authenticated, maxConcurrent, retry, logger }: Parts): Ask {
  const throttle = createThrottle(http, maxConcurrent)

  async function askOnce({ operation, method, path, json, headers }: NetSuiteRequest): Promise<HttpAnswer> {
    let inFlight = 0
    let load: ReturnType<typeof throttle.begin> | undefined
    const answer = await authenticated({ method, url: baseUrl + path }, (authorization) =>
      http.request({
        operation,
        method,
        path,
        json,
        headers: () => {
          inFlight = http.inFlight
          load = throttle.begin()
          return { ...headers, authorization: authorization() }
        },
      }),
    )
    if (answer.status >= 200 && answer.status < 300) {
      load?.succeeded()
      return answer
    }
    const error = answerError(answer, { nearLimit: maxConcurrent > 1 && inFlight >= maxConcurrent * 0.8 })
    if (isOverload(error)) load?.overloaded()
    throw error
  }

  return (request) =>
    retrying(() => askOnce(request), {
      ...retry,
      onRetry({ operation, status, code }, { attempt, delayMs }) {
        const facts = { provider: 'netsuite', operation, status, code, attempt, delayMs: Math.round(delayMs) }
        logger?.warn({ ...facts, concurrency: http.concurrency }, 'netsuite is asked again')
      },
    })
}
