import { findSellerPaymentsByReference, type SellerPayment } from '@remesa/database/seller-payments'
import { backoffMs } from '@remesa/domain/payment-steps'
import type { topics } from '@remesa/messaging/catalogue'
import { type BatchHandler, done, type Message, reject, retry, type Verdict } from '@remesa/messaging/handler'
import { paymentStatusFromJson } from '@remesa/messaging/payment-status-json'
import type { DataOf } from '@remesa/messaging/topic'
import type { LookAtPayment, RecordStatus, StatusParts } from './check-payments.ts'
import type { ReportPayments } from './report-payments.ts'

type BankEvent = DataOf<typeof topics.bankPaymentEvent>

/**
 * A callback may come before our own record of the acceptance has committed. When the worker that called the bank died,
 * that is once its lease is over and another has called with the same key: it is looked for these five minutes.
 */
const LOOKS = 10
const LOOK_AGAIN = { firstMs: 2_000, maxMs: 60_000 }

/**
 * Applies verified callbacks, which may be early, late, repeated or out of order. One that names a status moves the
 * payment on at once; one that only says "look now" leads to a look. Polling reaches the same end without any.
 */
export function applyBankEvents(
  parts: StatusParts,
  { look, record, report }: { look: LookAtPayment; record: RecordStatus; report: ReportPayments },
): BatchHandler<BankEvent> {
  async function apply(message: Message<BankEvent>, payment: SellerPayment | undefined): Promise<Verdict> {
    const { data, id: messageId, retries } = message
    if (!payment) {
      return retries < LOOKS
        ? retry(backoffMs(retries + 1, LOOK_AGAIN, parts.random()), 'no payment has this reference yet')
        : reject(`no payment of ours at ${data.rail} has the reference ${data.reference}`)
    }
    if (data.status) await record({ payment, status: paymentStatusFromJson(data.status), messageId })
    else await look(payment, messageId) // still pending: the looks that are on their way go on
    return done
  }

  return async (batch) => {
    const found = await findSellerPaymentsByReference(
      parts.database,
      batch.map(({ data: { rail, reference } }) => ({ rail, reference })),
    )
    const byName = new Map(
      found.flatMap((payment) => [
        [`${payment.rail}:${payment.reference}`, payment],
        [`${payment.rail}:${payment.idempotencyKey}`, payment],
      ]),
    )
    const paymentOf = ({ data }: Message<BankEvent>) => byName.get(`${data.rail}:${data.reference}`)
    const verdicts = await Promise.all(
      batch.map((message) =>
        apply(message, paymentOf(message)).catch((error: unknown): Verdict => ({ kind: 'threw', error })),
      ),
    )
    const moved = batch.flatMap((message, index) => {
      const payment = verdicts[index]?.kind === 'done' ? paymentOf(message) : undefined
      const { id: messageId, retries } = message
      return payment ? [{ sellerBalanceId: payment.sellerBalanceId, messageId, retries }] : []
    })
    const reported = await report(moved)
    return batch.map((message, index): Verdict => {
      const verdict = verdicts[index] ?? done
      const payment = paymentOf(message)
      return verdict.kind === 'done' && payment ? (reported.get(payment.sellerBalanceId) ?? done) : verdict
    })
  }
}
