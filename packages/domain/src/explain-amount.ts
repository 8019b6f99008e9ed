import { type BookingFacts, type BookingPayoutStatus, type BookingRules, tipCounts } from './booking-payout.ts'
import type { Currency } from './currency.ts'
import type { Money } from './money.ts'
import type { SellerDocument } from './seller-documents.ts'

/** A part of an amount. The lines of an amount add up to it. */
export interface AmountLine {
  readonly label: string
  /** Negative where it makes the amount less. */
  readonly money: Money
}

/**
 * The documents that make what a seller is owed.
 * @param owed - what was counted of them
 */
export function linesOfBalance(documents: readonly SellerDocument[], owed: Money): readonly AmountLine[] {
  const lines = documents.map(({ type, tranId, amount, currency }): AmountLine => {
    return type === 'vendorBill'
      ? { label: `Vendor bill ${tranId}`, money: { amount, currency } }
      : { label: `Invoice ${tranId}`, money: { amount: -amount, currency } }
  })
  return madeUp(lines, owed, 'Not in the documents that are kept')
}

/** A payout of a booking, as far as its amount goes. Minor units. */
export interface CountedPayout {
  readonly sequence: number
  readonly currency: Currency
  readonly status: BookingPayoutStatus
  readonly amount: bigint
  readonly setOff: bigint
  readonly corrected: bigint
}

/** What a provider gets, or got, by a payout: less what is kept back, and what was taken back. */
export const netOf = ({ amount, setOff, corrected, currency }: CountedPayout): Money => ({
  amount: amount - setOff - corrected,
  currency,
})

/**
 * Provider share and tips, less refunds, less what other payouts of the booking pay, less what is kept back.
 * @param payout - one of `payouts`
 * @returns lines that add up to `netOf(payout)`
 */
export function linesOfPayout(
  payout: CountedPayout,
  facts: BookingFacts,
  payouts: readonly CountedPayout[],
  rules: BookingRules,
): readonly AmountLine[] {
  const { currency, sequence, setOff } = payout
  const others = payouts.filter((other) => other.sequence !== sequence && other.currency === currency)
  const lines = [
    ...linesOfBooking(facts, rules).filter(({ money }) => money.currency === currency),
    ...others.flatMap((other) => {
      const amount = other.status === 'cancelled' ? 0n : other.amount - other.corrected
      return amount === 0n ? [] : [line(`Paid by payout ${other.sequence} of the booking`, -amount, currency)]
    }),
  ]
  const due = { amount: payout.amount - payout.corrected, currency }
  const isGone = payout.status === 'transferred' || payout.status === 'processing'
  const rest =
    sumOf(lines) < 0n && due.amount === 0n
      ? 'Never less than nothing'
      : isGone
        ? 'Changed since it was released'
        : 'Not counted yet'
  return [...madeUp(lines, due, rest), ...(setOff > 0n ? [line(KEPT_BACK, -setOff, currency)] : [])]
}

const KEPT_BACK = 'Kept back against what the provider owes'

/** What a booking is worth to its provider, whatever of it was paid: share and tips, less refunds, in every currency. */
export function linesOfBooking(
  { completion, tips, disputes }: BookingFacts,
  rules: BookingRules,
): readonly AmountLine[] {
  if (!completion) return []
  return [
    line('Provider share', completion.providerShare, completion.currency),
    ...tips
      .filter((tip) => tipCounts(tip, completion, rules))
      .map(({ tipId, money }) => line(`Tip ${tipId}`, money.amount, money.currency)),
    ...disputes.flatMap(({ disputeId, refund }) =>
      refund && refund.amount > 0n ? [line(`Refund of dispute ${disputeId}`, -refund.amount, refund.currency)] : [],
    ),
  ]
}

/** What a transfer pays: a winner's prize. */
export const linesOfPrize = (contestId: string, money: Money): readonly AmountLine[] => [
  { label: `Prize in contest ${contestId}`, money },
]

/**
 * What a transfer pays of a booking's payout.
 * @param money - what it pays
 * @param kept - minor units of the payout that did not go, but against what the provider owes
 */
export const linesOfBookingTransfer = (bookingId: string | null, money: Money, kept: bigint): readonly AmountLine[] => [
  line(`Payout of booking ${bookingId}`, money.amount + kept, money.currency),
  ...(kept > 0n ? [line(KEPT_BACK, -kept, money.currency)] : []),
]

/** What a settlement is worth before anything of it is on its way. */
export const linesAsSettled = (total: Money): readonly AmountLine[] => [
  { label: 'As the marketplace settled it', money: total },
]

/** What a settlement's winners are owed, by where their transfers stand. */
export const linesOfSettlement = (
  parts: readonly { readonly status: string; readonly count: number; readonly money: Money }[],
  total: Money,
): readonly AmountLine[] =>
  madeUp(
    parts.map(({ status, count, money }) => ({ label: `${count} ${status.replaceAll('_', ' ')}`, money })),
    total,
    'Differs from the winners’ sum',
  )

const line = (label: string, amount: bigint, currency: Currency): AmountLine => ({ label, money: { amount, currency } })
const sumOf = (lines: readonly AmountLine[]): bigint => lines.reduce((sum, { money }) => sum + money.amount, 0n)

/** With one more line where the others do not make the whole. */
function madeUp(lines: readonly AmountLine[], whole: Money, label: string): readonly AmountLine[] {
  const rest = whole.amount - sumOf(lines)
  return rest === 0n ? lines : [...lines, line(label, rest, whole.currency)]
}
