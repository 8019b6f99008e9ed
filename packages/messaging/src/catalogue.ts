import { RECONCILED_BOOKS } from '@remesa/domain/rail-reconciliation'
import { SYNCED_AT_ONCE, SYNCED_CATEGORIES } from '@remesa/domain/reconciliation-result'
import { z } from 'zod'
import { paymentStatusJson } from './payment-status-json.ts'
import { defineTopic } from './topic.ts'

const uuid = z.uuid()
const currency = z.string().regex(/^[A-Z]{3}$/, 'expected an ISO 4217 code')
const country = z.string().regex(/^[A-Za-z]{2}$/, 'expected an ISO 3166 alpha-2 code')
/** Major units, exact; at most as many decimals as the currency has, which its reader checks. */
const decimal = z.string().regex(/^-?\d{1,18}(\.\d{1,18})?$/, 'expected a decimal string')

/** GSC's event (facts: marketplace §3.1). A type that we do not know passes, for the handler to say so. */
const sellerOutboundEvent = z.object({
  eventId: z.string().min(1),
  eventType: z.string().min(1),
  eventVersion: z.literal(2),
  eventTime: z.iso.datetime({ offset: true }),
  /** Increases with each event of a seller; where it is missing, `eventTime` decides which is newer. */
  sequence: z.int().nonnegative().optional(),
  seller: z.object({
    sellerId: z.string().min(1).max(200),
    country,
    operationType: z.enum(['local', 'international']),
    /** The FPay id: null until the account was opened. */
    accountNumber: z.string().min(1).nullish(),
  }),
})

/** Minor units of the currency beside it. */
const minorUnits = z.string().regex(/^\d{1,18}$/, 'expected whole minor units')
const id = z.string().min(1).max(200)
const time = z.iso.datetime({ offset: true })

/** What every booking event says. `occurredAt` decides which of two words about one thing is the later one. */
const aboutBooking = { eventId: id, bookingId: id, occurredAt: time }
const aboutTip = { ...aboutBooking, tipId: id, amount: minorUnits, currency, addedAt: time }

/** The marketplace's word on a booking; early, late or repeated. */
const bookingEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('booking_completed'),
    ...aboutBooking,
    providerId: id,
    /** Null while the provider has opened none. */
    stripeAccountId: id.nullable(),
    currency,
    providerShare: minorUnits,
    completedAt: time,
  }),
  /** The customer has paid a tip. */
  z.object({ type: z.literal('tip_added'), ...aboutTip }),
  /** The customer's payment of a tip failed. */
  z.object({ type: z.literal('tip_failed'), ...aboutTip }),
  z.object({ type: z.literal('tip_refunded'), ...aboutTip }),
  z.object({ type: z.literal('dispute_opened'), ...aboutBooking, disputeId: id, openedAt: time }),
  /** `refund`: what the customer gets back, "0" for nothing. */
  z.object({
    type: z.literal('dispute_resolved'),
    ...aboutBooking,
    disputeId: id,
    openedAt: time,
    resolvedAt: time,
    refund: minorUnits,
    currency,
  }),
])

const aboutOneBalance = z.object({ sellerBalanceId: uuid })

/** Who reads Stripe's events, and the subscription of each. */
export const STRIPE_EVENT_SUBSCRIPTIONS = {
  payouts: 'stripe_event_payouts_subscription',
  reconciliation: 'stripe_event_reconciliation_subscription',
} as const

