import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { SESSION_SECONDS } from '../src/sign-in/sessions.ts'
import { ownPath } from '../src/sign-in/sign-in-routes.ts'
import { type Answer, type Api, anApi, cookiesOf } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())
afterEach(() => api.world.sandbox.oidc.setFaults({ rates: {} }))

const locationOf = ({ headers }: Pick<Response, 'headers'>) => new URL(headers.get('location') ?? '', api.url)
const start = (query = 'login_hint=olga') => api.ask('GET', `/auth/sign-in?${query}`)
/** What the issuer answers to where a sign-in leads. */
const atIssuer = async (started: Answer) => locationOf(await fetch(locationOf(started), { redirect: 'manual' }))
const comeBack = ({ pathname, search }: URL, cookie: string) =>
  api.ask('GET', pathname + search, { headers: { cookie } })
const me = (cookie: string) => api.ask('GET', '/v1/me', { headers: { cookie } })

test('whoever signs in is known by name and role, and lands where they wanted to be', async () => {
  const started = await start('login_hint=olga&return_to=/payouts/17?tab=ledger')
  const asked = locationOf(started)
  expect([started.status, asked.origin]).toEqual([302, api.world.sandbox.oidc.url])
  expect(Object.fromEntries(asked.searchParams)).toMatchObject({
    response_type: 'code',
    scope: 'openid profile',
    code_challenge_method: 'S256',
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    state: expect.stringMatching(/^[\w-]{20,}$/),
    nonce: expect.stringMatching(/^[\w-]{20,}$/),
  })
  const landed = await comeBack(await atIssuer(started), cookiesOf(started))
  expect([landed.status, landed.headers.get('location')]).toEqual([302, '/payouts/17?tab=ledger'])
  expect(await me(cookiesOf(landed))).toMatchObject({
    status: 200,
    body: { subject: 'olga', name: 'Olga', roles: ['operator'], via: 'session', environment: 'test' },
  })
})

test('the session’s cookie is out of scripts’ reach and stays here; nobody can read or change what it says', async () => {
  const started = await start()
  const cookies = (await comeBack(await atIssuer(started), cookiesOf(started))).headers.getSetCookie()
  const session = cookies.find((cookie) => cookie.startsWith('remesa_session=')) ?? ''
  expect(session).toMatch(/; Max-Age=28800; Path=\/; HttpOnly; SameSite=Lax$/)
  expect(cookies.find((cookie) => cookie.startsWith('remesa_csrf='))).toMatch(/; Max-Age=28800; Path=\/; SameSite=Lax$/)
  const [, value = ''] = /^remesa_session=([^;]+)/.exec(session) ?? []
  expect(Buffer.from(value, 'base64url').toString()).not.toContain('olga')
  const middle = Math.floor(value.length / 2)
  const changed = value.slice(0, middle) + (value[middle] === 'A' ? 'B' : 'A') + value.slice(middle + 1)
  for (const wrong of [changed, 'garbage', 'a.b.c.d.e']) {
    expect(await me(`remesa_session=${wrong}`)).toMatchObject({
      status: 401,
      body: { detail: 'The session has ended; sign in again.' },
    })
  }
})

test('what is sealed while somebody signs in is no session', async () => {
  const started = await start()
  const cookie = cookiesOf(started).replace('remesa_sign_in=', 'remesa_session=')
  expect((await me(cookie)).status).toBe(401)
})

test('an answer of the issuer is taken once, and only by the browser that asked', async () => {
  const mine = await start()
  const answer = await atIssuer(mine)
  const theirs = await start('login_hint=adam')
  const wrong = [
    await comeBack(answer, ''),
    await comeBack(answer, cookiesOf(theirs)),
    await comeBack(new URL('/auth/callback?code=made-up&state=made-up', api.url), cookiesOf(mine)),
    await comeBack(new URL('/auth/callback', api.url), cookiesOf(mine)),
  ]
  expect((await comeBack(answer, cookiesOf(mine))).status).toBe(302)
  wrong.push(await comeBack(answer, cookiesOf(mine)))
  for (const { status, headers, body } of wrong) {
    expect([status, headers.get('content-type')]).toEqual([401, 'text/html; charset=utf-8'])
    expect(body).toContain('href="/auth/sign-in"')
    expect(headers.getSetCookie().join()).not.toContain('remesa_session=')
  }
})

