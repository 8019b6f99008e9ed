/** The life of a booking's payout (design §6.4). */
export type BookingPayoutStatus = 'scheduled' | 'on_hold' | 'processing' | 'transferred' | 'failed' | 'cancelled'
