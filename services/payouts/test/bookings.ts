import { randomUUID } from 'node:crypto'
import { overridePayout } from '@remesa/database/booking-overrides'
import { type BookingPayout, findPayouts } from '@remesa/database/booking-payouts'
import type { BookingOverride } from '@remesa/domain/booking-payout'
import { currency } from '@remesa/domain/currency'
import { tellOfAccounts } from '@remesa/local-stack/testing/settlements'
import type { World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import type { DataOf } from '@remesa/messaging/topic'
import { sql } from 'kysely'
import type { PayoutHandlers } from './handlers.ts'

export type BookingEvent = DataOf<typeof topics.bookingEvent>

export const USD = currency('USD')
export const HOUR_MS = 3_600_000
export const DELAY_MS = 48 * HOUR_MS

/** A booking of a provider whose account Stripe has told us of, and what the marketplace says of it. */
export async function aBooking(
  world: World,
  facts: { share?: bigint; currency?: string; completedAt?: Date; providerId?: string; account?: string | null } = {},
) {
  const name = randomUUID().slice(0, 8)
  const bookingId = `BK-${name}`
  const { share = 10_000n, currency = 'USD', completedAt = world.now(), providerId = `provider-${name}` } = facts
  const account = facts.account === undefined ? `acct_${name}` : facts.account
  if (account !== null) await tellOfAccounts(world, [{ userId: providerId, stripeAccountId: account }])
  let events = 0
  const about = (occurredAt?: Date) => {
    events += 1
    return { eventId: `${bookingId}-${events}`, bookingId, occurredAt: (occurredAt ?? world.now()).toISOString() }
  }
  const tip = (
    type: 'tip_added' | 'tip_failed' | 'tip_refunded',
    given: { tipId?: string; amount?: bigint; addedAt?: Date; saidAt?: Date; currency?: string } = {},
  ): BookingEvent => ({
    type,
    ...about(given.saidAt),
    tipId: given.tipId ?? `${bookingId}-tip`,
    amount: String(given.amount ?? 500n),
    currency: given.currency ?? currency,
    addedAt: (given.addedAt ?? completedAt).toISOString(),
  })
  return {
    bookingId,
    providerId,
    account: account ?? '',
    currency,
    share,
    completedAt,
    completed: (changes: Partial<BookingEvent & { type: 'booking_completed' }> = {}): BookingEvent => ({
      type: 'booking_completed',
      ...about(completedAt),
      providerId,
      stripeAccountId: account,
      currency,
      providerShare: String(share),
      completedAt: completedAt.toISOString(),
      ...changes,
    }),
    tip,
    opened: (disputeId = `${bookingId}-dispute`, openedAt = world.now()): BookingEvent => ({
      type: 'dispute_opened',
      ...about(openedAt),
      disputeId,
      openedAt: openedAt.toISOString(),
    }),
    resolved: (refund: bigint, disputeId = `${bookingId}-dispute`, resolvedAt = world.now()): BookingEvent => ({
      type: 'dispute_resolved',
      ...about(resolvedAt),
      disputeId,
      openedAt: completedAt.toISOString(),
      resolvedAt: resolvedAt.toISOString(),
      refund: String(refund),
      currency,
    }),
  }
}

export type TestBooking = Awaited<ReturnType<typeof aBooking>>

/** Delivers whatever is due by the world's clock, until nothing is. */
export async function drain(world: World, handlers: PayoutHandlers): Promise<void> {
  for (let round = 0; round < 50; round += 1) {
    const looks = await world.take(topics.bookingPayout, { due: true })
    const transfers = await world.take(topics.payoutTransfer, { due: true })
    const reversals = await world.take(topics.payoutReversal, { due: true })
    if (looks.length + transfers.length + reversals.length === 0) return
    if (looks.length > 0) await world.deliver(handlers.settle, ...looks.map(({ data }) => data))
    if (transfers.length > 0) await world.deliver(handlers.pay, ...transfers.map(({ data }) => data))
    if (reversals.length > 0) await world.deliver(handlers.reverse, ...reversals.map(({ data }) => data))
  }
  throw new Error('what is due never ends')
}

/** Tells of events and does all that is due by now. */
export async function tell(world: World, handlers: PayoutHandlers, ...events: readonly BookingEvent[]): Promise<void> {
  for (const event of events) await world.deliver(handlers.tell, event)
  await drain(world, handlers)
}

/** Time passes, timers fire. */
export async function wait(world: World, handlers: PayoutHandlers, ms: number): Promise<void> {
  world.moveClock(ms)
  await drain(world, handlers)
}

export const payoutsOf = (world: World, { bookingId }: { bookingId: string }): Promise<readonly BookingPayout[]> =>
  findPayouts(world.database, bookingId)

/** Each payout's status and gross, in their sequence. */
export const standing = async (world: World, booking: { bookingId: string }) =>
  (await payoutsOf(world, booking)).map(({ status, amount }) => `${status} ${amount}`)

/** What is on an account by Stripe's own books: transferred to it, less what was taken back. */
export function receivedBy(world: World, account: string): bigint {
  const transfers = world.sandbox.stripe.books.payments().filter((payment) => payment.account === account)
  const ids = new Set(transfers.map(({ paymentId }) => paymentId))
  const back = world.sandbox.stripe.reversals().filter((reversal) => ids.has(reversal.transfer))
  return (
    transfers.reduce((sum, { money }) => sum + money.amount, 0n) -
    back.reduce((sum, { money }) => sum + money.amount, 0n)
  )
}

export interface BookingTransferRow {
  readonly id: string
  readonly status: string
  readonly held_reason: string | null
  readonly amount: bigint
  readonly attempts: number
  readonly refusals: number
  readonly funds_refusals: number
  readonly withdraw_requested: boolean
}

/** The transfers of a booking's payouts, oldest first. */
export async function transfersOfBooking(
  world: World,
  { bookingId }: { bookingId: string },
): Promise<readonly BookingTransferRow[]> {
  const { rows } = await sql<BookingTransferRow>`
    select t.* from payout_transfers t join payouts p on p.id = t.payout_id where p.booking_id = ${bookingId}
    order by t.created_at, p.sequence`.execute(world.database)
  return rows
}

/** Does what an operator asks for, as the operators' API does. */
export async function override(world: World, payoutId: string, action: BookingOverride, reason = 'asked by support') {
  const answer = await world.database
    .transaction()
    .execute((tx) => overridePayout(tx, { payoutId, action, actor: 'operator:olga', reason, now: world.now() }))
  return answer
}

/** What the books owe a provider, and what it owes us, minor units. */
export async function booksOf(world: World, { providerId }: { providerId: string }) {
  const name = `user:${providerId}`
  const { rows } = await sql<{ payee: bigint; receivable: bigint }>`
    select coalesce(sum(amount) filter (where account = ${`payee:${name}`}), 0)::bigint as payee,
      coalesce(-sum(amount) filter (where account = ${`receivable:${name}`}), 0)::bigint as receivable
    from ledger_postings`.execute(world.database)
  return rows[0] ?? { payee: 0n, receivable: 0n }
}
