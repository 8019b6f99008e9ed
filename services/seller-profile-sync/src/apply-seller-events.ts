import type { Database } from '@remesa/database/connection'
import { type NewAlert, resolveAlerts } from '@remesa/database/finance-alerts'
import { groupCommit } from '@remesa/database/group-commit'
import { releaseBlocked } from '@remesa/database/seller-balances'
import { type SellerProfileEvent, type SellerUpsert, upsertSellerProfiles } from '@remesa/database/sellers'
import { backoffMs } from '@remesa/domain/payment-steps'
import type { SellerProfile } from '@remesa/domain/seller'
import type { UpdatableField } from '@remesa/domain/seller-updates'
import type { GscClient } from '@remesa/gsc-client/gsc-client'
import { topics } from '@remesa/messaging/catalogue'
import { credentialsAccepted, credentialsAlert, raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, eachMessage, reject, retry } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { DataOf } from '@remesa/messaging/topic'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  readonly gsc: Pick<GscClient, 'getSeller'>
  /** The fields that go to NetSuite when they change. */
  readonly updatable: readonly UpdatableField[]
  readonly random: () => number
  readonly logger: Logger
}

type SellerEvent = DataOf<typeof topics.sellerProfile>

const ACTOR = 'seller-profile-sync'
const KNOWN_EVENTS: ReadonlySet<string> = new Set(['SellerCreated', 'SellerUpdated'])
/** An event can come before GSC's own replica knows of it; after so many looks more, what it says is taken as it is. */
const LOOKS = 6
const AGAIN = { firstMs: 1_000, maxMs: 60_000 }

/**
 * A GSC event only says that something changed: the seller is read from GSC and ours is brought to it. A stale event
 * changes nothing. What NetSuite must know is queued, so that an outage there does not hold up our own profile.
 */
export function applySellerEvents({ database, gsc, updatable, random, logger }: Parts): BatchHandler<SellerEvent> {
  const apply = groupCommit<SellerProfileEvent, SellerUpsert>({
    database,
    maximum: 100,
    write: async (tx, events) => {
      const upserts = await upsertSellerProfiles(tx, events, { updatable, actor: ACTOR })
      await enqueue(
        tx,
        topics.sellerVendorSync,
        upserts.flatMap(({ sellerId, update }) =>
          sellerId !== null && update.kind === 'changed' && update.tellErp ? [{ data: { sellerId } }] : [],
        ),
      )
      const unblocked = upserts.flatMap(({ sellerId, update }) =>
        sellerId !== null && update.kind === 'changed' && update.unblocks ? [sellerId] : [],
      )
      const released = await releaseBlocked(tx, unblocked, ACTOR)
      await enqueue(
        tx,
        topics.paySellerBalance,
        released.map((sellerBalanceId) => ({ data: { sellerBalanceId } })),
      )
      await raiseAlerts(tx, upserts.flatMap(refusalAlert))
      await resolveAlerts(tx, {
        dedupKeys: upserts.flatMap(settledAlerts),
        note: 'GSC tells the seller as it should be.',
      })
      await resolveAlerts(tx, credentialsAccepted('gsc'))
      return upserts
    },
  })

  return eachMessage(async ({ eventType, eventTime, sequence, seller }, { retries }) => {
    const { sellerId: gscSellerId } = seller
    if (!KNOWN_EVENTS.has(eventType)) {
      logger.warn({ gscSellerId, eventType }, 'an event of a kind we do not know was passed over')
      return done
    }
    const again = () => backoffMs(retries + 1, AGAIN, random())
    try {
      const profile = await gsc.getSeller(gscSellerId)
      if (profile === 'not-found') {
        if (retries < LOOKS) return retry(again(), 'GSC does not know the seller yet')
        await database.transaction().execute((tx) => raiseAlerts(tx, [unknownSeller(gscSellerId)]))
        return reject(`GSC does not know the seller ${gscSellerId}`)
      }
      if (showsNoAccountYet(seller, profile) && retries < LOOKS)
        return retry(again(), 'GSC does not show the account yet')
      const event = { sequence: sequence === undefined ? null : BigInt(sequence), eventTime: new Date(eventTime) }
      const { sellerId, created, update } = await apply({ profile, event })
      logger.info({ gscSellerId, sellerId, created, update: update.kind }, 'seller event applied')
      return done
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      if (error.kind === 'refused') return reject(error.message)
      logger.warn({ gscSellerId, err: error }, 'GSC could not be read')
      if (error.credentials) await database.transaction().execute((tx) => raiseAlerts(tx, [credentialsAlert(error)]))
      return retry(Math.max(error.retryAfterMs ?? 0, again()), error.message)
    }
  })
}

/** Applied as it is, a profile of before the event would count as the event's, and the account never come. */
const showsNoAccountYet = (told: SellerEvent['seller'], profile: SellerProfile): boolean =>
  typeof told.accountNumber === 'string' && told.operationType === 'local' && profile.fpayId === null

function refusalAlert({ gscSellerId, sellerId, update }: SellerUpsert): NewAlert[] {
  if (update.kind !== 'refused') return []
  return [
    {
      kind: update.alert,
      dedupKey: alertKey(update.alert, gscSellerId),
      subject: { type: 'seller', id: sellerId ?? gscSellerId },
      businessDate: null,
      details: { gscSellerId, ...('problem' in update && { problem: update.problem }) },
    },
  ]
}

const unknownSeller = (gscSellerId: string): NewAlert => ({
  kind: 'unknown_seller',
  dedupKey: alertKey('unknown_seller', gscSellerId),
  subject: { type: 'seller', id: gscSellerId },
  businessDate: null,
  details: { gscSellerId },
})

type SellerAlert = 'unknown_seller' | 'tax_id_changed' | 'tax_id_invalid'
const alertKey = (kind: SellerAlert, gscSellerId: string): string => `${kind}:${gscSellerId}`

/** What an accepted profile settles by itself. */
const settledAlerts = ({ gscSellerId, update }: SellerUpsert): string[] =>
  update.kind === 'changed' || update.kind === 'unchanged'
    ? (['unknown_seller', 'tax_id_changed', 'tax_id_invalid'] as const).map((kind) => alertKey(kind, gscSellerId))
    : []
