import { money } from '@remesa/domain/money'
import { type PayoneerOptions, startPayoneer } from '../payoneer/payoneer.ts'
import { type ClosableRail, NOBODY, type PayeeKind, type RailHarness } from './bench.ts'
import { type ReceivedCallback, startReceiver } from './receiver.ts'

export interface PayoneerRailParts {
  /** With the version: `…/v4`. */
  readonly baseUrl: string
  readonly tokenUrl: string
  readonly programId: string
  readonly clientId: string
  readonly clientSecret: string
  readonly timeoutMs: number
  /** The bench's clock, which the rail must use: it is moved, not waited for. */
  readonly now: () => Date
}

export interface PayoneerUnderTest {
  makeRail(parts: PayoneerRailParts): ClosableRail
  /** @returns the client reference when the notification is Payoneer's, else undefined */
  verifyCallback(callback: ReceivedCallback, parts: { secret: string; now: Date }): string | undefined
}

const PAYEES: Readonly<Record<PayeeKind, string>> = {
  ordinary: 'PY-',
  refused: 'PY-CLOSED-',
  unknown: 'PY-UNKNOWN-',
  'unfunded-once': 'PY-NOFUNDS-',
  'busy-once': 'PY-',
}
/** Longer than a client may trust what it has read of the program's balance. */
const BALANCE_AGES_MS = 60_000

/** Certifies a rail to Payoneer against its sandbox. The rail must know `SANDBOX_CODES.insufficientFunds` as funding. */
export function payoneerHarness(underTest: PayoneerUnderTest, options: PayoneerOptions = {}): RailHarness {
  return {
    features: ['hidden-at-first', 'unfunded-once', 'callbacks'],
    start: () => startBench(underTest, options),
  }
}

async function startBench(underTest: PayoneerUnderTest, options: PayoneerOptions): ReturnType<RailHarness['start']> {
  let time = Date.now()
  const now = () => new Date(time)
  const payoneer = await startPayoneer({ settleDelayMs: 'by-hand', now, callbackRetryDelaysMs: [10, 10], ...options })
  const { programId, clientId, clientSecret, ipcnSecret } = payoneer.credentials
  const verified: string[] = []
  let refused = 0
  let payees = 0
  const receiver = await startReceiver((callback) => {
    const reference = underTest.verifyCallback(callback, { secret: ipcnSecret, now: now() })
    if (reference === undefined) refused += 1
    else verified.push(reference)
  })
  payoneer.setIpcnUrls({
    'payment-request-accepted': `${receiver.url}/webhooks/payoneer/accepted`,
    'cancel-payout': `${receiver.url}/webhooks/payoneer/cancelled`,
    'account-loaded': `${receiver.url}/webhooks/payoneer/loaded`,
    'sent-to-bank': `${receiver.url}/webhooks/payoneer/bank`,
  })
  const status = 'GET /v4/programs/:program/payouts/:reference/status'

  return {
    makeRail: ({ timeoutMs, credentials, at }) =>
      underTest.makeRail({
        baseUrl: at === 'provider' ? payoneer.apiUrl : `${NOBODY}/v4`,
        tokenUrl: at === 'provider' ? payoneer.tokenUrl : `${NOBODY}/api/v2/oauth2/token`,
        programId,
        clientId,
        clientSecret: credentials === 'right' ? clientSecret : 'wrong',
        timeoutMs,
        now,
      }),
    freshDestination(kind) {
      payees += 1
      return `${PAYEES[kind]}${String(payees).padStart(6, '0')}`
    },
    money: money(15_050n, 'USD'),
    country: 'PE',
    faults: payoneer.faults,
    subjectOf: ({ destination }) => destination,
    routes: { submit: 'POST /v4/programs/:program/masspayouts', status, find: status },
    booksOf: ({ destination }) => payoneer.books.payments(destination),
    settle({ destination }) {
      for (const { clientReferenceId } of payoneer.paymentsTo(destination)) payoneer.settle(clientReferenceId)
    },
    setFunds(funds) {
      payoneer.setBalance(funds === 'none' ? 0n : undefined)
      time += BALANCE_AGES_MS
    },
    expireCredentials: payoneer.revokeTokens,
    forgetKeys: () => undefined, // references are for ever
    async pass(ms) {
      time += ms
    },
    hideFor: payoneer.setVisibleAfter,
    callbacks: {
      verified: () => verified,
      refused: () => refused,
      repeat({ destination }) {
        const latest = payoneer.paymentsTo(destination).at(-1)
        if (latest) payoneer.repeatNotification(latest.clientReferenceId)
      },
      idle: payoneer.callbacks.idle,
    },
    async stop() {
      await payoneer.stop()
      await receiver.stop()
    },
  }
}
