import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Callback, CallbackAnswer, CallbackTaker } from './take-callbacks.ts'

/** Far more than a callback takes, and far less than a stranger would need to fill our memory. */
const BODY_LIMIT_BYTES = 64 * 1024

/**
 * The public edge: `POST /webhooks/fpay` and `POST /webhooks/payoneer`. 204: taken in, now or before. 401: not proven
 * to come from the provider. 422: proven, but nothing we can read. 500 makes the provider send it again.
 */
export function webhookServer(takers: CallbackTaker): FastifyInstance {
  const server = fastify({ bodyLimit: BODY_LIMIT_BYTES, trustProxy: false, logger: false })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  server.post('/webhooks/fpay', async (request, reply) => answer(reply, await takers.fpay(callbackOf(request))))
  server.post('/webhooks/payoneer', async (request, reply) => answer(reply, await takers.payoneer(callbackOf(request))))
  server.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not_found' }))
  server.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 500
    request.log.error(error)
    reply.code(status).send({ error: status === 500 ? 'try_again' : 'bad_request' })
  })
  return server
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
      return reply.code(422).send({ error: 'body_unreadable' })
    default:
      return reply.code(204).send()
  }
}
