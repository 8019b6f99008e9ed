import type { StripeAccountFacts } from '@remesa/domain/stripe-account'
import type { StripeRail } from '@remesa/stripe-client/stripe-rail'

export type AccountReader = Pick<StripeRail, 'getAccount'>

/**
 * What Stripe says of an account now; one that is not ours can receive nothing.
 * @throws ProviderError when Stripe cannot be read
 */
export async function readAccountFacts(stripe: AccountReader, accountId: string): Promise<StripeAccountFacts> {
  const account = await stripe.getAccount(accountId)
  if (account === 'not-found') return NOT_OURS
  const { transfersActive, payoutsEnabled, detailsSubmitted, disabledReason } = account
  return { transfersActive, payoutsEnabled, detailsSubmitted, disabledReason }
}

/** Of an account that Stripe does not know, or not as ours. */
export const NOT_OURS: StripeAccountFacts = {
  transfersActive: false,
  payoutsEnabled: false,
  detailsSubmitted: false,
  disabledReason: 'account_not_found',
}
