import type { Database } from '@remesa/database/connection'
import { claimUntoldSettlements } from '@remesa/database/settlement-sweep'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  /** How long a settlement's own message may take. */
  readonly graceMs: number
  readonly logger: Logger
}

const LIMIT = 1_000

/** Tells of settlements that are over and whose message never came. To tell twice does no harm: a settlement has one job. */
export async function tellOfSettlements({ database, graceMs, logger }: Parts, now: Date): Promise<void> {
  for (;;) {
    const { looked, untold } = await database.transaction().execute(async (tx) => {
      const found = await claimUntoldSettlements(tx, { now, graceMs: Math.max(graceMs, 1), limit: LIMIT })
      await enqueue(
        tx,
        topics.settlementCompleted,
        found.untold.map((settlementId) => ({ data: { settlementId } })),
      )
      return found
    })
    if (untold.length > 0) logger.warn({ settlements: untold.length }, 'settlements that nobody told of are looked at')
    if (looked < LIMIT) return
  }
}