test('a sign-in that the issuer refuses says so, with none of the issuer’s words', async () => {
  const started = await start()
  const state = locationOf(started).searchParams.get('state') ?? ''
  const words = 'error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E'
  const { status, body } = await comeBack(
    new URL(`/auth/callback?state=${state}&${words}`, api.url),
    cookiesOf(started),
  )
  expect(status).toBe(401)
  expect(body).toContain('The sign-in was refused, or you left it.')
  expect(body).not.toContain('script')
})

test('while the issuer cannot be reached it is 503; once it can, people sign in', async () => {
  const fresh = await anApi()
  const { oidc } = fresh.world.sandbox
  try {
    oidc.setFaults({ rates: { 'error-before': 1 } })
    const { status, body } = await fresh.ask('GET', '/auth/sign-in')
    expect([status, body]).toEqual([503, expect.stringContaining('cannot be reached')])
    oidc.setFaults({ rates: {} })
    expect((await fresh.signIn('vera')).csrf).not.toBe('')
    const started = await fresh.ask('GET', '/auth/sign-in?login_hint=vera')
    const issuer = await fetch(started.headers.get('location') ?? '', { redirect: 'manual' })
    const { pathname, search } = new URL(issuer.headers.get('location') ?? '')
    oidc.setFaults({ rates: { 'error-before': 1 } })
    const headers = { cookie: cookiesOf(started) }
    expect((await fresh.ask('GET', pathname + search, { headers })).status).toBe(503)
  } finally {
    await fresh.stop()
  }
})

test('signing out ends the session in this browser, and takes the session’s own token', async () => {
  const { cookie, csrf } = await api.signIn('olga')
  const refused = await api.ask('POST', '/auth/sign-out', { headers: { cookie } })
  expect([refused.status, refused.headers.getSetCookie()]).toEqual([403, []])
  const done = await api.ask('POST', '/auth/sign-out', { headers: { cookie, 'x-csrf-token': csrf } })
  expect([done.status, done.body]).toEqual([200, { next: '/' }])
  expect(done.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^remesa_session=; .*Expires=Thu, 01 Jan 1970/),
    expect.stringMatching(/^remesa_csrf=; .*Expires=Thu, 01 Jan 1970/),
  ])
  expect((await api.ask('POST', '/auth/sign-out')).status).toBe(200)
})

test.each([
  ['/payouts?status=held#top', '/payouts?status=held#top'],
  [undefined, '/'],
  ['https://evil.example', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['payouts', '/'],
  ['/auth/sign-in', '/'],
])('after signing in, %j leads to %s and never to another site', (wanted, path) => {
  expect(ownPath(wanted, 'https://remesa.example.com')).toBe(path)
})

test('a token, when one is sent, is who asks, and a session beside it is not looked at', async () => {
  const { cookie } = await api.signIn('adam')
  const token = await api.token({ subject: 'vera', roles: ['viewer'] })
  expect((await api.ask('GET', '/v1/me', { token, headers: { cookie } })).body).toMatchObject({
    subject: 'vera',
    via: 'bearer',
  })
  expect((await api.ask('GET', '/v1/me', { token: 'garbage', headers: { cookie } })).status).toBe(401)
})

test('sign-ins of one address are limited, and the answer says for how long', async () => {
  const crowded = await anApi()
  try {
    const answers: Answer[] = []
    for (let time = 0; time < 61; time++) answers.push(await crowded.ask('GET', '/auth/callback'))
    expect(new Set(answers.slice(0, 60).map(({ status }) => status))).toEqual(new Set([401]))
    const last = answers.at(-1)
    expect([last?.status, last?.body]).toEqual([429, expect.stringContaining('Too many sign-ins from here')])
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await crowded.ask('GET', '/auth/sign-in')).status).toBe(429)
    expect((await crowded.ask('GET', '/openapi.json')).status).toBe(200)
  } finally {
    await crowded.stop()
  }
})

test('a session ends after a working day', async () => {
  const { cookie } = await api.signIn('vera')
  api.world.moveClock((SESSION_SECONDS - 60) * 1000)
  expect((await me(cookie)).status).toBe(200)
  api.world.moveClock(61_000)
  expect(await me(cookie)).toMatchObject({ status: 401, body: { detail: 'The session has ended; sign in again.' } })
})
