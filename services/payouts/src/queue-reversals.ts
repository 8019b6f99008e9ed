import type { Database } from '@remesa/database/connection'
import { claimReversalsToQueue } from '@remesa/database/reversal-queue'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  /** How long a reversal's own message has to bring it to a worker before it counts as left behind. */
  readonly graceMs: number
  readonly logger: Logger
}

/** In one transaction. */
const LIMIT = 1_000

/** Puts reversals on their way again whose messages were lost, or whose worker died. Two at once do no harm. */
export async function queueReversals({ database, graceMs, logger }: Parts, now: Date): Promise<void> {
  for (;;) {
    const left = await database.transaction().execute(async (tx) => {
      const found = await claimReversalsToQueue(tx, { now, graceMs, limit: LIMIT })
      await enqueue(
        tx,
        topics.payoutReversal,
        found.map(({ reversalId }) => ({ data: { payoutReversalId: reversalId } })),
      )
      return found
    })
    if (left.length > 0)
      logger.warn({ reversals: left.length }, 'reversals that were left behind are on their way again')
    if (left.length < LIMIT) return
  }
}
