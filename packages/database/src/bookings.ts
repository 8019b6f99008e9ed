import type { BookingFacts, TipStatus } from '@remesa/domain/booking-payout'
import { currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { sql, type Transaction } from 'kysely'
import type { Schema } from './schema.ts'
import { linkStripeAccounts } from './user-stripe-accounts.ts'

// What the marketplace tells of bookings: facts, stored under the booking's lock. What follows from them is decided in
// `booking-settling`.

/** One word of the marketplace about a booking. */
export type BookingWord =
  | {
      readonly kind: 'completed'
      readonly providerId: string
      /** Null while the provider has opened none. */
      readonly stripeAccountId: string | null
      readonly share: Money
      readonly completedAt: Date
    }
  | {
      readonly kind: 'tip'
      readonly tipId: string
      readonly money: Money
      readonly addedAt: Date
      readonly status: TipStatus
      readonly saidAt: Date
    }
  | { readonly kind: 'dispute_opened'; readonly disputeId: string; readonly openedAt: Date }
  | {
      readonly kind: 'dispute_resolved'
      readonly disputeId: string
      readonly openedAt: Date
      readonly resolvedAt: Date
      /** Zero for nothing. */
      readonly refund: Money
      readonly saidAt: Date
    }

/** What became of a word. One that contradicts what stands is not stored: a person finds out which is right. */
export type WordAnswer =
  | { readonly kind: 'stored' }
  | { readonly kind: 'known' }
  | { readonly kind: 'contradiction'; readonly found: string }

/** Takes the booking's row for this transaction, waiting for whoever has it; makes it where nobody has told of it yet. */
export async function lockBooking(tx: Transaction<Schema>, bookingId: string): Promise<BookingRow> {
  await sql`insert into bookings (booking_id) values (${bookingId}) on conflict do nothing`.execute(tx)
  const row = await findAndLock(tx, bookingId)
  if (!row) throw new Error(`booking ${bookingId} is gone`)
  return row
}

/** The same for a booking that must be there already. */
export async function findAndLock(tx: Transaction<Schema>, bookingId: string): Promise<BookingRow | undefined> {
  return tx.selectFrom('bookings').selectAll().where('booking_id', '=', bookingId).forUpdate().executeTakeFirst()
}

/** A booking as it is known; the caller holds it. */
export interface BookingRow {
  booking_id: string
  provider_id: string | null
  stripe_account_id: string | null
  currency: string | null
  provider_share: bigint | null
  completed_at: Date | null
}

/** All that is known of a booking that the caller holds. */
export async function readFacts(tx: Transaction<Schema>, booking: BookingRow): Promise<BookingFacts> {
  const tips = await tx.selectFrom('tips').selectAll().where('booking_id', '=', booking.booking_id).execute()
  const disputes = await tx.selectFrom('disputes').selectAll().where('booking_id', '=', booking.booking_id).execute()
  const { provider_id, currency, provider_share, completed_at } = booking
  const isComplete = provider_id !== null && currency !== null && provider_share !== null && completed_at !== null
  return {
    completion: isComplete
      ? {
          providerId: provider_id,
          currency: currencyOf(currency),
          providerShare: provider_share,
          completedAt: completed_at,
        }
      : null,
    tips: tips.map((tip) => ({
      tipId: tip.tip_id,
      money: { amount: tip.amount, currency: currencyOf(tip.currency) },
      addedAt: tip.added_at,
      status: tip.status,
    })),
    disputes: disputes.map(({ dispute_id, refund_amount, currency }) => ({
      disputeId: dispute_id,
      refund:
        refund_amount === null || currency === null ? null : { amount: refund_amount, currency: currencyOf(currency) },
    })),
  }
}

/**
 * Stores a word about a booking whose row the caller holds. Words may come late, repeated and in any order: of two about
 * one thing the later one stands, whichever comes first.
 */
export async function storeWord(
  tx: Transaction<Schema>,
  booking: BookingRow,
  word: BookingWord,
  now: Date,
): Promise<WordAnswer> {
  switch (word.kind) {
    case 'completed':
      return storeCompletion(tx, booking, word, now)
    case 'tip':
      return storeTip(tx, booking.booking_id, word)
    case 'dispute_opened':
      return storeDispute(tx, booking, { ...word, resolution: null })
    case 'dispute_resolved': {
      const { resolvedAt, refund, saidAt } = word
      return storeDispute(tx, booking, { ...word, resolution: { resolvedAt, refund, saidAt } })
    }
  }
}

type Word<Kind extends BookingWord['kind']> = BookingWord & { kind: Kind }

async function storeCompletion(
  tx: Transaction<Schema>,
  booking: BookingRow,
  { providerId, stripeAccountId, share, completedAt }: Word<'completed'>,
  now: Date,
): Promise<WordAnswer> {
  const { booking_id, completed_at } = booking
  if (completed_at === null) {
    const other = await refundInAnotherCurrency(tx, booking_id, share.currency)
    if (other) return contradiction(`dispute ${other} refunds another currency than ${share.currency}`)
  } else {
    const same =
      booking.provider_id === providerId &&
      booking.currency === share.currency &&
      booking.provider_share === share.amount &&
      completed_at.getTime() === completedAt.getTime()
    if (!same) return contradiction(`booking ${booking_id} was completed otherwise before`)
    if (stripeAccountId === null || stripeAccountId === booking.stripe_account_id) return KNOWN
    if (booking.stripe_account_id !== null) return contradiction(`booking ${booking_id} named another account before`)
  }
  await tx
    .updateTable('bookings')
    .set({
      provider_id: providerId,
      stripe_account_id: stripeAccountId,
      currency: share.currency,
      provider_share: share.amount,
      completed_at: completedAt,
      updated_at: now,
    })
    .where('booking_id', '=', booking_id)
    .execute()
  // So that it is read from Stripe before it is needed, or for what waits for one already. One that contradicts what is on
  // record is found at the release, which holds the money.
  if (stripeAccountId !== null) await linkStripeAccounts(tx, [{ userId: providerId, stripeAccountId }], now)
  return STORED
}

/** Of two words of the same moment the one that pays less stands, so that their order does not matter. */
const TIP_RANK = (status: unknown) => sql`array_position(array['failed', 'paid', 'refunded'], ${status})`

async function storeTip(
  tx: Transaction<Schema>,
  bookingId: string,
  { tipId, money, addedAt, status, saidAt }: Word<'tip'>,
): Promise<WordAnswer> {
  const { rows } = await sql<{ booking_id: string }>`
    insert into tips as t (tip_id, booking_id, amount, currency, added_at, status, status_at)
    values (${tipId}, ${bookingId}, ${money.amount}, ${money.currency}, ${addedAt}, ${status}, ${saidAt})
    on conflict (tip_id) do update set amount = excluded.amount, currency = excluded.currency,
      added_at = excluded.added_at, status = excluded.status, status_at = excluded.status_at
    where t.booking_id = excluded.booking_id
      and (excluded.status_at, ${TIP_RANK(sql`excluded.status`)}, -excluded.amount, excluded.currency,
          excluded.added_at)
        > (t.status_at, ${TIP_RANK(sql`t.status`)}, -t.amount, t.currency, t.added_at)
    returning booking_id`.execute(tx)
  if (rows.length > 0) return STORED
  const stored = await tx.selectFrom('tips').select('booking_id').where('tip_id', '=', tipId).executeTakeFirst()
  return ofBooking(stored?.booking_id, bookingId, `tip ${tipId}`)
}

interface Resolution {
  readonly resolvedAt: Date
  readonly refund: Money
  readonly saidAt: Date
}

async function storeDispute(
  tx: Transaction<Schema>,
  { booking_id: bookingId, currency }: BookingRow,
  dispute: { readonly disputeId: string; readonly openedAt: Date; readonly resolution: Resolution | null },
): Promise<WordAnswer> {
  const { disputeId, openedAt, resolution } = dispute
  if (resolution && currency !== null && resolution.refund.currency !== currency) {
    return contradiction(`dispute ${disputeId} refunds ${resolution.refund.currency} of a booking in ${currency}`)
  }
  const { resolvedAt = null, refund = null, saidAt = null } = resolution ?? {}
  // A word of its opening changes nothing about one that is known; of two resolutions the later stands, and of the same
  // moment the one that refunds more.
  const { rows } = await sql<{ booking_id: string }>`
    insert into disputes as d (dispute_id, booking_id, opened_at, resolved_at, refund_amount, currency, resolution_at)
    values (${disputeId}, ${bookingId}, ${openedAt}, ${resolvedAt}::timestamptz, ${refund?.amount ?? null}::bigint,
      ${refund?.currency ?? null}, ${saidAt}::timestamptz)
    on conflict (dispute_id) do update set resolved_at = excluded.resolved_at, refund_amount = excluded.refund_amount,
      currency = excluded.currency, resolution_at = excluded.resolution_at
    where d.booking_id = excluded.booking_id and excluded.resolution_at is not null
      and (d.resolution_at is null or (excluded.resolution_at, excluded.refund_amount, excluded.currency,
        excluded.resolved_at) > (d.resolution_at, d.refund_amount, d.currency, d.resolved_at))
    returning booking_id`.execute(tx)
  if (rows.length > 0) return STORED
  const stored = await tx
    .selectFrom('disputes')
    .select('booking_id')
    .where('dispute_id', '=', disputeId)
    .executeTakeFirst()
  return ofBooking(stored?.booking_id, bookingId, `dispute ${disputeId}`)
}

async function refundInAnotherCurrency(
  tx: Transaction<Schema>,
  bookingId: string,
  currency: string,
): Promise<string | undefined> {
  const row = await tx
    .selectFrom('disputes')
    .select('dispute_id')
    .where('booking_id', '=', bookingId)
    .where('currency', '<>', currency)
    .executeTakeFirst()
  return row?.dispute_id
}

const STORED: WordAnswer = { kind: 'stored' }
const KNOWN: WordAnswer = { kind: 'known' }
const contradiction = (found: string): WordAnswer => ({ kind: 'contradiction', found })

const ofBooking = (stored: string | undefined, told: string, what: string): WordAnswer =>
  stored === told ? KNOWN : contradiction(`${what} belongs to booking ${stored}, not ${told}`)
