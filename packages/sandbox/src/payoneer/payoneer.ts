import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import { formatMajor } from '@remesa/domain/money'
import { z } from 'zod'
import { basicCredentials, createBearerTokens } from '../kit/bearer-tokens.ts'
import { type BankBooks, booksAsJson, moneyFromJson } from '../kit/books.ts'
import { createCallbackSender } from '../kit/callbacks.ts'
import { createFaults, type FaultPlan } from '../kit/faults.ts'
import { type ErrorShapes, Refusal, type Reply, type Route, type SandboxRequest } from '../kit/http.ts'
import { commonControls, type SandboxProvider } from '../kit/provider.ts'
import { startServer } from '../kit/server.ts'
import { hmacauthHeader, IPCN_EVENTS, type IpcnEvent, type IpcnUrls, ipcnBody, payeeApprovedBody } from './ipcn.ts'
import { payoneerError, readBatch } from './mass-payout.ts'
import { createPayments, type Payment, paymentAsJson } from './payments.ts'
import { behaviourOf, isPayeeId } from './test-payees.ts'

export interface PayoneerOptions {
  readonly port?: number
  readonly host?: string
  readonly clientId?: string
  readonly clientSecret?: string
  readonly programId?: string
  /** The one currency this program pays. Default USD. */
  readonly currency?: string
  readonly now?: () => Date
  /** From created to transferred or cancelled, milliseconds; `by-hand` waits for `settle`. Default 200. */
  readonly settleDelayMs?: number | 'by-hand'
  /** The same for `PY-SLOW-…`. Default 10 times `settleDelayMs`, at least 2,000. */
  readonly slowDelayMs?: number
  /** How long a new payment stays unknown (404, sub_code 2306), milliseconds. Default 0. */
  readonly visibleAfterMs?: number
  /** Where each notification goes; events left out are not sent. */
  readonly ipcnUrls?: IpcnUrls
  readonly ipcnSecret?: string
  /** Whether values of notifications are URL-encoded. Default `plain`. */
  readonly ipcnValues?: 'plain' | 'url-encoded'
  /** Waits between tries of a notification, milliseconds. Default 100, 1,000, 10,000. */
  readonly callbackRetryDelaysMs?: readonly number[]
  readonly faults?: FaultPlan
  readonly latencyMs?: number
  readonly maxConcurrent?: number
}

export interface PayoneerSandbox extends SandboxProvider {
  /** What a client calls its API base: `<url>/v4`. */
  readonly apiUrl: string
  readonly tokenUrl: string
  readonly credentials: {
    readonly clientId: string
    readonly clientSecret: string
    readonly programId: string
    readonly ipcnSecret: string
  }
  /** Payments that really left the program. */
  readonly books: BankBooks
  /** Every payment to the payee, cancelled ones too, oldest first. */
  paymentsTo(payeeId: string): readonly Payment[]
  settle(clientReferenceId: string): void
  settleAll(): void
  /** Minor units of the program's currency; undefined is enough for everything. */
  setBalance(amount: bigint | undefined): void
  /** A `PY-PENDING-…` payee finishes registering. */
  approvePayee(payeeId: string): void
  revokeTokens(): void
  /** How long payments made from now on stay unknown to the status call, milliseconds. */
  setVisibleAfter(ms: number): void
  setIpcnUrls(urls: IpcnUrls): void
  /** Sends the notification of the payment's present state once more. */
  repeatNotification(clientReferenceId: string): void
  readonly callbacks: { idle(): Promise<void>; counts(): { delivered: number; tries: number; givenUp: number } }
}

/** A month: tokens are long-lived. */
const TOKEN_SECONDS = 2_592_000
const APP_NAME = 'Webhook-IPCNSender-sandbox'
const UNKNOWN_PAYOUT = 2306

const errors: ErrorShapes = {
  badRequest: (description) => payoneerError(400, { name: 'Bad Request', description }),
  notFound: (path) => payoneerError(404, { name: 'Not Found', description: `nothing at ${path}` }),
  serverError: (status) => payoneerError(status, { name: 'Server Error', description: 'something went wrong' }),
  rateLimited: (seconds) => ({
    ...payoneerError(429, { name: 'Too Many Requests', description: 'slow down' }),
    headers: { 'retry-after': String(seconds) },
  }),
}

