import { currency } from '@remesa/domain/currency'
import { formatMajor, parseMajor } from '@remesa/domain/money'
import { z } from 'zod'
import type { Controls } from '../kit/provider.ts'
import { moneyFromStripe } from './currencies.ts'
import { paymentIdOf } from './payment-rows.ts'
import type { Payments, PaymentToLoad } from './payments.ts'

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text))
const paymentId = z.string().min(1)

/** A payment in JSON: amounts are decimal strings in major units. */
const paymentSchema = z
  .strictObject({
    paymentId: paymentId.optional(),
    chargeId: z.string().min(1).optional(),
    created: time.optional(),
    currency: z.string(),
    amount: z.string(),
    refunded: z.string().default('0'),
    refundedAt: time.optional(),
    description: z.string().nullable().optional(),
    status: z.enum(['succeeded', 'pending', 'failed']).optional(),
    captured: z.boolean().optional(),
  })
  .transform(({ currency: code, amount, refunded, ...rest }): PaymentToLoad => {
    const money = { amount: parseMajor(amount, currency(code)), currency: currency(code) }
    return { ...rest, money, refunded: parseMajor(refunded, money.currency) }
  })

const refundStatus = z.enum(['pending', 'requires_action', 'succeeded', 'failed', 'canceled'])

/** The knobs of what customers paid. */
export function paymentControls(payments: Payments): Controls {
  return {
    loadPayments(input) {
      const { payments: rows, quietly } = z
        .strictObject({ payments: z.array(paymentSchema), quietly: z.boolean().default(false) })
        .parse(input)
      return { paymentIds: rows.map((row) => payments.load(row, quietly ? 'quietly' : undefined)) }
    },
    capturePayment: (input) => void payments.capture(z.strictObject({ paymentId }).parse(input).paymentId),
    refundPayment(input) {
      const asked = z
        .strictObject({
          paymentId,
          amount: z.string().optional(),
          status: refundStatus.optional(),
          created: time.optional(),
        })
        .parse(input)
      const charge = payments.find(asked.paymentId)
      if (!charge) throw new Error(`no payment ${asked.paymentId}`)
      const code = currency(charge.currency.toUpperCase())
      const refund = payments.refund(asked.paymentId, {
        ...(asked.amount !== undefined && { amount: parseMajor(asked.amount, code) }),
        ...(asked.status !== undefined && { status: asked.status }),
        ...(asked.created !== undefined && { created: asked.created }),
      })
      return { refundId: refund.id }
    },
    updateRefund(input) {
      const { refundId, status } = z.strictObject({ refundId: z.string(), status: refundStatus }).parse(input)
      payments.updateRefund(refundId, status)
    },
    disputePayment: (input) => ({
      disputeId: payments.dispute(z.strictObject({ paymentId }).parse(input).paymentId).id,
    }),
    updateDispute(input) {
      const { disputeId, status } = z.strictObject({ disputeId: z.string(), status: z.string().min(1) }).parse(input)
      payments.updateDispute(disputeId, status)
    },
    loseWebhooks: (input) =>
      payments.loseWebhooks(z.strictObject({ paymentIds: z.array(paymentId) }).parse(input).paymentIds),
    payments: () => ({ payments: [...paymentsAsJson(payments)] }),
  }
}

/** Captured payments as Stripe has them, oldest first; amounts are decimal strings in major units. */
function* paymentsAsJson(payments: Payments) {
  for (const charge of payments.charges.rows()) {
    if (!charge.captured || charge.status !== 'succeeded') continue
    const { amount, currency: code } = moneyFromStripe(BigInt(charge.amountCaptured), charge.currency)
    const refunded = moneyFromStripe(BigInt(charge.amountRefunded), charge.currency)
    yield {
      paymentId: paymentIdOf(charge),
      chargeId: charge.id,
      created: new Date(charge.created * 1_000).toISOString(),
      currency: code,
      amount: formatMajor(amount, code),
      refunded: formatMajor(refunded.amount, code),
      description: charge.description,
      disputed: charge.disputed,
    }
  }
}
