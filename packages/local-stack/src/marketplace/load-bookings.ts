import type { AccountOwners } from '@remesa/csv/account-owners'
import type { Problems } from '@remesa/csv/problems'
import { earlierLines, isIn, type Reader, readAll, whole } from '@remesa/csv/rows'
import { type Row, readTable, type Table } from '@remesa/csv/table'
import { readAmount, readCurrency, readOneOf, readText } from '@remesa/csv/values'
import type { MarketplaceBooking, MarketplaceDispute, MarketplaceTip } from '@remesa/sandbox/marketplace'
import { readMoment } from './read-moment.ts'

const BOOKINGS = {
  file: 'bookings.csv',
  columns: ['booking_id', 'provider_id', 'stripe_account_id', 'currency', 'provider_share', 'completed_at'],
} as const
const TIPS = { file: 'tips.csv', columns: ['tip_id', 'booking_id', 'amount', 'added_at', 'status'] } as const
const DISPUTES = {
  file: 'disputes.csv',
  columns: ['dispute_id', 'booking_id', 'opened_at', 'resolved_at', 'refund_amount'],
} as const

type BookingColumn = (typeof BOOKINGS.columns)[number]
type TipColumn = (typeof TIPS.columns)[number]
type DisputeColumn = (typeof DISPUTES.columns)[number]

/**
 * Reads `bookings.csv`, `tips.csv` and `disputes.csv`; a marketplace with none of them has no bookings, and one without
 * either of the last two has no tips or no disputes.
 * @param files - what is in the directory
 * @param parts.owners - knows the accounts that other files name, and learns of the providers'
 */
export async function readBookings(
  directory: string,
  files: readonly string[],
  { problems, owners }: { problems: Problems; owners: AccountOwners },
): Promise<{ bookings: MarketplaceBooking[]; tips: MarketplaceTip[]; disputes: MarketplaceDispute[] }> {
  if (![BOOKINGS, TIPS, DISPUTES].some(({ file }) => files.includes(file))) {
    return { bookings: [], tips: [], disputes: [] }
  }
  const bookings = await readTable(directory, BOOKINGS, problems)
  const known = knownBookings(bookings)
  return {
    bookings: readAll(bookings, bookingReader(owners)),
    tips: files.includes(TIPS.file) ? readAll(await readTable(directory, TIPS, problems), tipReader(known)) : [],
    disputes: files.includes(DISPUTES.file)
      ? readAll(await readTable(directory, DISPUTES, problems), disputeReader(known))
      : [],
  }
}

function bookingReader(owners: AccountOwners): Reader<BookingColumn, MarketplaceBooking> {
  const earlier = earlierLines()
  return (row) => {
    const bookingId = readText(row, 'booking_id', 200)
    const line = bookingId && earlier(row, bookingId)
    if (line) row.refuse('booking_id', `expected each booking once, and line ${line} has it`)
    const providerId = readText(row, 'provider_id', 200)
    const currency = readCurrency(row, 'currency')
    return whole({
      bookingId,
      providerId,
      stripeAccountId: owners.readAccountOf(providerId, row, BOOKINGS.file),
      currency,
      providerShare: readPart(row, 'provider_share', currency),
      completedAt: readMoment(row, 'completed_at'),
    })
  }
}

function tipReader(known: KnownBookings): Reader<TipColumn, MarketplaceTip> {
  const earlier = earlierLines()
  return (row) => {
    const tipId = readText(row, 'tip_id', 200)
    const line = tipId && earlier(row, tipId)
    if (line) row.refuse('tip_id', `expected each tip once, and line ${line} has it`)
    const { bookingId, currency } = known.read(row)
    const amount = readPart(row, 'amount', currency)
    if (amount && !/[1-9]/.test(amount)) row.refuse('amount', 'expected a tip above zero')
    return whole({
      tipId,
      bookingId,
      amount,
      addedAt: readMoment(row, 'added_at'),
      status: readOneOf(row, 'status', ['paid', 'failed', 'refunded']),
    })
  }
}

function disputeReader(known: KnownBookings): Reader<DisputeColumn, MarketplaceDispute> {
  const earlier = earlierLines()
  return (row) => {
    const disputeId = readText(row, 'dispute_id', 200)
    const line = disputeId && earlier(row, disputeId)
    if (line) row.refuse('dispute_id', `expected each dispute once, and line ${line} has it`)
    const { bookingId, currency } = known.read(row)
    const openedAt = readMoment(row, 'opened_at')
    if (row.text('resolved_at') === '') {
      if (/[^0.]/.test(row.text('refund_amount'))) {
        row.refuse('refund_amount', 'expected nothing while the dispute is open, since resolved_at is empty')
      }
      return whole({ disputeId, bookingId, openedAt, resolvedAt: null, refundAmount: null })
    }
    const resolvedAt = readMoment(row, 'resolved_at')
    if (openedAt && resolvedAt && Date.parse(resolvedAt) < Date.parse(openedAt)) {
      row.refuse('resolved_at', `expected a moment that is not before opened_at, ${openedAt}`)
    }
    // Nothing is a refund of nothing here: it is resolved, and the customer gets no money back.
    const refundAmount = row.text('refund_amount') === '' ? '0' : readPart(row, 'refund_amount', currency)
    return whole({ disputeId, bookingId, openedAt, resolvedAt, refundAmount })
  }
}

interface KnownBookings {
  /** The booking that a row is about, and the currency that its amounts are in. */
  read(row: Row<'booking_id'>): { bookingId: string | undefined; currency: string | undefined }
}

function knownBookings(bookings: Table<BookingColumn>): KnownBookings {
  const isBooking = isIn(bookings, 'booking_id')
  const currencies = new Map(bookings.rows.map((row) => [row.text('booking_id'), row.text('currency')]))
  return {
    read(row) {
      const bookingId = row.text('booking_id')
      if (isBooking(bookingId)) return { bookingId, currency: currencies.get(bookingId) }
      return { bookingId: row.refuse('booking_id', `expected a booking of ${BOOKINGS.file}`), currency: undefined }
    },
  }
}

/** An amount of zero or more in the booking's currency. */
const readPart = <Column extends string>(
  row: Row<Column>,
  column: Column,
  currency: string | undefined,
): string | undefined =>
  readAmount(row, column, { currency, mayBeNegative: false, whyNot: 'since nobody is owed less than nothing' })
