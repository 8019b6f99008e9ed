import type { StripeAccountFacts } from '@remesa/domain/stripe-account'
import { z } from 'zod'
import { accountFacts, accountSchema } from './account.ts'

/** A verified event, as it travels on our topic. */
export interface AccountEvent {
  readonly eventId: string
  readonly type: string
  /** The connected account it is about, where it is not the platform's own. */
  readonly account: string | null
  readonly object: Readonly<Record<string, unknown>>
}

/** It is about an account, but not as Stripe describes its events. `problem` names paths, never a value. */
export type Unreadable = { readonly kind: 'unreadable'; readonly problem: string }
/** It is about something else. */
export type Other = { readonly kind: 'other' }

/**
 * What `account.updated` and `account.application.deauthorized` say about an account. Events overtake each other: the
 * word of an older one must not replace a newer one's.
 */
export function readAccountEvent(
  event: AccountEvent,
): { readonly kind: 'account'; readonly account: string; readonly facts: StripeAccountFacts } | Unreadable | Other {
  switch (event.type) {
    case 'account.updated': {
      const read = accountSchema.safeParse(event.object)
      if (!read.success) return unreadable(event, read.error)
      const { id: account, transfersActive, payoutsEnabled, detailsSubmitted, disabledReason } = accountFacts(read.data)
      return { kind: 'account', account, facts: { transfersActive, payoutsEnabled, detailsSubmitted, disabledReason } }
    }
    case 'account.application.deauthorized':
      // The object is our application: the account stands at the event itself.
      return event.account === null
        ? { kind: 'unreadable', problem: `stripe, event ${event.eventId} (${event.type}): account: expected an id` }
        : { kind: 'account', account: event.account, facts: DISCONNECTED }
    default:
      return { kind: 'other' }
  }
}

/** Its holder has ended the connection: we may neither pay it nor read it any more. */
const DISCONNECTED: StripeAccountFacts = {
  transfersActive: false,
  payoutsEnabled: false,
  detailsSubmitted: false,
  disabledReason: 'account_disconnected',
}

/**
 * What `capability.updated` says: only whether transfers to the account are allowed. The rest of its facts comes with
 * `account.updated`, or from reading the account.
 */
export function readCapabilityEvent(
  event: AccountEvent,
): { readonly kind: 'capability'; readonly account: string; readonly transfersActive: boolean } | Unreadable | Other {
  if (event.type !== 'capability.updated') return { kind: 'other' }
  const read = capabilitySchema.safeParse(event.object)
  if (!read.success) return unreadable(event, read.error)
  const { id, account, status } = read.data
  return id === 'transfers' ? { kind: 'capability', account, transfersActive: status === 'active' } : { kind: 'other' }
}

const capabilitySchema = z.object({
  id: z.string().min(1),
  object: z.literal('capability'),
  account: z.string().min(1),
  status: z.string().min(1),
})

/** @returns what is wrong, by paths; never a value */
export function unreadable({ eventId, type }: AccountEvent, { issues }: z.ZodError): Unreadable {
  const problems = issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`)
  return { kind: 'unreadable', problem: `stripe, event ${eventId} (${type}): ${problems.join('; ')}` }
}
