import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { settleBooking } from '@remesa/database/booking-settling'
import { lockBooking, storeWord } from '@remesa/database/bookings'
import type { Database } from '@remesa/database/connection'
import { APPROVAL_LIFE_MS } from '@remesa/domain/approval'
import { BOOKING_RULES } from '@remesa/domain/booking-payout'
import { currency } from '@remesa/domain/currency'
import { SETTLED_AFTER_MS } from '@remesa/domain/reconciliation-window'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { freePorts } from '@remesa/local-stack/ports'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { fundsEnvironment, openFunds } from '@remesa/rails/funds'
import type { TokenWish } from '@remesa/sandbox/oidc'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { sql } from 'kysely'
import { z } from 'zod'
import { readApprovalLimits } from '../src/approval-limits.ts'
import { createAuthenticate } from '../src/authentication.ts'
import { adminServer } from '../src/server.ts'
import type { ServiceWatch } from '../src/service-metrics/watch-services.ts'
import { createIssuer } from '../src/sign-in/issuer.ts'

/** An answer as it came. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what it is, tests say
  readonly body: any
}

/** The operators' API on a port of its own, its database, and whoever signs tokens. */
export interface Api {
  readonly world: World
  readonly url: string
  /** As somebody with this token; without one, as nobody. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>
  /** An action with a fresh key and a reason, unless it says otherwise. */
  act(path: string, wish: TokenWish, options?: Omit<AskOptions, 'token'>): Promise<Answer>
  token(wish: TokenWish): Promise<string>
  /** As a browser does it, by the sandbox's issuer, which knows vera, olga and adam. */
  signIn(person: string): Promise<BrowserSession>
  stop(): Promise<void>
}

/** What a browser holds of a session: the header that it sends by itself, and the token that only our pages can read. */
export interface BrowserSession {
  readonly cookie: string
  readonly csrf: string
}

interface AskOptions {
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly key?: string
}

export const OPERATOR = { subject: 'olga', roles: ['operator'] }
export const APPROVER = { subject: 'adam', roles: ['approver'] }
export const VIEWER = { subject: 'vera', roles: ['viewer'] }
/** Up to 100 dollars one person is enough. Other currencies always take two. */
export const LIMITS = 'USD:10000'

let keys = 0
export const aKey = (): string => `key-${++keys}`

interface ApiOptions {
  readonly limits?: string
  /** How long what was asked for can be agreed to. */
  readonly approvalLifeMs?: number
  /** How long after its end a day of payments is not compared yet. */
  readonly billingGraceMs?: number
  /** Of the built console; default none. */
  readonly consoleDirectory?: string
  readonly services?: ServiceWatch
}

export async function anApi({
  limits = LIMITS,
  approvalLifeMs = APPROVAL_LIFE_MS,
  billingGraceMs = SETTLED_AFTER_MS,
  consoleDirectory = join(tmpdir(), 'remesa-no-console'),
  services,
}: ApiOptions = {}): Promise<Api> {
  const world = await startWorld()
  const { oidc } = world.sandbox
  const authenticate = createAuthenticate({
    issuer: oidc.issuer,
    audience: 'remesa-admin',
    jwksUrl: oidc.jwksUrl,
    rolesClaim: 'roles',
    now: world.now,
  })
  const [port = 0] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const forFunds = Object.entries({ ...world.railEnvironment, ...world.stripeEnvironment })
  const env = Object.fromEntries(
    forFunds.flatMap(([name, value]) => [
      [name, value],
      [`FUNDS_${name}`, value],
    ]),
  )
  const funds = openFunds(parseEnvironment(env, z.object(fundsEnvironment)))
  world.stopWith(() => funds.close())
  const server = await adminServer({
    database: world.database,
    funds,
    policy: DESTINATION_POLICY,
    authenticate,
    issuer: createIssuer({
      issuer: oidc.issuer,
      clientId: oidc.credentials.clientId,
      clientSecret: undefined,
      publicUrl: url,
      rolesClaim: 'roles',
      authenticate,
    }),
    sessionSecret: 'the secret that sessions of these tests have',
    publicUrl: url,
    consoleDirectory,
    proxyHops: 0,
    limits: readApprovalLimits(limits) ?? new Map(),
    approvalLifeMs,
    billingGraceMs,
    clock: () => ({ now: world.now(), rulesNow: world.now() }),
    nudge: () => {},
    timeZone: 'America/Santiago',
    environment: 'test',
    services,
    logger: world.logger,
    metrics: world.metrics,
  })
  await server.listen({ port, host: '127.0.0.1' })
  world.stopWith(() => server.close())
  const ask: Api['ask'] = async (method, path, { token, headers, body, key } = {}) => {
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      await response.body?.cancel() // it has no end
      return { status: response.status, headers: response.headers, body: null }
    }
    const text = await response.text()
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text }
  }
  return {
    world,
    url,
    ask,
    act: async (path, wish, options) =>
      ask('POST', path, { token: await oidc.mint(wish), key: aKey(), body: { reason: 'a good reason' }, ...options }),
    token: (wish) => oidc.mint(wish),
    async signIn(person) {
      const start = await ask('GET', `/auth/sign-in?login_hint=${person}`)
      const issuer = await fetch(start.headers.get('location') ?? '', { redirect: 'manual' })
      const back = new URL(issuer.headers.get('location') ?? '')
      const end = await ask('GET', back.pathname + back.search, { headers: { cookie: cookiesOf(start) } })
      const cookie = cookiesOf(end)
      return { cookie, csrf: /remesa_csrf=([\w-]+)/.exec(cookie)?.[1] ?? '' }
    },
    stop: () => world.stop(),
  }
}

