import type { topics } from '@remesa/messaging/catalogue'
import { type BatchHandler, done, eachMessage, reject, retry } from '@remesa/messaging/handler'
import type { DataOf } from '@remesa/messaging/topic'
import { type RailReconciliationParts, reconcileRail } from './reconcile-rails.ts'

interface Parts extends RailReconciliationParts {
  /** The first wait after a run that could not be finished; it doubles. */
  readonly againAfterMs: number
}

/** Runs that could not be finished are asked for again so often; the alert is out since the first. */
const RETRIES = 4

/** Holds the books that the scheduler or an operator names against ours, over a range of UTC days. */
export function reconcileRailsOnRequest(parts: Parts): BatchHandler<DataOf<typeof topics.railReconciliation>> {
  return eachMessage(async ({ books, startDate, endDate }, { retries }) => {
    if (startDate >= endDate) return reject(`${endDate} is not after ${startDate}`)
    const window = { rail: books, from: new Date(startDate), to: new Date(endDate) }
    const { error } = await reconcileRail(parts, window)
    if (error === undefined || retries >= RETRIES) return done
    return retry(parts.againAfterMs * 2 ** retries, `${books} could not be read`)
  })
}
