import { currency } from '@remesa/domain/currency'
import { money } from '@remesa/domain/money'
import { moneyFromStripe } from '../stripe/currencies.ts'
import { type StripeOptions, startStripe } from '../stripe/stripe.ts'
import { type ClosableRail, NOBODY, type RailHarness } from './bench.ts'
import type { StripeRailParts } from './stripe-harness.ts'

const USD = currency('USD')
const AMPLE = 10n ** 12n

/**
 * Certifies a rail that takes back what Stripe's transfers moved, against the sandbox. What it is to take from is a
 * transfer, and "funds" are what the transfer's account still holds.
 * @param makeRail - its reversals bear `payableId` in their metadata
 */
export function stripeReversalHarness(
  makeRail: (parts: StripeRailParts) => ClosableRail,
  options: StripeOptions = {},
): RailHarness {
  return { features: ['in-progress', 'stored-errors'], start: () => startBench(makeRail, options) }
}

async function startBench(
  makeRail: (parts: StripeRailParts) => ClosableRail,
  options: StripeOptions,
): ReturnType<RailHarness['start']> {
  const stripe = await startStripe(options)
  const { apiKey } = stripe.credentials
  /** What faults are counted by, and who holds the money, by the transfer's id. */
  const madeOf = new Map<string, { readonly group: string; readonly account: string }>()
  const groupOf = (transfer: string): string => madeOf.get(transfer)?.group ?? transfer

  return {
    makeRail: ({ timeoutMs, credentials, at }) =>
      makeRail({
        baseUrl: at === 'provider' ? stripe.url : NOBODY,
        apiKey: credentials === 'right' ? apiKey : 'sk_test_wrong',
        timeoutMs,
      }),
    freshDestination(kind) {
      const [account, group] = [`acct_1reversed${madeOf.size}`, `group-${madeOf.size}`]
      const { id } = stripe.makeTransfer({ account, money: money(100_00n, 'USD'), group })
      madeOf.set(id, { group, account })
      // Stripe takes nothing from an account that left us. A transfer that it does not know is no refusal but books that
      // differ, of which the rail's own tests tell.
      if (kind === 'refused' || kind === 'unknown') stripe.disconnectAccount(account)
      return id
    },
    money: money(12_50n, 'USD'),
    country: 'US',
    faults: stripe.faults,
    subjectOf: ({ destination }) => groupOf(destination),
    routes: {
      submit: 'POST /v1/transfers/:id/reversals',
      status: 'GET /v1/balance_transactions',
      find: 'GET /v1/transfers/:id/reversals',
    },
    booksOf: ({ destination }) =>
      stripe
        .reversals()
        .filter(({ transfer }) => transfer === destination)
        .map(({ id, amount, currency: lowerCase, created, metadata }) => ({
          account: destination,
          paymentId: id,
          reference: metadata.reversal_id ?? '',
          money: moneyFromStripe(amount, lowerCase),
          paidAt: new Date(created * 1_000),
          returned: false,
        })),
    settle: () => undefined, // at once
    setFunds(funds) {
      for (const { account } of madeOf.values()) {
        stripe.setAccountBalance(account, { amount: funds === 'none' ? 0n : AMPLE, currency: USD })
      }
    },
    expireCredentials: () => stripe.refuseApiKey(1),
    forgetKeys: stripe.forgetKeys,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20))),
    slowWork: ({ destination }, delayMs) => stripe.slowWork(groupOf(destination), delayMs),
    stop: stripe.stop,
  }
}
