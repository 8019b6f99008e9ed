import type { ReconciliationWindow } from './reconciliation.ts'

/**
 * How long after the end of a window its books are still being written, in milliseconds: Stripe tells of most payments
 * within seconds, and retries what it could not deliver at once for an hour or so (facts: stripe §7). A comparison before
 * that calls missing what is only under way.
 */
export const SETTLED_AFTER_MS = 7_200_000

/** The first moment at which a window that ends at `to` may be compared. */
export const settledAt = ({ to }: Pick<ReconciliationWindow, 'to'>, graceMs = SETTLED_AFTER_MS): Date =>
  new Date(to.getTime() + graceMs)
