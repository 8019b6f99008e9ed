import { expect, test } from '@jest/globals'
import type { AccountEvent } from './account-event.ts'
import { readBankAccountEvent } from './bank-account-event.ts'

const bank = {
  id: 'ba_1A',
  object: 'bank_account',
  account: 'acct_1A',
  currency: 'usd',
  default_for_currency: true,
  fingerprint: 'print_1',
  last4: '6789',
}
const event = (object: object, type = 'account.external_account.created', account: string | null = 'acct_1A') =>
  ({ eventId: 'evt_1', type, account, object: { ...object } }) satisfies AccountEvent
const told = { kind: 'bank_account', account: 'acct_1A', bank: { currency: 'usd', fingerprint: 'print_1' } }

test('a bank account that Stripe pays a currency out to is told by its fingerprint', () => {
  expect(readBankAccountEvent(event(bank))).toEqual(told)
  expect(readBankAccountEvent(event(bank, 'account.external_account.updated'))).toEqual(told)
  expect(readBankAccountEvent(event({ ...bank, account: undefined }))).toEqual(told)
  expect(readBankAccountEvent(event({ ...bank, default_for_currency: null }))).toEqual(told)
})

test('one without a fingerprint is told by its id, so that another one counts as another', () => {
  expect(readBankAccountEvent(event({ ...bank, fingerprint: null }))).toMatchObject({ bank: { fingerprint: 'ba_1A' } })
})

test('what gets no payouts, what was deleted, and other events are something else', () => {
  const other = { kind: 'other' }
  expect(readBankAccountEvent(event({ ...bank, default_for_currency: false }))).toEqual(other)
  expect(readBankAccountEvent(event({ ...bank, object: 'card', currency: null }))).toEqual(other)
  expect(readBankAccountEvent(event(bank, 'account.external_account.deleted'))).toEqual(other)
  expect(readBankAccountEvent(event(bank, 'account.updated'))).toEqual(other)
})

test('an event that is not as Stripe describes it names what is wrong, and no value', () => {
  expect(readBankAccountEvent(event({ ...bank, fingerprint: 7 }))).toEqual({
    kind: 'unreadable',
    problem: expect.stringMatching(/^stripe, event evt_1 .*fingerprint: /),
  })
  const nobodys = event({ ...bank, account: null }, 'account.external_account.created', null)
  expect(readBankAccountEvent(nobodys)).toMatchObject({ kind: 'unreadable' })
})
