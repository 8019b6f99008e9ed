import { currency } from '@remesa/domain/currency'
import { money } from '@remesa/domain/money'
import { type FPayOptions, startFPay } from '../fpay/fpay.ts'
import { type ClosableRail, NOBODY, type PayeeKind, type RailHarness } from './bench.ts'
import { type ReceivedCallback, startReceiver } from './receiver.ts'

export interface FPayRailParts {
  /** Without `/v1`. */
  readonly baseUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly callbackUrl: string
  readonly timeoutMs: number
}

export interface FPayUnderTest {
  makeRail(parts: FPayRailParts): ClosableRail
  /** @returns the payout's id when the callback is FPay's, else undefined */
  verifyCallback(callback: ReceivedCallback, parts: { secret: string; now: Date }): string | undefined
}

const ACCOUNTS: Readonly<Record<PayeeKind, string>> = {
  ordinary: 'FP-',
  refused: 'FP-CLOSED-',
  unknown: 'FP-UNKNOWN-',
  'unfunded-once': 'FP-NOFUNDS-',
  'busy-once': 'FP-BUSY-',
}

/** Certifies a rail to FPay against its sandbox. */
export function fpayHarness(underTest: FPayUnderTest, options: FPayOptions = {}): RailHarness {
  return {
    features: ['in-progress', 'unfunded-once', 'busy-once', 'one-per-payable', 'reversible', 'callbacks'],
    start: () => startBench(underTest, options),
  }
}

async function startBench(underTest: FPayUnderTest, options: FPayOptions): ReturnType<RailHarness['start']> {
  const fpay = await startFPay({ settleDelayMs: 'by-hand', callbackRetryDelaysMs: [10, 10], ...options })
  const { clientId, clientSecret, callbackSecret } = fpay.credentials
  const verified: string[] = []
  let refused = 0
  let accounts = 0
  const receiver = await startReceiver((callback) => {
    const payoutId = underTest.verifyCallback(callback, { secret: callbackSecret, now: new Date() })
    if (payoutId === undefined) refused += 1
    else verified.push(payoutId)
  })
  const latest = (payableId: string) => fpay.payoutsOf(payableId).at(-1)?.payoutId ?? ''

  return {
    makeRail: ({ timeoutMs, credentials, at }) =>
      underTest.makeRail({
        baseUrl: at === 'provider' ? fpay.url : NOBODY,
        clientId,
        clientSecret: credentials === 'right' ? clientSecret : 'wrong',
        callbackUrl: `${receiver.url}/webhooks/fpay`,
        timeoutMs,
      }),
    freshDestination(kind) {
      accounts += 1
      return `${ACCOUNTS[kind]}${String(accounts).padStart(6, '0')}`
    },
    money: money(1_250_000n, 'CLP'),
    country: 'CL',
    faults: fpay.faults,
    subjectOf: ({ payableId }) => payableId,
    routes: { submit: 'POST /v1/payouts', status: 'GET /v1/payouts/:payoutId', find: 'GET /v1/payouts' },
    booksOf: ({ destination }) => fpay.books.payments(destination),
    settle({ payableId }) {
      for (const { payoutId } of fpay.payoutsOf(payableId)) fpay.settle(payoutId)
    },
    setFunds: (funds) => fpay.setTreasury({ amount: funds === 'none' ? 0n : 10n ** 15n, currency: currency('CLP') }),
    expireCredentials: fpay.revokeTokens,
    forgetKeys: fpay.forgetKeys,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20))),
    slowWork: ({ payableId }, delayMs) => fpay.slowWork(payableId, delayMs),
    reverse: ({ payableId }) => fpay.reverse(latest(payableId)),
    callbacks: {
      verified: () => verified,
      refused: () => refused,
      repeat: ({ payableId }) => fpay.repeatCallback(latest(payableId)),
      idle: fpay.callbacks.idle,
    },
    async stop() {
      await fpay.stop()
      await receiver.stop()
    },
  }
}
