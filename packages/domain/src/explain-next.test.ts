import { expect, test } from '@jest/globals'
import { BOOKING_PAYOUT_STATUSES } from './booking-payout.ts'
import { nextOfBalance, nextOfPayout, nextOfSettlement, nextOfTransfer } from './explain-next.ts'
import { isTerminal, TRANSFER_STATUSES } from './payout-transfer.ts'
import { type BlockedReason, isFinal, RELEASED_BY, SELLER_BALANCE_STATUSES } from './seller-balance.ts'
import { HELD_REASONS } from './stripe-account.ts'

const now = new Date('2026-11-21T12:00:00Z')
const later = new Date('2026-11-21T13:00:00Z')
const idle = { nextTryAt: null, railPausedUntil: null, isRailStopped: false, controlWait: null, now }
const balance = { blockedReason: null, reportedToErp: true }
const transfer = { heldReason: null, failureReason: null, isOfBooking: false }

test('of every status of a balance it is said whose move is next; what is final never waits for the program', () => {
  const movers = SELLER_BALANCE_STATUSES.map((status) => [status, nextOfBalance({ status, ...balance }, idle).who])
  expect(Object.fromEntries(movers)).toEqual({
    initialized: 'remesa',
    retrieved: 'remesa',
    no_payment_due: 'nobody',
    payable: 'remesa',
    blocked: 'finance',
    paying: 'remesa',
    payment_pending: 'provider',
    awaiting_funds: 'finance',
    paid: 'nobody',
    failed: 'finance',
    returned: 'finance',
  })
  for (const [status, who] of movers) if (isFinal(status as 'paid')) expect(who).not.toBe('remesa')
})

test('what came back is retried by two where its rail pays it again, and settled outside where FPay keeps its reference', () => {
  const returned = (returnedBy: string | null) => nextOfBalance({ ...balance, status: 'returned', returnedBy }, idle)
  expect(returned('payoneer').text).toContain('retry it, which takes two people')
  expect(returned('fpay').text).toContain('takes no second payment for it: settle it with the seller outside')
  expect(returned('fpay').text).not.toContain('retry')
})

test('a blocked balance waits for GSC where the seller is to be mended, and for finance where documents are', () => {
  const movers = (Object.keys(RELEASED_BY) as BlockedReason[]).map((blockedReason) => [
    blockedReason,
    nextOfBalance({ ...balance, status: 'blocked', blockedReason }, idle).who,
  ])
  expect(Object.fromEntries(movers)).toEqual({
    bank_id_missing: 'marketplace',
    rail_currency: 'marketplace',
    seller_closed: 'finance',
    document_currency: 'finance',
    documents_unreadable: 'finance',
    document_in_other_balance: 'finance',
    destination_changed: 'remesa',
  })
})

test('what waits because an account was changed goes on by itself, and says when, and who can let it pass before', () => {
  const waiting = { ...idle, nextTryAt: later }
  const blocked = nextOfBalance({ ...balance, status: 'blocked', blockedReason: 'destination_changed' }, waiting)
  expect(blocked).toMatchObject({ who: 'remesa' })
  expect(blocked.text).toMatch(/changed lately.*at 2026-11-21 13:00:00Z.*Two people/)
  const held = { ...transfer, status: 'awaiting_destination', heldReason: 'destination_changed' } as const
  expect(nextOfTransfer(held, waiting)).toEqual(blocked)
})

test('while a rail refuses our credentials it is the on-call’s move, whatever is to be paid through it', () => {
  const resting = { ...idle, railPausedUntil: later }
  for (const status of ['payable', 'paying'] as const) {
    expect(nextOfBalance({ status, ...balance }, resting).who).toBe('on-call')
  }
  for (const status of ['pending', 'processing', 'retryable'] as const) {
    expect(nextOfTransfer({ status, ...transfer }, resting).who).toBe('on-call')
  }
  expect(nextOfBalance({ status: 'payable', ...balance }, { ...idle, railPausedUntil: now }).who).toBe('remesa')
})

test('while a person has stopped a rail it is for people to restart it, whatever else keeps it from paying', () => {
  const stopped = { ...idle, railPausedUntil: later, isRailStopped: true }
  expect(nextOfBalance({ status: 'payable', ...balance }, stopped)).toMatchObject({ who: 'finance' })
  expect(nextOfTransfer({ status: 'retryable', ...transfer }, stopped).text).toContain('two have restarted it')
  expect(nextOfBalance({ status: 'payment_pending', ...balance }, stopped).who).toBe('provider')
})

