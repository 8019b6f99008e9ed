import { type FinanceAlert, openAlerts } from '@remesa/database/finance-alerts'
import { payeeBalances } from '@remesa/database/ledger'
import { findBalance, type SellerBalance } from '@remesa/database/seller-balances'
import { currency } from '@remesa/domain/currency'
import { formatMajor } from '@remesa/domain/money'
import type { SellerDocumentType } from '@remesa/domain/seller-documents'
import type { TestBalance } from '@remesa/local-stack/testing/sellers'
import type { World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import type { Message, Verdict } from '@remesa/messaging/handler'
import { retrieveBalances } from '../src/retrieve-balances.ts'

export type NetSuiteReads = Parameters<typeof retrieveBalances>[0]['netsuite']

/** The handler as the service makes it, its dice always the highest. */
export const retriever = (world: World, netsuite: NetSuiteReads = world.netsuite) =>
  retrieveBalances({ database: world.database, netsuite, now: world.now, random: () => 1, logger: world.logger })

/** Asks for these balances in one batch. */
export const retrieve = (
  world: World,
  ...balances: readonly (TestBalance | Message<{ sellerBalanceId: string }>)[]
): Promise<readonly Verdict[]> =>
  world.deliver(
    retriever(world),
    ...balances.map((one) => ('deliveryAttempt' in one ? one : { sellerBalanceId: one.sellerBalanceId })),
  )

/**
 * Puts documents into NetSuite for a balance's seller, country, date and currency.
 * @param amounts - minor units
 * @returns NetSuite's ids
 */
export function addDocuments(
  world: World,
  balance: TestBalance,
  documentType: SellerDocumentType,
  amounts: readonly bigint[],
  changes: { currency?: string; country?: string; date?: string } = {},
): readonly string[] {
  const { gscSellerId } = balance
  const about = {
    country: balance.country,
    date: balance.businessDate as string,
    currency: balance.currency,
    ...changes,
  }
  return world.sandbox.netsuite.loadDocuments(
    amounts.map((amount, at) => ({
      ...about,
      documentType,
      gscSellerId,
      tranId: `${documentType}-${gscSellerId}-${about.date}-${at}`,
      amount: formatMajor(amount, currency(about.currency)),
    })),
  )
}

export async function stateOf(world: World, { sellerBalanceId }: { sellerBalanceId: string }): Promise<SellerBalance> {
  const balance = await findBalance(world.database, sellerBalanceId)
  if (!balance) throw new Error(`no balance ${sellerBalanceId}`)
  return balance
}

/** What we owe the balance's seller in its currency, by the ledger. */
export async function credited(world: World, balance: TestBalance): Promise<bigint> {
  const owed = await payeeBalances(world.database, [balance.sellerId])
  return owed.find(({ money }) => money.currency === balance.currency)?.money.amount ?? 0n
}

export const alertsOf = async (world: World, { sellerBalanceId }: TestBalance): Promise<readonly FinanceAlert[]> =>
  (await openAlerts(world.database, { limit: 1_000 })).filter(({ subject }) => subject.id === sellerBalanceId)

/** The balances that were sent on to be paid. */
export const toBePaid = async (world: World): Promise<readonly string[]> =>
  (await world.published(topics.paySellerBalance)).map(({ data }) => data.sellerBalanceId)

/** Requests for documents that NetSuite has seen. */
export const queries = (world: World): number =>
  world.sandbox.netsuite.calls()['POST /services/rest/query/v1/suiteql'] ?? 0
