import { z } from 'zod'
import { type AccountFacts, accountFacts, accountSchema } from './account.ts'
import type { StripeEvent } from './webhook.ts'

/** What an event tells about whether a connected account may receive transfers. */
export type AccountNews =
  | { readonly kind: 'account'; readonly account: AccountFacts }
  /** One capability alone: whether transfers to the account are allowed. */
  | { readonly kind: 'transfers'; readonly accountId: string; readonly transfersActive: boolean }
  /** The account's holder has disconnected it from us. */
  | { readonly kind: 'disconnected'; readonly accountId: string }

/** It is about an account, but not as Stripe describes its events. */
export class UnreadableEventError extends Error {
  override readonly name = 'UnreadableEventError'
}

/**
 * What an event says about an account. Events overtake each other, so that the word of an older one must not replace
 * a newer one's: compare `created`, or read the account again.
 * @returns undefined for an event about something else
 * @throws UnreadableEventError naming the event, its type and what was expected where, never a value
 */
export function readAccountNews(
  event: Pick<StripeEvent, 'eventId' | 'type' | 'account' | 'object'>,
): AccountNews | undefined {
  switch (event.type) {
    case 'account.updated':
      return { kind: 'account', account: accountFacts(objectOf(event, accountSchema)) }
    case 'capability.updated': {
      const { id, account, status } = objectOf(event, capabilitySchema)
      if (id !== 'transfers') return undefined
      return { kind: 'transfers', accountId: account, transfersActive: status === 'active' }
    }
    case 'account.application.deauthorized': {
      // The object is our application: the account stands at the event itself.
      if (event.account === undefined) throw unreadable(event, 'account: expected an account id')
      return { kind: 'disconnected', accountId: event.account }
    }
    default:
      return undefined
  }
}

const capabilitySchema = z.object({
  id: z.string().min(1),
  object: z.literal('capability'),
  account: z.string().min(1),
  status: z.string().min(1),
})

type Told = Pick<StripeEvent, 'eventId' | 'type' | 'object'>

function objectOf<Schema extends z.ZodType>(event: Told, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(event.object)
  if (parsed.success) return parsed.data
  throw unreadable(event, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}

const unreadable = ({ eventId, type }: Pick<Told, 'eventId' | 'type'>, detail: string): UnreadableEventError =>
  new UnreadableEventError(`stripe, event ${eventId} (${type}): ${detail}`)
