import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import { type EndedPayment, findUnreported, recordErpTold, recordGscTold } from '@remesa/database/payment-reports'
import { backoffMs } from '@remesa/domain/payment-steps'
import { applyToBills } from '@remesa/domain/vendor-payment'
import type { GscClient } from '@remesa/gsc-client/gsc-client'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { retry, type Verdict } from '@remesa/messaging/handler'
import type { NetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  readonly netsuite: Pick<NetSuiteClient, 'upsertVendorPayment' | 'setBillPaymentStatus'>
  readonly gsc: Pick<GscClient, 'notifySettlementPayment'>
  readonly random: () => number
  readonly logger: Logger
}

/**
 * Tells NetSuite, then GSC, how payments ended; each step may be repeated safely.
 * @param balances - `retries`: how often telling has been put off
 * @returns a verdict for each balance that has to be told of again later
 */
export type ReportPayments = (
  balances: readonly { readonly sellerBalanceId: string; readonly retries: number }[],
) => Promise<ReadonlyMap<string, Verdict>>

/** An outage passes in minutes; what NetSuite refuses, such as a closed period, takes a person an hour or more. */
const AGAIN_AFTER_OUTAGE = { firstMs: 2_000, maxMs: 5 * 60_000 }
const AGAIN_AFTER_REFUSAL_MS = 3_600_000

export function reportPayments(parts: Parts): ReportPayments {
  const { database, random, logger } = parts
  const erpTold = groupCommit<{ sellerBalanceId: string; erpVendorPaymentId: string | null }, void>({
    database,
    maximum: 100,
    write: async (tx, told) => {
      await recordErpTold(tx, told)
      return told.map(() => undefined)
    },
  })
  const gscTold = groupCommit<{ sellerBalanceId: string; reason: string | null }, void>({
    database,
    maximum: 100,
    write: async (tx, told) => {
      await recordGscTold(tx, told)
      return told.map(() => undefined)
    },
  })

  async function reportOne(payment: EndedPayment, retries: number): Promise<Verdict | undefined> {
    const { sellerBalanceId } = payment
    try {
      if (!payment.erpTold) {
        await erpTold({ sellerBalanceId, erpVendorPaymentId: await tellNetSuite(parts, payment) })
      }
      if (!payment.gscTold) await gscTold({ sellerBalanceId, reason: await tellGsc(parts, payment) })
      return undefined
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      logger.warn({ sellerBalanceId, err: error }, 'the end of a payment could not be told yet')
      if (error.kind === 'refused' && !error.credentials) {
        await alert(parts, payment, 'vendor_payment_refused', { code: error.code, status: error.status })
        return retry(AGAIN_AFTER_REFUSAL_MS, error.message)
      }
      return retry(backoffMs(retries + 1, AGAIN_AFTER_OUTAGE, random()), error.message)
    }
  }

  return async (balances) => {
    const retries = new Map(balances.map((balance) => [balance.sellerBalanceId, balance.retries]))
    const verdicts = new Map<string, Verdict>()
    await Promise.all(
      (await findUnreported(database, [...retries.keys()])).map(async (payment) => {
        const verdict = await reportOne(payment, retries.get(payment.sellerBalanceId) ?? 0).catch(
          (error: unknown): Verdict => ({ kind: 'threw', error }),
        )
        if (verdict) verdicts.set(payment.sellerBalanceId, verdict)
      }),
    )
    return verdicts
  }
}

/** @returns the vendor payment's id in NetSuite; null when what was told is that nothing was paid */
async function tellNetSuite({ netsuite }: Parts, payment: EndedPayment): Promise<string | null> {
  if (payment.outcome === 'failed') {
    for (const bill of payment.bills) {
      await netsuite.setBillPaymentStatus(bill.erpId, `Payment failed: ${payment.refusalReason ?? 'refused'}`)
    }
    return null
  }
  const { vendorId, subsidiaryId, currencyId, bankAccountId, payablesAccountId } = payment.erp
  if (!vendorId || !subsidiaryId || !currencyId || !bankAccountId || !payablesAccountId) {
    throw new Error(`NetSuite’s ids for ${payment.country} and ${payment.money.currency} are not configured`)
  }
  const { erpId } = await netsuite.upsertVendorPayment(`sb-${payment.sellerBalanceId}`, {
    vendorId,
    subsidiaryId,
    currencyId,
    accountId: bankAccountId,
    apAccountId: payablesAccountId,
    date: payment.businessDate,
    memo: `${payment.rail} ${payment.reference}`,
    apply: applyToBills(payment.bills, payment.money.amount).map(({ erpId, amount }) => ({
      billId: erpId,
      amount: { amount, currency: payment.money.currency },
    })),
  })
  return erpId
}

/** @returns why GSC was not told; null when it was */
async function tellGsc(parts: Parts, payment: EndedPayment): Promise<string | null> {
  const { settlementId, sellerBalanceId } = payment
  if (payment.sellerType !== '3P') return 'not a 3P seller'
  if (payment.closingMatch !== 'matched' || settlementId === null) return 'the closing did not match'
  const status = payment.outcome === 'paid' ? 'PAID' : 'REJECTED'
  const outcome = await parts.gsc.notifySettlementPayment(settlementId, `${sellerBalanceId}:${status}`, {
    gscSellerId: payment.gscSellerId,
    country: payment.country,
    money: payment.money,
    rail: payment.rail,
    providerReference: payment.reference ?? sellerBalanceId, // refused before the rail gave it a name
    result:
      payment.outcome === 'paid'
        ? { status: 'PAID', paidAt: payment.settledAt }
        : { status: 'REJECTED', reasonCode: payment.refusalReason ?? 'UNKNOWN' },
  })
  if (typeof outcome === 'string') return null
  await alert(parts, payment, 'settlement_notification_refused', { settlementId, code: outcome.refused })
  return `GSC refused: ${outcome.refused}`
}

async function alert(
  { database }: Parts,
  payment: EndedPayment,
  kind: 'vendor_payment_refused' | 'settlement_notification_refused',
  details: object,
): Promise<void> {
  const { sellerBalanceId, businessDate, money } = payment
  await database.transaction().execute((tx) =>
    raiseAlerts(tx, [
      {
        kind,
        dedupKey: `${kind}:${sellerBalanceId}`,
        subject: { type: 'seller_balance', id: sellerBalanceId },
        businessDate,
        details: { ...details, amount: money.amount.toString(), currency: money.currency },
      },
    ]),
  )
}
