import type { ReconciliationStatus } from '@remesa/domain/reconciliation-result'
import type { topics } from '@remesa/messaging/catalogue'
import { type BatchHandler, done, eachMessage, reject, retry } from '@remesa/messaging/handler'
import type { DataOf } from '@remesa/messaging/topic'
import type { BillingReconciliationService } from './billing-reconciliation.ts'
import { NotOverError } from './reconciliation-window.ts'

interface Parts {
  readonly service: Pick<BillingReconciliationService, 'reconcile' | 'runDailyReconciliation'>
  /** The first wait after a run that could not be finished; it doubles. */
  readonly againAfterMs: number
  readonly now: () => Date
}

/** Runs that could not be finished are asked for again so often; Slack hears of each, and the last one wakes people. */
const RETRIES = 4

/** A day that is over so soon is waited for. */
const WAITS_MS = 7_200_000

/** Reconciles what the scheduler or an operator asks for; without a day, the one before today. */
export function reconcileOnRequest({
  service,
  againAfterMs,
  now,
}: Parts): BatchHandler<DataOf<typeof topics.billingReconciliation>> {
  return eachMessage(async ({ startDate, endDate, ...options }, { retries }) => {
    if (startDate === undefined && endDate !== undefined) return reject('an end without a start')
    if (startDate !== undefined && endDate !== undefined && startDate >= endDate) {
      return reject(`${endDate} is not after ${startDate}`)
    }
    const isTriedAgain = retries < RETRIES
    let status: ReconciliationStatus
    try {
      const run =
        startDate === undefined
          ? service.runDailyReconciliation({ isTriedAgain })
          : service.reconcile({ startDate, endDate, ...options, isTriedAgain })
      status = (await run).status
    } catch (error) {
      if (!(error instanceof NotOverError)) throw error
      // The scheduler asks at the first moment that there is, by its own clock; nobody asks for a day a day ahead.
      const waitMs = error.settledAt.getTime() - now().getTime()
      return waitMs <= WAITS_MS ? retry(Math.max(waitMs, 1_000), error.message) : reject(error.message)
    }
    if (status !== 'error' || !isTriedAgain) return done
    return retry(againAfterMs * 2 ** retries, 'Stripe could not be read')
  })
}
