import type { BalanceTransaction } from './balance.ts'
import type { Charge, Dispute, Refund } from './payment-rows.ts'

/** A charge as callers see it (facts: stripe §7); what nobody paid by card would have is null. */
export function chargeAsJson(charge: Charge) {
  const { id, amount, amountCaptured, amountRefunded, captured, created, currency, description, status } = charge
  const hasSucceeded = status === 'succeeded'
  return {
    id,
    object: 'charge',
    amount,
    amount_captured: amountCaptured,
    amount_refunded: amountRefunded,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: captured ? transactionIdOf(charge) : null,
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    calculated_statement_descriptor: 'MARKETPLACE',
    captured,
    created,
    currency,
    customer: null,
    description,
    disputed: charge.disputed,
    failure_balance_transaction: null,
    failure_code: status === 'failed' ? 'card_declined' : null,
    failure_message: status === 'failed' ? 'Your card was declined.' : null,
    fraud_details: {},
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: { network_status: hasSucceeded ? 'approved_by_network' : 'not_sent_to_network', type: 'authorized' },
    paid: hasSucceeded,
    payment_intent: charge.paymentIntent,
    payment_method: 'pm_card_visa',
    payment_method_details: { card: { brand: 'visa', country: 'US', last4: '4242', network: 'visa' }, type: 'card' },
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: amountCaptured > 0 && amountRefunded === amountCaptured,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status,
    transfer_data: null,
    transfer_group: null,
  } as const
}

/** The PaymentIntent of its latest charge. */
export function paymentIntentAsJson(latest: Charge) {
  const { id, paymentIntent, amount, amountCaptured, captured, created, currency, description, status } = latest
  const ofCharge = { succeeded: 'succeeded', pending: 'processing', failed: 'requires_payment_method' } as const
  return {
    id: paymentIntent ?? '',
    object: 'payment_intent',
    amount,
    amount_capturable: status === 'succeeded' && !captured ? amount : 0,
    amount_received: amountCaptured,
    canceled_at: null,
    capture_method: captured ? 'automatic_async' : 'manual',
    created,
    currency,
    customer: null,
    description,
    latest_charge: id,
    livemode: false,
    metadata: {},
    payment_method_types: ['card'],
    status: status === 'succeeded' && !captured ? 'requires_capture' : ofCharge[status],
    transfer_group: null,
  } as const
}

export function refundAsJson(refund: Refund) {
  const { id, amount, charge, created, status } = refund
  return {
    id,
    object: 'refund',
    amount,
    balance_transaction: transactionIdOf(refund),
    charge: charge.id,
    created,
    currency: charge.currency,
    metadata: {},
    payment_intent: charge.paymentIntent,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status,
    transfer_reversal: null,
    ...(status === 'failed' && {
      failure_balance_transaction: failureTransactionIdOf(refund),
      failure_reason: 'lost_or_stolen_card',
    }),
  } as const
}

export function disputeAsJson(dispute: Dispute) {
  const { id, amount, charge, created, status } = dispute
  return {
    id,
    object: 'dispute',
    amount,
    balance_transactions: [disputeTransaction(dispute)],
    charge: charge.id,
    created,
    currency: charge.currency,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.paymentIntent,
    reason: 'general',
    status,
  } as const
}

const transactionIdOf = ({ id }: { readonly id: string }): string => `txn_${id.replace('_', '')}`
const failureTransactionIdOf = ({ id }: Refund): string => `txn_failed${id.replace('_', '')}`

/** Card money is available two days after it was paid. */
const AVAILABLE_AFTER_S = 2 * 86_400

interface PaymentMovement {
  readonly id: string
  readonly created: number
  readonly amount: number
  readonly fee: number
  readonly currency: string
  readonly source: string
  readonly type: BalanceTransaction['type']
  readonly category: BalanceTransaction['reporting_category']
}

function movement({ id, created, amount, fee, currency, source, type, category }: PaymentMovement): BalanceTransaction {
  return {
    id,
    object: 'balance_transaction',
    amount,
    available_on: created + AVAILABLE_AFTER_S,
    balance_type: 'payments',
    created,
    currency,
    description: null,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [{ amount: fee, application: null, currency, description: 'Stripe processing fees', type: 'stripe_fee' }],
    net: amount - fee,
    reporting_category: category,
    source,
    status: 'pending',
    type,
  }
}

/** Pro mille of a charge that Stripe keeps. */
const FEE_PRO_MILLE = 29

export const chargeTransaction = (charge: Charge): BalanceTransaction =>
  movement({
    id: transactionIdOf(charge),
    created: charge.created,
    amount: charge.amountCaptured,
    fee: Math.floor((charge.amountCaptured * FEE_PRO_MILLE) / 1_000),
    currency: charge.currency,
    source: charge.id,
    type: 'charge',
    category: 'charge',
  })

/** The refund, and the money that came back when it failed. */
export function refundTransactions(refund: Refund): readonly BalanceTransaction[] {
  const { id: source, amount, charge, created, status } = refund
  const { currency } = charge
  const made = { created, fee: 0, currency, source }
  return [
    movement({ ...made, id: transactionIdOf(refund), amount: -amount, type: 'refund', category: 'refund' }),
    ...(status === 'failed'
      ? [
          movement({
            ...made,
            id: failureTransactionIdOf(refund),
            amount,
            type: 'refund_failure',
            category: 'refund_failure',
          }),
        ]
      : []),
  ]
}

export const disputeTransaction = (dispute: Dispute): BalanceTransaction =>
  movement({
    id: transactionIdOf(dispute),
    created: dispute.created,
    amount: -dispute.amount,
    fee: 0,
    currency: dispute.charge.currency,
    source: dispute.id,
    type: 'adjustment',
    category: 'dispute',
  })
