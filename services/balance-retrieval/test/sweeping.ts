import { type FinanceAlert, openAlerts } from '@remesa/database/finance-alerts'
import { businessDate } from '@remesa/domain/business-date'
import { currency } from '@remesa/domain/currency'
import { applyToBills } from '@remesa/domain/vendor-payment'
import { follow } from '@remesa/local-stack/testing/payments'
import type { TestBalance } from '@remesa/local-stack/testing/sellers'
import type { World } from '@remesa/local-stack/testing/world'
import type { Verdict } from '@remesa/messaging/handler'
import { currencyIdOf, subsidiaryIdOf } from '@remesa/sandbox/netsuite-ids'
import { sql } from 'kysely'
import { sweepLateDocuments } from '../src/sweep-late-documents.ts'

type Parts = Parameters<typeof sweepLateDocuments>[0]

/** The handler as the service makes it, its dice always the highest. */
export const sweeper = (world: World, changes: Partial<Parts> = {}) => {
  const { database, netsuite, now, logger } = world
  return sweepLateDocuments({
    ...{ database, netsuite, now, logger, random: () => 1, days: 35, overlapMs: 3_600_000 },
    ...changes,
  })
}

export const sweep = (world: World): Promise<readonly Verdict[]> => world.deliver(sweeper(world), {})

/** Those that are open, by document. */
export const lateAlerts = async (world: World): Promise<readonly FinanceAlert[]> => {
  const open = await openAlerts(world.database, { limit: 1_000 })
  return open.filter(({ kind }) => kind === 'late_document').sort((a, b) => (a.dedupKey < b.dedupKey ? -1 : 1))
}

/**
 * Records a payment in NetSuite: ours, as fpay-status-check does once the bank has paid, or one that finance makes.
 * @param billIds - of the balance, in their order
 */
export async function recordVendorPayment(
  world: World,
  balance: TestBalance,
  billIds: readonly string[],
  byHand?: { readonly amount: bigint },
): Promise<void> {
  const code = currency(balance.currency)
  const { rows } = await sql<{ erp_id: string; tran_id: string; amount: bigint; owed: bigint }>`
    select d.erp_id, d.tran_id, d.amount, b.amount_owed as owed
    from seller_balance_documents d join seller_balances b on b.id = d.seller_balance_id
    where b.id = ${balance.sellerBalanceId} and d.type = 'vendorBill' order by length(d.erp_id), d.erp_id`.execute(
    world.database,
  )
  const bills = rows.map(({ erp_id: erpId, tran_id: tranId, amount }) => {
    return { erpId, tranId, amount, type: 'vendorBill' as const, currency: code }
  })
  const lines = byHand
    ? billIds.map((erpId) => ({ erpId, amount: byHand.amount }))
    : applyToBills(bills, rows[0]?.owed ?? 0n)
  const externalId = byHand ? `by hand ${billIds.join()} ${byHand.amount}` : `sb-${balance.sellerBalanceId}`
  await world.netsuite.upsertVendorPayment(externalId, {
    vendorId: balance.vendorId,
    subsidiaryId: subsidiaryIdOf(balance.country),
    currencyId: currencyIdOf(balance.currency),
    ...{ accountId: '340', apAccountId: '114', date: businessDate('2026-11-21'), memo: externalId },
    apply: lines.map(({ erpId, amount }) => ({ billId: erpId, amount: { amount, currency: code } })),
  })
}

/** Has the bank pay what it has accepted of a balance, and notes it. */
export async function settle(world: World, { sellerBalanceId }: TestBalance): Promise<void> {
  world.sandbox.fpay.settleAll()
  await follow(world, [sellerBalanceId])
}
