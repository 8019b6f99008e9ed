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
 * Asks until NetSuite answers 2xx and the answer can be read, within the tries allowed. Everything this package asks
 * may be repeated.
 * @param read - takes what is wanted from the answer; throws ProviderError `garbled` when it is not there
 * @throws ProviderError
 */
export type Ask = <Wanted>(request: NetSuiteRequest, read: (answer: HttpAnswer) => Wanted) => Promise<Wanted>

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

  let underWay = 0
  const isNearLimit = () => http.concurrency > 1 && underWay >= http.concurrency * 0.8

  /** Sends once, and tells whether about as many requests as may be were under way when it left or came back. */
  async function sendOnce(request: NetSuiteRequest, authorization: () => string) {
    let nearLimit = false
    let load: ReturnType<typeof throttle.begin> | undefined
    const headers = () => {
      underWay += 1
      nearLimit = isNearLimit()
      load = throttle.begin()
      return { ...request.headers, authorization: authorization() }
    }
    try {
      const answer = await http.request({ ...request, headers })
      return { answer, nearLimit: nearLimit || isNearLimit(), load }
    } finally {
      if (load) underWay -= 1
    }
  }

  async function askOnce(request: NetSuiteRequest): Promise<HttpAnswer> {
    let last: Awaited<ReturnType<typeof sendOnce>> | undefined
    const answer = await authenticated(
      { method: request.method, url: baseUrl + request.path },
      async (authorization) => {
        last = await sendOnce(request, authorization)
        return last.answer
      },
    )
    if (answer.status >= 200 && answer.status < 300) {
      last?.load?.succeeded()
      return answer
    }
    const error = answerError(answer, { nearLimit: last?.nearLimit ?? false })
    if (isOverload(error)) last?.load?.overloaded()
    throw error
  }

  return (request, read) =>
    retrying(async () => read(await askOnce(request)), {
      ...retry,
      onRetry({ operation, status, code }, { attempt, delayMs }) {
        const facts = { provider: 'netsuite', operation, status, code, attempt, delayMs: Math.round(delayMs) }
        logger?.warn({ ...facts, concurrency: http.concurrency }, 'netsuite is asked again')
      },
    })
}
