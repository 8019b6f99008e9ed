import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currency } from './currency.ts'
import { amountOwed, type SellerDocument } from './seller-documents.ts'
import { applyToBills } from './vendor-payment.ts'

const CLP = currency('CLP')
const document = (erpId: string, type: SellerDocument['type'], amount: bigint): SellerDocument => ({
  erpId,
  type,
  tranId: `T-${erpId}`,
  currency: CLP,
  amount,
})
const documents = fc
  .array(fc.record({ type: fc.constantFrom('vendorBill', 'invoice'), amount: fc.bigInt({ min: 1n, max: 10n ** 9n }) }))
  .map((drawn) => drawn.map(({ type, amount }, index) => document(String(index), type, amount)))

test('invoices leave the last bills open by as much', () => {
  const balance = [document('1', 'vendorBill', 700n), document('2', 'invoice', 250n), document('3', 'vendorBill', 300n)]
  expect(applyToBills(balance, amountOwed(balance, CLP))).toEqual([
    { erpId: '1', amount: 700n },
    { erpId: '3', amount: 50n },
  ])
})

test('what is owed can always be applied: in order, to the last unit, no bill above what is open of it', () => {
  fc.assert(
    fc.property(documents, (balance) => {
      const owed = amountOwed(balance, CLP)
      fc.pre(owed > 0n)
      const applied = applyToBills(balance, owed)
      const bills = balance.filter(({ type }) => type === 'vendorBill')
      expect(applied.reduce((sum, { amount }) => sum + amount, 0n)).toBe(owed)
      expect(applied.map(({ erpId }) => erpId)).toEqual(bills.slice(0, applied.length).map(({ erpId }) => erpId))
      for (const [index, { amount }] of applied.entries()) {
        const open = bills[index]?.amount ?? 0n
        expect(amount > 0n && amount <= open).toBe(true)
        if (index < applied.length - 1) expect(amount).toBe(open)
      }
    }),
  )
})

test.each([0n, -5n, 1001n])('%s against bills of 1000 is no vendor payment', (sent) => {
  expect(() => applyToBills([document('1', 'vendorBill', 1000n)], sent)).toThrow(RangeError)
})
