import { expect, test } from '@jest/globals'
import { DESTINATION_POLICY, HELD_REASONS, heldReason, isFlagged, type StripeAccountFacts } from './stripe-account.ts'

const ready: StripeAccountFacts = {
  transfersActive: true,
  payoutsEnabled: true,
  detailsSubmitted: true,
  disabledReason: null,
}
const held = (facts: StripeAccountFacts | null, policy = DESTINATION_POLICY) =>
  heldReason({ userId: 'u', stripeAccountId: 'acct_1', facts, changedAt: null }, policy)

test('only an account that can receive is paid, and the first lack is told', () => {
  expect(heldReason(undefined, DESTINATION_POLICY)).toBe('no_account')
  expect(held(null)).toBe('account_unverified')
  expect(held({ ...ready, transfersActive: false, payoutsEnabled: false })).toBe('transfers_inactive')
  expect(held({ ...ready, payoutsEnabled: false })).toBe('payouts_disabled')
  expect(held(ready)).toBeUndefined()
})

test('disabled bank payouts hold money only where the policy says so; an inactive capability always does', () => {
  const policy = { ...DESTINATION_POLICY, payoutsMustBeEnabled: false }
  expect(held({ ...ready, payoutsEnabled: false }, policy)).toBeUndefined()
  expect(held({ ...ready, transfersActive: false }, policy)).toBe('transfers_inactive')
})

test('people hear of accounts that Stripe switched off, not of winners who have opened none yet', () => {
  expect(HELD_REASONS.filter(isFlagged)).toEqual(['transfers_inactive', 'payouts_disabled'])
})
