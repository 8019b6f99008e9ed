import { type BookingWord, lockBooking, storeWord } from '@remesa/database/bookings'
import { isCurrency, transferUnitOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { money } from '@remesa/domain/money'
import type { topics } from '@remesa/messaging/catalogue'
import { type BatchHandler, done, eachMessage, reject, type Verdict } from '@remesa/messaging/handler'
import type { DataOf } from '@remesa/messaging/topic'
import { type BookingParts, lookAtBooking, tellOfLook } from './look-at-booking.ts'

type BookingEvent = DataOf<typeof topics.bookingEvent>

/**
 * Stores what the marketplace tells of bookings and does what follows, in one transaction. Words may be late, repeated and in
 * any order; one that contradicts what stands changes nothing and is set aside for a person.
 */
export function applyBookingEvents(parts: BookingParts): BatchHandler<BookingEvent> {
  return eachMessage(async (event): Promise<Verdict> => {
    const { bookingId, type } = event
    const word = wordOf(event)
    if (typeof word === 'string') return reject(word)
    const told = await parts.database.transaction().execute(async (tx) => {
      const answer = await storeWord(tx, await lockBooking(tx, bookingId), word, parts.now())
      if (answer.kind === 'contradiction') return answer
      // A word that was known is looked at, too: it may be all that reminds of a lost timer.
      const steps = await lookAtBooking(tx, await lockBooking(tx, bookingId), parts, type)
      return { kind: answer.kind, steps }
    })
    if (told.kind === 'contradiction') return reject(told.found)
    tellOfLook(parts, bookingId, told.steps, type)
    return done
  })
}

/** @returns the event in our words; a string says what is wrong with it */
function wordOf(event: BookingEvent): BookingWord | string {
  switch (event.type) {
    case 'booking_completed': {
      const share = moneyIn(event.providerShare, event.currency)
      if (typeof share === 'string') return share
      const { providerId, stripeAccountId } = event
      return { kind: 'completed', providerId, stripeAccountId, share, completedAt: new Date(event.completedAt) }
    }
    case 'tip_added':
    case 'tip_failed':
    case 'tip_refunded': {
      const tip = moneyIn(event.amount, event.currency)
      if (typeof tip === 'string') return tip
      if (tip.amount === 0n) return `tip ${event.tipId} is of nothing`
      const { tipId, addedAt, occurredAt } = event
      const status = TIP_STATUS[event.type]
      return { kind: 'tip', tipId, money: tip, addedAt: new Date(addedAt), status, saidAt: new Date(occurredAt) }
    }
    case 'dispute_opened':
      return { kind: 'dispute_opened', disputeId: event.disputeId, openedAt: new Date(event.openedAt) }
    case 'dispute_resolved': {
      const refund = moneyIn(event.refund, event.currency)
      if (typeof refund === 'string') return refund
      const { disputeId, openedAt, resolvedAt, occurredAt } = event
      return {
        ...{ kind: 'dispute_resolved', disputeId, refund },
        ...{ openedAt: new Date(openedAt), resolvedAt: new Date(resolvedAt), saidAt: new Date(occurredAt) },
      }
    }
  }
}

const TIP_STATUS = { tip_added: 'paid', tip_failed: 'failed', tip_refunded: 'refunded' } as const

/** What Stripe has no way to say could never be sent: who told of it hears so at once, not after three tries. */
function moneyIn(amount: string, code: string): Money | string {
  if (!isCurrency(code)) return `${code} is no currency that we know`
  const unit = transferUnitOf(code)
  if (BigInt(amount) % unit !== 0n)
    return `${amount} ${code} cannot be sent: Stripe moves whole multiples of ${unit} only`
  return money(BigInt(amount), code)
}
