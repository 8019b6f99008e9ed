import type { IncomingHttpHeaders } from 'node:http'

/** A request as handlers see it: body read, path matched. */
export interface SandboxRequest {
  readonly method: string
  /** Path without the query, still encoded. */
  readonly path: string
  /** Path and query as they came: what signatures are computed over. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly rawBody: Buffer
  /** The path's `:names`, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The body as JSON. @throws Refusal: the provider's own 400, when it is none. */
  json(): unknown
  /** The body as `application/x-www-form-urlencoded`. */
  form(): URLSearchParams
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** An object goes out as JSON, a string as plain text, undefined as an empty body. */
  readonly body?: unknown
}

/** Thrown by whatever finds the request wanting; the server answers with its reply. */
export class Refusal extends Error {
  readonly reply: Reply
  constructor(reply: Reply) {
    super(`refused with ${reply.status}`)
    this.reply = reply
  }
}

/** How one provider words the errors that every server gives. */
export interface ErrorShapes {
  badRequest(message: string): Reply
  notFound(path: string): Reply
  serverError(status: 500 | 503): Reply
  rateLimited(retryAfterSeconds: number): Reply
  /** Over `maxConcurrent`; `rateLimited` when left out. */
  tooManyAtOnce?(): Reply
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Segments, of which `:name` matches any one: `/v1/payouts/:id`. Literal routes go before those with names. */
  readonly path: string
  /** The payable, record or seller a request is about: faults are limited per subject. Default: the path as it came. */
  readonly subject?: (request: SandboxRequest) => string
  /** Runs before the faults: an unauthenticated caller meets 401, whatever else goes wrong. @throws Refusal */
  readonly authenticate?: (request: SandboxRequest) => void
  /** Does the work. */
  readonly handle: (request: SandboxRequest) => Reply | Promise<Reply>
}

export const routeName = (route: Pick<Route, 'method' | 'path'>): string => `${route.method} ${route.path}`

/** Finds a request's route. */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => Match | undefined {
  const known = routes.map((route) => ({ route, name: routeName(route), segments: route.path.split('/') }))
  return (method, path) => {
    const segments = path.split('/')
    for (const candidate of known) {
      if (candidate.route.method !== method || candidate.segments.length !== segments.length) continue
      const params = matched(candidate.segments, segments)
      if (params) return { route: candidate.route, name: candidate.name, params }
    }
    return undefined
  }
}

interface Match {
  readonly route: Route
  readonly name: string
  readonly params: Record<string, string>
}

function matched(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (part.startsWith(':')) {
      if (segment === '') return undefined
      try {
        params[part.slice(1)] = decodeURIComponent(segment)
      } catch {
        return undefined // a broken escape names nothing that we have
      }
    } else if (part !== segment) return undefined
  }
  return params
}
