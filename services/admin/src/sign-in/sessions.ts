import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Operator } from '../authentication.ts'
import { ProblemError, problem } from '../problem.ts'
import { ROLES } from '../roles.ts'
import { createSeal } from './sealed.ts'

/** Whom a browser has signed in, kept in a cookie that only this service can read: no store, no clean-up. */
export interface Sessions {
  begin(reply: FastifyReply, person: Person): Promise<void>
  end(reply: FastifyReply): void
  /**
   * Who asks, by their session.
   * @throws ProblemError 401 without one, or when it has ended; 403 for a deed without the session's own CSRF token
   */
  operatorOf(request: FastifyRequest): Promise<Operator>
}

export type Person = Pick<Operator, 'subject' | 'name' | 'roles'>

export const SESSION_COOKIE = 'remesa_session'
/** Readable by the console's own pages alone; sent back in the header, it proves that a request is theirs. */
export const CSRF_COOKIE = 'remesa_csrf'
export const CSRF_HEADER = 'x-csrf-token'
/** A working day: after it a person signs in again, and their roles are read anew. */
export const SESSION_SECONDS = 8 * 3_600

const sessionSchema = z.object({
  subject: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  csrf: z.string(),
})
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

/** @param options.publicUrl - where browsers find this service; with https, cookies travel by nothing else */
export function createSessions(options: { secret: string; publicUrl: string; now: () => Date }): Sessions {
  const seal = createSeal({ ...options, purpose: 'session', content: sessionSchema })
  const cookie = cookieOptions(options.publicUrl)
  return {
    async begin(reply, { subject, name, roles }) {
      const csrf = randomBytes(24).toString('base64url')
      const ours = ROLES.filter((role) => roles.includes(role)) // a cookie has 4 KiB, and some issuers give hundreds
      const session = await seal.seal({ subject, name, roles: ours, csrf }, SESSION_SECONDS)
      const maxAge = SESSION_SECONDS
      reply.setCookie(SESSION_COOKIE, session, { ...cookie, httpOnly: true, maxAge })
      reply.setCookie(CSRF_COOKIE, csrf, { ...cookie, maxAge })
    },
    end(reply) {
      reply.clearCookie(SESSION_COOKIE, { ...cookie, httpOnly: true }).clearCookie(CSRF_COOKIE, cookie)
    },
    async operatorOf(request) {
      const sealed = request.cookies[SESSION_COOKIE]
      if (sealed === undefined) throw signInFirst('Sign in, or send an access token: "Authorization: Bearer …".')
      const session = await seal.open(sealed)
      if (session === undefined) throw signInFirst('The session has ended; sign in again.')
      const { csrf, ...person } = session
      if (!SAFE_METHODS.includes(request.method) && !isSame(csrf, request.headers[CSRF_HEADER])) {
        const detail = `With a session this needs the value of the cookie ${CSRF_COOKIE} in the header ${CSRF_HEADER}.`
        throw new ProblemError(problem('csrf-token-wrong', detail))
      }
      return { ...person, via: 'session' }
    },
  }
}

/** Lax: the link that leads here from a chat or from the issuer arrives signed in, and no other site can send a deed. */
export const cookieOptions = (publicUrl: string): CookieSerializeOptions => ({
  path: '/',
  sameSite: 'lax',
  secure: publicUrl.startsWith('https:'),
})

const signInFirst = (detail: string): ProblemError =>
  new ProblemError(problem('not-authenticated', detail), { 'www-authenticate': 'Bearer realm="remesa"' })

function isSame(expected: string, given: string | readonly string[] | undefined): boolean {
  const [ours, theirs] = [Buffer.from(expected), Buffer.from(typeof given === 'string' ? given : '')]
  return ours.length === theirs.length && timingSafeEqual(ours, theirs)
}
