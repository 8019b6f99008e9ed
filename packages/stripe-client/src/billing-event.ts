import type { z } from 'zod'
import type { AccountEvent } from './account-event.ts'
import {
  type ChargeFacts,
  chargeFacts,
  chargeSchema,
  type DisputeFacts,
  disputeFacts,
  disputeSchema,
  type RefundFacts,
  refundFacts,
  refundSchema,
} from './charge.ts'

/** What an event says about money of our customers. */
export type BillingEvent =
  | { readonly kind: 'charge'; readonly charge: ChargeFacts }
  | { readonly kind: 'refund'; readonly refund: RefundFacts }
  | { readonly kind: 'dispute'; readonly dispute: DisputeFacts }
  /** It should be about one of these, and is not as Stripe describes its events. Names paths, never a value. */
  | { readonly kind: 'unreadable'; readonly problem: string }
  | { readonly kind: 'other' }

/**
 * What `charge.*`, `refund.*` and `charge.dispute.*` say: the object as it stood then (facts: stripe §9). An event of a
 * connected account is about that account's money, not ours.
 */
export function readBillingEvent(event: AccountEvent): BillingEvent {
  if (event.account !== null) return { kind: 'other' }
  if (event.type.startsWith('charge.dispute.')) {
    const read = disputeSchema.safeParse(event.object)
    return read.success ? { kind: 'dispute', dispute: disputeFacts(read.data) } : unreadable(event, read.error)
  }
  if (event.type.startsWith('refund.') || event.type.startsWith('charge.refund.')) {
    const read = refundSchema.safeParse(event.object)
    if (!read.success) return unreadable(event, read.error)
    const refund = refundFacts(read.data)
    return refund ? { kind: 'refund', refund } : unreadable(event)
  }
  if (event.type.startsWith('charge.')) {
    const read = chargeSchema.safeParse(event.object)
    if (!read.success) return unreadable(event, read.error)
    const charge = chargeFacts(read.data)
    return charge ? { kind: 'charge', charge } : unreadable(event)
  }
  return { kind: 'other' }
}

/** Without an error: it reads well, but its amount or what it belongs to does not. */
function unreadable({ eventId, type }: AccountEvent, error?: z.ZodError): BillingEvent & { kind: 'unreadable' } {
  const problems = error?.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [
    'amount: expected an amount of a currency that we know, for a charge that is named',
  ]
  return { kind: 'unreadable', problem: `stripe, event ${eventId} (${type}): ${problems.join('; ')}` }
}