/** Every topic there is. Provisioning, workers, publishers and the deployment read it; nothing else names a topic. */
export const topics = {
  sellerProfile: defineTopic({
    name: 'seller-profile',
    subscription: 'seller-profile-netsuite-pull',
    schema: sellerOutboundEvent,
    schemaVersion: 2,
    orderingKeyOf: ({ seller }) => seller.sellerId,
  }),
  /** A seller whose vendor in NetSuite must be brought up to date; `sellerId` is ours. */
  sellerVendorSync: defineTopic({
    name: 'seller_vendor_sync_topic',
    subscription: 'seller_vendor_sync_subscription',
    schema: z.object({ sellerId: uuid }),
    orderingKeyOf: ({ sellerId }) => sellerId,
  }),
  /** Opens a pay-day. Without a date it is yesterday's, in the marketplace's zone. */
  paymentReset: defineTopic({
    name: 'payment_reset_topic',
    subscription: 'payment_reset_subscription',
    schema: z.object({ businessDate: z.iso.date().optional() }),
  }),
  paymentInitialization: defineTopic({
    name: 'seller_payment_initialization_topic',
    subscription: 'seller_payment_initialization_subscription',
    schema: z.object({ runId: uuid }),
  }),
  balanceDataRetrieval: defineTopic({
    name: 'balance_data_retrieval_topic',
    subscription: 'balance_data_retrieval_subscription',
    schema: aboutOneBalance,
  }),
  /** GSC's own statement of what a seller is owed; early, late or repeated. */
  sellerClosing: defineTopic({
    name: 'seller_closing_topic',
    subscription: 'seller_closing_subscription',
    schema: z.object({
      settlementId: z.string().min(1).max(200),
      gscSellerId: z.string().min(1).max(200),
      country,
      date: z.iso.date(),
      currency,
      amount: decimal,
    }),
    orderingKeyOf: ({ gscSellerId }) => gscSellerId,
  }),
  /** NetSuite is to be asked for documents that came, or changed, after their day's balances were retrieved. */
  lateDocumentSweep: defineTopic({
    name: 'late_document_sweep_topic',
    subscription: 'late_document_sweep_subscription',
    schema: z.object({}),
  }),
  paySellerBalance: defineTopic({
    name: 'pay_seller_balance_topic',
    subscription: 'pay_seller_balance_subscription',
    schema: aboutOneBalance,
  }),
  checkFpayPaymentStatus: defineTopic({
    name: 'check_fpay_payment_status_topic',
    subscription: 'check_fpay_payment_status_subscription',
    /**
     * `look`: how many looks at the pending payment came before the one it asks for, `watch`: the same of a paid one that
     * may yet come back. A repeated message asks for nothing new; one without either asks for a look now.
     */
    schema: aboutOneBalance.extend({
      look: z.int().nonnegative().optional(),
      watch: z.int().nonnegative().optional(),
    }),
  }),
  /** A provider's callback, its signature verified by the webhooks service. */
  bankPaymentEvent: defineTopic({
    name: 'bank_payment_event_topic',
    subscription: 'bank_payment_event_subscription',
    schema: z.object({
      rail: z.enum(['fpay', 'payoneer']),
      /** FPay's payout id; for Payoneer the client reference that we gave. */
      reference: z.string().min(1).max(200),
      /** The provider's id of the callback. */
      eventId: z.string().min(1).max(200),
      /** What we called the payment, where the provider repeats it. */
      externalReference: z.string().min(1).max(200).nullable(),
      /** Null when the callback only says "look now". */
      status: paymentStatusJson.nullable(),
    }),
  }),
  /** A contest that was closed, with its winners in the database. */
  settlementCompleted: defineTopic({
    name: 'settlement_completed_topic',
    subscription: 'settlement_completed_subscription',
    schema: z.object({ settlementId: z.string().min(1).max(200) }),
  }),
  /** Picks up transfers that wait, are due again, or were abandoned. */
  payoutScheduler: defineTopic({
    name: 'payout_scheduler_topic',
    subscription: 'payout_scheduler_subscription',
    schema: z.object({}),
  }),
  payoutTransfer: defineTopic({
    name: 'payout_transfer_topic',
    subscription: 'payout_transfer_subscription',
    schema: z.object({ payoutTransferId: uuid }),
  }),
  bookingEvent: defineTopic({
    name: 'booking_event_topic',
    subscription: 'booking_event_subscription',
    schema: bookingEvent,
    orderingKeyOf: ({ bookingId }) => bookingId,
  }),
  /** Asks to look at a booking again: its payout falls due, a transfer of it has ended, or an operator has decided. */
  bookingPayout: defineTopic({
    name: 'booking_payout_topic',
    subscription: 'booking_payout_subscription',
    schema: z.object({ bookingId: id }),
  }),
  /** Money that is to be taken back from a provider. */
  payoutReversal: defineTopic({
    name: 'payout_reversal_topic',
    subscription: 'payout_reversal_subscription',
    schema: z.object({ payoutReversalId: uuid }),
  }),
  /** A Stripe event, its signature verified by the webhooks service. */
  stripeEvent: defineTopic({
    name: 'stripe_event_topic',
    subscription: STRIPE_EVENT_SUBSCRIPTIONS.payouts,
    furtherSubscriptions: [STRIPE_EVENT_SUBSCRIPTIONS.reconciliation],
    schema: z.object({
      eventId: z.string().min(1).max(255),
      type: z.string().min(1).max(200),
      /** Unix seconds. */
      created: z.int().nonnegative(),
      /** The connected account it is about, where it is not the platform's own. */
      account: z.string().max(255).nullable(),
      /** The object as it was then; whoever needs its state now reads it from Stripe. */
      object: z.record(z.string(), z.unknown()),
    }),
  }),
  /** Compares Stripe with the database: a range of UTC days, half-open; without one, yesterday. */
  billingReconciliation: defineTopic({
    name: 'billing_reconciliation_topic',
    subscription: 'billing_reconciliation_subscription',
    schema: z.object({
      startDate: z.iso.date().optional(),
      endDate: z.iso.date().optional(),
      tolerancePercentage: z.number().nonnegative().max(100).optional(),
      includeRefunds: z.boolean().optional(),
    }),
  }),
  /** Compares a rail's books, or NetSuite's, with our payments: UTC days, half-open. */
  railReconciliation: defineTopic({
    name: 'rail_reconciliation_topic',
    subscription: 'rail_reconciliation_subscription',
    schema: z.object({
      books: z.enum(RECONCILED_BOOKS),
      startDate: z.iso.date(),
      endDate: z.iso.date(),
    }),
  }),
  /** The payments that a billing report misses in the database are to be copied from Stripe. */
  paymentSync: defineTopic({
    name: 'payment_sync_topic',
    subscription: 'payment_sync_subscription',
    schema: z.object({
      reportId: uuid,
      /** Which findings; none named: what is missing in the database, or all that `paymentIds` name. */
      categories: z.array(z.enum(SYNCED_CATEGORIES)).min(1).optional(),
      /** Payments of the report alone, by their ids or those of their refunds. */
      paymentIds: z.array(z.string().min(1).max(255)).min(1).max(SYNCED_AT_ONCE).optional(),
      /** Who asked for it, for the audit: `operator:<who>`. */
      actor: z.string().min(1).max(300),
    }),
  }),
  /** A finance alert that was just raised, to be sent to people. */
  financeAlert: defineTopic({
    name: 'finance_alert_topic',
    subscription: 'finance_alert_subscription',
    schema: z.object({ financeAlertId: uuid }),
  }),
  /** An alert that is to be sent by one channel: Slack or PagerDuty. */
  alertDelivery: defineTopic({
    name: 'alert_delivery_topic',
    subscription: 'alert_delivery_subscription',
    schema: z.object({ alertDeliveryId: uuid, channel: z.enum(['slack', 'pagerduty']) }),
  }),
}
