// Users of the marketplace: they win contests, and some of them also offer what is booked.

/** So few that some win several contests. */
export const USERS = 2_000

/** Accounts whose names decide what Stripe's sandbox makes of them. */
const TROUBLED = ['closed', 'missing', 'nocap', 'pending', 'restricted', 'notallowed', 'forbidden', 'newcode'] as const

/**
 * A user has the same account wherever it is paid; one in 25 has none, one is short of funds once, one is troubled.
 * @param user - from 1
 */
export function accountOf(user: number): string | null {
  switch (user % 25) {
    case 3:
      return null
    case 8:
      return `acct_nofunds${digits(user)}`
    case 13:
      return `acct_${TROUBLED[Math.floor(user / 25) % TROUBLED.length]}${digits(user)}`
    default:
      return `acct_${digits(user)}`
  }
}

/** A number as ids carry it. */
export const digits = (number: number): string => String(number).padStart(6, '0')
