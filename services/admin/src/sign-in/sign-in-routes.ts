import type { Logger } from '@remesa/service-kit/logger'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ZodServer } from '../api.ts'
import { ProblemError, type ProblemKind, problem } from '../problem.ts'
import { signInLimit } from '../rate-limits.ts'
import { CALLBACK_PATH, type Issuer, SignInError } from './issuer.ts'
import { createSeal } from './sealed.ts'
import { cookieOptions, SESSION_COOKIE, type Sessions } from './sessions.ts'

export interface SignInParts {
  readonly issuer: Issuer
  readonly sessions: Sessions
  readonly secret: string
  /** Where browsers find this service: scheme and host. */
  readonly publicUrl: string
  readonly now: () => Date
  readonly logger: Pick<Logger, 'error' | 'info'>
}

const PENDING_COOKIE = 'remesa_sign_in'
/** For a password, a second factor and a look for the phone. */
const PENDING_SECONDS = 10 * 60
const START_PATH = '/auth/sign-in'

const pendingSchema = z.object({
  verifier: z.string(),
  state: z.string(),
  nonce: z.string(),
  returnTo: z.string(),
})

/** How a browser gets a session, and loses it. */
export function signInRoutes(server: ZodServer, parts: SignInParts): void {
  const { issuer, sessions, publicUrl, logger } = parts
  const seal = createSeal({ ...parts, purpose: 'sign-in', content: pendingSchema })
  const pendingCookie = { ...cookieOptions(publicUrl), path: '/auth', httpOnly: true }
  const limit = server.rateLimit(signInLimit) // one count for the three
  const hidden = { hide: true } // for browsers, not for programs

  server.get(
    START_PATH,
    {
      schema: {
        ...hidden,
        querystring: z.object({
          return_to: z.string().max(2_000).optional(),
          login_hint: z.string().max(200).optional(),
        }),
      },
      preHandler: limit,
      errorHandler: answerPage,
    },
    async ({ query }, reply) => {
      const { url, pending } = await issuer.start({ loginHint: query.login_hint }).catch(told)
      const returnTo = ownPath(query.return_to, publicUrl)
      const sealed = await seal.seal({ ...pending, returnTo }, PENDING_SECONDS)
      return reply.setCookie(PENDING_COOKIE, sealed, { ...pendingCookie, maxAge: PENDING_SECONDS }).redirect(url)
    },
  )

  server.get(CALLBACK_PATH, { schema: hidden, preHandler: limit, errorHandler: answerPage }, async (request, reply) => {
    const sealed = request.cookies[PENDING_COOKIE]
    reply.clearCookie(PENDING_COOKIE, pendingCookie) // an answer is taken once
    const pending = sealed === undefined ? undefined : await seal.open(sealed)
    if (!pending) throw new ProblemError(problem('sign-in-failed', 'No sign-in was waiting for this. Start it again.'))
    const person = await issuer.finish(new URL(request.url, publicUrl), pending).catch(told)
    await sessions.begin(reply, person)
    logger.info({ subject: person.subject, roles: person.roles }, 'somebody signed in')
    return reply.redirect(pending.returnTo)
  })

  server.post('/auth/sign-out', { schema: hidden, preHandler: limit }, async (request, reply) => {
    if (request.cookies[SESSION_COOKIE] !== undefined) await endOwn(request, reply)
    // The session here has ended, whether or not the issuer can be asked how one ends there.
    const next = await issuer.signOutUrl().catch(() => undefined)
    return { next: next ?? '/' }
  })

  async function endOwn(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await sessions.operatorOf(request).catch((error: unknown) => {
      if (!(error instanceof ProblemError && error.body.status === 401)) throw error // ended by itself: the cookies go
    })
    sessions.end(reply)
  }

  function told(error: unknown): never {
    if (!(error instanceof SignInError)) throw error
    logger.error({ kind: error.kind, code: error.code }, 'nobody was signed in')
    throw new ProblemError(problem(error.kind, error.message))
  }

  /** A person reads it, in a browser. */
  function answerPage(error: FastifyError | ProblemError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { status, title, detail } =
      error instanceof ProblemError ? error.body : problem(kindOf(error), WORDS[kindOf(error)])
    if (status === 500) logger.error({ err: error, path: request.routeOptions.url }, 'a request failed')
    if (error instanceof ProblemError) reply.headers(error.headers)
    return reply.code(status).type('text/html; charset=utf-8').send(page(title, detail))
  }
}

type PageKind = Extract<ProblemKind, 'bad-request' | 'internal'>
const kindOf = ({ validation }: FastifyError): PageKind => (validation ? 'bad-request' : 'internal')
const WORDS: Readonly<Record<PageKind, string>> = {
  'bad-request': 'The address is not right. Start the sign-in again.',
  internal: 'Something went wrong here; it is logged. Start the sign-in again.',
}

/**
 * Where a person wanted to be: a path of ours. Whatever could lead elsewhere leads to the first page.
 * @param wanted - from the address bar, so anybody's
 */
export function ownPath(wanted: string | undefined, publicUrl: string): string {
  if (wanted === undefined || !wanted.startsWith('/')) return '/'
  const url = URL.parse(wanted, publicUrl) // as browsers read it, where //host and /\host are hosts
  if (url?.origin !== new URL(publicUrl).origin || url.pathname.startsWith('/auth/')) return '/'
  return url.pathname + url.search + url.hash
}

const page = (title: string, detail: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>${title}</title></head>
<body><main><h1>${title}</h1><p>${detail}</p><p><a href="${START_PATH}">Sign in</a></p></main></body>
</html>
`
