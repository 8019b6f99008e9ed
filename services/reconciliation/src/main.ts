import { openDatabase } from '@remesa/database/connection'
import { currency } from '@remesa/domain/currency'
import { RECONCILED_BOOKS } from '@remesa/domain/rail-reconciliation'
import { STRIPE_EVENT_SUBSCRIPTIONS, topics } from '@remesa/messaging/catalogue'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { openBooks } from '@remesa/rails/books'
import { runService } from '@remesa/service-kit/run-service'
import { stripeOptions } from '@remesa/stripe-client/environment'
import { createStripeReads } from '@remesa/stripe-client/stripe-reads'
import { createBillingReconciliationService } from './billing-reconciliation.ts'
import { readConfig } from './config.ts'
import { reconcileOnRequest } from './reconcile-on-request.ts'
import { reconcileRailsOnRequest } from './reconcile-rails-on-request.ts'
import { recordPayments } from './record-payments.ts'
import { syncOnRequest } from './sync-on-request.ts'

const COMPARISONS_AT_ONCE = 2
/** A million payments take seconds; years of them may take minutes. */
const COMPARISON_MS = 1_800_000

/** Whatever keeps Stripe from answering takes minutes to pass; what was read is kept for two hours. */
const AGAIN_AFTER_MS = 300_000

await runService({
  name: 'reconciliation',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger } = parts
    const stripe = createStripeReads({ ...stripeOptions(config), logger, metrics: parts.metrics })
    parts.stopWith('stripe', () => stripe.close())
    const { database, relay, work } = await connectWorkerService('reconciliation', parts)
    const comparing = openDatabase({
      url: config.DATABASE_URL,
      poolSize: COMPARISONS_AT_ONCE,
      applicationName: 'reconciliation',
      onIdleError: (err) => logger.warn({ err }, 'an idle database connection broke'),
      silentMs: COMPARISON_MS,
    })
    parts.stopWith('comparing', () => comparing.destroy())
    const service = createBillingReconciliationService({
      database,
      comparing,
      stripe,
      tolerancePercentage: config.BILLING_RECONCILIATION_TOLERANCE_PERCENT,
      includeRefunds: config.BILLING_RECONCILIATION_INCLUDE_REFUNDS,
      reportingCurrency: currency(config.BILLING_RECONCILIATION_CURRENCY),
      slicesAtOnce: config.BILLING_RECONCILIATION_SLICES_AT_ONCE,
      retryFirstMs: config.BILLING_RECONCILIATION_RETRY_FIRST_MS,
      graceMs: config.BILLING_RECONCILIATION_GRACE_MS,
      leaseMs: config.BILLING_RECONCILIATION_LEASE_MS,
      nudge: () => relay.nudge(),
      now: () => new Date(),
      logger,
    })

    work({
      topic: topics.stripeEvent,
      subscription: STRIPE_EVENT_SUBSCRIPTIONS.reconciliation,
      handle: recordPayments({ database }),
    })
    work({
      topic: topics.billingReconciliation,
      maxBatch: 1,
      handle: reconcileOnRequest({ service, againAfterMs: AGAIN_AFTER_MS, now: () => new Date() }),
    })
    work({
      topic: topics.paymentSync,
      maxBatch: 1,
      handle: syncOnRequest({ database, service, logger, againAfterMs: AGAIN_AFTER_MS }),
    })
    const books = new Map(
      RECONCILED_BOOKS.map((name) => {
        const opened = openBooks(name, process.env, { logger, metrics: parts.metrics })
        parts.stopWith(`books of ${name}`, () => opened.close())
        return [name, opened] as const
      }),
    )
    work({
      topic: topics.railReconciliation,
      maxBatch: 1,
      handle: reconcileRailsOnRequest({
        ...{ database, books, logger, againAfterMs: AGAIN_AFTER_MS, timeZone: config.BUSINESS_TIME_ZONE },
        now: () => new Date(),
        nudge: () => relay.nudge(),
      }),
    })
    // Before its worker, which would wait for a run of minutes until it is killed.
    parts.stopWith('runs', () => service.stop())
  },
})
