import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Currency } from '@remesa/domain/currency'
import { formatMajor, type Money } from '@remesa/domain/money'
import { z } from 'zod'
import { type BankBooks, type BankBooksJson, booksAsJson, moneyFromJson } from '../kit/books.ts'
import { createCallbackSender } from '../kit/callbacks.ts'
import { createFaults, type FaultPlan } from '../kit/faults.ts'
import { commonControls, type SandboxProvider } from '../kit/provider.ts'
import { startServer } from '../kit/server.ts'
import { type Account, type AccountChanges, accountChangesSchema, createAccounts } from './accounts.ts'
import { createAdmission } from './admission.ts'
import { createBalance } from './balance.ts'
import { createBalanceHistory } from './balance-history.ts'
import { stripeAmount } from './currencies.ts'
import { stripeRoutes } from './endpoints.ts'
import { errors } from './errors.ts'
import { createIdempotencyKeys } from './idempotency.ts'
import { paymentControls } from './payment-controls.ts'
import { createPayments, type Payments } from './payments.ts'
import { createRateLimiter, type RateLimits, rateLimitsSchema } from './rate-limits.ts'
import { createTransfers, type Reversal, type Transfer } from './transfers.ts'
import { createWebhooks, type StripeEvent, type WebhookEndpoint, webhookEndpointSchema } from './webhooks.ts'

export interface StripeOptions {
  readonly port?: number
  readonly host?: string
  readonly apiKey?: string
  /** Signs events; two while the secret is rolled. */
  readonly webhookSecrets?: readonly string[]
  readonly webhook?: WebhookEndpoint
  /** Decides times in replies, the age of keys and the rate limits. Default: the machine's clock. */
  readonly now?: () => Date
  /** What the platform holds at the start, per currency. A currency not named holds enough for everything. */
  readonly balance?: readonly Money[]
  /** Default: none. */
  readonly rateLimits?: RateLimits
  /** Time that every request takes before its work, milliseconds. Default 0. */
  readonly latencyMs?: number
  readonly maxConcurrent?: number
  /** Waits between tries of an event, milliseconds. Default 100, 1,000, 10,000: three times, as Stripe's sandboxes try. */
  readonly callbackRetryDelaysMs?: readonly number[]
  readonly faults?: FaultPlan
}

export interface StripeSandbox extends SandboxProvider {
  readonly credentials: { readonly apiKey: string; readonly webhookSecret: string }
  /** Transfers really made; `returned` when they were reversed in full. */
  readonly books: BankBooks
  /** What customers paid, and the knobs of it. */
  readonly payments: Payments
  /** Transfers of one group, oldest first. */
  transfersOf(group: string): readonly Transfer[]
  reversals(): readonly Reversal[]
  /** What the platform holds, minor units of ISO 4217. */
  balance(currency: Currency): bigint
  setBalance(money: Money): void
  /** Adds to the balance; sends `balance.available`. */
  topUp(money: Money): void
  /** undefined for one that is not ours. */
  account(id: string): Account | undefined
  /** Sends `account.updated`. @throws Error for an account that is not ours, ZodError */
  updateAccount(id: string, changes: AccountChanges): Account
  /** The account's owner ends the connection; sends `account.application.deauthorized`. */
  disconnectAccount(id: string): void
  /** The account's bank takes all it holds: its transfers cannot be reversed any more. */
  payOutToBank(id: string): void
  /** What a connected account holds from now on, of which its transfers can be reversed. */
  setAccountBalance(id: string, money: Money): void
  /** A transfer as if a platform had asked for it, without an event. @throws Refusal as the platform would be told */
  makeTransfer(transfer: { readonly account: string; readonly money: Money; readonly group: string }): Transfer
  setRateLimits(limits: RateLimits): void
  setLatency(ms: number): void
  /** As if every idempotency key were older than a day. */
  forgetKeys(): void
  /** The next requests are answered 401 api_key_expired. */
  refuseApiKey(times: number): void
  /** The next transfer of this group takes so long to work on; its key is in use, its account locked meanwhile. */
  slowWork(group: string, delayMs: number): void
  setWebhook(endpoint: WebhookEndpoint | null): void
  /** @throws RangeError for none */
  setWebhookSecrets(secrets: readonly string[]): void
  /** Sends any event, of objects that the sandbox does not keep too. @returns its id */
  sendEvent(event: StripeEvent): string
  /** Sends the latest event about an object once more. */
  repeatEvent(objectId: string): void
  readonly callbacks: { idle(): Promise<void>; counts(): { delivered: number; tries: number; givenUp: number } }
}

