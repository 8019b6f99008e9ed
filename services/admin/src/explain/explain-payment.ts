import type { Database } from '@remesa/database/connection'
import { findPaymentSummary, type PaymentSummary } from '@remesa/database/payment-reads'
import { nextOfPayment } from '@remesa/domain/explain-next-payment'
import { titleOfPayment } from '@remesa/domain/explain-titles'
import {
  PAID_BY_CUSTOMER,
  titleOfBankDispute,
  titleOfFinding,
  titleOfRecording,
  titleOfRefund,
} from '@remesa/domain/story-titles'
import { type Explanation, storyOf } from './explanation.ts'

/** What a customer paid, by Stripe's id of the payment, its charge, a refund or a dispute. */
export async function explainPayment(database: Database, id: string): Promise<Explanation | undefined> {
  const payment = await findPaymentSummary(database, id)
  if (!payment) return undefined
  const { captured, refunded, recorded, finding, disputes, refunds } = payment
  return {
    subject: {
      ...{ type: 'payment', id, title: titleOfPayment(id), status: payment.status },
      money: captured && { amount: captured.amount - refunded, currency: captured.currency },
    },
    amount: captured
      ? [
          { label: 'Paid by the customer', money: captured },
          ...(refunded === 0n
            ? []
            : [{ label: 'Given back', money: { amount: -refunded, currency: captured.currency } }]),
        ]
      : [],
    story: storyOfPayment(payment),
    next: nextOfPayment({
      isRecorded: recorded !== null,
      finding: finding?.status ?? null,
      disputes: disputes.map(({ status }) => status),
      isRefundOpen: refunds.some(({ status }) => status === 'pending' || status === 'requires_action'),
    }),
    links: [],
  }
}

function storyOfPayment({
  created,
  recorded,
  refunds,
  disputes,
  finding,
  audit,
}: PaymentSummary): Explanation['story'] {
  const told = (at: Date, text: string) => ({ at: at.toISOString(), text })
  return [
    ...(created ? [told(created, PAID_BY_CUSTOMER)] : []),
    ...(recorded ? [told(recorded.at, titleOfRecording(recorded.source))] : []),
    ...refunds.map(({ refundId, status, created: at }) => told(at, titleOfRefund(refundId, status))),
    ...disputes.map(({ disputeId, status, created: at }) => told(at, titleOfBankDispute(disputeId, status))),
    ...(finding ? [told(finding.at, titleOfFinding(finding.category))] : []),
    ...storyOf({ attempts: [], ledger: [], audit }),
  ].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
}
