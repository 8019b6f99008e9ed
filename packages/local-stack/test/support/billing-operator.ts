import { currency } from '@remesa/domain/currency'
import { createLogger } from '@remesa/service-kit/logger'
import { createStripeReads } from '@remesa/stripe-client/stripe-reads'
import { createBillingReconciliationService } from '../../../../services/reconciliation/src/billing-reconciliation.ts'
import type { SyncedPayments } from '../../../../services/reconciliation/src/sync-payments.ts'
import type { Stack } from '../../src/stack/stack.ts'

/** What an operator does about payments that are missing: the service in a process of the operator's, not the worker. */
export async function syncedByAnOperator(
  { database, sandbox }: Stack,
  paymentIds: readonly string[],
): Promise<SyncedPayments> {
  const { hostname: host, port } = new URL(sandbox.urls.stripe)
  const stripe = createStripeReads({
    secretKey: sandbox.credentials.stripe.apiKey,
    apiBase: { host, port: Number(port), protocol: 'http' },
    timeoutMs: 5_000,
    rate: { perSecond: 1_000, accountPerSecond: 1_000, concurrent: 10 },
  })
  const service = createBillingReconciliationService({
    ...{ database, stripe, reportingCurrency: currency('USD'), tolerancePercentage: 1, includeRefunds: true },
    ...{
      slicesAtOnce: 1,
      retryFirstMs: 100,
      graceMs: 0,
      leaseMs: 60_000,
      nudge: () => undefined,
      now: () => new Date(),
    },
    logger: createLogger({ service: 'operator', level: 'fatal' }),
  })
  try {
    return await service.syncMissingPayments(paymentIds, { actor: 'operator:olga' })
  } finally {
    await service.stop()
    await stripe.close()
  }
}