/** Stripe's books as the control process gives them: `totals` are paid less reversed. */
export interface StripeBooksJson extends BankBooksJson {
  readonly reversals: readonly {
    readonly reversalId: string
    readonly transferId: string
    readonly amount: string
    readonly currency: string
  }[]
}

/** The version that stripe-node 23.1.0 pins. */
const API_VERSION = '2026-10-28.endive'

/** Stripe's payments and Connect's transfers as a local server, for the real SDK (facts: stripe). */
export async function startStripe(options: StripeOptions = {}): Promise<StripeSandbox> {
  const now = options.now ?? (() => new Date())
  const apiKey = options.apiKey ?? 'sk_test_remesaSandbox0001'
  const faults = createFaults(options.faults)
  const limiter = createRateLimiter(now, options.rateLimits)
  const admission = createAdmission({ apiKey, limiter })
  const keys = createIdempotencyKeys(now)
  const newId = idMaker()
  const accounts = createAccounts(now)
  const balance = createBalance({ newId, now })
  for (const money of options.balance ?? []) setBalance(money)
  const transfers = createTransfers({ accounts, balance, newId, now })
  const callbacks = createCallbackSender({
    faults,
    retryDelaysMs: options.callbackRetryDelaysMs ?? [100, 1_000, 10_000],
    timeoutMs: 10_000,
  })
  const webhooks = createWebhooks({
    callbacks,
    newId,
    now,
    apiVersion: API_VERSION,
    secrets: options.webhookSecrets ?? ['whsec_remesaSandbox'],
    endpoint: options.webhook,
  })
  const payments = createPayments({ newId, now, webhooks })
  const slowWork = new Map<string, number>()
  const requestIds = new WeakMap<IncomingHttpHeaders, string>()
  let latencyMs = options.latencyMs ?? 0

  function slowness(subject: string): number {
    const delayMs = slowWork.get(subject) ?? 0
    if (delayMs > 0) slowWork.delete(subject)
    return delayMs
  }

  function setBalance(money: Money): void {
    balance.set(money.currency.toLowerCase(), stripeAmount(money))
  }

  function topUp(money: Money): void {
    const currency = money.currency.toLowerCase()
    const amount = stripeAmount(money)
    balance.move({ currency, amount, type: 'topup', source: newId('tu'), description: null })
    webhooks.emit({ type: 'balance.available', object: balance.asJson() })
  }

  function balanceOf(code: Currency): bigint {
    const one = stripeAmount({ amount: 1_000n, currency: code })
    return (balance.available(code.toLowerCase()) * 1_000n) / one
  }

  function updateAccount(id: string, changes: AccountChanges): Account {
    const { account, previous } = accounts.update(id, changes)
    webhooks.emit({ type: 'account.updated', object: account, previous, account: id })
    return account
  }

  function disconnectAccount(id: string): void {
    accounts.disconnect(id)
    const object = { id: 'ca_remesaSandbox', object: 'application', name: 'Remesa' }
    webhooks.emit({ type: 'account.application.deauthorized', object, account: id, subject: id })
  }

  const server = await startServer({
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.maxConcurrent === undefined ? {} : { maxConcurrent: options.maxConcurrent }),
    get latencyMs() {
      return latencyMs // read anew for each request, so that it can change
    },
    routes: stripeRoutes({
      admission,
      accounts,
      balance,
      history: createBalanceHistory(balance, payments),
      faults,
      keys,
      payments,
      transfers,
      webhooks,
      requestId: ({ headers }) => requestIds.get(headers) ?? '',
      slowness,
    }),
    errors,
    faults,
    replyHeaders(headers) {
      const id = newId('req')
      requestIds.set(headers, id)
      const key = headers['idempotency-key']
      return {
        'request-id': id,
        'stripe-version': String(headers['stripe-version'] ?? API_VERSION),
        ...(key === undefined ? {} : { 'idempotency-key': String(key) }),
      }
    },
  })

  const { calls } = server
  const sandbox: Omit<StripeSandbox, 'controls'> = {
    url: server.url,
    calls,
    faults,
    setFaults: (plan) => faults.set(plan),
    get credentials() {
      return { apiKey, webhookSecret: webhooks.secret() }
    },
    books: transfers.books,
    payments,
    transfersOf: (group) => transfers.candidates({ group }),
    reversals: () => transfers.reversals,
    balance: balanceOf,
    setBalance,
    topUp,
    account: accounts.find,
    updateAccount,
    disconnectAccount,
    payOutToBank: transfers.payOutToBank,
    setAccountBalance: (id, money) => transfers.setHolding(id, money.currency.toLowerCase(), stripeAmount(money)),
    makeTransfer: ({ account, money, group }) =>
      transfers.make(
        {
          amount: stripeAmount(money),
          currency: money.currency.toLowerCase(),
          money,
          destination: account,
          description: null,
          metadata: new Map(),
          sourceTransaction: undefined,
          sourceType: 'card',
          transferGroup: group,
          expand: [],
        },
        { runsDry: false },
      ),
    setRateLimits: limiter.set,
    setLatency(ms) {
      latencyMs = ms
    },
    forgetKeys: keys.forgetAll,
    refuseApiKey: admission.refuse,
    slowWork: (group, delayMs) => void slowWork.set(group, delayMs),
    setWebhook: webhooks.setEndpoint,
    setWebhookSecrets: webhooks.setSecrets,
    sendEvent: webhooks.emit,
    repeatEvent: webhooks.repeat,
    callbacks,
    async stop() {
      await callbacks.stop()
      await server.stop()
    },
  }
  return Object.assign(sandbox, { controls: controlsOf(sandbox) })
}

