import { createHash } from 'node:crypto'
import type { Database } from '@remesa/database/connection'
import { type ErpIds, erpIdsOf } from '@remesa/database/countries'
import { groupCommit } from '@remesa/database/group-commit'
import { findSellersForVendorSync, recordVendorsSynced, type SellerForVendorSync } from '@remesa/database/sellers'
import { backoffMs } from '@remesa/domain/payment-steps'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, eachMessage, reject, retry } from '@remesa/messaging/handler'
import type { NetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  readonly netsuite: Pick<NetSuiteClient, 'upsertVendor' | 'upsertCustomer' | 'upsertVendorSubsidiary'>
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
export function syncVendors({ database, netsuite, random, logger }: Parts): BatchHandler<{ sellerId: string }> {
  const record = groupCommit<Synced, void>({
    database,
    maximum: 100,
    write: async (tx, synced) => {
      // The same seller twice in a group: the later message read the newer profile.
      await recordVendorsSynced(tx, [...new Map(synced.map((one) => [one.sellerId, one])).values()], ACTOR)
      return synced.map(() => undefined)
    },
  })

  return eachMessage(async ({ sellerId }, { retries }) => {
    const [seller] = await findSellersForVendorSync(database, [sellerId])
    if (!seller) return reject(`there is no seller ${sellerId}`)
    const erp = await erpIdsOf(database)
    const plan = planOf(seller, erp)
    if ('problem' in plan) return refuse(sellerId, plan.problem)
    if (seller.syncedDigest === plan.digest && seller.erpId && seller.erpCustomerId) return done
    try {
      const { erpId } = await netsuite.upsertVendor(externalId(seller), plan.vendor)
      for (const subsidiary of plan.furtherSubsidiaries) {
        const { country, ...fields } = subsidiary
        await netsuite.upsertVendorSubsidiary(`${externalId(seller)}-${country}`, { vendorId: erpId, ...fields })
      }
      const customer = await netsuite.upsertCustomer(externalId(seller), plan.customer)
      await record({ sellerId, erpId, erpCustomerId: customer.erpId, digest: plan.digest })
      logger.info({ sellerId, erpId }, 'vendor synced')
      return done
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      if (error.kind === 'refused' && !error.credentials) return refuse(sellerId, error.message)
      logger.warn({ sellerId, err: error }, 'the vendor could not be synced yet')
      return retry(backoffMs(retries + 1, AGAIN, random()), error.message)
    }
  })

  async function refuse(sellerId: string, problem: string) {
    await database.transaction().execute((tx) =>
      raiseAlerts(tx, [
        {
          kind: 'vendor_refused',
          dedupKey: `vendor_refused:${sellerId}`,
          subject: { type: 'seller', id: sellerId },
          businessDate: null,
          details: { problem },
        },
      ]),
    )
    return reject(problem)
  }
}

const externalId = ({ profile }: SellerForVendorSync): string => `gsc-seller-${profile.gscSellerId}`

/** What NetSuite should know of a seller: one vendor with a subsidiary per country, bank data per subsidiary. */
function planOf({ profile }: SellerForVendorSync, erp: ErpIds) {
  const rail = profile.operationType === 'local' ? ('fpay' as const) : ('payoneer' as const)
  const account = rail === 'fpay' ? profile.fpayId : profile.payoneerPayeeId
  const countries = profile.countries.flatMap(({ country, currency, enabled }) => {
    const ids = erp.countries.get(country)
    return ids ? [{ country, currency, enabled, subsidiaryId: ids.subsidiaryId }] : []
  })
  const [first] = countries
  if (!first) return { problem: 'none of the seller’s countries has a subsidiary in NetSuite' }
  const currencyIds = [...new Set(countries.map(({ currency }) => erp.currencies.get(currency)))]
  if (currencyIds.includes(undefined)) return { problem: 'NetSuite has no id for one of the seller’s currencies' }
  const currencies = currencyIds.filter((id) => id !== undefined)
  const entity = {
    name: profile.legalName,
    subsidiaryId: first.subsidiaryId,
    gscSellerId: profile.gscSellerId,
    taxId: profile.taxId,
    email: profile.email,
    phone: profile.phone,
    currencyIds: currencies,
    ...(currencies[0] !== undefined && { currencyId: currencies[0] }),
    inactive: profile.status === 'closed',
  }
  const plan = {
    vendor: { ...entity, fpayId: profile.fpayId, payoneerPayeeId: profile.payoneerPayeeId },
    customer: entity,
    // The first country's is the vendor's own subsidiary, and its bank data the vendor's own.
    furtherSubsidiaries: countries.slice(1).map(({ country, currency, enabled, subsidiaryId }) => ({
      country,
      subsidiaryId,
      bank: { rail, account, currency },
      inactive: !enabled,
    })),
  }
  return { ...plan, digest: createHash('sha256').update(JSON.stringify(plan)).digest('hex') }
}
