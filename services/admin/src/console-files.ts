import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ZodServer } from './api.ts'
import { ProblemError, problem } from './problem.ts'

/** Vite names files here after their content: what has this name once has it for ever. */
const HASHED = '/assets/'
const YEAR_SECONDS = 31_536_000
const PAGE = 'index.html'
/** What is not the console's: there an address that leads nowhere is a 404. */
const NOT_THE_CONSOLE = /^\/(v1|auth|docs|openapi\.json)(\/|$)/

/**
 * Serves the built console, and its page for each address of its own.
 * @param directory - `dist`, of `vite build`
 * @returns for the server's not-found handler: answers when the console has the address
 */
export async function consoleFiles(
  server: ZodServer,
  directory: string,
): Promise<(request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined> {
  await server.register(fastifyStatic, {
    root: directory,
    cacheControl: false,
    index: PAGE,
    setHeaders(reply, path) {
      const isHashed = path.startsWith(join(directory, HASHED))
      reply.header('cache-control', isHashed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache')
    },
  })
  return ({ method, url }, reply) => {
    const [path = ''] = url.split('?', 1)
    if ((method !== 'GET' && method !== 'HEAD') || NOT_THE_CONSOLE.test(path)) return undefined
    if (path.startsWith(HASHED) || basename(path).includes('.')) return undefined // a file, which is not there
    if (!existsSync(join(directory, PAGE))) {
      throw new ProblemError(
        problem('console-missing', 'The console is not built: node services/admin/console/build.ts.'),
      )
    }
    return reply.sendFile(PAGE)
  }
}
