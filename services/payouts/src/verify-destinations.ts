import type { Database } from '@remesa/database/connection'
import {
  findUnverifiedAccounts,
  type StripeAccountNews,
  upsertStripeAccounts,
} from '@remesa/database/user-stripe-accounts'
import type { DestinationPolicy } from '@remesa/domain/stripe-account'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { enqueue } from '@remesa/messaging/outbox'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'
import type { StripeRail } from '@remesa/stripe-client/stripe-rail'

interface Parts {
  readonly database: Database
  readonly stripe: Pick<StripeRail, 'getAccount'>
  readonly policy: DestinationPolicy
  readonly now: () => Date
  readonly logger: Logger
}

/** Resolves once the accounts that Stripe has not told us of have been read, or could not be. */
export type VerifyDestinations = () => Promise<void>

/** Read in one go; what is left is read in the next. */
const AT_ONCE = 200

/**
 * Reads accounts from Stripe that we only know by name, and puts what waits for them on its way. Asked for again while
 * it reads, it reads once more after that, and not twice at once. An account that cannot be read now is read when the
 * payout scheduler asks next.
 */
export function verifyDestinations(parts: Parts): VerifyDestinations {
  const { database, policy, now } = parts
  let reading: Promise<void> | undefined
  let askedAgain = false

  async function readAll(): Promise<void> {
    let failed = false
    do {
      askedAgain = false
      const accounts = await findUnverifiedAccounts(database, { limit: AT_ONCE })
      const news = await Promise.all(accounts.map((account) => readAccount(parts, account)))
      const told = news.filter((one) => one !== undefined)
      failed = told.length < accounts.length
      await database.transaction().execute(async (tx) => {
        const { released, alerts } = await upsertStripeAccounts(tx, told, { now: now(), policy })
        await enqueue(
          tx,
          topics.payoutTransfer,
          released.map((payoutTransferId) => ({ data: { payoutTransferId } })),
        )
        await raiseAlerts(tx, alerts)
      })
      if (accounts.length === AT_ONCE) askedAgain = true
    } while (askedAgain && !failed)
  }

  return () => {
    if (reading) {
      askedAgain = true
      return reading
    }
    reading = readAll().finally(() => {
      reading = undefined
    })
    return reading
  }
}

/** @returns undefined when Stripe did not say */
async function readAccount(
  { stripe, now, logger }: Parts,
  { userId, stripeAccountId }: { userId: string; stripeAccountId: string },
): Promise<StripeAccountNews | undefined> {
  const asOf = now()
  try {
    const account = await stripe.getAccount(stripeAccountId)
    const facts =
      account === 'not-found'
        ? {
            transfersActive: false,
            payoutsEnabled: false,
            detailsSubmitted: false,
            disabledReason: 'account_not_found',
          }
        : {
            transfersActive: account.transfersActive,
            payoutsEnabled: account.payoutsEnabled,
            detailsSubmitted: account.detailsSubmitted,
            disabledReason: account.disabledReason ?? null,
          }
    return { userId, stripeAccountId, facts, asOf }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    logger.warn({ userId, stripeAccountId, err: error }, 'an account could not be read from Stripe yet')
    return undefined
  }
}
