import type { Database } from '@remesa/database/connection'
import { claimSellersToInitialize, finishInitialization, insertBalances } from '@remesa/database/pay-day-runs'
import { topics } from '@remesa/messaging/catalogue'
import { type BatchHandler, done, eachMessage, retry } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  /** Sellers in one transaction. */
  readonly batchSize: number
  /** Sends what was just committed on its way. */
  readonly nudge: () => void
  readonly logger: Logger
}

/** Sellers that another worker held when it died come free with its transaction. */
const LEFT_RETRY_MS = 1_000

/**
 * Gives every seller one empty balance per country it is paid in, and queues each for retrieval. Several workers share
 * the sellers; one that dies leaves its batch to the others.
 */
export function initializeBalances({ database, batchSize, nudge, logger }: Parts): BatchHandler<{ runId: string }> {
  return eachMessage(async ({ runId }) => {
    for (;;) {
      const sellers = await initializeBatch(runId)
      if (sellers === undefined) return done // somebody else finished it
      if (sellers === 0) break
      nudge() // retrieval begins while we go on
    }
    const left = await database.transaction().execute((tx) => finishInitialization(tx, runId))
    if (left > 0) return retry(LEFT_RETRY_MS, `${left} sellers are in other workers’ hands`)
    logger.info({ runId }, 'every seller has its balances')
    return done
  })

  /** @returns how many sellers were done; undefined when the run needs no more */
  function initializeBatch(runId: string): Promise<number | undefined> {
    return database.transaction().execute(async (tx) => {
      const claimed = await claimSellersToInitialize(tx, { runId, limit: batchSize })
      if (!claimed) return undefined
      if (claimed.sellerIds.length === 0) return 0
      const { inserted, toRetrieve, notInitialized } = await insertBalances(tx, claimed)
      await enqueue(
        tx,
        topics.balanceDataRetrieval,
        toRetrieve.map((sellerBalanceId) => ({ data: { sellerBalanceId } })),
      )
      for (const why of notInitialized) logger.info({ runId, ...why }, 'no balance for this seller and country')
      logger.info(
        { runId, sellers: claimed.sellerIds.length, inserted, queued: toRetrieve.length },
        'sellers initialized',
      )
      return claimed.sellerIds.length
    })
  }
}
