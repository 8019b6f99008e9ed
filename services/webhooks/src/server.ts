import rateLimit from '@fastify/rate-limit'
import type { Logger } from '@remesa/service-kit/logger'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Callback, CallbackAnswer } from './callback.ts'
import type { CallbackTaker } from './take-callbacks.ts'

/**
 * Far more than a callback takes, and far less than a stranger would need to fill our memory. Stripe's events show whole
 * objects, and one that is refused for its size would be lost.
 */
const BODY_LIMIT_BYTES = { bank: 64 * 1024, stripe: 512 * 1024 }
/** For a whole request to arrive: a stranger who sends a byte a minute must not hold connections. */
const REQUEST_TIMEOUT_MS = 10_000

/** Who may send how much. */
export interface Limits {
  readonly requestsPerMinute: number
  /** How many proxies stand before this service: the address that they saw is whose requests are counted. */
  readonly proxyHops: number
}

/**
 * The public edge: `POST /webhooks/fpay`, `/webhooks/payoneer` and `/webhooks/stripe`. 204: taken in, now or before. 401: not proven
 * to come from the provider. 422: proven, but nothing we can read. 429: too many from one address;
 * it and 500 make the provider send it again.
 */
export async function webhookServer(
  takers: CallbackTaker,
  { requestsPerMinute, proxyHops }: Limits,
  logger: Pick<Logger, 'error'>,
): Promise<FastifyInstance> {
  const server = fastify({
    bodyLimit: BODY_LIMIT_BYTES.bank,
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: (_address, hop) => hop < proxyHops,
    logger: false,
  })
  // Before a body is read or a signature computed. What leads nowhere is counted too: see the not-found handler.
  await server.register(rateLimit, { max: requestsPerMinute, timeWindow: 60_000 })
  server.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store')
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  const routes: Readonly<Record<string, Route>> = {
    '/webhooks/fpay': { take: takers.fpay, bodyLimit: BODY_LIMIT_BYTES.bank },
    '/webhooks/payoneer': { take: takers.payoneer, bodyLimit: BODY_LIMIT_BYTES.bank },
    '/webhooks/stripe': { take: takers.stripe, bodyLimit: BODY_LIMIT_BYTES.stripe },
  }
  for (const [path, { take, bodyLimit }] of Object.entries(routes)) {
    server.post(path, { bodyLimit }, async (request, reply) => answer(reply, await take(callbackOf(request))))
  }
  server.setNotFoundHandler({ preHandler: server.rateLimit() }, (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    if (!Object.hasOwn(routes, path)) return reply.code(404).send({ error: 'not_found' })
    return reply.code(405).header('allow', 'POST').send({ error: 'method_not_allowed' })
  })
  server.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return reply.code(status).send({ error: REFUSALS[status] ?? 'bad_request' })
    // The provider sends it again; that it had to is ours to look into.
    logger.error({ err: error, path: request.routeOptions.url }, 'a callback could not be taken in')
    return reply.code(500).send({ error: 'try_again' })
  })
  return server
}

const REFUSALS: Readonly<Record<number, string>> = { 413: 'body_too_large', 429: 'too_many_requests' }

interface Route {
  readonly take: (callback: Callback) => Promise<CallbackAnswer>
  readonly bodyLimit: number
}

const callbackOf = (request: FastifyRequest): Callback => ({
  method: request.method,
  path: request.url,
  rawBody: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  header: (name) => {
    const value = request.headers[name]
    return Array.isArray(value) ? value.join(',') : value
  },
})

function answer(reply: FastifyReply, outcome: CallbackAnswer): FastifyReply {
  switch (outcome.kind) {
    case 'refused':
      return reply.code(401).send({ error: outcome.reason })
    case 'unreadable':
      return reply.code(422).send({ error: outcome.reason })
    default:
      return reply.code(204).send()
  }
}
