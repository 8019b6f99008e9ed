import { currency as currencyOf } from '@remesa/domain/currency'
import { formatMajor } from '@remesa/domain/money'
import type { MarketplaceBooking, MarketplaceDispute, MarketplaceTip } from '@remesa/sandbox/marketplace'
import { BOOKING_CASES } from './booking-cases.ts'
import { amountIn, type BookingDraft, BUSY_PROVIDERS, ordinaryProvider, type Provider } from './booking-draft.ts'
import { createRandom } from './random.ts'
import { generateSettlements } from './settlements.ts'
import { digits } from './users.ts'

export interface GeneratedBookings {
  readonly bookings: MarketplaceBooking[]
  readonly tips: MarketplaceTip[]
  readonly disputes: MarketplaceDispute[]
}

/**
 * Makes up bookings around a moment: most were completed long enough ago to be due, with every case among the first
 * forty and in one of four beyond. A booking depends on the seed and its number alone: fewer of them are the first of
 * more, and another moment changes the times only.
 * @param options.count - how many, from 0
 */
export function generateBookings({
  count,
  now,
  seed,
}: {
  count: number
  now: Temporal.Instant
  seed: number
}): GeneratedBookings {
  const made: GeneratedBookings = { bookings: [], tips: [], disputes: [] }
  const winners = winnersOf(seed)
  const moment = now.round({ smallestUnit: 'second', roundingMode: 'floor' })
  for (let number = 1; number <= count; number++) writeDown(made, draftBooking(number, { seed, winners }), moment)
  return made
}

/** Sellers and settlements have their own sequences of the same seed. */
const SEQUENCE = 9_001
const FIRST_FORTY = 40

const CURRENCIES = ['USD', 'USD', 'USD', 'EUR', 'MXN', 'CLP', 'JPY', 'KWD'] as const

function draftBooking(number: number, { seed, winners }: { seed: number; winners: readonly Provider[] }): BookingDraft {
  const random = createRandom(seed, SEQUENCE, number)
  const special = caseOf(number)
  const provider = special || random.chance(0.6) ? number : random.whole(1, BUSY_PROVIDERS)
  const currency = random.pick(CURRENCIES)
  const draft: BookingDraft = {
    random,
    number,
    winners,
    provider: ordinaryProvider(provider),
    currency,
    share: amountIn(currency, random.whole(1_500, random.chance(0.1) ? 900_000 : 40_000)),
    completedHoursAgo: random.whole(49 * 60, 20 * 24 * 60) / 60,
    tips: [],
    disputes: [],
  }
  special?.(draft)
  return draft
}

function caseOf(number: number): ((draft: BookingDraft) => void) | undefined {
  const every = number <= FIRST_FORTY ? 2 : 4
  return number % every === 0 ? BOOKING_CASES[(number / every - 1) % BOOKING_CASES.length] : undefined
}

/** Winners of the first contest that this seed gives, whether the marketplace has contests or not. */
const winnersOf = (seed: number): readonly Provider[] =>
  generateSettlements({ settlements: 1, seed })
    .winners.filter(({ stripeAccountId }) => /^acct_\d/.test(stripeAccountId ?? ''))
    .map(({ userId, stripeAccountId }) => ({ id: userId, account: stripeAccountId }))

function writeDown(made: GeneratedBookings, draft: BookingDraft, now: Temporal.Instant): void {
  const { number, provider, currency } = draft
  const bookingId = `BK${digits(number)}`
  const completed = now.subtract({ seconds: Math.round(draft.completedHoursAgo * 3_600) })
  const after = (hours: number): string => completed.add({ seconds: Math.round(hours * 3_600) }).toString()
  const written = (amount: bigint): string => formatMajor(amount, currencyOf(currency))
  made.bookings.push({
    bookingId,
    providerId: provider.id,
    stripeAccountId: provider.account,
    currency,
    providerShare: written(draft.share),
    completedAt: completed.toString(),
  })
  for (const [index, { amount, afterHours, status }] of draft.tips.entries()) {
    const tipId = `TP${digits(number)}-${index + 1}`
    made.tips.push({ tipId, bookingId, amount: written(amount), addedAt: after(afterHours), status })
  }
  for (const [index, { openedAfter, resolved }] of draft.disputes.entries()) {
    made.disputes.push({
      disputeId: `DP${digits(number)}-${index + 1}`,
      bookingId,
      openedAt: after(openedAfter),
      resolvedAt: resolved ? after(resolved.after) : null,
      refundAmount: resolved ? written(resolved.refund) : null,
    })
  }
}
