import type { StripeAccountFacts } from '@remesa/domain/stripe-account'
import { z } from 'zod'

/** What a connected account may receive, as Stripe said when it was read (facts: stripe §3). */
export interface AccountFacts extends StripeAccountFacts {
  readonly id: string
  /** ISO 4217, upper case, as Stripe has it: not every one is a currency that we can pay. */
  readonly currency: string | undefined
  /** ISO 3166 alpha-2, upper case. */
  readonly country: string | undefined
  /** What the account's holder still has to tell Stripe, by Stripe's names. */
  readonly requirementsDue: readonly string[]
}

/** An account, of an answer or of an event. `capabilities` lacks what was never asked for. */
export const accountSchema = z.object({
  id: z.string().min(1),
  object: z.literal('account'),
  country: z.string().nullish(),
  default_currency: z.string().nullish(),
  payouts_enabled: z.boolean(),
  details_submitted: z.boolean(),
  capabilities: z.object({ transfers: z.string().optional() }).nullish(),
  requirements: z
    .object({
      disabled_reason: z.string().nullish(),
      currently_due: z.array(z.string()).nullish(),
      past_due: z.array(z.string()).nullish(),
    })
    .nullish(),
})

export function accountFacts(account: z.output<typeof accountSchema>): AccountFacts {
  const { requirements } = account
  return {
    id: account.id,
    transfersActive: account.capabilities?.transfers === 'active',
    payoutsEnabled: account.payouts_enabled,
    detailsSubmitted: account.details_submitted,
    disabledReason: requirements?.disabled_reason ?? null,
    currency: account.default_currency?.toUpperCase(),
    country: account.country ?? undefined,
    requirementsDue: [...new Set([...(requirements?.past_due ?? []), ...(requirements?.currently_due ?? [])])],
  }
}
