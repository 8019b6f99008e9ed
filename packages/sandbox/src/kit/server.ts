import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { drawn, type Faults } from './faults.ts'
import { createRouter, type ErrorShapes, Refusal, type Reply, type Route, type SandboxRequest } from './http.ts'

const MAX_BODY_BYTES = 8 * 1024 * 1024
const GARBAGE = ['<html><body>502 Bad Gateway</body></html>', '{"unexpected":true}', '{"trunca', '[]', '']

export interface SandboxServerOptions {
  readonly routes: readonly Route[]
  readonly errors: ErrorShapes
  readonly faults: Faults
  /** Default 0: any free port. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Requests worked on at once, beyond which the provider answers 429. Default: no limit. */
  readonly maxConcurrent?: number
  /** Time that every request takes before its work, milliseconds. Default 0. */
  readonly latencyMs?: number
  /** Headers of every reply, e.g. the caller's request id given back. */
  readonly replyHeaders?: (headers: IncomingHttpHeaders) => Readonly<Record<string, string>>
}

export interface SandboxServer {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  readonly url: string
  /** Requests received per route (`POST /v1/payouts`) and in `total`; unknown paths count as `unknown`. */
  calls(): Record<string, number>
  /** The highest number of requests worked on at once so far. */
  mostAtOnce(): number
  /** Cuts every connection and stops listening. */
  stop(): Promise<void>
}

/**
 * One provider over HTTP. A request is counted, matched, held to `maxConcurrent`, authenticated, exposed to the faults
 * that strike before the work, worked on, and exposed to those that strike after it.
 */
export async function startServer(options: SandboxServerOptions): Promise<SandboxServer> {
  const { errors, faults } = options
  const find = createRouter(options.routes)
  const counts: Record<string, number> = { total: 0 }
  let working = 0
  let mostAtOnce = 0

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const target = incoming.url ?? '/'
    const question = target.indexOf('?')
    const path = question === -1 ? target : target.slice(0, question)
    const method = incoming.method ?? 'GET'
    const match = find(method, path)
    const name = match?.name ?? 'unknown'
    counts.total = (counts.total ?? 0) + 1
    counts[name] = (counts[name] ?? 0) + 1

    for (const [header, value] of Object.entries(options.replyHeaders?.(incoming.headers) ?? {})) {
      outgoing.setHeader(header, value)
    }
    const rawBody = await bodyOf(incoming)
    if (rawBody === 'too large') return send(outgoing, errors.badRequest(`body over ${MAX_BODY_BYTES} bytes`))
    if (!match) return send(outgoing, errors.notFound(path))
    if (working >= (options.maxConcurrent ?? Number.POSITIVE_INFINITY)) {
      return send(outgoing, errors.tooManyAtOnce?.() ?? errors.rateLimited(faults.retryAfterSeconds))
    }
    working += 1
    mostAtOnce = Math.max(mostAtOnce, working)
    try {
      const request = toRequest({ incoming, method, path, target, rawBody, params: match.params, errors })
      const reply = await work(match.route, name, request)
      if (reply === 'lost') outgoing.destroy()
      else send(outgoing, reply)
    } finally {
      working -= 1
    }
  }

  async function work(route: Route, name: string, request: SandboxRequest): Promise<Reply | 'lost'> {
    try {
      route.authenticate?.(request)
      const subject = route.subject?.(request) ?? request.path
      const waitMs = (options.latencyMs ?? 0) + faults.latencyMs(subject, name)
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))

      if (faults.strikes('error-before', subject, name)) return errors.serverError(serverErrorFor(subject))
      if (faults.strikes('rate-limited', subject, name)) return errors.rateLimited(faults.retryAfterSeconds)
      if (faults.strikes('garbage-before', subject, name)) return garbageFor(subject, faults)

      const reply = await route.handle(request)

      if (faults.strikes('lost-response', subject, name)) return 'lost'
      if (faults.strikes('error-after', subject, name)) return errors.serverError(serverErrorFor(subject))
      if (faults.strikes('garbage-after', subject, name)) return garbageFor(subject, faults)
      return reply
    } catch (error) {
      if (error instanceof Refusal) return error.reply
      throw error
    }
  }

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => {
      // A bug of the sandbox must not pass for a fault of the provider.
      process.stderr.write(`sandbox: ${incoming.method} ${incoming.url}: ${(error as Error).stack ?? error}\n`)
      if (!outgoing.headersSent) send(outgoing, { status: 500, body: { sandboxBug: String(error) } })
    })
  })
  // Longer than any client keeps an idle connection: closing it first would look like a lost response that nobody asked for.
  server.keepAliveTimeout = 120_000
  server.headersTimeout = 125_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', () => resolve())
  })
  const { address, port } = server.address() as AddressInfo
  return {
    url: `http://${address}:${port}`,
    calls: () => ({ ...counts }),
    mostAtOnce: () => mostAtOnce,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

const serverErrorFor = (subject: string): 500 | 503 => (drawn(`status ${subject}`) < 0.5 ? 500 : 503)

function garbageFor(subject: string, faults: Faults): Reply {
  const struck = faults.injected()
  const pick = Math.floor(drawn(`${subject} ${struck['garbage-before'] + struck['garbage-after']}`) * GARBAGE.length)
  return { status: 200, headers: { 'content-type': 'application/json' }, body: GARBAGE[pick] ?? '' }
}

interface RequestParts {
  incoming: IncomingMessage
  method: string
  path: string
  target: string
  rawBody: Buffer
  params: Record<string, string>
  errors: ErrorShapes
}

function toRequest({ incoming, method, path, target, rawBody, params, errors }: RequestParts): SandboxRequest {
  let query: URLSearchParams | undefined
  let parsed: { value: unknown } | undefined
  let form: URLSearchParams | undefined
  return {
    method,
    path,
    target,
    headers: incoming.headers,
    rawBody,
    params,
    get query() {
      query ??= new URLSearchParams(target.slice(path.length))
      return query
    },
    json() {
      if (parsed) return parsed.value
      try {
        parsed = { value: JSON.parse(rawBody.toString('utf8')) }
      } catch (error) {
        throw new Refusal(errors.badRequest(`the body is not JSON: ${(error as Error).message}`))
      }
      return parsed.value
    },
    form() {
      form ??= new URLSearchParams(rawBody.toString('utf8'))
      return form
    },
  }
}

const NOTHING = Buffer.alloc(0)

async function bodyOf(incoming: IncomingMessage): Promise<Buffer | 'too large'> {
  const { headers } = incoming
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return NOTHING
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk as Buffer)
  }
  if (size > MAX_BODY_BYTES) return 'too large'
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

function send(outgoing: ServerResponse, { status, headers, body }: Reply): void {
  if (outgoing.destroyed) return // the caller hung up first
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  outgoing.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...headers })
  outgoing.end(text)
}