/** Everything of a Stripe sandbox in JSON. */
export const stripeBooksAsJson = (stripe: Pick<StripeSandbox, 'books' | 'reversals'>): StripeBooksJson => ({
  ...booksAsJson(stripe.books),
  reversals: stripe.reversals().map(({ id, transfer, money }) => ({
    reversalId: id,
    transferId: transfer,
    amount: formatMajor(money.amount, money.currency),
    currency: money.currency,
  })),
})

const accountSchema = z.strictObject({ id: z.string() })
const eventSchema = z.strictObject({
  type: z.string(),
  object: z.looseObject({ id: z.string().optional() }),
  previous: z.record(z.string(), z.unknown()).optional(),
  account: z.string().optional(),
})

function controlsOf(stripe: Omit<StripeSandbox, 'controls'>): StripeSandbox['controls'] {
  return {
    ...commonControls(stripe),
    books: () => stripeBooksAsJson(stripe),
    setBalance: (input) => stripe.setBalance(moneyFromJson(input)),
    topUp: (input) => stripe.topUp(moneyFromJson(input)),
    account: (input) => stripe.account(accountSchema.parse(input).id),
    updateAccount(input) {
      const { id, changes } = z.strictObject({ id: z.string(), changes: accountChangesSchema }).parse(input)
      return stripe.updateAccount(id, changes)
    },
    disconnectAccount: (input) => stripe.disconnectAccount(accountSchema.parse(input).id),
    payOutToBank: (input) => stripe.payOutToBank(accountSchema.parse(input).id),
    setAccountBalance(input) {
      const { id, ...money } = z.looseObject({ id: z.string() }).parse(input)
      stripe.setAccountBalance(id, moneyFromJson(money))
    },
    setRateLimits: (input) => stripe.setRateLimits(rateLimitsSchema.parse(input)),
    setLatency: (input) => stripe.setLatency(z.strictObject({ ms: z.int().min(0) }).parse(input).ms),
    forgetKeys: () => stripe.forgetKeys(),
    refuseApiKey: (input) => stripe.refuseApiKey(z.strictObject({ times: z.int().min(0) }).parse(input).times),
    setWebhook: (input) =>
      stripe.setWebhook(z.strictObject({ endpoint: webhookEndpointSchema.nullable() }).parse(input).endpoint),
    setWebhookSecrets: (input) =>
      stripe.setWebhookSecrets(z.strictObject({ secrets: z.array(z.string().min(1)).min(1) }).parse(input).secrets),
    sendEvent: (input) => ({ id: stripe.sendEvent(eventSchema.parse(input)) }),
    repeatEvent: (input) => stripe.repeatEvent(z.strictObject({ objectId: z.string() }).parse(input).objectId),
    callbacks: () => stripe.callbacks.counts(),
    ...paymentControls(stripe.payments),
  }
}

/** Ids that no other run of a sandbox gives: databases outlive sandboxes. */
function idMaker(): (prefix: string) => string {
  const run = randomBytes(4).toString('hex')
  let made = 0
  return (prefix) => {
    made += 1
    return `${prefix}_1${run}${made.toString(36).padStart(7, '0')}`
  }
}
