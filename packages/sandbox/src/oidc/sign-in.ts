import { createHash, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Refusal, type Reply, type Route } from '../kit/http.ts'
import { LOCAL_PEOPLE, type LocalPerson } from './people.ts'

/** The console's client here: public, so that a code is worth nothing without its PKCE verifier. */
export const OIDC_CLIENT_ID = 'remesa-console'

const CODE_LIFETIME_MS = 60_000
export const AUTHORIZE_PATH = '/authorize'
export const TOKEN_PATH = '/token'

const authorizationSchema = z.object({
  response_type: z.literal('code'),
  client_id: z.literal(OIDC_CLIENT_ID),
  /** On this machine alone (RFC 8252 §7.3: whichever port), for whoever asks here is signed in at once. */
  redirect_uri: z.url({ protocol: /^https?$/, hostname: /^(localhost|127\.0\.0\.1|\[::1\])$/ }),
  scope: z.string().refine((scope) => scope.split(' ').includes('openid'), 'openid is not among them'),
  state: z.string().min(1),
  nonce: z.string().min(1).optional(),
  code_challenge: z.string().regex(/^[\w-]{43}$/),
  code_challenge_method: z.literal('S256'),
  login_hint: z.string().optional(),
})
type Authorization = z.output<typeof authorizationSchema>

const tokenSchema = z.object({
  grant_type: z.literal('authorization_code'),
  client_id: z.literal(OIDC_CLIENT_ID),
  code: z.string(),
  redirect_uri: z.string(),
  code_verifier: z.string().regex(/^[\w.~-]{43,128}$/),
})

interface Parts {
  readonly now: () => Date
  /** Makes the tokens of a person who proved to be there. */
  readonly tokensFor: (person: LocalPerson, asked: { readonly nonce: string | undefined }) => Promise<object>
  readonly refusal: (status: number, error: string, description: string) => Reply
}

/**
 * The authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636). There are no passwords: `login_hint` says who signs in,
 * and without one a page asks.
 */
export function signInRoutes({ now, tokensFor, refusal }: Parts): readonly Route[] {
  const codes = new Map<string, { asked: Authorization; person: LocalPerson; expiresAt: number }>()

  function authorize(query: URLSearchParams): Reply {
    const { data: asked, error } = authorizationSchema.safeParse(Object.fromEntries(query))
    // Never by a redirect: one that cannot be trusted is the likeliest thing to be wrong.
    if (error) throw new Refusal(refusal(400, 'invalid_request', z.prettifyError(error)))
    const person = LOCAL_PEOPLE.find(({ subject }) => subject === asked.login_hint)
    if (!person) return choicePage(query)
    const moment = now().getTime()
    for (const [code, { expiresAt }] of codes) if (expiresAt < moment) codes.delete(code)
    const code = randomUUID()
    codes.set(code, { asked, person, expiresAt: moment + CODE_LIFETIME_MS })
    const location = new URL(asked.redirect_uri)
    location.searchParams.set('code', code)
    location.searchParams.set('state', asked.state)
    return { status: 302, headers: { location: location.href, 'cache-control': 'no-store' } }
  }

  async function token(form: URLSearchParams): Promise<Reply> {
    const { data: asked, error } = tokenSchema.safeParse(Object.fromEntries(form))
    if (error) return refusal(400, 'invalid_request', z.prettifyError(error))
    const given = codes.get(asked.code)
    codes.delete(asked.code) // once, whatever comes of it
    if (!given || given.expiresAt < now().getTime()) return refusal(400, 'invalid_grant', 'no such code, or no longer')
    const challenge = createHash('sha256').update(asked.code_verifier).digest('base64url')
    if (challenge !== given.asked.code_challenge || asked.redirect_uri !== given.asked.redirect_uri) {
      return refusal(400, 'invalid_grant', 'the code was asked for by somebody else')
    }
    const body = await tokensFor(given.person, { nonce: given.asked.nonce })
    return { status: 200, headers: { 'cache-control': 'no-store' }, body }
  }

  return [
    { method: 'GET', path: AUTHORIZE_PATH, handle: ({ query }) => authorize(query) },
    { method: 'POST', path: TOKEN_PATH, handle: (request) => token(request.form()) },
  ]
}

function choicePage(query: URLSearchParams): Reply {
  const items = LOCAL_PEOPLE.map(({ subject, name, roles }) => {
    const next = new URLSearchParams({ ...Object.fromEntries(query), login_hint: subject })
    return `<li><a href="${AUTHORIZE_PATH}?${next.toString().replaceAll('&', '&amp;')}">${name}, ${roles.join(', ')}</a></li>`
  })
  const body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Who are you?</title>
<style>:root { color-scheme: light dark } body { font: 1.2rem/1.8 system-ui; max-width: 32rem; margin: 15vh auto; padding: 0 1rem }</style></head>
<body><main><h1>Who are you?</h1>
<p>This issuer is for development: nobody is asked for a password. Sign in as two people to try what takes two.</p>
<ul>
${items.join('\n')}
</ul></main></body>
</html>
`
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }
  return { status: 200, headers, body }
}
