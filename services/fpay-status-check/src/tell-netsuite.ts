import type { EndedPayment } from '@remesa/database/payment-reports'
import { businessDateAt } from '@remesa/domain/business-date'
import { applyToBills } from '@remesa/domain/vendor-payment'
import type { NetSuiteClient } from '@remesa/netsuite-client/netsuite-client'

/**
 * Tells NetSuite how a payment ended: a vendor payment against the bills, or on each bill why it was not paid.
 * @param timeZone - in whose calendar the money moved on a day
 * @returns the vendor payment's id in NetSuite, null when nothing was paid; or which of NetSuite's ids finance has not
 *   filled in, and then nothing was told
 * @throws ProviderError when NetSuite refuses or cannot be reached
 */
export async function tellNetSuite(
  netsuite: Pick<NetSuiteClient, 'upsertVendorPayment' | 'setBillPaymentStatus'>,
  payment: EndedPayment,
  timeZone: string,
): Promise<{ readonly vendorPaymentId: string | null } | { readonly missing: readonly string[] }> {
  if (payment.outcome === 'failed') {
    for (const bill of payment.bills) {
      await netsuite.setBillPaymentStatus(bill.erpId, `Payment failed: ${payment.refusalReason ?? 'refused'}`)
    }
    return { vendorPaymentId: null }
  }
  const { vendorId, subsidiaryId, currencyId, bankAccountId, payablesAccountId } = payment.erp
  if (!vendorId || !subsidiaryId || !currencyId || !bankAccountId || !payablesAccountId) {
    return { missing: Object.entries(payment.erp).flatMap(([name, id]) => (id ? [] : [name])) }
  }
  const { erpId } = await netsuite.upsertVendorPayment(`sb-${payment.sellerBalanceId}`, {
    vendorId,
    subsidiaryId,
    currencyId,
    accountId: bankAccountId,
    apAccountId: payablesAccountId,
    // Its period is that of the day the money moved, not of the day that is paid for (facts: netsuite §9).
    date: dayOf(payment.settledAt, timeZone),
    memo: `${payment.rail} ${payment.reference}`,
    apply: applyToBills(payment.bills, payment.money.amount).map(({ erpId, amount }) => ({
      billId: erpId,
      amount: { amount, currency: payment.money.currency },
    })),
  })
  return { vendorPaymentId: erpId }
}

const dayOf = (at: Date, timeZone: string) =>
  businessDateAt(Temporal.Instant.fromEpochMilliseconds(at.getTime()), timeZone)