/** What a browser sends back of what an answer sets. */
export const cookiesOf = ({ headers }: Pick<Answer, 'headers'>): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ')

let bookings = 0

/** A booking that was completed just now, or `agoMs` ago, as the payouts service has it: its payout is scheduled, or held by a dispute. */
export async function aPayout(
  { database, now }: Pick<World, 'database' | 'now'>,
  { amount = 5_000n, code = 'USD', disputed = false, agoMs = 0 } = {},
): Promise<{ readonly payoutId: string; readonly bookingId: string }> {
  const bookingId = `booking-${++bookings}`
  const at = new Date(now().getTime() - agoMs)
  await database.transaction().execute(async (tx) => {
    const share = { amount, currency: currency(code) }
    const provider = { providerId: `provider-${bookings}`, stripeAccountId: `acct_${bookings}` }
    const completion = { kind: 'completed', ...provider, share, completedAt: at } as const
    await storeWord(tx, await lockBooking(tx, bookingId), completion, at)
    if (disputed) {
      const dispute = { disputeId: `${bookingId}-dispute`, openedAt: at }
      await storeWord(tx, await lockBooking(tx, bookingId), { kind: 'dispute_opened', ...dispute }, at)
    }
  })
  await look(database, bookingId, at)
  const { rows } = await sql<{ id: string }>`select id from payouts where booking_id = ${bookingId}`.execute(database)
  const [row] = rows
  if (!row) throw new Error(`${bookingId} has no payout`)
  return { payoutId: row.id, bookingId }
}

/** What the payouts service does with a message about a booking. */
export async function look(
  database: Database,
  bookingId: string,
  now: Date,
  { setOffPercent = 50 } = {},
): Promise<void> {
  const terms = { rules: BOOKING_RULES, setOffPercent, clockOffsetMs: 0 }
  await database.transaction().execute(async (tx) => {
    await settleBooking(tx, await lockBooking(tx, bookingId), { now, terms, reason: 'a test' })
  })
}

/**
 * An urgent finding of a report about one payable, as the reconciliation service stores it.
 * @returns what settles it, as an operator does
 */
export async function aRailFinding(
  api: Pick<Api, 'world' | 'act'>,
  finding: {
    readonly books: string
    readonly payableId: string
    readonly category: string
    /** A later run of the same window found nothing. */
    readonly isSuperseded?: boolean
  },
): Promise<() => Promise<void>> {
  const { books, payableId, category, isSuperseded = false } = finding
  const { rows } = await sql<{ id: bigint }>`
    with report as (
      insert into reconciliation_reports (kind, window_from, window_to, include_refunds, tolerance_percentage,
        reporting_currency, status, severity, result, finished_at, duration_ms)
      values (${books}, now() - interval '1 day', now(), false, 0, 'USD', 'discrepancy_found', 'critical', '{}', now(), 1)
      returning id
    ), later as (
      insert into reconciliation_reports (kind, window_from, window_to, include_refunds, tolerance_percentage,
        reporting_currency, status, severity, result, started_at, finished_at, duration_ms)
      select ${books}, now() - interval '1 day', now(), false, 0, 'USD', 'success', 'none', '{}',
        now() + interval '1 minute', now() + interval '1 minute', 1 where ${isSuperseded}::boolean
    )
    insert into rail_reconciliation_findings (report_id, category, urgent, payable_id, provider_reference, provider_state,
      provider_currency, provider_amount, provider_taken_back, provider_at)
    select id, ${category}, true, ${payableId}, 'fpo_2', 'paid', 'USD', 1250, 0, now() from report
    returning id`.execute(api.world.database)
  return async () => {
    const settled = await api.act(`/v1/reconciliation-findings/rail-${rows[0]?.id}/resolve`, OPERATOR)
    if (settled.status !== 200) throw new Error(`it is not settled: ${settled.status}`)
  }
}

/** Every row of every table, in one text; `admin_requests` apart, which keeps what was asked and answered. */
export async function everything({ database }: Pick<World, 'database'>): Promise<string> {
  const { rows: tables } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'admin_requests'
    order by 1`.execute(database)
  const contents = tables.map(
    ({ name }) =>
      `select '${name}' as name, (select jsonb_agg(to_jsonb(t) order by to_jsonb(t)::text) from ${name} t)::text as rows`,
  )
  const { rows } = await sql.raw(contents.join(' union all ')).execute(database)
  return JSON.stringify(rows, null, 1)
}
