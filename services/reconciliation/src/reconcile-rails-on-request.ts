import type { topics } from '@remesa/messaging/catalogue'
import { type BatchHandler, done, eachMessage, reject, retry, type Verdict } from '@remesa/messaging/handler'
import type { DataOf } from '@remesa/messaging/topic'
import { type RailReconciliationParts, reconcileRail } from './reconcile-rails.ts'
import { NotOverError } from './reconciliation-window.ts'

interface Parts extends RailReconciliationParts {
  /** The first wait after a run that could not be finished; it doubles. */
  readonly againAfterMs: number
}

/** Runs that could not be finished are asked for again so often; the last one raises the alert. */
const RETRIES = 4

/** The scheduler asks for UTC days, and the marketplace's day may end so much later; it is waited for. */
const WAITS_MS = 12 * 3_600_000

/** Holds the books that the scheduler or an operator names against ours, over a range of UTC days that is over. */
export function reconcileRailsOnRequest(parts: Parts): BatchHandler<DataOf<typeof topics.railReconciliation>> {
  return eachMessage(async ({ books, startDate, endDate }, { retries }): Promise<Verdict> => {
    if (startDate >= endDate) return reject(`${endDate} is not after ${startDate}`)
    const isTriedAgain = retries < RETRIES
    const window = { rail: books, from: new Date(startDate), to: new Date(endDate), isTriedAgain }
    try {
      const { error } = await reconcileRail(parts, window)
      if (error === undefined || !isTriedAgain) return done
      return retry(parts.againAfterMs * 2 ** retries, `${books} could not be read`)
    } catch (error) {
      if (!(error instanceof NotOverError)) throw error
      const waitMs = error.settledAt.getTime() - parts.now().getTime()
      return waitMs <= WAITS_MS ? retry(Math.max(waitMs, 1_000), error.message) : reject(error.message)
    }
  })
}
