import type { EndedPayment } from '@remesa/database/payment-reports'
import { applyToBills } from '@remesa/domain/vendor-payment'
import type { NetSuiteClient } from '@remesa/netsuite-client/netsuite-client'

/**
 * Tells NetSuite how a payment ended: a vendor payment against the bills, or on each bill why it was not paid.
 * @returns the vendor payment's id in NetSuite; null when nothing was paid
 * @throws ProviderError when NetSuite refuses or cannot be reached, Error when finance has not opened the country there
 */
export async function tellNetSuite(
  netsuite: Pick<NetSuiteClient, 'upsertVendorPayment' | 'setBillPaymentStatus'>,
  payment: EndedPayment,
): Promise<string | null> {
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
