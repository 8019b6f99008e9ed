import { randomUUID } from 'node:crypto'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { currentTraceparent } from '@remesa/service-kit/trace'
import axios, { type AxiosInstance, type AxiosResponse } from 'axios'
import PQueue from 'p-queue'
import { createConnections } from './connections.ts'
import { type CallFacts, failureOf } from './failure.ts'
import { nodeAdapter } from './node-adapter.ts'
import { NoAnswerError, ProviderError } from './provider-error.ts'

/** Names in lower case. */
export type RequestHeaders = Readonly<Record<string, string>>

export interface HttpRequest {
  /** What is asked, in our words: names the call in errors, logs and metrics. Few different values, no ids. */
  readonly operation: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From the base URL on, query included, already encoded. */
  readonly path: string
  /** Given as a function they are made when the request gets its place: a signature must not grow old in the queue. */
  readonly headers?: RequestHeaders | (() => RequestHeaders)
  /** Sent as JSON. `JSON.rawJSON` values keep exact decimals. */
  readonly json?: unknown
  /** Sent as application/x-www-form-urlencoded, instead of `json`. */
  readonly form?: Readonly<Record<string, string>>
  /** Gives up waiting; the request may have been done all the same. */
  readonly signal?: AbortSignal | undefined
  /** For one slow operation; the client's time-out otherwise. */
  readonly timeoutMs?: number
}

/** Any answer, whatever its status. */
export interface HttpAnswer {
  readonly provider: string
  readonly operation: string
  readonly status: number
  /** Names in lower case. A header that came several times is joined by a comma. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The body as JSON; the text itself when it is not JSON, and undefined when there is none. */
  readonly body: unknown
  /** The body as it came, for records that must be exact: `JSON.parse` rounds long numbers. */
  readonly raw: string
  /** The provider's id of this request, else the one we sent in `X-Request-Id`. */
  readonly requestId: string
}

export interface HttpClient {
  /**
   * Waits for a free place, then asks once: no retry, no redirect.
   * @throws NoAnswerError when none came in time; ProviderError `garbled` when it is no readable HTTP or too large
   */
  request(request: HttpRequest): Promise<HttpAnswer>
  /** How many requests may be under way at once; may be lowered and raised while the client works. */
  concurrency: number
  /** How many requests are under way now. */
  readonly inFlight: number
  /** Closes the idle connections. */
  close(): void
}

export interface HttpClientOptions {
  /** `netsuite`, `gsc`, …: names the provider in errors, logs and metrics. */
  readonly provider: string
  /** Scheme and host, and a path where the provider has one; no trailing slash needed. */
  readonly baseUrl: string
  /** From the moment a request gets its place to the last byte of its answer. */
  readonly timeoutMs: number
  /** For the connection alone. Default: 5 s, or `timeoutMs` when that is less. */
  readonly connectTimeoutMs?: number
  readonly maxConcurrent: number
  /** A larger answer is refused. Default 8 MiB. */
  readonly maxAnswerBytes?: number
  /** Sent with every request. */
  readonly headers?: RequestHeaders
  readonly logger?: Pick<Logger, 'debug'> | undefined
  readonly metrics?: Pick<Metrics, 'providerCall'> | undefined
}

/**
 * A keep-alive HTTP client for one provider. Statuses are answers, never errors: the provider's own package reads them.
 * @throws TypeError when the base URL is none
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { provider, timeoutMs, maxConcurrent, logger, metrics } = options
  const connections = createConnections({
    maxConcurrent,
    connectTimeoutMs: Math.min(options.connectTimeoutMs ?? 5_000, timeoutMs),
  })
  const baseUrl = new URL(options.baseUrl)
  const instance = axios.create({
    adapter: nodeAdapter({ baseUrl, connections, maxAnswerBytes: options.maxAnswerBytes ?? 8 * 1024 * 1024 }),
    validateStatus: null,
    // Bodies are written and read here; axios would guess at their type, and quietly hand over broken JSON as text.
    transformRequest: [],
    transformResponse: [],
    headers: { accept: 'application/json', 'user-agent': 'remesa', ...options.headers },
  })
  const places = new PQueue({ concurrency: maxConcurrent })

  async function timed(request: HttpRequest, call: CallFacts, traceparent: string | undefined): Promise<HttpAnswer> {
    const startedAt = performance.now()
    let outcome = 'no_answer'
    try {
      const answer = await send(instance, request, call, { timeoutMs: request.timeoutMs ?? timeoutMs, traceparent })
      outcome = answer.status >= 200 && answer.status < 300 ? 'ok' : String(answer.status)
      return answer
    } finally {
      const ms = performance.now() - startedAt
      metrics?.providerCall({ provider, operation: call.operation, outcome }, { seconds: ms / 1000 })
      logger?.debug({ ...call, outcome, ms: Math.round(ms) }, 'provider call')
    }
  }

  return {
    async request(request) {
      const { operation, signal } = request
      const call = { provider, operation, requestId: randomUUID() }
      const traceparent = currentTraceparent() // the queue runs its tasks in whatever trace frees a place
      let begun = false
      try {
        return await places.add(() => {
          begun = true
          return timed(request, call, traceparent)
        }, signal && { signal })
      } catch (error) {
        // An abort takes a waiting request out of the queue, and rejects with whatever reason its caller gave.
        const aborted = signal?.aborted && !(error instanceof ProviderError)
        throw aborted ? new NoAnswerError({ ...call, code: 'ABORTED', sent: begun }) : error
      }
    },
    get concurrency() {
      return places.concurrency
    },
    set concurrency(value) {
      places.concurrency = value
    },
    get inFlight() {
      return places.pending
    },
    close: connections.close,
  }
}

async function send(
  instance: AxiosInstance,
  request: HttpRequest,
  call: CallFacts,
  { timeoutMs, traceparent }: { timeoutMs: number; traceparent: string | undefined },
): Promise<HttpAnswer> {
  const { method, path, json, form, signal } = request
  const stop = new AbortController()
  // axios limits the silence between two bytes, not the whole: an answer that drips would hold its place for ever.
  const timer = setTimeout(() => stop.abort(TIMED_OUT), timeoutMs)
  const giveUp = () => stop.abort()
  signal?.addEventListener('abort', giveUp)
  const headers: Record<string, string> = { 'x-request-id': call.requestId }
  if (traceparent) headers.traceparent = traceparent
  if (json !== undefined) headers['content-type'] = 'application/json'
  if (form) headers['content-type'] = 'application/x-www-form-urlencoded'
  Object.assign(headers, typeof request.headers === 'function' ? request.headers() : request.headers)
  try {
    const data = form ? new URLSearchParams(form).toString() : json === undefined ? undefined : JSON.stringify(json)
    const response = await instance.request<string>({ method, url: path, headers, data, signal: stop.signal })
    return answerOf(response, call)
  } catch (error) {
    throw failureOf(error, call, { timedOut: stop.signal.reason === TIMED_OUT })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}

const TIMED_OUT = Symbol('timed out')

function answerOf({ status, headers: received, data: raw }: AxiosResponse<string>, call: CallFacts): HttpAnswer {
  const headers = Object.fromEntries(
    Object.entries(received).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]),
  )
  const requestId = headers['request-id'] ?? headers['x-request-id'] ?? call.requestId
  return { provider: call.provider, operation: call.operation, status, headers, body: parsed(raw), raw, requestId }
}

function parsed(raw: string): unknown {
  if (raw === '') return undefined
  try {
    return JSON.parse(raw)
  } catch {
    return raw // an error page, say: a schema refuses it, and names what it expected
  }
}
