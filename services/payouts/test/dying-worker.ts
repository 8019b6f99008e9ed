import { openDatabase } from '@remesa/database/connection'
import { PATIENCE } from '@remesa/domain/payment-steps'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { createLogger } from '@remesa/service-kit/logger'
import { createMetrics } from '@remesa/service-kit/metrics'
import { stripeEnvironment, stripeOptions } from '@remesa/stripe-client/environment'
import { createStripeRail } from '@remesa/stripe-client/stripe-rail'
import { z } from 'zod'
import { payTransfers } from '../src/pay-transfers.ts'
import { createPayoutMetrics } from '../src/payout-metrics.ts'

// A worker that is killed as the kernel kills: no finally, no rollback, no goodbye. For the tests of what it leaves.
// Arguments: the transfer to pay; when to die: before Stripe is called, or after it has answered; how many milliseconds
// the test's clock is ahead; the lease.

const [payoutTransferId = '', when = '', aheadMs = '0', leaseMs = '0'] = process.argv.slice(2)
const stripe = createStripeRail(stripeOptions(parseEnvironment(process.env, z.object(stripeEnvironment))))
const now = () => new Date(Date.now() + Number(aheadMs))

const die = async (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {}) // the signal may take a moment
}

const pay = payTransfers({
  database: openDatabase({
    url: process.env.DATABASE_URL ?? '',
    poolSize: 2,
    applicationName: 'dying-worker',
    onIdleError: () => {},
  }),
  rail: {
    ...stripe,
    async pay(instruction) {
      if (when === 'before the call') return die()
      await stripe.pay(instruction)
      return die()
    },
  },
  verifier: { ask() {} },
  policy: DESTINATION_POLICY,
  patience: PATIENCE,
  leaseMs: Number(leaseMs),
  now,
  random: Math.random,
  metrics: createPayoutMetrics(createMetrics({ service: 'dying-worker' }).registry, now),
  logger: createLogger({ service: 'dying-worker', level: 'fatal' }),
})
const message = { id: '1', data: { payoutTransferId }, attributes: {}, orderingKey: '', deliveryAttempt: 1, retries: 0 }
await pay([message])
