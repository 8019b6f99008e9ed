import { randomUUID } from 'node:crypto'
import * as http from 'node:http'
import * as https from 'node:https'
import { NOT_ADMITTED } from '@remesa/domain/rail'
import { NoAnswerError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import type { Stripe } from 'stripe'
import type { Limiter, Verdict } from './limiter.ts'

/** `type` of the error that stands for an answer that is not one of Stripe's. */
export const UNREADABLE = 'unreadable_answer'

export interface Transport {
  readonly client: Stripe.HttpClient
  close(): void
}

export interface TransportOptions {
  readonly protocol: 'http' | 'https'
  readonly concurrent: number
  readonly limiter: Limiter
  readonly logger?: Pick<Logger, 'debug'> | undefined
  readonly metrics?: Pick<Metrics, 'providerCall'> | undefined
}

/**
 * How the SDK's requests travel: at our pace, over connections that stay open, one request per call.
 *
 * The SDK's own client limits the silence between two bytes, not the whole; it repeats a request whose connection
 * broke, whatever its retries are set to; and it cannot survive JSON that is no object. Here a request ends in time, is
 * never repeated (the same key would make that harmless, but the protocol owns retries, and each counts against the
 * limit), and every answer comes back as an object with its status, so that nothing but status and code need be asked.
 */
export function createTransport({ protocol, concurrent, limiter, logger, metrics }: TransportOptions): Transport {
  const settings: http.AgentOptions = {
    keepAlive: true,
    maxSockets: concurrent,
    maxFreeSockets: concurrent,
    timeout: IDLE_MS,
  }
  const agent = protocol === 'http' ? new http.Agent(settings) : new https.Agent(settings)

  async function makeRequest(...args: Parameters<Stripe.HttpClient['makeRequest']>) {
    const [host, port, path, method, headers, body, , timeoutMs] = args
    const endpoint = endpointOf(method, path)
    const call: CallFacts = { provider: 'stripe', operation: endpoint, requestId: randomUUID() }
    const turn = await limiter.take(endpoint)
    if (!('end' in turn)) {
      const retryAfterMs = Math.ceil(turn.busyForMs)
      throw withoutAnswer(new NoAnswerError({ ...call, code: NOT_ADMITTED, sent: false, retryAfterMs }))
    }

    const startedAt = performance.now()
    let outcome = 'no_answer'
    let verdict: Verdict = 'other'
    try {
      const request = { host, port, path, method, headers: headers as http.OutgoingHttpHeaders, agent }
      const answer = await exchange(protocol === 'http' ? http : https, request, { body, timeoutMs, call })
      outcome = answer.status >= 200 && answer.status < 300 ? 'ok' : String(answer.status)
      verdict = verdictOf(answer)
      return responseOf(answer)
    } finally {
      turn.end(verdict)
      const ms = performance.now() - startedAt
      metrics?.providerCall({ provider: 'stripe', operation: endpoint, outcome }, { seconds: ms / 1000 })
      logger?.debug({ ...call, outcome, ms: Math.round(ms) }, 'provider call')
    }
  }

  return { client: { getClientName: () => 'remesa', makeRequest }, close: () => agent.destroy() }
}

/** Idle connections are closed by us before Stripe does it: a request sent into a closing one would have no answer. */
const IDLE_MS = 20_000
const MAX_ANSWER_BYTES = 8 * 1024 * 1024

interface CallFacts {
  readonly provider: string
  readonly operation: string
  readonly requestId: string
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly json: Record<string, unknown>
}

/** Method and path with ids left out, which is what Stripe's limits are counted by. */
function endpointOf(method: string, path: string): string {
  const [, version = '', resource = '', id, ...rest] = path.split('?')[0]?.split('/') ?? []
  return `${method} /${[version, resource, ...(id === undefined ? [] : [':id']), ...rest].join('/')}`
}

/** An error without a code of its own: a broken connection's would make the SDK repeat the request. */
const withoutAnswer = (cause: NoAnswerError): Error => new Error('no answer', { cause })

interface Exchange {
  readonly body: string
  readonly timeoutMs: number
  readonly call: CallFacts
}

function exchange(
  { request }: Pick<typeof http, 'request'>,
  options: http.RequestOptions,
  { body, timeoutMs, call }: Exchange,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (code: string | undefined, sent = true) => {
      clearTimeout(timer)
      reject(withoutAnswer(new NoAnswerError({ ...call, code, sent })))
      outgoing.destroy()
    }
    const timer = setTimeout(() => fail('TIMEOUT'), timeoutMs)
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = []
      let size = 0
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size > MAX_ANSWER_BYTES) fail('ANSWER_TOO_LARGE')
      })
      incoming.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'ANSWER_BROKE_OFF'))
      incoming.on('end', () => {
        clearTimeout(timer)
        resolve(answerOf(incoming, Buffer.concat(chunks).toString('utf8')))
      })
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => fail(error.code, !NEVER_SENT.has(error.syscall ?? '')))
    outgoing.end(body)
  })
}

/** Looking up the name and connecting come before the first byte. */
const NEVER_SENT: ReadonlySet<string> = new Set(['getaddrinfo', 'connect'])

function answerOf({ statusCode: status = 0, headers: received }: http.IncomingMessage, text: string): Answer {
  const headers = Object.fromEntries(
    Object.entries(received).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]),
  )
  const json = objectIn(text)
  const isStripes = json && (status < 300 || isObject(json.error))
  return { status, headers, json: isStripes ? json : { error: { type: UNREADABLE, message: `HTTP ${status}` } } }
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined // a page of some proxy: it is told as unreadable
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Facts: stripe §6. A 429 without a reason is about one object when it says `lock_timeout`, else about our haste. */
function verdictOf({ status, headers, json }: Answer): Verdict {
  if (status !== 429) return 'accepted'
  switch (headers['stripe-rate-limited-reason']) {
    case 'global-rate':
      return 'account_rate'
    case 'global-concurrency':
    case 'endpoint-concurrency':
      return 'concurrency'
    case 'resource-specific':
      return 'other'
    default:
      return isObject(json.error) && json.error.code === 'lock_timeout' ? 'other' : 'endpoint_rate'
  }
}

/** What the SDK asks of an answer. */
function responseOf({ status, headers, json }: Answer): Stripe.HttpClientResponse {
  return {
    getStatusCode: () => status,
    getHeaders: () => headers,
    getRawResponse: () => ({ headers, statusCode: status }),
    toStream() {
      throw new Error('no answer of Stripe is read as a stream here')
    },
    toJSON: () => Promise.resolve(json),
  }
}
