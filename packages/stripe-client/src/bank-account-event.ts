import type { BankAccount } from '@remesa/domain/cooling'
import { z } from 'zod'
import { type AccountEvent, type Other, type Unreadable, unreadable } from './account-event.ts'

/**
 * What `account.external_account.created` and `.updated` say: to which bank account, or card, Stripe pays out a currency.
 * One that is not the account's choice for its currency is something else, and so is one that was deleted: which took
 * its place is told apart.
 */
export function readBankAccountEvent(
  event: AccountEvent,
): { readonly kind: 'bank_account'; readonly account: string; readonly bank: BankAccount } | Unreadable | Other {
  if (!TOLD.has(event.type)) return { kind: 'other' }
  const read = externalAccount.safeParse(event.object)
  if (!read.success) return unreadable(event, read.error)
  const { id, currency, fingerprint, default_for_currency: isChosen } = read.data
  const account = read.data.account ?? event.account
  if (!account) {
    return { kind: 'unreadable', problem: `stripe, event ${event.eventId} (${event.type}): account: expected an id` }
  }
  if (isChosen === false || !currency) return { kind: 'other' } // a card that has no currency gets no payouts
  // Another id for the same account would be a change: the fingerprint says that it is none.
  return { kind: 'bank_account', account, bank: { currency, fingerprint: fingerprint ?? id } }
}

const TOLD: ReadonlySet<string> = new Set(['account.external_account.created', 'account.external_account.updated'])

const externalAccount = z.object({
  id: z.string().min(1),
  account: z.string().min(1).nullish(),
  currency: z.string().min(1).nullish(),
  fingerprint: z.string().min(1).nullish(),
  default_for_currency: z.boolean().nullish(),
})