/** Payoneer Mass Payouts v4, one program, as a local server (facts: marketplace §5). */
export async function startPayoneer(options: PayoneerOptions = {}): Promise<PayoneerSandbox> {
  const now = options.now ?? (() => new Date())
  const settleDelayMs = options.settleDelayMs ?? 200
  const faults = createFaults(options.faults)
  const credentials = {
    clientId: options.clientId ?? 'remesa-sandbox',
    clientSecret: options.clientSecret ?? 'payoneer-sandbox-secret',
    programId: options.programId ?? '100000001',
    ipcnSecret: options.ipcnSecret ?? 'payoneer-sandbox-ipcn-secret',
  }
  const programCurrency: Currency = currencyOf(options.currency ?? 'USD')
  const ipcnValues = { urlEncoded: options.ipcnValues === 'url-encoded' }
  let ipcnUrls: IpcnUrls = options.ipcnUrls ?? {}
  const tokens = createBearerTokens({ expiresInSeconds: TOKEN_SECONDS, now })
  const callbacks = createCallbackSender({
    faults,
    retryDelaysMs: options.callbackRetryDelaysMs ?? [100, 1_000, 10_000],
  })
  const payments = createPayments({
    now,
    faults,
    settleDelayMs,
    slowDelayMs: options.slowDelayMs ?? Math.max(2_000, settleDelayMs === 'by-hand' ? 0 : settleDelayMs * 10),
    created: (payment) => notify('payment-request-accepted', payment),
    ended,
  })
  payments.program.visibleAfterMs = options.visibleAfterMs ?? 0

  function ended(payment: Payment): void {
    const events: IpcnEvent[] = payment.state === 'Cancelled' ? ['cancel-payout'] : ['account-loaded', 'sent-to-bank']
    for (const event of events) notify(event, payment)
  }

  function notify(event: IpcnEvent, payment: Payment): void {
    send(event, payment.payeeId, ipcnBody(event, payment, ipcnValues))
  }

  function send(event: IpcnEvent, subject: string, body: string): void {
    const url = ipcnUrls[event]
    if (url === undefined) return
    const signature = { appName: APP_NAME, secret: credentials.ipcnSecret, method: 'POST', url, body }
    callbacks.send({
      url,
      subject,
      body,
      headers: () => ({ authorization: hmacauthHeader({ ...signature, now: now() }) }),
    })
  }

  function authenticate({ headers, params }: SandboxRequest): void {
    if (!tokens.accepts(headers.authorization)) {
      throw new Refusal(payoneerError(401, { name: 'Unauthorized', description: 'no valid access token' }))
    }
    if (params.program !== credentials.programId) {
      throw new Refusal(payoneerError(403, { name: 'Forbidden', description: 'not your program' }))
    }
  }

  function issueToken(request: SandboxRequest): Reply {
    const form = tokenRequest(request)
    const given = basicCredentials(request.headers.authorization) ?? { id: form.client_id, secret: form.client_secret }
    if (form.grant_type !== 'client_credentials') return { status: 400, body: { error: 'unsupported_grant_type' } }
    if (given.id !== credentials.clientId || given.secret !== credentials.clientSecret) {
      return { status: 401, body: { error: 'invalid_client', error_description: 'Client authentication failed' } }
    }
    const { token, expiresInSeconds } = tokens.issue()
    return {
      status: 200,
      body: { access_token: token, token_type: 'Bearer', expires_in: expiresInSeconds, scope: 'read write' },
    }
  }

  function submit(request: SandboxRequest): Reply {
    payments.create(readBatch(request.rawBody, { currency: programCurrency, isTaken: payments.isTaken }))
    return { status: 201, body: { result: 'Payments Created' } }
  }

  function status({ params }: SandboxRequest): Reply {
    const payment = payments.read(params.reference ?? '')
    return payment ? { status: 200, body: { result: paymentAsJson(payment) } } : unknownPayout
  }

  function cancel({ params }: SandboxRequest): Reply {
    const payment = payments.find(params.reference ?? '')
    if (!payment) return unknownPayout
    if (!payments.requestCancel(payment)) {
      return payoneerError(400, { name: 'Bad Request', description: `the payment is ${payment.state}` })
    }
    return { status: 200, body: { result: 'Cancel request received' } }
  }

  function payeeStatus({ params }: SandboxRequest): Reply {
    const payee = params.payee ?? ''
    if (!isPayeeId(payee) || behaviourOf(payee).unknown) {
      return payoneerError(404, { name: 'Not Found', description: 'no such payee' })
    }
    const type = behaviourOf(payee).inactive
      ? { type: 99, description: 'INACTIVE' }
      : payments.isApproved(payee)
        ? { type: 1, description: 'ACTIVE' }
        : { type: 0, description: 'PENDING' }
    const result = {
      account_id: `P${payee}`,
      status: type,
      registration_date: '2025-01-01T00:00:00Z',
      payout_method: { type: 'BANK', currency: programCurrency },
    }
    return { status: 200, body: { result } }
  }

  function balance(): Reply {
    const held = formatMajor(payments.program.balance ?? ENOUGH, programCurrency)
    return { status: 200, body: { result: { balance: JSON.rawJSON(held), currency: programCurrency } } }
  }

  const program = '/v4/programs/:program'
  const ofReference = ({ params }: SandboxRequest) => payments.find(params.reference ?? '')?.payeeId ?? ''
  const routes: Route[] = [
    { method: 'POST', path: '/api/v2/oauth2/token', subject: () => 'token', handle: issueToken },
    { method: 'POST', path: '/api/v2/oauth2/revoke', subject: () => 'token', handle: revoke },
    { method: 'POST', path: `${program}/masspayouts`, subject: payeeInBody, authenticate, handle: submit },
    { method: 'GET', path: `${program}/payouts/:reference/status`, subject: ofReference, authenticate, handle: status },
    { method: 'PUT', path: `${program}/payouts/:reference/cancel`, subject: ofReference, authenticate, handle: cancel },
    {
      method: 'GET',
      path: `${program}/payees/:payee/status`,
      subject: ({ params }) => params.payee ?? '',
      authenticate,
      handle: payeeStatus,
    },
    { method: 'GET', path: `${program}/balance`, subject: () => 'balance', authenticate, handle: balance },
  ]

  function revoke(): Reply {
    tokens.revokeAll()
    return { status: 200, body: {} }
  }

  const server = await startServer({ ...options, routes, errors, faults })
  const known = (clientReferenceId: string): Payment => {
    const payment = payments.find(clientReferenceId)
    if (!payment) throw new Error(`no payment ${clientReferenceId}`)
    return payment
  }
  const setBalance = (amount: bigint | undefined) => {
    payments.program.balance = amount
  }
  const setIpcnUrls = (urls: IpcnUrls) => {
    ipcnUrls = urls
  }
  const approvePayee = (payeeId: string) => {
    payments.approvePayee(payeeId)
    send('payee-approved', payeeId, payeeApprovedBody(payeeId, ipcnValues))
  }
  const { calls } = server
  return {
    url: server.url,
    apiUrl: `${server.url}/v4`,
    tokenUrl: `${server.url}/api/v2/oauth2/token`,
    calls,
    faults,
    setFaults: (plan) => faults.set(plan),
    credentials,
    books: payments.books,
    paymentsTo: payments.ofPayee,
    settle: (clientReferenceId) => payments.settle(known(clientReferenceId)),
    settleAll: payments.settleAll,
    setBalance,
    approvePayee,
    revokeTokens: tokens.revokeAll,
    setVisibleAfter(ms) {
      payments.program.visibleAfterMs = ms
    },
    setIpcnUrls,
    repeatNotification(clientReferenceId) {
      const payment = known(clientReferenceId)
      if (payment.state === 'Pending' || payment.state === 'Pending Payee') notify('payment-request-accepted', payment)
      else ended(payment)
    },
    callbacks,
    controls: {
      ...commonControls({ calls, faults }),
      books: () => booksAsJson(payments.books),
      settleAll: () => payments.settleAll(),
      setBalance: (input) => setBalance(moneyFromJson(input).amount),
      approvePayee: (input) => approvePayee(z.strictObject({ payeeId: z.string() }).parse(input).payeeId),
      revokeTokens: () => tokens.revokeAll(),
      setIpcnUrls: (input) => setIpcnUrls(ipcnUrlsSchema.parse(input)),
      callbacks: () => callbacks.counts(),
    },
    async stop() {
      payments.stop()
      await callbacks.stop()
      await server.stop()
    },
  }
}

/** What the balance call shows of a program that is never short. */
const ENOUGH = 100_000_000_000n

const unknownPayout = payoneerError(404, {
  name: 'Not Found',
  description: 'Payout not found',
  subCode: UNKNOWN_PAYOUT,
})

const ipcnUrlsSchema = z.partialRecord(z.enum(IPCN_EVENTS), z.url())
const tokenRequestSchema = z.object({
  grant_type: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
})

/** Both ways in which clients are seen to ask: a form, or JSON. */
function tokenRequest(request: SandboxRequest): z.infer<typeof tokenRequestSchema> {
  const isJson = request.headers['content-type']?.includes('json')
  const parsed = tokenRequestSchema.safeParse(isJson ? request.json() : Object.fromEntries(request.form()))
  return parsed.data ?? {}
}

const payee = z.array(z.object({ payee_id: z.string() })).min(1)
const payeeSchema = z.union([
  z.object({ Payments: payee }).transform(({ Payments }) => Payments),
  z.object({ payments: payee }).transform(({ payments }) => payments),
])

function payeeInBody(request: SandboxRequest): string {
  return payeeSchema.safeParse(request.json()).data?.[0]?.payee_id ?? ''
}
