import type { topics } from '@remesa/messaging/catalogue'
import { type BatchHandler, done, eachMessage, reject, retry } from '@remesa/messaging/handler'
import type { DataOf } from '@remesa/messaging/topic'
import type { BillingReconciliationService } from './billing-reconciliation.ts'

interface Parts {
  readonly service: Pick<BillingReconciliationService, 'reconcile' | 'runDailyReconciliation'>
  /** The first wait after a run that could not be finished; it doubles. */
  readonly againAfterMs: number
}

/** Runs that could not be finished are asked for again so often; the alert is out since the first. */
const RETRIES = 4

/** Reconciles what the scheduler or an operator asks for; without a day, the one before today. */
export function reconcileOnRequest({
  service,
  againAfterMs,
}: Parts): BatchHandler<DataOf<typeof topics.billingReconciliation>> {
  return eachMessage(async ({ startDate, endDate, ...options }, { retries }) => {
    if (startDate === undefined && endDate !== undefined) return reject('an end without a start')
    if (startDate !== undefined && endDate !== undefined && startDate >= endDate) {
      return reject(`${endDate} is not after ${startDate}`)
    }
    const { status } =
      startDate === undefined
        ? await service.runDailyReconciliation()
        : await service.reconcile({ startDate, endDate, ...options })
    if (status !== 'error' || retries >= RETRIES) return done
    return retry(againAfterMs * 2 ** retries, 'Stripe could not be read')
  })
}
