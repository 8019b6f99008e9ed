import { expect, test } from '@jest/globals'
import { mayBecome as mayTransferBecome, TRANSFER_STATUSES } from './payout-transfer.ts'
import { paysAgainAfterReturn, retryOfBalance, retryOfTransfer } from './repayment.ts'
import { mayBecome as mayBalanceBecome, SELLER_BALANCE_STATUSES } from './seller-balance.ts'

test('a balance is tried now where it waits for its turn, paid again where it had ended unpaid, and else left alone', () => {
  const kinds = Object.fromEntries(SELLER_BALANCE_STATUSES.map((status) => [status, retryOfBalance(status).kind]))
  expect(kinds).toEqual({
    initialized: 'now',
    retrieved: 'refused',
    no_payment_due: 'refused',
    payable: 'now',
    blocked: 'refused',
    paying: 'refused',
    payment_pending: 'refused',
    awaiting_funds: 'now',
    paid: 'refused',
    failed: 'again',
    returned: 'again',
  })
})

test('a transfer is tried now where it waits for its turn, paid again where it had ended unpaid, and else left alone', () => {
  const kinds = Object.fromEntries(TRANSFER_STATUSES.map((status) => [status, retryOfTransfer(status).kind]))
  expect(kinds).toEqual({
    awaiting_destination: 'refused',
    pending: 'now',
    processing: 'refused',
    completed: 'refused',
    retryable: 'now',
    failed_terminal: 'again',
    withdrawn: 'refused',
  })
})

test('only what may be paid again is paid again, and nothing that may be paid already is', () => {
  for (const status of SELLER_BALANCE_STATUSES) {
    if (retryOfBalance(status).kind === 'again') expect(mayBalanceBecome(status, 'payable')).toBe(true)
  }
  for (const status of TRANSFER_STATUSES) {
    if (retryOfTransfer(status).kind === 'again') expect(mayTransferBecome(status, 'pending')).toBe(true)
  }
  expect([retryOfBalance('paying').kind, retryOfBalance('payment_pending').kind]).toEqual(['refused', 'refused'])
  expect(retryOfTransfer('processing').kind).toBe('refused')
})

test('what came back is not paid again through FPay, which keeps its reference for ever', () => {
  expect([paysAgainAfterReturn('fpay'), paysAgainAfterReturn('payoneer'), paysAgainAfterReturn('stripe')]).toEqual([
    false,
    true,
    true,
  ])
})
