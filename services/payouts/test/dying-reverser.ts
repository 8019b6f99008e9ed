import { openDatabase } from '@remesa/database/connection'
import { PATIENCE } from '@remesa/domain/payment-steps'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { createLogger } from '@remesa/service-kit/logger'
import { createMetrics } from '@remesa/service-kit/metrics'
import { stripeEnvironment, stripeOptions } from '@remesa/stripe-client/environment'
import { createStripeRail } from '@remesa/stripe-client/stripe-rail'
import { z } from 'zod'
import { createReversalMetrics } from '../src/reversal-metrics.ts'
import { reverseTransfers } from '../src/reverse-transfers.ts'

// As `dying-worker`, for reversals. Arguments: the reversal to make; when to die: before Stripe is called, or after it has
// answered; how many milliseconds the test's clock is ahead; the lease.

const [payoutReversalId = '', when = '', aheadMs = '0', leaseMs = '0'] = process.argv.slice(2)
const { reversals } = createStripeRail(stripeOptions(parseEnvironment(process.env, z.object(stripeEnvironment))))

const die = async (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {}) // the signal may take a moment
}

const reverse = reverseTransfers({
  database: openDatabase({
    url: process.env.DATABASE_URL ?? '',
    poolSize: 2,
    applicationName: 'dying-reverser',
    onIdleError: () => {},
  }),
  rail: {
    ...reversals,
    async pay(instruction) {
      if (when === 'before the call') return die()
      await reversals.pay(instruction)
      return die()
    },
  },
  patience: PATIENCE,
  leaseMs: Number(leaseMs),
  now: () => new Date(Date.now() + Number(aheadMs)),
  random: Math.random,
  metrics: createReversalMetrics(createMetrics({ service: 'dying-reverser' }).registry),
  logger: createLogger({ service: 'dying-reverser', level: 'fatal' }),
})
await reverse([
  { id: '1', data: { payoutReversalId }, attributes: {}, orderingKey: '', deliveryAttempt: 1, retries: 0 },
])
