import { currency } from '@remesa/domain/currency'
import { money } from '@remesa/domain/money'
import { type StripeOptions, startStripe } from '../stripe/stripe.ts'
import { type ClosableRail, NOBODY, type PayeeKind, type RailHarness } from './bench.ts'
import { type ReceivedCallback, startReceiver } from './receiver.ts'

export interface StripeRailParts {
  /** Without `/v1`: what the SDK takes apart into protocol, host and port. */
  readonly baseUrl: string
  readonly apiKey: string
  readonly timeoutMs: number
}

export interface StripeUnderTest {
  /** Its transfers carry `payableId` as their `transfer_group`. */
  makeRail(parts: StripeRailParts): ClosableRail
  /**
   * Left out: the rail has nothing to do with events.
   * @returns the transfer's id when the event is Stripe's, else undefined
   */
  verifyCallback?(callback: ReceivedCallback, parts: { secret: string; now: Date }): string | undefined
}

// A Stripe transfer succeeds or is refused at once, so no account accepts one and rejects it afterwards.
const ACCOUNTS: Readonly<Record<PayeeKind, string>> = {
  ordinary: 'acct_1',
  refused: 'acct_closed',
  unknown: 'acct_missing',
  'unfunded-once': 'acct_nofunds',
  'busy-once': 'acct_nofunds',
}

/** Certifies a rail to Stripe against its sandbox. */
export function stripeHarness(underTest: StripeUnderTest, options: StripeOptions = {}): RailHarness {
  return {
    features: ['in-progress', 'stored-errors', ...(underTest.verifyCallback ? (['callbacks'] as const) : [])],
    start: () => startBench(underTest, options),
  }
}

async function startBench(underTest: StripeUnderTest, options: StripeOptions): ReturnType<RailHarness['start']> {
  const verified: string[] = []
  let refused = 0
  let accounts = 0
  const receiver = await startReceiver((callback) => {
    const { webhookSecret: secret } = stripe.credentials
    const transferId = underTest.verifyCallback?.(callback, { secret, now: new Date() })
    if (transferId === undefined) refused += 1
    else verified.push(transferId)
  })
  const stripe = await startStripe({
    callbackRetryDelaysMs: [10, 10],
    webhook: { url: `${receiver.url}/webhooks/stripe`, events: underTest.verifyCallback ? ['transfer.created'] : [] },
    ...options,
  })
  const { apiKey } = stripe.credentials

  return {
    makeRail: ({ timeoutMs, credentials, at }) =>
      underTest.makeRail({
        baseUrl: at === 'provider' ? stripe.url : NOBODY,
        apiKey: credentials === 'right' ? apiKey : 'sk_test_wrong',
        timeoutMs,
      }),
    freshDestination(kind) {
      accounts += 1
      return `${ACCOUNTS[kind]}${String(accounts).padStart(6, '0')}`
    },
    money: money(12_50n, 'USD'),
    country: 'US',
    faults: stripe.faults,
    subjectOf: ({ payableId }) => payableId,
    routes: { submit: 'POST /v1/transfers', status: 'GET /v1/transfers/:id', find: 'GET /v1/transfers' },
    booksOf: ({ destination }) => stripe.books.payments(destination),
    settle: () => undefined, // at once
    setFunds: (funds) => stripe.setBalance({ amount: funds === 'none' ? 0n : 10n ** 13n, currency: currency('USD') }),
    // An API key is made for years: what a rail meets is one that is being rolled.
    expireCredentials: () => stripe.refuseApiKey(1),
    forgetKeys: stripe.forgetKeys,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20))),
    slowWork: ({ payableId }, delayMs) => stripe.slowWork(payableId, delayMs),
    callbacks: {
      verified: () => verified,
      refused: () => refused,
      repeat({ payableId }) {
        for (const { id } of stripe.transfersOf(payableId)) stripe.repeatEvent(id)
      },
      idle: stripe.callbacks.idle,
    },
    async stop() {
      await stripe.stop()
      await receiver.stop()
    },
  }
}
