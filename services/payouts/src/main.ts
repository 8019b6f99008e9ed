import { PATIENCE } from '@remesa/domain/payment-steps'
import { STRIPE_EVENT_SUBSCRIPTIONS, topics } from '@remesa/messaging/catalogue'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { runService } from '@remesa/service-kit/run-service'
import { stripeOptions } from '@remesa/stripe-client/environment'
import { createStripeRail } from '@remesa/stripe-client/stripe-rail'
import { applyBookingEvents } from './apply-booking-events.ts'
import { applyStripeEvents } from './apply-stripe-events.ts'
import { claimsInFlight } from './claims-in-flight.ts'
import { readConfig } from './config.ts'
import { createJobs } from './create-jobs.ts'
import { payTransfers } from './pay-transfers.ts'
import { createPayoutMetrics } from './payout-metrics.ts'
import { createReversalMetrics } from './reversal-metrics.ts'
import { reverseTransfers } from './reverse-transfers.ts'
import { scheduledRun } from './run-payout-scheduler.ts'
import { settleBookings } from './settle-bookings.ts'
import { verifyDestinations } from './verify-destinations.ts'

await runService({
  name: 'payouts',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger } = parts
    const stripe = createStripeRail({ ...stripeOptions(config), logger, metrics: parts.metrics })
    parts.stopWith('stripe', () => stripe.close())
    const { database, relay, work } = await connectWorkerService('payouts', parts)
    const now = () => new Date()
    const retry = {
      firstMs: config.PAYOUT_RETRY_FIRST_MS,
      maxMs: Math.max(config.PAYOUT_RETRY_MAX_MS, config.PAYOUT_RETRY_FIRST_MS),
    }
    const terms = {
      rules: { delayMs: config.BOOKING_PAYOUT_DELAY_MS, tipWindowMs: config.BOOKING_TIP_WINDOW_MS },
      setOffPercent: config.BOOKING_SET_OFF_PERCENT,
      clockOffsetMs: config.BOOKING_CLOCK_OFFSET_MS,
    }
    const patience = {
      ...PATIENCE,
      maxAttempts: config.PAYOUT_REFUSALS_BEFORE_ALERT,
      retry,
      refused: retry, // Stripe's own trouble: no bank is asked
      funds: { ...PATIENCE.funds, firstMs: config.PAYOUT_FUNDS_RETRY_FIRST_MS },
      railPauseMs: config.PAYOUT_RAIL_PAUSE_MS,
    }
    const inFlight = claimsInFlight({
      perSecond: config.STRIPE_REQUESTS_PER_SECOND,
      accountPerSecond: config.STRIPE_ACCOUNT_REQUESTS_PER_SECOND,
      processes: config.STRIPE_PROCESSES,
      maxWaitMs: config.STRIPE_MAX_WAIT_MS,
    })
    const policy = { payoutsMustBeEnabled: config.PAYOUT_HOLD_WITHOUT_BANK, coolingMs: config.PAYEE_COOLING_MS }
    const metrics = createPayoutMetrics(parts.metrics.registry, now)
    const verifier = verifyDestinations({ database, stripe, policy, nudge: relay.nudge, now, logger })
    parts.stopWith('destinations', () => verifier.stop())

    work({
      topic: topics.settlementCompleted,
      maxBatch: 20,
      handle: createJobs({ database, lookAgainMs: config.PAYOUT_LOOK_AGAIN_MS, now, logger }),
    })
    work({
      topic: topics.payoutTransfer,
      ...inFlight,
      handle: payTransfers({
        database,
        rail: stripe,
        verifier,
        policy,
        patience,
        leaseMs: config.PAYMENT_LEASE_MS,
        now,
        random: Math.random,
        metrics,
        logger,
      }),
    })
    const bookings = { database, terms, now, metrics, logger }
    // Each message is a transaction of its own: few at a time wait for a connection.
    work({ topic: topics.bookingEvent, maxBatch: 25, handle: applyBookingEvents(bookings) })
    work({ topic: topics.bookingPayout, maxBatch: 25, handle: settleBookings(bookings) })
    work({
      topic: topics.payoutReversal,
      ...inFlight,
      handle: reverseTransfers({
        database,
        rail: stripe.reversals,
        patience,
        leaseMs: config.PAYMENT_LEASE_MS,
        now,
        random: Math.random,
        metrics: createReversalMetrics(parts.metrics.registry),
        logger,
      }),
    })
    work({
      topic: topics.stripeEvent,
      subscription: STRIPE_EVENT_SUBSCRIPTIONS.payouts,
      handle: applyStripeEvents({ database, stripe, policy, now, random: Math.random, logger }),
    })
    work({
      topic: topics.payoutScheduler,
      concurrentBatches: 1,
      handle: scheduledRun({
        database,
        policy,
        terms,
        graceMs: config.PAYOUT_SCHEDULER_GRACE_MS,
        now,
        metrics,
        logger,
        verifier,
      }),
    })
  },
})
