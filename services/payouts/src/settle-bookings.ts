import { findAndLock } from '@remesa/database/bookings'
import { type BatchHandler, done, eachMessage, reject } from '@remesa/messaging/handler'
import { type BookingParts, lookAtBooking, tellOfLook } from './look-at-booking.ts'

const REASON = 'looked_again'

/** Looks at bookings again: a payout falls due, a transfer that was wanted back has ended, or an operator has decided. */
export function settleBookings(parts: BookingParts): BatchHandler<{ bookingId: string }> {
  return eachMessage(async ({ bookingId }) => {
    const steps = await parts.database.transaction().execute(async (tx) => {
      const booking = await findAndLock(tx, bookingId)
      return booking && lookAtBooking(tx, booking, parts, REASON)
    })
    if (!steps) return reject(`there is no booking ${bookingId}`)
    tellOfLook(parts, bookingId, steps, REASON)
    return done
  })
}
