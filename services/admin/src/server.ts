import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import {
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { actionRoutes } from './actions/action-routes.ts'
import { type ApiParts, OPERATOR } from './api.ts'
import { apiDocs } from './api-docs.ts'
import { API_DOCUMENT } from './api-document/api-document.ts'
import { approvalRoutes } from './approval-routes.ts'
import type { Authenticate } from './authentication.ts'
import { consoleFiles } from './console-files.ts'
import { controlRoutes } from './controls/control-routes.ts'
import { guard, refuseUnlisted } from './guard.ts'
import { payoutRoutes } from './payout-routes.ts'
import { planRoutes } from './plans/plan-routes.ts'
import { planRuleRoutes } from './plans/plan-rule-routes.ts'
import { ProblemError, type ProblemKind, problem } from './problem.ts'
import { reconciliationRoutes } from './reconciliation-routes.ts'
import { operatorRoutes } from './routes/operator-routes.ts'
import { securityHeaders } from './security-headers.ts'
import type { Issuer } from './sign-in/issuer.ts'
import { createSessions } from './sign-in/sessions.ts'
import { signInRoutes } from './sign-in/sign-in-routes.ts'

/** A reason and little else; a route that takes more has its own. */
const BODY_LIMIT_BYTES = 16 * 1024
/** For a whole request to arrive: whoever sends a byte a minute must not hold connections. */
const REQUEST_TIMEOUT_MS = 10_000
const EVENTS = '/v1/events'

interface Parts extends ApiParts {
  readonly authenticate: Authenticate
  /** Signs people in, for the console. */
  readonly issuer: Issuer
  readonly sessionSecret: string
  /** Where browsers find this service: scheme and host. */
  readonly publicUrl: string
  /** The built console. */
  readonly consoleDirectory: string
  /** How many proxies stand before this service. */
  readonly proxyHops: number
  readonly logger: Pick<Logger, 'error' | 'info'>
  readonly metrics: Pick<Metrics, 'requestAnswered'>
}

/**
 * The operators' API, their sign-in and the console. Whoever asks is authenticated and held to the route's role before anything of the request is read.
 * Errors are RFC 9457 problems.
 * @throws Error when a route stands in no table of roles
 */
export async function adminServer(parts: Parts): Promise<FastifyInstance> {
  const { authenticate, sessionSecret, publicUrl } = parts
  const now = () => parts.clock().now
  const sessions = createSessions({ secret: sessionSecret, publicUrl, now })
  const server = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
    trustProxy: (_address, hop) => hop < parts.proxyHops,
    logger: false,
  }).withTypeProvider<ZodTypeProvider>()
  server.removeContentTypeParser('text/plain')
  server.setValidatorCompiler(validatorCompiler)
  server.setSerializerCompiler(serializerCompiler)
  server.decorateRequest(OPERATOR, null)
  server.addHook('onRoute', refuseUnlisted)
  const headers = securityHeaders(publicUrl)
  server.addHook('onRequest', async (_request, reply) => {
    reply.headers(headers)
  })
  await server.register(cookie)
  await server.register(rateLimit, { global: false })
  server.addHook(
    'onRequest',
    guard((request) => {
      const { authorization } = request.headers
      return authorization === undefined ? sessions.operatorOf(request) : authenticate(authorization)
    }),
  )
  server.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  })
  server.addHook(
    'onResponse',
    async ({ method, routeOptions: { url }, params }, { statusCode: status, elapsedTime }) => {
      // A stream of events lasts as long as somebody looks: that says nothing of how fast it was answered.
      if (url !== EVENTS) {
        parts.metrics.requestAnswered({ method, route: url ?? 'none', status }, { seconds: elapsedTime / 1_000 })
      }
      if (method === 'GET' && status < 400) return
      parts.logger.info({ method, path: url, id: (params as { id?: string }).id, status }, 'a request was answered')
    },
  )
  server.setErrorHandler((error: FastifyError | ProblemError, request, reply) => {
    const answer = error instanceof ProblemError ? error : problemOf(error, request.routeOptions.bodyLimit)
    if (answer.body.status === 500) {
      parts.logger.error({ err: error, method: request.method, path: request.routeOptions.url }, 'a request failed')
    }
    return sendProblem(reply, answer)
  })
  await server.register(swagger, API_DOCUMENT)
  payoutRoutes(server, parts)
  approvalRoutes(server, parts)
  operatorRoutes(server, parts)
  controlRoutes(server, parts)
  planRoutes(server, parts)
  planRuleRoutes(server, parts)
  actionRoutes(server, parts)
  reconciliationRoutes(server, parts)
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger())
  await apiDocs(server)
  signInRoutes(server, { ...parts, sessions, secret: sessionSecret, now })
  const consoleAnswer = await consoleFiles(server, parts.consoleDirectory)
  server.setNotFoundHandler(
    (request, reply) =>
      consoleAnswer(request, reply) ??
      sendProblem(reply, new ProblemError(problem('not-found', `There is no ${request.method} at this address.`))),
  )
  await server.ready()
  return server
}

const sendProblem = (reply: FastifyReply, { body, headers }: ProblemError): FastifyReply =>
  reply.code(body.status).headers(headers).type('application/problem+json').send(JSON.stringify(body))

/** What fastify found wrong with a request. Everything else is our fault, and its words are not for strangers. */
function problemOf(error: FastifyError, bodyLimit: number): ProblemError {
  if (hasZodFastifySchemaValidationErrors(error)) return new ProblemError(problem('bad-request', wrongPart(error)))
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new ProblemError(problem('too-large', `The body is larger than ${bodyLimit} bytes.`))
  }
  const known = Object.hasOwn(BY_CODE, error.code) ? BY_CODE[error.code] : undefined
  if (known) return new ProblemError(problem(...known))
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new ProblemError(problem('bad-request', 'The request cannot be read.'))
  }
  return new ProblemError(problem('internal', 'Something went wrong here; it is logged. Send the request again.'))
}

const BY_CODE: Readonly<Record<string, readonly [ProblemKind, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'Send the body as application/json.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['bad-request', 'The body is not JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['bad-request', 'The body is empty.'],
}

interface ZodFailure {
  readonly validation?: readonly {
    readonly instancePath: string
    readonly message?: string
    readonly params?: { readonly format?: unknown }
  }[]
  readonly validationContext?: string
}

const PARTS: Readonly<Record<string, string>> = { querystring: 'query', params: 'path', headers: 'header' }

/** The first thing that is wrong, and where. */
function wrongPart({ validation = [], validationContext = 'body' }: ZodFailure): string {
  const [first] = validation
  const where = (first?.instancePath ?? '').replace(/^\//, '').replaceAll('/', '.')
  const part = PARTS[validationContext] ?? validationContext
  const what = first?.params?.format === 'uuid' ? 'must be an id of ours, a UUID' : first?.message
  return `${[part, where].filter(Boolean).join(' ')}: ${what ?? 'is not right'}.`
}
