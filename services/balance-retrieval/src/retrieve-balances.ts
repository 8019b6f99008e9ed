import {
  type BalanceToRetrieve,
  findForRetrieval,
  type Retrieved,
  type RetrievedBalance,
  recordRetrieved,
} from '@remesa/database/balance-retrieval'
import type { Database } from '@remesa/database/connection'
import { resolveAlerts } from '@remesa/database/finance-alerts'
import { noteJobs } from '@remesa/database/seller-balances'
import { businessDate } from '@remesa/domain/business-date'
import { backoffMs } from '@remesa/domain/payment-steps'
import { topics } from '@remesa/messaging/catalogue'
import { credentialsAccepted, credentialsAlert, raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, retry, type Verdict } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { NetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import type { FoundDocuments } from '@remesa/netsuite-client/seller-documents'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  readonly netsuite: Pick<NetSuiteClient, 'findSellerDocuments'>
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Logger
}

/** Why a balance has to be asked about again later, and how soon. */
interface Postponed {
  readonly reason: string
  readonly pace: { readonly firstMs: number; readonly maxMs: number }
  /** How long NetSuite asked us to wait. */
  readonly leastMs?: number
}

const ACTOR = 'balance-retrieval'
const AFTER_OUTAGE = { firstMs: 2_000, maxMs: 5 * 60_000 }
/** The database is down, or we are. */
const THROWS_BEFORE_GIVING_UP = 5
/** Vendors are made by seller-profile-sync, in seconds; a subsidiary takes people. */
const UNTIL_KNOWN = { firstMs: 5_000, maxMs: 10 * 60_000 }

/**
 * Asks NetSuite what is owed, for a whole batch of balances in one query: NetSuite allows few requests at once, so
 * requests per thousand balances decide how long a pay-day takes.
 */
