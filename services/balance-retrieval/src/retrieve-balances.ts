import {
  type BalanceToRetrieve,
  findForRetrieval,
  type Retrieved,
  type RetrievedBalance,
  recordRetrieved,
} from '@remesa/database/balance-retrieval'
import type { Database } from '@remesa/database/connection'
import { type BusinessDate, businessDate } from '@remesa/domain/business-date'
import { backoffMs } from '@remesa/domain/payment-steps'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, retry, type Verdict } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { NetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import type { FoundDocuments } from '@remesa/netsuite-client/seller-documents'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  readonly netsuite: Pick<NetSuiteClient, 'findSellerDocuments'>
  readonly random: () => number
  readonly logger: Logger
}

const ACTOR = 'balance-retrieval'
const AGAIN = { firstMs: 2_000, maxMs: 5 * 60_000 }
/** A seller's vendor is made by seller-profile-sync; until then NetSuite cannot be asked about it. */
const UNKNOWN_VENDOR_MS = 10_000

/**
 * Asks NetSuite what is owed, for a whole batch of balances in one query: NetSuite allows few requests at once, so
 * requests per thousand balances decide how long a pay-day takes.
 */
export function retrieveBalances({
  database,
  netsuite,
  random,
  logger,
}: Parts): BatchHandler<{ sellerBalanceId: string }> {
  return async (batch) => {
    const balances = await findForRetrieval(
      database,
      batch.map(({ data }) => data.sellerBalanceId),
    )
    const verdicts = new Map<string, Verdict>()
    for (const [date, ofDate] of byBusinessDate(balances, verdicts)) {
      try {
        const found = await netsuite.findSellerDocuments({
          businessDate: businessDate(date),
          entityIds: [...new Set(ofDate.flatMap(entityIdsOf))],
        })
        await record(ofDate, found)
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error
        logger.warn({ err: error, balances: ofDate.length }, 'NetSuite did not tell what is owed')
        for (const { sellerBalanceId } of ofDate) verdicts.set(sellerBalanceId, retry(0, error.message))
      }
    }
    return batch.map(({ data, retries }): Verdict => {
      const verdict = verdicts.get(data.sellerBalanceId) ?? done
      return verdict.kind === 'retry' && verdict.afterMs === 0
        ? retry(backoffMs(retries + 1, AGAIN, random()), verdict.reason)
        : verdict
    })
  }

  async function record(balances: readonly BalanceToRetrieve[], found: FoundDocuments): Promise<void> {
    const retrieved = documentsByBalance(balances, found)
    const recorded = await database.transaction().execute(async (tx) => {
      const { recorded, alerts } = await recordRetrieved(tx, retrieved, ACTOR)
      await enqueue(tx, topics.paySellerBalance, recorded.flatMap(toBePaid))
      await raiseAlerts(tx, alerts)
      return recorded
    })
    for (const balance of recorded) logger.info({ ...balance }, 'balance retrieved')
    logger.info(
      { balances: balances.length, documents: found.documents.length, requests: found.requests },
      'NetSuite asked',
    )
  }
}

/** Balances that can be asked about, by date; the others get a verdict. */
function byBusinessDate(
  balances: readonly BalanceToRetrieve[],
  verdicts: Map<string, Verdict>,
): ReadonlyMap<BusinessDate | string, readonly BalanceToRetrieve[]> {
  const askable = balances.filter(({ sellerBalanceId, erp }) => {
    if (erp.vendorId !== null && erp.subsidiaryId !== null) return true
    verdicts.set(sellerBalanceId, retry(UNKNOWN_VENDOR_MS, 'NetSuite does not have the seller’s vendor yet'))
    return false
  })
  return Map.groupBy(askable, ({ businessDate }) => businessDate)
}

const entityIdsOf = ({ erp }: BalanceToRetrieve): string[] =>
  [erp.vendorId, erp.customerId].filter((id): id is string => id !== null)

/** Whose document it is: bills name a vendor, invoices a customer, and both a subsidiary, which is a country. */
function documentsByBalance(balances: readonly BalanceToRetrieve[], found: FoundDocuments): readonly Retrieved[] {
  const keyOf = ({ entityId, subsidiaryId }: { entityId: string; subsidiaryId: string }) =>
    `${entityId}/${subsidiaryId}`
  const documents = Map.groupBy(found.documents, keyOf)
  const unreadable = Map.groupBy(found.unreadable, keyOf)
  return balances.map((balance) => {
    const { sellerBalanceId, erp } = balance
    const keys = entityIdsOf(balance).map((entityId) => keyOf({ entityId, subsidiaryId: erp.subsidiaryId ?? '' }))
    const [bad] = keys.flatMap((key) => unreadable.get(key) ?? [])
    if (bad) {
      const { erpId, problem } = bad
      return { sellerBalanceId, blocked: 'documents_unreadable', details: { erpId, problem } }
    }
    return { sellerBalanceId, documents: keys.flatMap((key) => documents.get(key) ?? []) }
  })
}

const toBePaid = ({ sellerBalanceId, status }: RetrievedBalance) =>
  status === 'payable' ? [{ data: { sellerBalanceId } }] : []
