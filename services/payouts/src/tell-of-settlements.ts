import type { Database } from '@remesa/database/connection'
import {
  claimUntoldSettlements,
  manyUntoldAlert,
  noteSettlementsOver,
  untoldAlert,
} from '@remesa/database/settlement-sweep'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  readonly logger: Logger
}

/** How long a settlement's own message may take: one that waits behind others is not lost. */
const OWN_MESSAGE_MS = 15 * 60_000
/** In one transaction, beside those who make jobs. */
const NOTED_AT_ONCE = 1_000
/** So many at most are told of by one run: they are one alert, and one transaction. */
const TOLD_AT_ONCE = 100_000
/** More than these are no lost messages, but history that was loaded, or a marketplace that tells of nothing: one alert says so. */
const TOLD_ONE_BY_ONE = 20

/**
 * Tells people of settlements that are over and whose message never came, once. Nothing is paid for them: what stands in the
 * tables without a message may as well be history that was paid elsewhere.
 */
export async function tellOfSettlements({ database, logger }: Parts, now: Date): Promise<void> {
  for (;;) {
    const noted = await database.transaction().execute((tx) => noteSettlementsOver(tx, { now, limit: NOTED_AT_ONCE }))
    if (noted < NOTED_AT_ONCE) break
  }
  const untold = await database.transaction().execute(async (tx) => {
    const overBefore = new Date(now.getTime() - OWN_MESSAGE_MS)
    const found = await claimUntoldSettlements(tx, { overBefore, limit: TOLD_AT_ONCE })
    const [first, ...others] = found
    const areMany = first && found.length > TOLD_ONE_BY_ONE
    await raiseAlerts(tx, areMany ? [manyUntoldAlert([first, ...others])] : found.map(untoldAlert))
    return found.length
  })
  if (untold > 0) logger.warn({ settlements: untold }, 'people are told of settlements that nobody told us of')
}
