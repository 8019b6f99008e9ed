import type { Database } from '@remesa/database/connection'
import { type NewAlert, resolveAlerts } from '@remesa/database/finance-alerts'
import {
  type AccountToRead,
  findAccountsToRead,
  type StripeAccountNews,
  upsertStripeAccounts,
} from '@remesa/database/user-stripe-accounts'
import type { DestinationPolicy } from '@remesa/domain/stripe-account'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { enqueue } from '@remesa/messaging/outbox'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'
import { type AccountReader, NOT_OURS, readAccountFacts } from './account-facts.ts'

interface Parts {
  readonly database: Database
  readonly stripe: AccountReader
  readonly policy: DestinationPolicy
  /** Sends what was just committed on its way. */
  readonly nudge: () => void
  readonly now: () => Date
  readonly logger: Logger
}

/**
 * Reads accounts from Stripe that we only know by name, or that have held a transfer back for long, and puts what waits for them on its way: beside the payments
 * and not in front of them, since Stripe limits both apart. What cannot be read now is read when it is asked for next,
 * by the payout scheduler at the latest.
 */
export interface DestinationVerifier {
  /** Asked for again while it reads, it looks once more after that, and never reads twice at once. */
  ask(): void
  /** Resolves once nothing that was asked for is left to read, or Stripe has not told. */
  idle(): Promise<void>
  /** Takes up no more. What is being read is read again by the next process: a slow Stripe must not keep us from leaving. */
  stop(): Promise<void>
}

/** Read side by side, then written in one transaction: few enough to get their places within Stripe's limit in time. */
const AT_ONCE = 20
/** Events tell of a change at once: after so long without one, it may be lost. */
const EVENT_MAY_BE_LOST_MS = 15 * 60_000
/** So many accounts are not all gone at once: it is we whom Stripe takes for somebody else. */
const NOT_ALL_GONE = 3

export function verifyDestinations(parts: Parts): DestinationVerifier {
  const { database, policy, nudge, now, logger } = parts
  let reading: Promise<void> | undefined
  let writing: Promise<void> | undefined
  let isAskedFor = false
  let isStopped = false

  async function readAll(): Promise<void> {
    while (isAskedFor && !isStopped) {
      isAskedFor = false
      if (await readSome()) isAskedFor = true // there may be more of them
    }
  }

  /** @returns whether Stripe told of any */
  async function readSome(): Promise<boolean> {
    const heldSince = new Date(now().getTime() - EVENT_MAY_BE_LOST_MS)
    const accounts = await findAccountsToRead(database, { heldSince, limit: AT_ONCE })
    const news = (await Promise.all(accounts.map((account) => readAccount(parts, account)))).flat()
    if (news.length === 0 || isStopped) return false
    const isAllGone = areAllGone(accounts, news)
    // What was read is kept all the same: accounts may really be gone, and these are read again in a while.
    if (isAllGone)
      logger.error({ accounts: news.length }, 'Stripe knows none of these accounts: is its key another platform’s?')
    writing = write(news, isAllGone ? [strangersAlert(news.length)] : [])
    await writing
    nudge()
    return true
  }

  async function write(news: readonly StripeAccountNews[], ownAlerts: readonly NewAlert[]): Promise<void> {
    await database.transaction().execute(async (tx) => {
      const { released, alerts } = await upsertStripeAccounts(tx, news, { now: now(), policy })
      await enqueue(
        tx,
        topics.payoutTransfer,
        released.map((payoutTransferId) => ({ data: { payoutTransferId } })),
      )
      await raiseAlerts(tx, [...alerts, ...ownAlerts])
      if (news.some(({ facts }) => facts !== NOT_OURS)) {
        await resolveAlerts(tx, { dedupKeys: [STRANGERS], note: 'Stripe knows our accounts.' })
      }
    })
  }

  function begin(): void {
    reading = readAll()
      // Nobody waits for it, so nobody else could tell of it; the scheduler asks again.
      .catch((error: unknown) => logger.error({ err: error }, 'accounts could not be verified'))
      .finally(() => {
        reading = undefined
        if (isAskedFor && !isStopped) begin()
      })
  }

  return {
    ask() {
      isAskedFor = true
      if (!reading && !isStopped) begin()
    },
    async idle() {
      while (reading) await reading
    },
    async stop() {
      isStopped = true
      await writing?.catch(() => undefined) // told where it was begun
    },
  }
}

/** Those that were gone when they were read before say nothing about our key. */
function areAllGone(accounts: readonly AccountToRead[], news: readonly StripeAccountNews[]): boolean {
  const goneBefore = new Set(
    accounts.flatMap(({ userId, disabledReason }) => (disabledReason === NOT_OURS.disabledReason ? [userId] : [])),
  )
  const telling = news.filter(({ userId }) => userId === null || !goneBefore.has(userId))
  return telling.length >= NOT_ALL_GONE && telling.every(({ facts }) => facts === NOT_OURS)
}

const STRANGERS = 'rail_paused:stripe:accounts'

const strangersAlert = (accounts: number): NewAlert => ({
  kind: 'rail_paused',
  dedupKey: STRANGERS,
  subject: { type: 'rail', id: 'stripe' },
  businessDate: null,
  details: { rail: 'stripe', found: `Stripe knows none of ${accounts} accounts that were read` },
})

/**
 * Events say when something happened in whole seconds of Stripe's clock, and ours may be ahead of it: what is read counts
 * as this much older, so that no event of a later change is taken for an earlier one's.
 */
const CLOCKS_DIFFER_MS = 60_000

/** @returns nothing when Stripe did not say */
async function readAccount(
  { stripe, now, logger }: Parts,
  { userId, stripeAccountId }: { userId: string; stripeAccountId: string },
): Promise<readonly StripeAccountNews[]> {
  const asOf = new Date(now().getTime() - CLOCKS_DIFFER_MS)
  try {
    return [{ userId, stripeAccountId, facts: await readAccountFacts(stripe, stripeAccountId), asOf, wasRead: true }]
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    logger.warn({ userId, stripeAccountId, err: error }, 'an account could not be read from Stripe yet')
    return []
  }
}
