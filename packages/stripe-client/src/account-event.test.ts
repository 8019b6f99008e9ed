import { expect, test } from '@jest/globals'
import { type AccountEvent, readAccountEvent, readCapabilityEvent } from './account-event.ts'

const account = {
  id: 'acct_1A',
  object: 'account',
  payouts_enabled: true,
  details_submitted: true,
  capabilities: { transfers: 'active', card_payments: 'inactive' },
  requirements: { disabled_reason: null },
}
const event = (type: string, object: object, more: Partial<AccountEvent> = {}): AccountEvent => ({
  eventId: 'evt_1',
  type,
  account: 'acct_1A',
  object: { ...object },
  ...more,
})
const facts = { transfersActive: true, payoutsEnabled: true, detailsSubmitted: true, disabledReason: null }

test('account.updated tells what the account may receive', () => {
  expect(readAccountEvent(event('account.updated', account))).toEqual({ kind: 'account', account: 'acct_1A', facts })
  const switchedOff = {
    ...account,
    payouts_enabled: false,
    capabilities: { transfers: 'inactive' },
    requirements: { disabled_reason: 'requirements.past_due' },
  }
  expect(readAccountEvent(event('account.updated', switchedOff))).toMatchObject({
    facts: { transfersActive: false, payoutsEnabled: false, disabledReason: 'requirements.past_due' },
  })
})

test('a deauthorized account can receive nothing more', () => {
  const application = { id: 'ca_1', object: 'application' }
  expect(readAccountEvent(event('account.application.deauthorized', application))).toEqual({
    kind: 'account',
    account: 'acct_1A',
    facts: {
      transfersActive: false,
      payoutsEnabled: false,
      detailsSubmitted: false,
      disabledReason: 'account_disconnected',
    },
  })
  expect(readAccountEvent(event('account.application.deauthorized', application, { account: null }))).toEqual({
    kind: 'unreadable',
    problem: 'stripe, event evt_1 (account.application.deauthorized): account: expected an id',
  })
})

test('capability.updated tells whether transfers are allowed', () => {
  const capability = { id: 'transfers', object: 'capability', account: 'acct_1A', status: 'active' }
  const told = { kind: 'capability', account: 'acct_1A', transfersActive: true }
  expect(readCapabilityEvent(event('capability.updated', capability))).toEqual(told)
  for (const status of ['inactive', 'pending', 'unrequested']) {
    const now = readCapabilityEvent(event('capability.updated', { ...capability, status }))
    expect(now).toEqual({ ...told, transfersActive: false })
  }
  const cards = { ...capability, id: 'card_payments' }
  expect(readCapabilityEvent(event('capability.updated', cards))).toEqual({ kind: 'other' })
})

test('an event about something else is none of theirs', () => {
  expect(readAccountEvent(event('transfer.created', account))).toEqual({ kind: 'other' })
  expect(readAccountEvent(event('capability.updated', account))).toEqual({ kind: 'other' })
  expect(readCapabilityEvent(event('account.updated', account))).toEqual({ kind: 'other' })
})

test('an event of another shape is unreadable, and its problem names paths, never a value', () => {
  const read = readAccountEvent(event('account.updated', { ...account, payouts_enabled: 'a secret' }))
  expect(read).toEqual({ kind: 'unreadable', problem: expect.stringContaining('payouts_enabled') })
  expect(JSON.stringify(read)).not.toContain('a secret')
  expect(readCapabilityEvent(event('capability.updated', {}))).toMatchObject({ kind: 'unreadable' })
})
