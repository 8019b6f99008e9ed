import type { Database } from '@remesa/database/connection'
import { type ErpIds, erpIdsOf } from '@remesa/database/countries'
import { resolveAlerts } from '@remesa/database/finance-alerts'
import { gatherReads } from '@remesa/database/gather-reads'
import { groupCommit } from '@remesa/database/group-commit'
import { findSellersForVendorSync, recordVendorsSynced, type SellerForVendorSync } from '@remesa/database/sellers'
import { backoffMs } from '@remesa/domain/payment-steps'
import type { UpdatableField } from '@remesa/domain/seller-updates'
import { credentialsAccepted, credentialsAlert, raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, eachMessage, reject, retry, type Verdict } from '@remesa/messaging/handler'
import type { NetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'
import { planOf, type VendorPlan } from './vendor-plan.ts'

interface Parts {
  readonly database: Database
  readonly netsuite: Pick<NetSuiteClient, 'upsertVendor' | 'upsertCustomer' | 'upsertVendorSubsidiary'>
  /** The fields of a seller that go to NetSuite when they change. */
  readonly updatable: readonly UpdatableField[]
  readonly random: () => number
  readonly logger: Logger
}

type Synced = { sellerId: string; erpId: string; erpCustomerId: string; digest: string }

const ACTOR = 'seller-profile-sync'
const AGAIN = { firstMs: 2_000, maxMs: 10 * 60_000 }

/**
 * Brings a seller's vendor and customer in NetSuite up to date, each named by an external id of ours, so that a
 * repeat changes nothing. NetSuite is not asked again for what it was already told.
 */
export function syncVendors({
  database,
  netsuite,
  updatable,
  random,
  logger,
}: Parts): BatchHandler<{ sellerId: string }> {
  const record = groupCommit<Synced, void>({
    database,
    maximum: 100,
    write: async (tx, synced) => {
      // The same seller twice in a group: the later message read the newer profile.
      await recordVendorsSynced(tx, [...new Map(synced.map((one) => [one.sellerId, one])).values()], ACTOR)
      await resolveAlerts(tx, { dedupKeys: synced.map(refusalKey), note: 'NetSuite has taken the seller.' })
      await resolveAlerts(tx, credentialsAccepted('netsuite'))
      return synced.map(() => undefined)
    },
  })

  const readSeller = gatherReads<string, SellerForVendorSync>(async (sellerIds) => {
    const sellers = await findSellersForVendorSync(database, sellerIds)
    return new Map(sellers.map((seller) => [seller.sellerId, seller]))
  })

  async function sync({ sellerId }: { sellerId: string }, retries: number, erp: ErpIds): Promise<Verdict> {
    // Told until nothing is new: a slower instance may have told NetSuite an older profile meanwhile.
    for (;;) {
      const seller = await readSeller(sellerId)
      if (!seller) return reject(`there is no seller ${sellerId}`)
      const plan = planOf(seller, erp, updatable)
      if ('problem' in plan) return refuse(sellerId, plan.problem)
      if (seller.syncedDigest === plan.digest && seller.erpId && seller.erpCustomerId) return done
      try {
        const ids = await tell(seller, plan)
        await record({ sellerId, ...ids, digest: plan.digest })
        logger.info({ sellerId, ...ids }, 'vendor synced')
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error
        if (error.kind === 'refused') return refuse(sellerId, error.message)
        logger.warn({ sellerId, err: error }, 'the vendor could not be synced yet')
        if (error.credentials) await database.transaction().execute((tx) => raiseAlerts(tx, [credentialsAlert(error)]))
        return retry(Math.max(error.retryAfterMs ?? 0, backoffMs(retries + 1, AGAIN, random())), error.message)
      }
    }
  }

  async function tell(
    seller: SellerForVendorSync,
    plan: VendorPlan,
  ): Promise<{ erpId: string; erpCustomerId: string }> {
    const externalId = `gsc-seller-${seller.profile.gscSellerId}`
    const { erpId } = await netsuite.upsertVendor(externalId, plan.vendor)
    for (const { country, ...fields } of plan.furtherSubsidiaries) {
      await netsuite.upsertVendorSubsidiary(`${externalId}-${country}`, { vendorId: erpId, ...fields })
    }
    const customer = await netsuite.upsertCustomer(externalId, plan.customer)
    return { erpId, erpCustomerId: customer.erpId }
  }

  async function refuse(sellerId: string, problem: string) {
    await database.transaction().execute((tx) =>
      raiseAlerts(tx, [
        {
          kind: 'vendor_refused',
          dedupKey: refusalKey({ sellerId }),
          subject: { type: 'seller', id: sellerId },
          businessDate: null,
          details: { problem },
        },
      ]),
    )
    return reject(problem)
  }

  return async (batch) => {
    const erp = await erpIdsOf(database)
    return eachMessage<{ sellerId: string }>((data, { retries }) => sync(data, retries, erp))(batch)
  }
}

const refusalKey = ({ sellerId }: { sellerId: string }): string => `vendor_refused:${sellerId}`
