import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import {
  type StripeAccountNews,
  type UpsertedAccounts,
  upsertStripeAccounts,
} from '@remesa/database/user-stripe-accounts'
import type { DestinationPolicy } from '@remesa/domain/stripe-account'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, eachMessage, reject, type Verdict } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { DataOf } from '@remesa/messaging/topic'
import type { Logger } from '@remesa/service-kit/logger'
import { readAccountEvent } from '@remesa/stripe-client/account-event'

interface Parts {
  readonly database: Database
  readonly policy: DestinationPolicy
  readonly now: () => Date
  readonly logger: Logger
}

type StripeEvent = DataOf<typeof topics.stripeEvent>

/**
 * Keeps what we know of connected accounts true, whatever order Stripe's events come in, and puts transfers on their
 * way that waited for one. Events of other kinds are others' concern.
 */
export function applyStripeEvents({ database, policy, now, logger }: Parts): BatchHandler<StripeEvent> {
  const apply = groupCommit<StripeAccountNews, Pick<UpsertedAccounts, 'unknown'>>({
    database,
    maximum: 100,
    write: async (tx, news) => {
      const { released, alerts, unknown } = await upsertStripeAccounts(tx, news, { now: now(), policy })
      await enqueue(
        tx,
        topics.payoutTransfer,
        released.map((payoutTransferId) => ({ data: { payoutTransferId } })),
      )
      await raiseAlerts(tx, alerts)
      if (released.length > 0)
        logger.info({ released: released.length }, 'transfers released by news of their accounts')
      return news.map(() => ({ unknown }))
    },
  })

  return eachMessage(async (event): Promise<Verdict> => {
    const read = readAccountEvent(event)
    if (read.kind === 'other') return done
    if (read.kind === 'unreadable') return reject(read.problem)
    const { account, facts } = read
    const { unknown } = await apply({
      userId: null,
      stripeAccountId: account,
      facts,
      asOf: new Date(event.created * 1_000),
    })
    if (unknown.includes(account))
      logger.info({ stripeAccountId: account }, 'news of an account that nobody of ours has')
    return done
  })
}