export function retrieveBalances({
  database,
  netsuite,
  now,
  random,
  logger,
}: Parts): BatchHandler<{ sellerBalanceId: string }> {
  return async (batch) => {
    const messageIds = new Map(batch.map(({ id, data }) => [data.sellerBalanceId, id]))
    const balances = await findForRetrieval(database, [...messageIds.keys()])
    const postponed = new Map<string, Postponed>()
    const threw = new Map<string, unknown>()
    for (const balance of balances) {
      const reason = missingInNetSuite(balance)
      if (reason) postponed.set(balance.sellerBalanceId, { reason, pace: UNTIL_KNOWN })
    }
    const askable = balances.filter(({ sellerBalanceId }) => !postponed.has(sellerBalanceId))
    for (const ofDate of Map.groupBy(askable, ({ businessDate }) => businessDate).values()) {
      const outage = await retrieve(ofDate, messageIds, threw)
      if (outage) for (const { sellerBalanceId } of ofDate) postponed.set(sellerBalanceId, outage)
    }
    if (postponed.size > 0) await notePostponed(postponed, messageIds)
    return batch.map(({ data, retries }): Verdict => {
      if (threw.has(data.sellerBalanceId)) return { kind: 'threw', error: threw.get(data.sellerBalanceId) }
      const later = postponed.get(data.sellerBalanceId)
      if (!later) return done
      const afterMs = Math.max(later.leastMs ?? 0, backoffMs(retries + 1, later.pace, random()))
      return retry(afterMs, later.reason)
    })
  }

  /**
   * Asks about balances of one business date and records the answer. A balance whose answer cannot be recorded stands
   * in `threw` after; its neighbours are recorded from the same answer.
   * @returns why they have to be asked about again. A query that NetSuite refuses is asked again, too: what it lacks
   *   is a permission or a field there, and no balance is at fault
   */
  async function retrieve(
    balances: readonly BalanceToRetrieve[],
    messageIds: ReadonlyMap<string, string>,
    threw: Map<string, unknown>,
  ): Promise<Postponed | undefined> {
    const [first] = balances
    if (!first) return undefined
    let found: FoundDocuments
    try {
      found = await netsuite.findSellerDocuments({
        businessDate: businessDate(first.businessDate),
        entityIds: [...new Set(balances.flatMap(entityIdsOf))],
      })
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      const level = error.kind === 'unavailable' && !error.credentials ? 'warn' : 'error'
      logger[level]({ err: error, balances: balances.length }, 'NetSuite did not tell what is owed')
      const { retryAfterMs } = error
      if (error.credentials) await tellOfCredentials(error)
      return { reason: error.message, pace: AFTER_OUTAGE, ...(retryAfterMs !== undefined && { leastMs: retryAfterMs }) }
    }
    await recordTogetherOrAlone(balances, found, messageIds, threw)
    return undefined
  }

  /** One poisoned balance must not cost hundreds of queries: what was found is recorded for each of the others alone. */
  async function recordTogetherOrAlone(
    balances: readonly BalanceToRetrieve[],
    found: FoundDocuments,
    messageIds: ReadonlyMap<string, string>,
    threw: Map<string, unknown>,
  ): Promise<void> {
    try {
      await record(balances, found, messageIds)
      return
    } catch (error) {
      for (const { sellerBalanceId } of balances) threw.set(sellerBalanceId, error)
      if (balances.length === 1) return
      logger.warn({ err: error, balances: balances.length }, 'balances could not be recorded together: each is alone')
    }
    let inARow = 0
    for (const balance of balances) {
      if (inARow === THROWS_BEFORE_GIVING_UP) return // it is not the balances' fault
      try {
        await record([balance], found, messageIds)
        threw.delete(balance.sellerBalanceId)
        inARow = 0
      } catch (error) {
        threw.set(balance.sellerBalanceId, error)
        inARow += 1
      }
    }
  }

  function tellOfCredentials(error: ProviderError): Promise<unknown> {
    return database.transaction().execute((tx) => raiseAlerts(tx, [credentialsAlert(error)]))
  }

  async function record(
    balances: readonly BalanceToRetrieve[],
    found: FoundDocuments,
    messageIds: ReadonlyMap<string, string>,
  ): Promise<void> {
    const retrieved = documentsByBalance(balances, found)
    const recorded = await database.transaction().execute(async (tx) => {
      const { recorded, alerts } = await recordRetrieved(tx, retrieved, ACTOR)
      const notes = recorded.map(({ sellerBalanceId, blockedReason }) => ({
        sellerBalanceId,
        messageId: messageIds.get(sellerBalanceId) ?? null,
        finished: true,
        successful: blockedReason === null,
        error: blockedReason,
      }))
      await noteJobs(tx, 'retrieval', notes, now())
      await enqueue(tx, topics.paySellerBalance, recorded.flatMap(toBePaid))
      await raiseAlerts(tx, alerts)
      await resolveAlerts(tx, credentialsAccepted('netsuite'))
      return recorded
    })
    for (const balance of recorded) logger.info({ ...balance }, 'balance retrieved')
    logger.info(
      { balances: balances.length, documents: found.documents.length, requests: found.requests },
      'NetSuite asked',
    )
  }

  function notePostponed(
    postponed: ReadonlyMap<string, Postponed>,
    messageIds: ReadonlyMap<string, string>,
  ): Promise<void> {
    const notes = [...postponed].map(([sellerBalanceId, { reason }]) => ({
      sellerBalanceId,
      messageId: messageIds.get(sellerBalanceId) ?? null,
      finished: false,
      successful: false,
      error: reason,
    }))
    return database.transaction().execute((tx) => noteJobs(tx, 'retrieval', notes, now()))
  }
}

/** Without its customer a seller's invoices would be left out, and too much be paid. */
function missingInNetSuite({ country, erp }: BalanceToRetrieve): string | undefined {
  if (erp.subsidiaryId === null) return `no subsidiary of NetSuite is configured for ${country}`
  if (erp.vendorId === null || erp.customerId === null)
    return 'NetSuite does not have the seller’s vendor and customer yet'
  return undefined
}

/** One id when vendor and customer share it (NetSuite's "Other Relationships", facts: netsuite §3). */
const entityIdsOf = ({ erp }: BalanceToRetrieve): string[] => [
  ...new Set([erp.vendorId, erp.customerId].filter((id) => id !== null)),
]

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
      const { erpId, tranId, problem } = bad
      return { sellerBalanceId, blocked: 'documents_unreadable', details: { document: tranId, erpId, problem } }
    }
    return { sellerBalanceId, documents: keys.flatMap((key) => documents.get(key) ?? []) }
  })
}

const toBePaid = ({ sellerBalanceId, status }: RetrievedBalance) =>
  status === 'payable' ? [{ data: { sellerBalanceId } }] : []