test('what waits for a cap says when it goes by itself, or that two people must raise it; what lacks a plan, what to do', () => {
  const capped = { ...idle, controlWait: { why: 'cap_reached', endsAt: later } } as const
  for (const next of [
    nextOfBalance({ status: 'payable', ...balance }, capped),
    nextOfTransfer({ status: 'pending', ...transfer }, capped),
    nextOfTransfer({ status: 'retryable', ...transfer }, capped),
  ]) {
    expect(next).toMatchObject({ who: 'finance', text: expect.stringContaining('at 2026-11-21 13:00:00Z') })
  }
  const never = { ...idle, controlWait: { why: 'cap_reached', endsAt: null } } as const
  expect(nextOfBalance({ status: 'payable', ...balance }, never).text).toMatch(/until two people raise/)
  const unplanned = (state?: 'planned' | 'approved') =>
    nextOfTransfer(
      { status: 'pending', ...transfer },
      { ...idle, controlWait: { why: 'plan_required', plan: state ? { id: 'P-1', state } : null } },
    )
  expect(unplanned()).toMatchObject({ who: 'finance', text: expect.stringContaining('approve the plan') })
  expect(unplanned('planned').text).toContain('has to approve plan P-1')
  expect(unplanned('approved').text).toContain('Plan P-1 is approved, and has to be applied')
  // What may be out already is finished whatever the caps, and a stopped rail keeps also what fits.
  expect(nextOfBalance({ status: 'paying', ...balance }, capped).who).toBe('remesa')
  expect(nextOfBalance({ status: 'payable', ...balance }, { ...capped, isRailStopped: true }).text).toContain('stopped')
})

test('what is tried again says when', () => {
  const waiting = { ...idle, nextTryAt: later }
  expect(nextOfBalance({ status: 'awaiting_funds', ...balance }, waiting).text).toContain('2026-11-21 13:00:00Z')
  expect(nextOfTransfer({ status: 'retryable', ...transfer }, waiting)).toMatchObject({ who: 'remesa' })
  const poor = { ...transfer, failureReason: 'balance_insufficient' }
  expect(nextOfTransfer({ status: 'retryable', ...poor }, waiting)).toMatchObject({ who: 'finance' })
})

test('a paid balance of which NetSuite has not heard is still the program’s', () => {
  expect(nextOfBalance({ status: 'paid', blockedReason: null, reportedToErp: false }, idle).who).toBe('remesa')
})

test('of every status of a transfer, and of every reason it waits for, it is said whose move is next', () => {
  for (const status of TRANSFER_STATUSES) {
    const { who, text } = nextOfTransfer({ status, ...transfer }, idle)
    expect(text).toMatch(/\.$/)
    if (isTerminal(status)) expect(['nobody', 'finance']).toContain(who)
  }
  const held = HELD_REASONS.map((heldReason) => [
    heldReason,
    nextOfTransfer({ ...transfer, status: 'awaiting_destination', heldReason }, idle).who,
  ])
  expect(Object.fromEntries(held)).toEqual({
    no_account: 'payee',
    account_unverified: 'provider',
    transfers_inactive: 'payee',
    payouts_disabled: 'payee',
    account_differs: 'finance',
    destination_changed: 'remesa',
  })
})

test('of every status of a payout it is said whose move is next, and an open approval comes first', () => {
  const payout = { heldBy: null, dueAt: later, isBeforeApproval: false, transfer: null, now }
  const movers = BOOKING_PAYOUT_STATUSES.map((status) => [status, nextOfPayout({ ...payout, status }).who])
  expect(Object.fromEntries(movers)).toEqual({
    scheduled: 'remesa',
    on_hold: 'marketplace',
    processing: 'remesa',
    transferred: 'nobody',
    failed: 'finance',
    cancelled: 'nobody',
  })
  expect(nextOfPayout({ ...payout, status: 'on_hold', heldBy: 'operator' }).who).toBe('finance')
  expect(nextOfPayout({ ...payout, status: 'on_hold', isBeforeApproval: true }).text).toContain('second person')
})

test('a settlement waits for whom the first of its unfinished winners waits', () => {
  expect(nextOfSettlement({ isRejected: true, isUntold: false, transfers: null, cooling: 0 }).who).toBe('marketplace')
  expect(nextOfSettlement({ isRejected: false, isUntold: false, transfers: null, cooling: 0 }).who).toBe('remesa')
  expect(nextOfSettlement({ isRejected: false, isUntold: true, transfers: null, cooling: 0 }).who).toBe('finance')
  expect(
    nextOfSettlement({ isRejected: false, isUntold: false, transfers: { completed: 3, pending: 1 }, cooling: 0 }).who,
  ).toBe('remesa')
  expect(
    nextOfSettlement({
      isRejected: false,
      isUntold: false,
      transfers: { completed: 3, failed_terminal: 1 },
      cooling: 0,
    }).who,
  ).toBe('finance')
  expect(
    nextOfSettlement({ isRejected: false, isUntold: false, transfers: { awaiting_destination: 2 }, cooling: 1 }).who,
  ).toBe('payee')
  expect(
    nextOfSettlement({ isRejected: false, isUntold: false, transfers: { awaiting_destination: 2 }, cooling: 2 }).who,
  ).toBe('remesa')
  expect(nextOfSettlement({ isRejected: false, isUntold: false, transfers: { completed: 3 }, cooling: 0 }).who).toBe(
    'nobody',
  )
})
