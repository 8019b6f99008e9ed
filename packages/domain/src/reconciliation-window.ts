import type { ReconciledBooks } from './rail-reconciliation.ts'
import type { ReconciliationWindow } from './reconciliation.ts'

/**
 * How long after the end of a window its books are still being written, in milliseconds: Stripe tells of most payments
 * within seconds, and retries what it could not deliver at once for an hour or so (facts: stripe §7). A comparison before
 * that calls missing what is only under way.
 */
export const SETTLED_AFTER_MS = 7_200_000

/** The first moment at which a window of payments that ends at `to` may be compared. */
export const settledAt = ({ to }: Pick<ReconciliationWindow, 'to'>, graceMs: number): Date =>
  new Date(to.getTime() + graceMs)

/**
 * The first moment at which a window of a rail's books that ends at `to` is over. NetSuite goes by whole days, in the
 * marketplace's calendar. What one side has not heard of by then is told apart by itself, so nothing more is waited for.
 */
export function railWindowEndsAt(
  books: ReconciledBooks,
  { to }: Pick<ReconciliationWindow, 'to'>,
  timeZone: string,
): Date {
  if (books !== 'netsuite') return to
  const day = new Date(Math.ceil(to.getTime() / DAY_MS) * DAY_MS).toISOString().slice(0, 10)
  return new Date(Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds)
}

const DAY_MS = 86_400_000
