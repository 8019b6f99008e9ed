import { expect, test } from '@jest/globals'
import {
  isFinal,
  mayBecome,
  RELEASED_BY,
  SELLER_BALANCE_STATUSES,
  type SellerBalanceStatus,
  statusAfterRelease,
} from './seller-balance.ts'

const ALLOWED: readonly (readonly [SellerBalanceStatus, SellerBalanceStatus])[] = [
  ['initialized', 'retrieved'],
  ['initialized', 'blocked'],
  ['retrieved', 'no_payment_due'],
  ['retrieved', 'payable'],
  ['payable', 'paying'],
  ['payable', 'blocked'],
  ['blocked', 'payable'],
  ['blocked', 'initialized'],
  ['paying', 'payment_pending'],
  ['paying', 'paid'],
  ['paying', 'awaiting_funds'],
  ['paying', 'payable'],
  ['paying', 'failed'],
  ['payment_pending', 'paid'],
  ['payment_pending', 'awaiting_funds'],
  ['payment_pending', 'payable'],
  ['payment_pending', 'failed'],
  ['payment_pending', 'returned'],
  ['awaiting_funds', 'payable'],
  ['awaiting_funds', 'paying'],
  ['awaiting_funds', 'blocked'],
  ['paid', 'returned'],
  ['failed', 'payable'],
  ['returned', 'payable'],
]

const pairs = SELLER_BALANCE_STATUSES.flatMap((from) => SELLER_BALANCE_STATUSES.map((to) => [from, to] as const))

test.each(pairs)('%s → %s: only where the table says so', (from, to) => {
  expect(mayBecome(from, to)).toBe(ALLOWED.some(([start, end]) => start === from && end === to))
})

test('a balance that was paid is never paid again without having come back', () => {
  const reachable = new Set<SellerBalanceStatus>()
  const visit = (status: SellerBalanceStatus): void => {
    for (const next of SELLER_BALANCE_STATUSES) {
      if (next === 'returned' || !mayBecome(status, next) || reachable.has(next)) continue
      reachable.add(next)
      visit(next)
    }
  }
  visit('paid')
  expect([...reachable]).toEqual([])
})

test('every status that is not final leads on to a final one', () => {
  const leadsToAnEnd = (status: SellerBalanceStatus, seen: readonly SellerBalanceStatus[] = []): boolean =>
    isFinal(status) ||
    SELLER_BALANCE_STATUSES.some(
      (next) => mayBecome(status, next) && !seen.includes(next) && leadsToAnEnd(next, [...seen, status]),
    )
  expect(SELLER_BALANCE_STATUSES.filter((status) => !leadsToAnEnd(status))).toEqual([])
})

test('a released balance goes where its reason sends it, and may', () => {
  const after = Object.keys(RELEASED_BY).map((reason) => [
    reason,
    statusAfterRelease(reason as keyof typeof RELEASED_BY),
  ])
  expect(Object.fromEntries(after)).toEqual({
    bank_id_missing: 'payable',
    rail_currency: 'payable',
    seller_closed: 'payable',
    destination_changed: 'payable',
    document_currency: 'initialized',
    documents_unreadable: 'initialized',
    document_in_other_balance: 'initialized',
  })
  for (const status of ['payable', 'initialized'] as const) expect(mayBecome('blocked', status)).toBe(true)
})
