// What an explanation calls the things that it is about, or leads to. Sellers go by their names, documents by their numbers.

const inWords = (status: string): string => status.replaceAll('_', ' ')

export const titleOfBalance = (
  of: { readonly country: string; readonly businessDate: string },
  seller?: string,
): string => `${seller === undefined ? '' : `${seller}, `}${of.country.toUpperCase()} ${of.businessDate}`

export const titleOfBooking = (bookingId: string): string => `Booking ${bookingId}`
export const titleOfContest = (contestId: string): string => `Contest ${contestId}`

/** What a customer paid. */
export const titleOfPayment = (paymentId: string): string => `Payment ${paymentId}`

export const titleOfPayout = ({ sequence, bookingId }: { readonly sequence: number; readonly bookingId: string }) =>
  `Payout ${sequence} of booking ${bookingId}`

/** @param to - of a contest's winner, or a booking's provider; one of the two ids is there */
export const titleOfTransfer = (to: {
  readonly contestId: string | null
  readonly bookingId: string | null
  readonly userId: string
}): string =>
  to.contestId === null
    ? `Booking ${to.bookingId}, provider ${to.userId}`
    : `Contest ${to.contestId}, winner ${to.userId}`

/** A link from a booking to one of its payouts. */
export const linkToPayout = (payout: { readonly sequence: number; readonly status: string }): string =>
  `Payout ${payout.sequence}, ${inWords(payout.status)}`

/** A link from a transfer to the payout that it pays. */
export const linkToPayoutOf = (bookingId: string): string => `Payout of booking ${bookingId}`

/** A link from a payout to a transfer that pays it. */
export const linkToTransfer = (status: string): string => `Transfer, ${inWords(status)}`

/** @param of - its title, e.g. `Booking B-1` or `CL 2026-11-20` */
export const withStatus = (of: string, status: string): string => `${of}, ${inWords(status)}`
