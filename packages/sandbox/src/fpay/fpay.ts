import { createHmac, randomUUID } from 'node:crypto'
import type { Currency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { z } from 'zod'
import { basicCredentials, createBearerTokens } from '../kit/bearer-tokens.ts'
import { type BankBooks, booksAsJson, moneyFromJson } from '../kit/books.ts'
import { createCallbackSender } from '../kit/callbacks.ts'
import { createFaults, type FaultPlan } from '../kit/faults.ts'
import type { ErrorShapes, Route, SandboxRequest } from '../kit/http.ts'
import { commonControls, type SandboxProvider } from '../kit/provider.ts'
import { startServer } from '../kit/server.ts'
import { createIdempotencyKeys } from './idempotency.ts'
import { fpayError, readListRequest, readPayoutRequest } from './payout-request.ts'
import { createPayouts, type Payout, payoutAsJson } from './payouts.ts'

export interface FPayOptions {
  readonly port?: number
  readonly host?: string
  readonly clientId?: string
  readonly clientSecret?: string
  /** Signs callbacks; two while the secret is being rotated. */
  readonly callbackSecrets?: readonly string[]
  /** Decides expiry of tokens and keys, and the times in replies. Default: the machine's clock. */
  readonly now?: () => Date
  /** From made to paid or rejected, milliseconds; `by-hand` waits for `settle`. Default 200. */
  readonly settleDelayMs?: number | 'by-hand'
  /** The same for `FP-SLOW-…`. Default 10 times `settleDelayMs`, at least 2,000. */
  readonly slowDelayMs?: number
  /** From paid to sent back for `FP-REVERSED-…`, milliseconds. Default 1,000. */
  readonly reverseDelayMs?: number
  /** Waits between tries of a callback, milliseconds. Default: the contract's schedule, a thousand times faster. */
  readonly callbackRetryDelaysMs?: readonly number[]
  /** What the treasury holds at the start, per currency. A currency not named holds enough for everything. */
  readonly treasury?: readonly Money[]
  readonly faults?: FaultPlan
  readonly latencyMs?: number
  readonly maxConcurrent?: number
}

export interface FPaySandbox extends SandboxProvider {
  readonly credentials: { readonly clientId: string; readonly clientSecret: string; readonly callbackSecret: string }
  /** Payments that really left the bank. */
  readonly books: BankBooks
  /** All generations of one payable, oldest first. */
  payoutsOf(externalReference: string): readonly Payout[]
  /** To its end now: PAID, or REJECTED for a test account. */
  settle(payoutId: string): void
  settleAll(): void
  /** The bank sends a PAID payout back. */
  reverse(payoutId: string): void
  /** A PENDING payout is cancelled by FPay's operators. */
  cancel(payoutId: string): void
  setTreasury(money: Money): void
  treasury(currency: Currency): bigint | undefined
  revokeTokens(): void
  /** As if every idempotency key were older than seven days. */
  forgetKeys(): void
  /** The next payout request for this payable takes so long to work on; its key is in progress meanwhile. */
  slowWork(externalReference: string, delayMs: number): void
  /** The bank's own mistake: it carries out once more what was asked for once. @returns the second payout's id */
  makeAgain(payoutId: string): string
  /** Sends the payout's callback once more, as it stands now. */
  repeatCallback(payoutId: string): void
  readonly callbacks: { idle(): Promise<void>; counts(): { delivered: number; tries: number; givenUp: number } }
}

/** 1 min, 5 min, 15 min, 1 h, 6 h, 24 h, a thousand times faster. */
const RETRY_DELAYS_MS = [60, 300, 900, 3_600, 21_600, 86_400]
const TOKEN_SECONDS = 1_800

const errors: ErrorShapes = {
  badRequest: (message) => ({ status: 400, body: { code: 'MISSING_FIELD', message } }),
  notFound: (path) => ({ status: 404, body: { code: 'NOT_FOUND', message: `nothing at ${path}` } }),
  serverError: (status) => ({ status, body: { code: 'INTERNAL_ERROR', message: 'something went wrong' } }),
  rateLimited: (seconds) => ({
    status: 429,
    headers: { 'retry-after': String(seconds) },
    body: { code: 'RATE_LIMITED', message: 'too many requests' },
  }),
}

/** FPay's pay-out API as a local server, by our contract (facts: marketplace §4). */
export async function startFPay(options: FPayOptions = {}): Promise<FPaySandbox> {
  const now = options.now ?? (() => new Date())
  const settleDelayMs = options.settleDelayMs ?? 200
  const faults = createFaults(options.faults)
  const clientId = options.clientId ?? 'remesa-sandbox'
  const clientSecret = options.clientSecret ?? 'fpay-sandbox-secret'
  const secrets = options.callbackSecrets ?? ['fpay-sandbox-callback-secret']
  const tokens = createBearerTokens({ expiresInSeconds: TOKEN_SECONDS, now })
  const keys = createIdempotencyKeys(now)
  const slowWork = new Map<string, number>()
  const callbacks = createCallbackSender({ faults, retryDelaysMs: options.callbackRetryDelaysMs ?? RETRY_DELAYS_MS })
  const payouts = createPayouts({
    now,
    faults,
    settleDelayMs,
    slowDelayMs: options.slowDelayMs ?? Math.max(2_000, settleDelayMs === 'by-hand' ? 0 : settleDelayMs * 10),
    reverseDelayMs: options.reverseDelayMs ?? 1_000,
    changed: notify,
  })
  for (const money of options.treasury ?? []) payouts.setTreasury(money)

  function notify(payout: Payout): void {
    if (!payout.callbackUrl) return
    const body = JSON.stringify({
      eventId: randomUUID(),
      type: 'payout.updated',
      createdAt: now().toISOString(),
      data: payoutAsJson(payout),
    })
    const headers = () => ({ 'x-fpay-signature': signed(body, secrets, now()) })
    callbacks.send({ url: payout.callbackUrl, subject: payout.externalReference, body, headers })
  }

  function authenticate({ headers }: SandboxRequest): void {
    if (!tokens.accepts(headers.authorization)) throw fpayError(401, 'UNAUTHORIZED', 'no valid access token')
  }

  function issueToken(request: SandboxRequest) {
    const form = request.form()
    const given = basicCredentials(request.headers.authorization) ?? {
      id: form.get('client_id'),
      secret: form.get('client_secret'),
    }
    if (form.get('grant_type') !== 'client_credentials') {
      return { status: 400, body: { error: 'unsupported_grant_type' } }
    }
    if (given.id !== clientId || given.secret !== clientSecret) {
      return { status: 401, body: { error: 'invalid_client' } }
    }
    const { token, expiresInSeconds } = tokens.issue()
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: expiresInSeconds } }
  }

  function submit(request: SandboxRequest) {
    const body = request.json()
    const key = request.headers['idempotency-key']
    return keys.once(Array.isArray(key) ? key[0] : key, body, async () => {
      const asked = readPayoutRequest(body)
      const delayMs = slowWork.get(asked.externalReference)
      if (delayMs !== undefined) {
        slowWork.delete(asked.externalReference)
        await new Promise((resolve) => setTimeout(resolve, delayMs))
      }
      return payouts.make(asked)
    })
  }

  function readOne({ params }: SandboxRequest) {
    const payout = payouts.read(params.payoutId ?? '')
    if (!payout) throw fpayError(404, 'PAYOUT_NOT_FOUND', 'no such payout')
    return { status: 200, body: payoutAsJson(payout) }
  }

  function readMany({ query }: SandboxRequest) {
    if (query.has('createdFrom')) return readWindow(query)
    const reference = query.get('externalReference')
    if (!reference) throw fpayError(400, 'MISSING_FIELD', 'externalReference: say which')
    const newestFirst = payouts.ofReference(reference).toReversed()
    return { status: 200, body: { payouts: newestFirst.map(payoutAsJson) } }
  }

  /** Our addition to the contract: the payouts made in `[createdFrom, createdTo)`, oldest first, in pages. */
  function readWindow(query: URLSearchParams) {
    const { createdFrom, createdTo, limit, cursor } = readListRequest(query)
    const found = payouts.madeIn({ from: createdFrom, to: createdTo, after: cursor, limit: limit + 1 })
    const page = found.slice(0, limit)
    const nextCursor = found.length > limit ? (page.at(-1)?.payoutId ?? null) : null
    return { status: 200, body: { payouts: page.map(payoutAsJson), nextCursor } }
  }

  const routes: Route[] = [
    { method: 'POST', path: '/oauth/token', subject: () => 'token', handle: issueToken },
    { method: 'POST', path: '/v1/payouts', subject: referenceInBody, authenticate, handle: submit },
    {
      method: 'GET',
      path: '/v1/payouts',
      subject: ({ query, target }) => query.get('externalReference') ?? `list ${target}`,
      authenticate,
      handle: readMany,
    },
    { method: 'GET', path: '/v1/payouts/:payoutId', subject: referenceOfPayout, authenticate, handle: readOne },
  ]

  function referenceOfPayout({ params }: SandboxRequest): string {
    return payouts.find(params.payoutId ?? '')?.externalReference ?? ''
  }

  const server = await startServer({
    ...options,
    routes,
    errors,
    faults,
    replyHeaders: (headers) => ({ 'x-request-id': String(headers['x-request-id'] ?? randomUUID()) }),
  })
  const calls = server.calls
  const settle = (payoutId: string) => void payouts.settle(payoutId)
  const reverse = (payoutId: string) => void payouts.reverse(payoutId)
  const makeAgain = (payoutId: string) => payouts.makeAgain(payoutId).payoutId
  const cancel = (payoutId: string) => void payouts.cancel(payoutId)
  return {
    url: server.url,
    calls,
    faults,
    setFaults: (plan) => faults.set(plan),
    credentials: { clientId, clientSecret, callbackSecret: secrets[0] ?? '' },
    books: payouts.books,
    payoutsOf: payouts.ofReference,
    settle,
    settleAll: payouts.settleAll,
    reverse,
    cancel,
    makeAgain,
    setTreasury: payouts.setTreasury,
    treasury: payouts.treasury,
    revokeTokens: tokens.revokeAll,
    forgetKeys: keys.forgetAll,
    slowWork: (externalReference, delayMs) => void slowWork.set(externalReference, delayMs),
    repeatCallback: (payoutId) => notify(payouts.get(payoutId)),
    callbacks,
    controls: {
      ...commonControls({ calls, faults }),
      books: () => booksAsJson(payouts.books),
      settleAll: () => payouts.settleAll(),
      settle: (input) => settle(payoutIdIn(input)),
      reverse: (input) => reverse(payoutIdIn(input)),
      cancel: (input) => cancel(payoutIdIn(input)),
      makeAgain: (input) => makeAgain(payoutIdIn(input)),
      revokeTokens: () => tokens.revokeAll(),
      forgetKeys: () => keys.forgetAll(),
      setTreasury: (input) => payouts.setTreasury(moneyFromJson(input)),
      callbacks: () => callbacks.counts(),
    },
    async stop() {
      payouts.stop()
      await callbacks.stop()
      await server.stop()
    },
  }
}

/** `t=<unix seconds>,v1=<hex>`, one v1 per secret in force (facts: marketplace §4.3). */
function signed(body: string, secrets: readonly string[], at: Date): string {
  const seconds = Math.floor(at.getTime() / 1_000)
  const signatures = secrets.map((secret) => createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'))
  return [`t=${seconds}`, ...signatures.map((signature) => `v1=${signature}`)].join(',')
}

const referenceSchema = z.object({ externalReference: z.string() })

function referenceInBody(request: SandboxRequest): string {
  return referenceSchema.safeParse(request.json()).data?.externalReference ?? ''
}

const payoutIdIn = (input: unknown): string => z.strictObject({ payoutId: z.string() }).parse(input).payoutId
