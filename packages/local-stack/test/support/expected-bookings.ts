import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { column, minorUnits, type Row, rowsOf } from './csv-files.ts'
import { expectedTransfers } from './expected-transfers.ts'

// The independent check of bookings: what each provider should receive, from the CSV files alone. It shares no rule,
// reader or arithmetic with the product, on purpose.

/** What should have become of one booking. */
export interface ExpectedBooking {
  readonly bookingId: string
  readonly providerId: string
  readonly currency: string
  /** What the provider is owed for it, minor units. */
  readonly due: bigint
  /** undefined when the provider has none. */
  readonly account: string | undefined
  /** `processing`: its transfer waits for an account that can receive. */
  readonly status: 'scheduled' | 'on_hold' | 'processing' | 'transferred' | 'failed' | 'cancelled'
}

const HOUR = 3_600_000

/**
 * In the order of the file; nothing where there is none.
 * @param now - what is dated later has not happened yet
 */
export async function expectedBookings(directory: string, now: string): Promise<readonly ExpectedBooking[]> {
  if (!existsSync(join(directory, 'bookings.csv'))) return []
  const hasHappened = (moment: string): boolean => new Date(moment) <= new Date(now)
  const bookings: Row[] = []
  for await (const row of rowsOf(directory, 'bookings.csv')) {
    if (hasHappened(column(row, 'completed_at'))) bookings.push(row)
  }
  const tips = await byBooking(directory, 'tips.csv')
  const disputes = await byBooking(directory, 'disputes.csv')

  const accounts = new Map<string, string>()
  for (const { userId, account } of (await expectedTransfers(directory)).transfers) {
    if (account !== undefined) accounts.set(userId, account)
  }
  for (const booking of bookings) {
    const account = column(booking, 'stripe_account_id')
    if (account !== '') accounts.set(column(booking, 'provider_id'), account)
  }

  return bookings.map((booking) => {
    const bookingId = column(booking, 'booking_id')
    const currency = column(booking, 'currency')
    const completed = new Date(column(booking, 'completed_at')).getTime()
    let due = minorUnits(column(booking, 'provider_share'), currency)
    for (const tip of tips.get(bookingId) ?? []) {
      const added = column(tip, 'added_at')
      const isInWindow = new Date(added).getTime() - completed <= 24 * HOUR
      if (column(tip, 'status') === 'paid' && isInWindow && hasHappened(added)) {
        due += minorUnits(column(tip, 'amount'), currency)
      }
    }
    let isDisputed = false
    for (const dispute of disputes.get(bookingId) ?? []) {
      if (!hasHappened(column(dispute, 'opened_at'))) continue
      const resolved = column(dispute, 'resolved_at')
      if (resolved === '' || !hasHappened(resolved)) isDisputed = true
      else due -= minorUnits(column(dispute, 'refund_amount') || '0', currency)
    }
    if (due < 0n) due = 0n
    const providerId = column(booking, 'provider_id')
    const account = accounts.get(providerId)
    const isDue = new Date(now).getTime() - completed >= 48 * HOUR
    const status = due === 0n ? 'cancelled' : isDisputed ? 'on_hold' : isDue ? endOfPayout(account) : 'scheduled'
    return { bookingId, providerId, currency, due, account, status }
  })
}

/** What Stripe should have transferred, less what it took back, minor units by account and currency. */
export function receivedFrom(expected: readonly ExpectedBooking[]): ReadonlyMap<string, bigint> {
  const received = new Map<string, bigint>()
  for (const { status, account, currency, due } of expected) {
    if (status !== 'transferred') continue
    received.set(`${account} ${currency}`, (received.get(`${account} ${currency}`) ?? 0n) + due)
  }
  return received
}

async function byBooking(directory: string, file: string): Promise<ReadonlyMap<string, readonly Row[]>> {
  const rows = new Map<string, Row[]>()
  if (!existsSync(join(directory, file))) return rows
  for await (const row of rowsOf(directory, file)) {
    const bookingId = column(row, 'booking_id')
    rows.set(bookingId, [...(rows.get(bookingId) ?? []), row])
  }
  return rows
}

/** Test accounts of Stripe's sandbox by what they make of a transfer, as its README lists them. */
const FAILED = ['acct_closed', 'acct_notallowed', 'acct_forbidden', 'acct_newcode']
const UNABLE = ['acct_missing', 'acct_nocap', 'acct_pending', 'acct_restricted']

function endOfPayout(account: string | undefined): ExpectedBooking['status'] {
  const isOneOf = (prefixes: readonly string[]): boolean => prefixes.some((prefix) => account?.startsWith(prefix))
  if (account === undefined || isOneOf(UNABLE)) return 'processing'
  return isOneOf(FAILED) ? 'failed' : 'transferred'
}
