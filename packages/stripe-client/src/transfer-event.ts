import type { AccountEvent } from './account-event.ts'
import { type TransferFacts, transferFacts, transferSchema } from './transfer.ts'

/**
 * What `transfer.reversed` says: some or all of a transfer was taken back. Its `status` tells which, and `reversed` how
 * much in all.
 * @returns `unreadable` with a problem that names paths, never a value
 */
export function readReversalEvent(
  event: Omit<AccountEvent, 'account'>,
):
  | { readonly kind: 'reversal'; readonly transfer: TransferFacts; readonly transferGroup: string | null }
  | { readonly kind: 'unreadable'; readonly problem: string }
  | { readonly kind: 'other' } {
  if (event.type !== 'transfer.reversed') return { kind: 'other' }
  const read = transferSchema.safeParse(event.object)
  if (!read.success) {
    const problems = read.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`)
    return { kind: 'unreadable', problem: `stripe, event ${event.eventId} (${event.type}): ${problems.join('; ')}` }
  }
  return { kind: 'reversal', transfer: transferFacts(read.data), transferGroup: read.data.transfer_group }
}
