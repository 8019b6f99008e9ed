import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { amountsDue, BOOKING_RULES, type BookingFacts } from './booking-payout.ts'
import { currency } from './currency.ts'
import { type AmountLine, linesOfBalance, linesOfPayout, linesOfSettlement, netOf } from './explain-amount.ts'
import { amountOwed, type SellerDocument } from './seller-documents.ts'

const USD = currency('USD')
const sumOf = (lines: readonly AmountLine[]): bigint => lines.reduce((sum, { money }) => sum + money.amount, 0n)
const amount = fc.bigInt({ min: 1n, max: 1_000_000n })

test('the lines of a balance are its documents, and add up to what is owed', () => {
  const documents = fc.array(
    fc.record({ type: fc.constantFrom('vendorBill', 'invoice'), erpId: fc.uuid(), tranId: fc.uuid(), amount }),
  )
  fc.assert(
    fc.property(documents, (drawn) => {
      const all = drawn.map((document): SellerDocument => ({ ...document, currency: USD }))
      const owed = { amount: amountOwed(all, USD), currency: USD }
      const lines = linesOfBalance(all, owed)
      expect([lines.length, sumOf(lines)]).toEqual([all.length, owed.amount])
    }),
  )
})

test('an amount that its documents do not make says so in a line of its own', () => {
  expect(linesOfBalance([], { amount: 5n, currency: USD })).toEqual([
    { label: 'Not in the documents that are kept', money: { amount: 5n, currency: USD } },
  ])
})

const completedAt = new Date('2026-11-01T00:00:00Z')
const facts = fc.record({
  share: amount,
  tips: fc.array(fc.record({ tipId: fc.uuid(), amount, late: fc.boolean() }), { maxLength: 3 }),
  refunds: fc.array(fc.record({ disputeId: fc.uuid(), amount: fc.option(amount) }), { maxLength: 3 }),
})
const drawnFacts = (drawn: {
  share: bigint
  tips: readonly { tipId: string; amount: bigint; late: boolean }[]
  refunds: readonly { disputeId: string; amount: bigint | null }[]
}): BookingFacts => ({
  completion: { providerId: 'p', currency: USD, providerShare: drawn.share, completedAt },
  tips: drawn.tips.map((tip) => ({
    tipId: tip.tipId,
    money: { amount: tip.amount, currency: USD },
    addedAt: new Date(completedAt.getTime() + (tip.late ? 2 : 0) * BOOKING_RULES.tipWindowMs),
    status: 'paid',
  })),
  disputes: drawn.refunds.map(({ disputeId, amount: refund }) => ({
    disputeId,
    refund: refund === null ? null : { amount: refund, currency: USD },
  })),
})

test('the lines of a payout add up to what the provider gets, whatever was kept back or taken back', () => {
  fc.assert(
    fc.property(facts, amount, fc.bigInt(0n, 100n), fc.bigInt(0n, 100n), (drawn, gross, setOff, corrected) => {
      const payout = {
        sequence: 1,
        currency: USD,
        status: 'transferred',
        amount: gross + 200n,
        setOff,
        corrected,
      } as const
      const other = { ...payout, sequence: 2, setOff: 0n, corrected: 0n }
      const lines = linesOfPayout(payout, drawnFacts(drawn), [payout, other], BOOKING_RULES)
      expect(sumOf(lines)).toBe(netOf(payout).amount)
    }),
  )
})

test('a payout that was counted as the booking stands needs no line but share, tips and refunds', () => {
  fc.assert(
    fc.property(facts, (drawn) => {
      const known = drawnFacts(drawn)
      const due = known.completion ? (amountsDue(known.completion, known, BOOKING_RULES).get(USD) ?? 0n) : 0n
      const payout = {
        sequence: 1,
        currency: USD,
        status: 'scheduled',
        amount: due,
        setOff: 0n,
        corrected: 0n,
      } as const
      const labels = linesOfPayout(payout, known, [payout], BOOKING_RULES).map(({ label }) => label)
      const further = labels.filter((label) => !/^(Provider share|Tip |Refund )/.test(label))
      expect(further.every((label) => due === 0n && label === 'Never less than nothing')).toBe(true)
    }),
  )
})

test('what a settlement’s winners are owed adds up to its total, in words where it does not', () => {
  const part = { status: 'failed_terminal', count: 2, money: { amount: 30n, currency: USD } }
  expect(linesOfSettlement([part], { amount: 30n, currency: USD })).toEqual([
    { label: '2 failed terminal', money: part.money },
  ])
  expect(sumOf(linesOfSettlement([part], { amount: 31n, currency: USD }))).toBe(31n)
})
