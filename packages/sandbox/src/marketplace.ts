import { businessDate } from '@remesa/domain/business-date'
import { isCurrency } from '@remesa/domain/currency'
import { parseMajor } from '@remesa/domain/money'
import { z } from 'zod'

/**
 * A marketplace as files and the sandbox's control API describe it: the columns of `countries.csv`, `sellers.csv`,
 * `documents.csv`, `closings.csv`, `settlements.csv`, `winners.csv`, `bookings.csv`, `tips.csv`, `disputes.csv`,
 * `payments.csv` and `recorded.csv` in camel case. Amounts are decimal strings of major units.
 */

const id = z.string().min(1).max(200)
const countryId = z.string().regex(/^[a-z]{2}$/, 'expected a country id of two lower-case letters, like cl')
const currencyCode = z
  .string()
  .refine((text): boolean => isCurrency(text), 'expected a payable ISO 4217 currency, like CLP')
const date = z.string().refine((text) => succeeds(() => businessDate(text)), 'expected a date like 2026-11-20')

const exactAmount = ({ amount, currency }: { amount: string; currency: string }): boolean =>
  isCurrency(currency) && succeeds(() => parseMajor(amount, currency))
const inexact = { path: ['amount'], error: 'expected a decimal string with at most the decimals of its currency' }

export const marketplaceCountry = z.strictObject({
  id: countryId,
  name: z.string().min(1),
  currency: currencyCode,
  enabled: z.boolean(),
})

export const marketplaceSeller = z.strictObject({
  gscSellerId: id,
  legalName: z.string().min(1),
  taxId: z.string().min(1),
  operationType: z.enum(['local', 'international']),
  type: z.enum(['1P', '3P']),
  fpayId: id.nullable(),
  payoneerPayeeId: id.nullable(),
  countries: z
    .array(z.strictObject({ country: countryId, currency: currencyCode, enabled: z.boolean() }))
    .min(1, 'expected at least one country'),
})

export const marketplaceDocument = z
  .strictObject({
    documentType: z.enum(['vendorBill', 'invoice']),
    tranId: z.string().min(1).max(45),
    gscSellerId: id,
    country: countryId,
    date,
    currency: currencyCode,
    amount: z.string(),
  })
  .refine(exactAmount, inexact)
  .refine(({ amount }) => !amount.startsWith('-'), {
    path: ['amount'],
    error: 'expected zero or more: its type says who owes',
  })

export const marketplaceClosing = z
  .strictObject({
    settlementId: id,
    gscSellerId: id,
    country: countryId,
    date,
    currency: currencyCode,
    amount: z.string(),
  })
  .refine(exactAmount, inexact)

const decimal = z.string().regex(/^-?\d{1,18}(\.\d{1,4})?$/, 'expected a decimal string, like 1250.50')

/**
 * A contest that closed. Whether it can be paid is for whoever pays to judge, so an unknown currency or a total that is
 * not its winners' sum is well-formed here.
 */
export const marketplaceSettlement = z.strictObject({
  settlementId: id,
  contestId: id,
  currency: z.string().min(1).max(20),
  total: decimal,
  /** `closed` or `completed` when its winners are to be paid. */
  status: z.string().min(1).max(50),
})

/** What one winner gets of a settlement. */
export const marketplaceWinner = z.strictObject({
  settlementId: id,
  userId: id,
  /** null: none is known yet. */
  stripeAccountId: id.nullable(),
  amount: decimal,
  /** Where it is not the settlement's: such a settlement cannot be paid. */
  currency: z.string().min(1).max(20).optional(),
})

const moment = z
  .string()
  .refine((text) => succeeds(() => Temporal.Instant.from(text)), 'expected a moment like 2026-11-20T14:30:00Z')

/** Something that a provider has done for a customer. Amounts of its tips and disputes are in its currency. */
export const marketplaceBooking = z
  .strictObject({
    bookingId: id,
    providerId: id,
    /** null: none is known yet. */
    stripeAccountId: id.nullable(),
    currency: currencyCode,
    providerShare: z.string(),
    completedAt: moment,
  })
  .refine(({ providerShare, currency }) => exactAmount({ amount: providerShare, currency }), {
    ...inexact,
    path: ['providerShare'],
  })

/** What a customer gives on top. */
export const marketplaceTip = z.strictObject({
  tipId: id,
  bookingId: id,
  amount: decimal,
  addedAt: moment,
  /** What became of the customer's payment. */
  status: z.enum(['paid', 'failed', 'refunded']),
})

export const marketplaceDispute = z.strictObject({
  disputeId: id,
  bookingId: id,
  openedAt: moment,
  /** null while it is open. */
  resolvedAt: moment.nullable(),
  /** What the customer gets back; null while it is open. */
  refundAmount: decimal.nullable(),
})

/** What a customer paid, as Stripe has it or as it is on record. */
export const marketplacePayment = z
  .strictObject({
    /** `pi_…` of a PaymentIntent, or the id of a charge without one; on record it may be anything. */
    paymentId: id,
    created: moment,
    currency: currencyCode,
    amount: z.string(),
    /** Of the amount, given back. */
    refunded: z.string(),
    description: z.string().min(1).nullable(),
  })
  .refine(exactAmount, inexact)
  .refine(({ refunded, currency }) => exactAmount({ amount: refunded, currency }), { ...inexact, path: ['refunded'] })

export const marketplace = z.strictObject({
  countries: z.array(marketplaceCountry),
  sellers: z.array(marketplaceSeller),
  documents: z.array(marketplaceDocument),
  closings: z.array(marketplaceClosing),
  settlements: z.array(marketplaceSettlement).default([]),
  winners: z.array(marketplaceWinner).default([]),
  bookings: z.array(marketplaceBooking).default([]),
  tips: z.array(marketplaceTip).default([]),
  disputes: z.array(marketplaceDispute).default([]),
  /** What Stripe has; one PaymentIntent may be there several times. */
  payments: z.array(marketplacePayment).default([]),
  /** What the database has of it. */
  recorded: z.array(marketplacePayment).default([]),
})

export type MarketplaceCountry = z.infer<typeof marketplaceCountry>
export type MarketplaceSeller = z.infer<typeof marketplaceSeller>
export type MarketplaceDocument = z.infer<typeof marketplaceDocument>
export type MarketplaceClosing = z.infer<typeof marketplaceClosing>
export type MarketplaceSettlement = z.infer<typeof marketplaceSettlement>
export type MarketplaceWinner = z.infer<typeof marketplaceWinner>
export type MarketplaceBooking = z.infer<typeof marketplaceBooking>
export type MarketplaceTip = z.infer<typeof marketplaceTip>
export type MarketplaceDispute = z.infer<typeof marketplaceDispute>
export type MarketplacePayment = z.infer<typeof marketplacePayment>
/** As it may be written: settlements, bookings, payments and what belongs to them can be left out. */
export type Marketplace = z.input<typeof marketplace>

function succeeds(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}
