import { expect, test } from '@jest/globals'
import { currency } from './currency.ts'
import {
  type BalanceToPlan,
  type LeftOutReason,
  planBalance,
  planPayout,
  planTransfer,
  type TransferToPlan,
} from './payment-plan-lines.ts'
import { SELLER_BALANCE_STATUSES } from './seller-balance.ts'
import { DESTINATION_POLICY } from './stripe-account.ts'

const money = { amount: 100n, currency: currency('CLP') }
const runs = () => false

const aBalance = (changes: Partial<BalanceToPlan> = {}): BalanceToPlan => ({
  payableId: 'b',
  status: 'payable',
  blockedReason: null,
  money,
  seller: { operationType: 'local', status: 'active', fpayId: 'FP-1', payoneerPayeeId: null },
  attempt: null,
  isCooling: false,
  ...changes,
})
const line = { kind: 'line', line: { payableId: 'b', money, rail: 'fpay', destination: 'FP-1' } }
const why = (planned: ReturnType<typeof planBalance>): LeftOutReason | 'line' =>
  planned.kind === 'line' ? 'line' : planned.reason

test('what a claim would pay is a line, also when it was refused for now or the rail lacked funds', () => {
  expect(planBalance(aBalance(), runs)).toEqual(line)
  expect(planBalance(aBalance({ status: 'awaiting_funds' }), runs)).toEqual(line)
  expect(planBalance(aBalance({ attempt: { state: 'postponed', rail: 'fpay' } }), runs)).toEqual(line)
})

test('every other balance is left out, and says why', () => {
  const reasons = SELLER_BALANCE_STATUSES.map((status) => [status, why(planBalance(aBalance({ status }), runs))])
  expect(Object.fromEntries(reasons)).toEqual({
    initialized: 'not_retrieved',
    retrieved: 'not_retrieved',
    no_payment_due: 'no_payment_due',
    payable: 'line',
    blocked: 'not_retrieved',
    paying: 'on_its_way',
    payment_pending: 'on_its_way',
    awaiting_funds: 'line',
    paid: 'paid',
    failed: 'refused',
    returned: 'returned',
  })
  expect(why(planBalance(aBalance({ status: 'blocked', blockedReason: 'rail_currency' }), runs))).toBe('rail_currency')
  const closed = { ...aBalance().seller, status: 'closed' as const }
  expect(why(planBalance(aBalance({ seller: closed }), runs))).toBe('seller_closed')
  expect(why(planBalance(aBalance({ seller: { ...aBalance().seller, fpayId: ' ' } }), runs))).toBe('bank_id_missing')
  expect(why(planBalance(aBalance({ isCooling: true }), runs))).toBe('destination_changed')
  expect(planBalance(aBalance({ status: 'blocked', blockedReason: 'destination_changed' }), runs)).toEqual(line)
  expect(planBalance(aBalance(), (rail) => rail === 'fpay')).toEqual({
    kind: 'left_out',
    reason: 'rail_stopped',
    rail: 'fpay',
  })
})

const account = {
  userId: 'ana',
  stripeAccountId: 'acct_1',
  facts: { transfersActive: true, payoutsEnabled: true, detailsSubmitted: true, disabledReason: null },
  changedAt: null,
}
const aTransfer = (changes: Partial<TransferToPlan> = {}): TransferToPlan => ({
  payableId: 't',
  status: 'pending',
  heldReason: null,
  withdrawRequested: false,
  money,
  account,
  isCooling: false,
  ...changes,
})

test('a transfer is a line where its payee can receive, and else says what it waits for', () => {
  const parts = { isStopped: runs, policy: DESTINATION_POLICY }
  const reason = (changes: Partial<TransferToPlan>) => why(planTransfer(aTransfer(changes), parts))
  expect(planTransfer(aTransfer({ status: 'retryable' }), parts)).toEqual({
    kind: 'line',
    line: { payableId: 't', money, rail: 'stripe', destination: 'acct_1' },
  })
  expect(reason({ status: 'processing' })).toBe('on_its_way')
  expect(reason({ status: 'completed' })).toBe('paid')
  expect(reason({ status: 'failed_terminal' })).toBe('refused')
  expect(reason({ status: 'withdrawn' })).toBe('wanted_back')
  expect(reason({ withdrawRequested: true })).toBe('wanted_back')
  expect(reason({ status: 'awaiting_destination', heldReason: 'account_differs' })).toBe('account_differs')
  expect(reason({ isCooling: true })).toBe('destination_changed')
  expect(reason({ status: 'awaiting_destination', heldReason: 'destination_changed' })).toBe('line')
  expect(reason({ account: undefined })).toBe('no_account')
  expect(reason({ account: { ...account, facts: null } })).toBe('account_unverified')
  expect(why(planTransfer(aTransfer(), { ...parts, isStopped: () => true }))).toBe('rail_stopped')
})

test('a payout that is due and has no transfer is held, in dispute, or released next', () => {
  expect(why(planPayout('on_hold', 'operator'))).toBe('held_by_operator')
  expect(why(planPayout('on_hold', 'disputes'))).toBe('disputed')
  expect(why(planPayout('scheduled', null))).toBe('not_released')
})
